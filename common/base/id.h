/* Random identifiers, from the kernel's random source. */
#pragma once

#define ID_SIZE 27 /* 26 characters and NUL */
/* A ULID-shaped id: 10 characters of time, 16 of chance, Crockford base 32, lower case; sorts by time. */
void id_new(char id[ID_SIZE]);

#define ID_TERM_SIZE 33 /* 32 hex digits and NUL */
void id_term(char term[ID_TERM_SIZE]);

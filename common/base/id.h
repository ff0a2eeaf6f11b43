/* Random identifiers, from the kernel's random source. */
#pragma once

#define ID_SIZE 27 /* 26 characters and NUL */
/* A ULID-shaped id: 10 characters of time, 16 of chance, Crockford base 32, lower case; sorts by time. */
void id_new(char id[ID_SIZE]);

#define ID_TERM_SIZE 33 /* 32 hex digits and NUL */
void id_term(char term[ID_TERM_SIZE]);

#define ID_TRACEPARENT_SIZE 56
/* The traceparent (W3C Trace Context, version 00) of the message with this id: the same in its header and inside it.
 * Not the id's own digits, since those are not hexadecimal. */
void id_traceparent(const char *id, char traceparent[ID_TRACEPARENT_SIZE]);

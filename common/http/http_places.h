/* Who holds a connection, and for how long (http's own).
 *
 * Each connection has a place. A request has a time for each of its phases: its head, its body (with so many bytes a
 * second), the reading of its answer; none counts while its handler works. Who takes longer is disconnected. A
 * connection on which nobody has shown a token is a stranger's; strangers have half of the places, and when these are
 * taken a newcomer gets the one that was opened first at the address that holds most. So neither slow clients nor many
 * of them keep others out. A token has TOKEN_PLACES at most, whatever its requests do; and of the memory for bodies
 * half of what others leave, so that there is always room for one more. Small bodies always find room.
 *
 * Threads: any. A thread of its own disconnects what is overdue, by shutting the socket down; libmicrohttpd then closes
 * it and says so. A place is valid from places_take to places_leave. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

enum place_phase {
    PLACE_RESTS,   /* nothing of a request yet */
    PLACE_HEAD,
    PLACE_BODY,
    PLACE_WORKS,
    PLACE_ANSWERS,
    PLACE_PHASE_COUNT
};

struct places;
struct place;

/* `count`: how many strangers and token holders together; `idle_s`: how long a connection may rest. */
struct places *places_new(unsigned count, unsigned idle_s);
void places_free(struct places *places); /* after the last place was left; NULL does nothing */
/* The limit to give to libmicrohttpd: above ours, so that a newcomer comes in before another one goes. */
unsigned places_limit(const struct places *places);

struct place *places_take(struct places *places, int fd, const struct sockaddr *address);
void places_leave(struct place *place);
/* The next phase; `bytes` is the size of what is read (BODY) or sent (ANSWERS). */
void place_phase(struct place *place, enum place_phase phase, size_t bytes);
/* More of its body has come. False: there is no room for it, and what has come of it does not count any more. */
bool place_body(struct place *place, size_t bytes);
/* Its request showed a token that is known. False: this token has all that it may have, or no place is left. */
bool place_admit(struct place *place, const char *token);

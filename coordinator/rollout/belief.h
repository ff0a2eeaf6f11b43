/* What a leader believes that a target holds, and which inventory counts: the pure part, shared by the coordinator and
 * the simulation (protocol.md, 4).
 *
 * With a term everything begins unknown. The leader asks; an answer names the term and the question (the digest of its
 * signed payload) and closes it. Whatever does not answer the open question is news for nobody: an inventory that was
 * read before, that somebody put there again, or that was asked for in another term. A question is closed, too, when a
 * job or fence goes out and when outcomes come: what was said before them may be read after them.
 *
 * Threads: any, one at a time for one belief. Pure: no I/O, no clock. */
#pragma once
#include <stdbool.h>

#include "proto/message.h"

struct belief {
    char contents[DIGEST_TEXT_SIZE]; /* digest of what is believed to be applied */
    bool stale;                      /* something was applied since that digest was computed */
    bool known;                      /* said in this term, and nothing contradicts it */
    bool suspect;                    /* something contradicts it: unknown until an inventory says */
    int differed;                    /* heartbeats in a row that contradict it */
    char question[DIGEST_TEXT_SIZE]; /* the open one; "": none is */
    char named[DIGEST_TEXT_SIZE];    /* the contents that it named, "": none; who holds just these need not list them */
};

void belief_init(struct belief *belief); /* nothing is believed to be there, and nothing is known */
/* What the control database believes now. */
void belief_set(struct belief *belief, const char *contents);
/* This question went out, naming these contents ("": none); the one before it is closed. */
void belief_ask(struct belief *belief, const char *question, const char *named);
/* A job or a fence went out. */
void belief_send(struct belief *belief);
/* Outcomes came. */
void belief_change(struct belief *belief);
/* Something else contradicts it. */
void belief_distrust(struct belief *belief);
/* Whether an inventory that answers `answered` is to be believed by the leader of this term. */
bool belief_is_answer(const struct belief *belief, const struct fence *answered, int64_t epoch, const char *term);
/* It is, and says this. True: it is what the question named, so that nothing has to be stored. */
bool belief_take(struct belief *belief, const char *contents);
/* What a heartbeat says of a target on which nothing is under way, while nothing is stale. True: ask. One that differs
 * once may have been sent before the last outcome arrived. */
bool belief_hear(struct belief *belief, const char *contents);

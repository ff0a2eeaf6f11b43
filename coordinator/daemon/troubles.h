/* What keeps this coordinator from its work: told once in its log, and in the control database for whoever asks.
 *
 * What goes wrong between us and Kafka is noted by the bus itself (bus/troubles.h); beside it stands why the last term
 * of leadership, or the attempt at one, came to its end. Threads: the leader's. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/troubles.h"
#include "store/store.h"

struct troubles {
    struct bus_troubles *bus;
    const char *holder;       /* how this process is named in the control database; borrowed */
    struct bus_trouble ended; /* why a term ended; text "": it has not, or that is over */
    int64_t ended_ms;         /* when that was logged */
    int64_t put_ms;           /* when the control database was told last */
    bool some, changed;       /* whether it was told of any; whether it has to be told anew */
};

/* Logs what is new or over. True: there was something. */
bool troubles_log(struct troubles *troubles);
/* Why a term has ended; logged, the same one at most every half minute. What the bus has noted itself is told there. */
void troubles_ended(struct troubles *troubles, const struct err *err);
void troubles_none(struct troubles *troubles); /* a turn went well, or it is for another one to lead */
/* Tells the control database when there is something to tell. */
bool troubles_put(struct troubles *troubles, struct store *store, struct err *err);

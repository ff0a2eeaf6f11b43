/* The model broker: what was sent arrives late, twice, in another order, or not at all. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "simulation/world.h"

struct message *message_copy(struct world *w, const struct message *message)
{
    struct message *copy = arena_new(&w->arena, struct message);
    *copy = *message;
    return copy;
}

static void flight_add(struct world *w, struct log *log, struct message *message)
{
    struct broker *broker = &w->broker;
    int64_t delay =
        world_faults(w) && chance_percent(w, w->storm ? 40 : 10) ? chance_below(w, 30000) : chance_below(w, 100);
    *array_add(broker->flights, broker->flight_count, broker->flight_room) =
        (struct flight){.message = message, .log = log, .arrives = w->now + delay};
}

void broker_send(struct world *w, struct log *log, const struct message *message)
{
    struct message *copy = message_copy(w, message);
    copy->id = ++w->ids;
    if (chance_rare(w, 25)) {
        trace(w, "lost", copy->kind, copy->target, (int64_t)copy->id);
        return;
    }
    flight_add(w, log, copy);
    if (chance_rare(w, 20))
        flight_add(w, log, copy);
    if (copy->kind == MESSAGE_IS_REPORT && chance_rare(w, 30)) { /* a byte flips: another kind of outcome */
        struct message *flipped = message_copy(w, copy);
        flipped->id = ++w->ids;
        flipped->corrupt = true;
        if (flipped->count > 0) {
            flipped->rows = arena_array(&w->arena, (size_t)flipped->count, sizeof *flipped->rows);
            memcpy(flipped->rows, copy->rows, (size_t)copy->count * sizeof *copy->rows);
            flipped->rows[0].kind = flipped->rows[0].kind == OUTCOME_FAILED ? OUTCOME_APPLIED : OUTCOME_FAILED;
        }
        flight_add(w, log, flipped);
    }
}

static void log_append(struct log *log, struct message *message)
{
    *array_add(log->items, log->count, log->room) = message;
}

void broker_deliver(struct world *w)
{
    struct broker *broker = &w->broker;
    for (size_t i = 0; i < broker->flight_count;) {
        if (broker->flights[i].arrives > w->now) {
            i++;
            continue;
        }
        broker->flights[i].message->arrived = w->now;
        log_append(broker->flights[i].log, broker->flights[i].message);
        broker->flights[i] = broker->flights[--broker->flight_count];
    }
}

void broker_wipe(struct world *w)
{
    struct broker *broker = &w->broker;
    trace(w, "broker wiped", broker->generation, 0, 0);
    for (int t = 0; t < w->targets; t++)
        broker->jobs[t].count = 0;
    broker->control.count = 0;
    broker->events.count = 0;
    broker->flight_count = 0;
    broker->generation++;
    w->wipes++;
}

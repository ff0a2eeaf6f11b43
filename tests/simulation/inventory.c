/* What targets hold, asked and answered: the real rules of rollout/belief.h, between model coordinators and workers. */
#include <inttypes.h>
#include <stdio.h>

#include "simulation/world.h"

uint64_t inventory_of(const struct world *w, int target)
{
    const struct contents *now = &w->databases[target].now;
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < w->migrations; i++) {
        const uint64_t values[] = {(uint64_t)(now->applied[i].ordinal + 2), (uint64_t)now->applied[i].attempt,
                                   (uint64_t)now->texts[i]};
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++)
            hash = (hash ^ values[k]) * 1099511628211u;
    }
    return hash;
}

static const char *hex(uint64_t value, char text[DIGEST_TEXT_SIZE])
{
    snprintf(text, DIGEST_TEXT_SIZE, "%016" PRIx64, value);
    return text;
}

void inventory_begin(struct coordinator *c)
{
    for (int t = 0; t < TARGETS_MAX; t++) {
        belief_init(&c->beliefs[t]);
        c->heard[t] = false;
    }
}

void inventory_ask(struct world *w, struct coordinator *c)
{
    int target = chance_below(w, w->targets);
    char id[DIGEST_TEXT_SIZE];
    if (c->rollout.targets[target].state != TARGET_IDLE || (c->beliefs[target].known && !chance_percent(w, 30)))
        return;
    const struct message question = {.kind = MESSAGE_IS_QUESTION, .target = target,
                                     .token = {.epoch = c->epoch, .term = c->term, .digest = ++w->ids}};
    belief_ask(&c->beliefs[target], hex(question.token.digest, id), "");
    broker_send(w, &w->broker.control, &question);
    trace(w, "asked", target, (int64_t)question.token.digest, 0);
}

void inventory_close(struct world *w, struct coordinator *c, int target)
{
    if (w->plant != PLANT_OPEN_QUESTION)
        belief_send(&c->beliefs[target]);
}

void inventory_take(struct world *w, struct coordinator *c, const struct message *message)
{
    struct belief *belief = &c->beliefs[message->target];
    char id[DIGEST_TEXT_SIZE], term[DIGEST_TEXT_SIZE], held[DIGEST_TEXT_SIZE];
    const struct fence answered = {.epoch = message->token.epoch, .term = hex(message->token.term, term),
                                   .digest = hex(message->token.digest, id)};
    if (!belief_is_answer(belief, &answered, c->epoch, c->term_text) && w->plant != PLANT_OLD_INVENTORY)
        return;
    belief_take(belief, hex(message->contents, held));
    c->held[message->target] = message->contents;
    c->heard[message->target] = true;
}

/* What is stored as known is what is there: nothing was under way when it was asked for, and nothing went out since. */
void inventory_check(struct world *w, struct coordinator *c)
{
    for (int t = 0; t < w->targets; t++) {
        if (c->heard[t] && w->restores == 0 && !w->target_restored && inventory_of(w, t) != c->held[t])
            broken(w, "P2: what target %d is known to hold is something else; the next release is planned on it", t);
        c->heard[t] = false;
    }
}

/* The model target database: what commits, commits whole. */
#include <string.h>

#include "simulation/world.h"

#define JUMP 1000000

enum token_order token_compare(const struct token *token, const struct token *in_force)
{
    if (token->epoch != in_force->epoch)
        return token->epoch < in_force->epoch ? TOKEN_LOWER : TOKEN_HIGHER;
    if (token->sequence != in_force->sequence)
        return token->sequence < in_force->sequence ? TOKEN_LOWER : TOKEN_HIGHER;
    return token->term == in_force->term && token->digest == in_force->digest ? TOKEN_SAME : TOKEN_CONFLICT;
}

struct row *database_find(struct database *db, struct request request)
{
    for (int i = 0; i < db->now.history_count; i++)
        if (db->now.history[i].request.ordinal == request.ordinal &&
            db->now.history[i].request.attempt == request.attempt)
            return &db->now.history[i];
    return NULL;
}

static bool went_back(const struct world *w, const struct database *db, const struct message *message)
{
    if (w->plant == PLANT_NO_REWOUND)
        return false;
    if (message->kind == MESSAGE_IS_FENCE && message->expects == ROLLOUT_EXPECTS_ANYTHING)
        return false;
    return db->now.timeline != db->timeline || db->now.fence.sequence < message->expects;
}

/* The fence's rules (protocol.md, 1), for a job and for a fence. */
bool database_refuses(struct world *w, int target, const struct message *message, enum refusal *ret_refusal)
{
    struct database *db = &w->databases[target];
    const struct token *in_force = &db->now.fence;
    enum token_order order = token_compare(&message->token, in_force);
    if (order == TOKEN_LOWER && w->plant != PLANT_LOWER_TOKENS) {
        *ret_refusal = REFUSAL_STALE;
        return true;
    }
    if (order == TOKEN_CONFLICT && w->plant != PLANT_NO_CONFLICT) {
        *ret_refusal = REFUSAL_CONFLICT;
        return true;
    }
    if (w->plant != PLANT_NO_JUMP &&
        (message->token.epoch - in_force->epoch > JUMP || message->token.sequence - in_force->sequence > JUMP)) {
        *ret_refusal = REFUSAL_JUMP;
        return true;
    }
    if (went_back(w, db, message)) {
        *ret_refusal = REFUSAL_REWOUND;
        return true;
    }
    db->unnoticed = false;
    return false;
}

void database_raise(struct world *w, int target, const struct message *message)
{
    struct database *db = &w->databases[target];
    const struct token before = db->now.fence;
    enum token_order order = token_compare(&message->token, &before);
    if (order != TOKEN_HIGHER && order != TOKEN_SAME)
        broken(w, "P2: target %d: the fence %lld/%lld is replaced by %lld/%lld, which is not higher", target,
               (long long)before.epoch, (long long)before.sequence, (long long)message->token.epoch,
               (long long)message->token.sequence);
    db->now.fence = message->token;
    db->now.timeline = db->timeline;
    trace(w, "fence raised", target, message->token.epoch, message->token.sequence);
    if (message->token.epoch > JUMP)
        broken(w, "P3: target %d is deaf: its fence has epoch %lld", target, (long long)message->token.epoch);
}

/* An undo of a repeatable migration brings its earlier text into effect again, through its own request. */
static void take_effect(struct world *w, struct database *db, const struct row *row)
{
    bool up = row->direction != DIRECTION_DOWN;
    bool again = kind_of(w, row->migration) == MIGRATION_REPEATABLE && w->plant != PLANT_REPEATABLE_GONE;
    db->now.applied[row->migration] = up || again ? row->request : (struct request){.attempt = 0};
    db->now.texts[row->migration] = up ? TEXT_NEW : again ? TEXT_EARLIER : TEXT_NONE;
}

/* One transaction: the effect and its history row. */
void database_commit(struct world *w, int target, const struct token *job, struct row *row)
{
    struct database *db = &w->databases[target];
    if (db->now.history_count == HISTORY_MAX) {
        broken(w, "the model's history is full");
        return;
    }
    row->position = ++db->positions;
    row->sequence = job->sequence;
    check_effect(w, target, job, row);
    if (row->kind == OUTCOME_APPLIED)
        take_effect(w, db, row);
    db->now.history[db->now.history_count++] = *row;
    trace(w, "committed", target, row->request.ordinal * 100 + row->request.attempt, row->kind);
}

static void end_sessions(struct world *w, int target)
{
    for (int i = 0; i < w->workers; i++)
        if (w->worker[i].target == target)
            w->worker[i].session_dead = true;
    w->databases[target].lock = -1;
}

void database_stop(struct world *w, int target)
{
    struct database *db = &w->databases[target];
    db->away_until = w->now + chance_below(w, 40000);
    if (chance_percent(w, 50)) /* the server is gone; else it has no room to record anything */
        end_sessions(w, target);
    trace(w, "target away", target, db->away_until, 0);
}

void database_restore(struct world *w, int target)
{
    struct database *db = &w->databases[target];
    trace(w, "target restored", target, db->now.history_count, db->backup.history_count);
    db->now = db->backup;
    db->timeline++;
    db->unnoticed = true;
    w->target_restored = true;
    w->restores++;
    end_sessions(w, target);
}

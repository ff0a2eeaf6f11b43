/* One turn of the leader, in one transaction. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "proc/crash.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* Runs a statement over the rows, unless there are none. Steals rows. */
static bool exec_rows(struct store *store, const char *sql, json_t *rows, struct err *err)
{
    auto_free char *text = rows_text(rows);
    return !text || store_exec(store, sql, NULL, err, 1, text);
}

static json_t *inbox_json(const struct store_inbox *in)
{
    const struct outcome *o = in->outcome;
    json_t *json = json_object();
    row_text(json, "e", o->id);
    row_text(json, "r", o->release);
    row_text(json, "s", in->service);
    row_text(json, "t", in->target);
    row_text(json, "q", o->request);
    row_text(json, "m", o->migration);
    row_text(json, "c", o->checksum);
    row_text(json, "d", direction_text(o->direction));
    row_text(json, "k", outcome_text(o->kind));
    row_number(json, "a", o->attempt);
    row_number(json, "p", o->position);
    row_number(json, "sq", o->sequence);
    row_number(json, "su", o->started_us);
    row_number(json, "fu", o->finished_us);
    row_text(json, "ss", o->sqlstate);
    row_text(json, "ms", o->message);
    row_number(json, "li", o->line);
    row_text(json, "le", o->left);
    row_text(json, "de", o->detail);
    row_said(json, "sa", &o->said);
    row_text(json, "w", in->worker);
    row_text(json, "v", in->verdict);
    row_text(json, "rd", in->report_digest);
    return json;
}

static bool put_inbox(struct store *store, const struct store_batch *batch, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->inbox_count; i++)
        json_array_append_new(rows, inbox_json(&batch->inbox[i]));
    return exec_rows(store, sql_inbox_put, rows, err);
}

/* Whether an undo of this step (of the plan) took effect. */
static bool undone(const struct rollout *rollout, const struct rollout_step *step)
{
    size_t undo = (size_t)rollout_undo_ordinal(rollout->plan, step->plan_step);
    return step->leg == 0 && undo < rollout->step_count && rollout->steps[undo].state == STEP_APPLIED;
}

/* Whether this brings a text into effect, of a repeatable one maybe an earlier one; else it takes one away. */
static bool brings(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct plan_step *planned = &rollout->plan->steps[step->plan_step];
    bool back = step->direction == DIRECTION_DOWN && planned->earlier && *planned->earlier;
    return step->direction == DIRECTION_UP || step->direction == DIRECTION_ADOPT || back;
}

/* Callbacks are never counted as applied. */
static bool counts(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct migration *migration = plan_migration(rollout->plan, &rollout->plan->steps[step->plan_step]);
    return step->changed && step->has_outcome && (step->state == STEP_APPLIED || step->state == STEP_ALREADY) &&
           !(migration && migration->kind == MIGRATION_CALLBACK);
}

/* Whose work an applied migration is. What only got another checksum stays what it was. */
static const char *release_of(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct plan_step *planned = &rollout->plan->steps[step->plan_step];
    if (step->state == STEP_ALREADY)
        return "";
    return step->direction == DIRECTION_ADOPT && *step->undoes_request ? planned->undoes_release
                                                                       : step->outcome.release;
}

/* Recorded again as it was, for another tool's record alone: nothing changes here (worker/ledger/step.c). */
static bool keeps(const struct rollout *rollout, const struct rollout_step *step)
{
    return step->direction == DIRECTION_ADOPT && *step->undoes_request && step->state == STEP_APPLIED &&
           strcmp(rollout->plan->steps[step->plan_step].recorded, step->outcome.checksum) == 0;
}

static json_t *applied_json(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct rollout_target *target = &rollout->targets[step->target];
    const struct outcome *o = &step->outcome;
    bool through_another = step->state == STEP_ALREADY && step->request_in_effect && *step->request_in_effect;
    json_t *json = json_object();
    row_text(json, "s", target->service);
    row_text(json, "t", target->name);
    row_text(json, "m", o->migration);
    row_text(json, "c", o->checksum);
    row_text(json, "q",
             through_another        ? step->request_in_effect
             : keeps(rollout, step) ? step->undoes_request
                                    : o->request);
    row_text(json, "r", release_of(rollout, step));
    row_number(json, "p", o->position);
    return json;
}

/* A text that replaced another ran last, as its target records it (worker/ledger/schema, step_end: replace). */
static bool moves(const struct rollout_step *step)
{
    return step->state == STEP_APPLIED && *step->undoes_request && step->direction != DIRECTION_ADOPT;
}

static json_t *elsewhere_json(const char *record, const char *migration)
{
    json_t *json = json_object();
    row_text(json, "r", record);
    row_text(json, "m", migration);
    return json;
}

/* What a target does not hold any more: its neighbours were told of it under its name. */
static void note_gone(const struct store *store, const struct rollout *rollout, const struct rollout_step *step,
                      json_t *elsewhere)
{
    const struct rollout_target *target = &rollout->targets[step->target];
    auto_free char *record =
        xasprintf("%s/%s/%s/%s", store->fleet, store->environment, target->service, target->name);
    json_array_append_new(elsewhere, elsewhere_json(record, step->outcome.migration));
}

/* What came under a new name is not under the old one any more: "move fleet/environment/service/target migration". */
static void note_taken(const struct store *store, const struct rollout *rollout, const struct rollout_step *step,
                       json_t *moved, json_t *elsewhere)
{
    const char *from = rollout->plan->steps[step->plan_step].taken_from;
    auto_free char *own = xasprintf("%s/%s/", store->fleet, store->environment);
    if (step->direction != DIRECTION_ADOPT || step->state != STEP_APPLIED || !from || !text_starts(from, "move "))
        return;
    from += strlen("move ");
    size_t len = strcspn(from, " ");
    auto_free char *record = xasprintf("%.*s", (int)len, from);
    const char *migration = from + len + (from[len] != 0);
    json_array_append_new(elsewhere, elsewhere_json(record, migration));
    if (!text_starts(record, own))
        return;
    const char *service = record + strlen(own), *slash = strchr(service, '/');
    json_t *json = json_object();
    json_object_set_new(json, "s", json_stringn(service, slash ? (size_t)(slash - service) : strlen(service)));
    row_text(json, "t", slash ? slash + 1 : "");
    row_text(json, "m", migration);
    json_array_append_new(moved, json);
}

static bool put_lists(struct store *store, json_t *lists[4], struct err *err)
{
    static const char *const statements[] = {sql_applied_delete, sql_applied_put, sql_applied_delete,
                                             sql_foreign_taken};
    bool done = true;
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        if (done)
            done = exec_rows(store, statements[i], lists[i], err);
        else
            json_decref(lists[i]);
    }
    return done;
}

/* What the targets hold follows from the accepted outcomes, in the same transaction. */
static bool put_applied(struct store *store, const struct rollout *rollout, struct err *err)
{
    json_t *put = json_array(), *gone = json_array(), *moved = json_array(), *elsewhere = json_array();
    for (size_t i = 0; i < rollout->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[i];
        if (!counts(rollout, step))
            continue;
        bool comes = brings(rollout, step), stays = comes && !undone(rollout, step);
        json_t *json = applied_json(rollout, step);
        if (stays)
            json_array_append(put, json);
        if (stays && moves(step))
            json_array_append(moved, json);
        if (!comes) {
            json_array_append(gone, json);
            note_gone(store, rollout, step, elsewhere);
        }
        note_taken(store, rollout, step, moved, elsewhere);
        json_decref(json);
    }
    json_t *lists[] = {moved, put, gone, elsewhere};
    return put_lists(store, lists, err);
}

static bool put_decisions(struct store *store, const struct store_batch *batch, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->effects->decision_count; i++) {
        const struct rollout_decision *d = &batch->effects->decisions[i];
        json_t *json = json_object();
        row_number(json, "i", (int64_t)i);
        row_number(json, "p", d->position);
        row_text(json, "r", d->row);
        row_text(json, "w", d->why);
        row_number(json, "s", d->step);
        row_number(json, "t", d->target);
        row_text(json, "b", release_state_text(d->state_before));
        row_text(json, "a", release_state_text(d->state_after));
        row_text(json, "d", d->detail);
        json_array_append_new(rows, json);
    }
    auto_free char *text = rows_text(rows);
    char epoch[24];
    return !text || store_exec(store, sql_decisions_put, NULL, err, 3, batch->rollout->release,
                              store_text_int64(epoch, store->lease.epoch), text);
}

static bool put_rollout(struct store *store, const struct store_batch *batch, struct err *err)
{
    const struct rollout *rollout = batch->rollout;
    if (!store_put_steps(store, rollout, false, err) || !store_put_targets(store, rollout, false, err) ||
        !put_applied(store, rollout, err) || !put_decisions(store, batch, err))
        return false;
    if (!rollout->changed)
        return store_exec(store, sql_release_touch, NULL, err, 1, rollout->release);
    json_t *reason = row_string(rollout->reason);
    bool done = store_exec(store, sql_release_update, NULL, err, 7, rollout->release,
                           release_state_text(rollout->state), json_string_value(reason),
                           rollout->decided_by ? rollout->decided_by : "",
                           release_state_terminal(rollout->state) ? "t" : "f", rollout_aim_text(rollout->aim),
                           rollout->stopping ? "t" : "f");
    json_decref(reason);
    return done;
}

static bool put_jobs(struct store *store, const struct store_batch *batch, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->job_count; i++) {
        const struct store_job *job = &batch->jobs[i];
        json_t *json = json_object(), *ordinals = json_array();
        for (size_t k = 0; k < job->ordinal_count; k++)
            json_array_append_new(ordinals, json_integer(job->ordinals[k]));
        row_text(json, "s", job->service);
        row_text(json, "t", job->target);
        row_number(json, "q", job->sequence);
        row_text(json, "r", job->release);
        row_flag(json, "f", job->fence);
        row_text(json, "d", job->digest);
        json_object_set_new(json, "o", ordinals);
        json_array_append_new(rows, json);
    }
    auto_free char *text = rows_text(rows);
    char epoch[24];
    return !text || store_exec(store, sql_jobs_put, NULL, err, 3, text, store_text_int64(epoch, store->lease.epoch),
                              store->lease.term);
}

enum { OUT_TOPIC, OUT_KEY, OUT_ID, OUT_TYPE, OUT_PAYLOAD, OUT_COLUMNS };
#define OUT_LARGE ((size_t)256 << 10) /* alone: a statement over many copies and sorts them */

static bool put_one(struct store *store, struct store_message *message, struct err *err)
{
    char epoch[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_outbox_put_one, &result, err, 6, store_text_int64(epoch, store->lease.epoch),
                    message->topic, message->key, message->id, message->type, message->payload))
        return false;
    message->row = pg_number(result, 0, 0);
    return true;
}

static bool put_several(struct store *store, struct store_message *messages, size_t count, struct err *err)
{
    auto_free const char **texts = xcalloc(count, sizeof *texts);
    struct buf columns[OUT_COLUMNS];
    for (int column = 0; column < OUT_COLUMNS; column++) {
        columns[column] = (struct buf)BUF_INIT(BUF_MAX);
        for (size_t i = 0; i < count; i++) {
            const struct store_message *m = &messages[i];
            const char *values[OUT_COLUMNS] = {m->topic, m->key, m->id, m->type, m->payload};
            texts[i] = values[column];
        }
        pg_array_text(&columns[column], texts, count);
    }
    char epoch[24];
    auto_pgresult PGresult *result = NULL;
    bool done = store_exec(store, sql_outbox_put, &result, err, 6, store_text_int64(epoch, store->lease.epoch),
                           buf_text(&columns[OUT_TOPIC]), buf_text(&columns[OUT_KEY]), buf_text(&columns[OUT_ID]),
                           buf_text(&columns[OUT_TYPE]), buf_text(&columns[OUT_PAYLOAD]));
    for (int column = 0; column < OUT_COLUMNS; column++)
        buf_release(&columns[column]);
    for (size_t i = 0; done && i < count; i++)
        messages[i].row = pg_number(result, (int)i, 0);
    return done;
}

/* In their order: large ones one by one, what lies between them together. */
static bool put_messages(struct store *store, struct store_batch *batch, struct err *err)
{
    struct store_message *messages = batch->messages;
    for (size_t i = 0, next; i < batch->message_count; i = next) {
        for (next = i; next < batch->message_count && messages[next].len < OUT_LARGE;)
            next++;
        if (next > i ? !put_several(store, &messages[i], next - i, err) : !put_one(store, &messages[next++], err))
            return false;
    }
    for (size_t i = 0; i < batch->message_count; i++)
        messages[i].epoch = store->lease.epoch;
    return true;
}

static bool put_inventory(struct store *store, const struct store_inventory *inventory, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < inventory->applied_count; i++) {
        const struct applied *applied = &inventory->applied[i];
        json_t *json = json_object();
        row_text(json, "s", inventory->service);
        row_text(json, "t", inventory->target);
        row_text(json, "m", applied->migration);
        row_text(json, "c", applied->checksum);
        row_text(json, "q", applied->request);
        row_text(json, "r", applied->release);
        row_number(json, "p", (int64_t)i);
        json_array_append_new(rows, json);
    }
    if (!inventory->same && !store_exec(store, sql_applied_clear, NULL, err, 2, inventory->service,
                                        inventory->target)) {
        json_decref(rows);
        return false;
    }
    return exec_rows(store, sql_applied_put, rows, err) && store_put_foreign(store, inventory, err) &&
           store_exec(store, sql_target_known, NULL, err, 2, inventory->service, inventory->target);
}

static json_t *seen_json(const struct store_seen *seen, size_t index)
{
    json_t *json = json_object();
    row_number(json, "i", (int64_t)index);
    row_text(json, "w", seen->worker);
    row_text(json, "h", seen->host);
    row_text(json, "v", seen->version);
    row_flag(json, "l", seen->leaving);
    row_number(json, "b", seen->beat);
    row_text(json, "s", seen->service);
    row_text(json, "n", seen->target);
    row_text(json, "c", seen->contents);
    row_text(json, "p", seen->problem);
    row_number(json, "wk", seen->working);
    row_number(json, "u", seen->untrusted);
    row_number(json, "sq", seen->issued);
    row_flag(json, "su", seen->suspect);
    return json;
}

/* All statements over all rows, behind a savepoint. */
static bool try_news(struct store *store, const char *const *statements, const json_t *rows, struct err *err)
{
    auto_free char *text = json_dumps(rows, JSON_COMPACT);
    bool done = pg_run(store->pg, "SAVEPOINT news", NULL, NULL, err);
    for (; done && *statements; statements++)
        done = store_exec(store, *statements, NULL, err, 1, text);
    return done;
}

static json_t *some_rows(const json_t *rows, size_t from, size_t to)
{
    json_t *some = json_array();
    for (; from < to; from++)
        json_array_append(some, json_array_get(rows, from));
    return some;
}

static bool put_news(struct store *store, const char *const *statements, json_t *rows, struct store_batch *batch,
                     struct err *err);

/* One half of them after the other, until it is known which one. */
static bool put_what_is_taken(struct store *store, const char *const *statements, const json_t *rows,
                              struct store_batch *batch, const struct err *why, struct err *err)
{
    size_t count = json_array_size(rows);
    if (count > 1)
        return put_news(store, statements, some_rows(rows, 0, count / 2), batch, err) &&
               put_news(store, statements, some_rows(rows, count / 2, count), batch, err);
    auto_free char *text = json_dumps(rows, JSON_COMPACT);
    batch->left_out = *why;
    text_append(batch->left_out.text, sizeof batch->left_out.text, ": %s", text);
    return true;
}

/* What comes again by itself, and nothing hangs on: a row that the control database does not take is left out, and ends
 * no term. Steals rows. */
static bool put_news(struct store *store, const char *const *statements, json_t *rows, struct store_batch *batch,
                     struct err *err)
{
    struct err why = ERR_INIT;
    bool done = json_array_size(rows) == 0 || try_news(store, statements, rows, &why);
    if (!done && store_was_refused(&why))
        done = pg_run(store->pg, "ROLLBACK TO news", NULL, NULL, err) &&
               put_what_is_taken(store, statements, rows, batch, &why, err);
    else if (!done && err)
        *err = why;
    json_decref(rows);
    return done;
}

static bool put_seen(struct store *store, struct store_batch *batch, struct err *err)
{
    static const char *const statements[] = {sql_seen_targets, sql_seen_workers, sql_seen_suspect, NULL};
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->seen_count; i++)
        json_array_append_new(rows, seen_json(&batch->seen[i], i));
    return put_news(store, statements, rows, batch, err);
}

/* A worker that is stored for the first time has its row from put_seen(). */
static bool put_beats(struct store *store, struct store_batch *batch, struct err *err)
{
    static const char *const statements[] = {sql_beats_put, NULL};
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->beat_count; i++) {
        json_t *json = json_object();
        row_text(json, "w", batch->beats[i].worker);
        row_number(json, "b", batch->beats[i].beat);
        json_array_append_new(rows, json);
    }
    return put_news(store, statements, rows, batch, err);
}

static bool put_strangers(struct store *store, struct store_batch *batch, struct err *err)
{
    static const char *const statements[] = {sql_strangers_put, NULL};
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->stranger_count; i++) {
        json_t *json = json_object();
        row_text(json, "t", batch->strangers[i].topic);
        row_text(json, "k", batch->strangers[i].key);
        row_text(json, "w", batch->strangers[i].why);
        row_number(json, "n", batch->strangers[i].messages);
        json_array_append_new(rows, json);
    }
    return put_news(store, statements, rows, batch, err);
}

static bool put_handled(struct store *store, const struct store_batch *batch, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->handled_count; i++) {
        json_t *json = json_object();
        row_number(json, "i", batch->handled[i].order);
        row_text(json, "r", batch->handled[i].result);
        json_array_append_new(rows, json);
    }
    return exec_rows(store, sql_orders_handled, rows, err);
}

static bool put_positions(struct store *store, const struct store_batch *batch, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < batch->position_count; i++) {
        const struct store_position *position = &batch->positions[i];
        json_t *json = json_object();
        row_text(json, "t", position->topic);
        row_number(json, "p", position->partition);
        row_number(json, "n", position->next);
        row_text(json, "d", position->digest);
        json_array_append_new(rows, json);
    }
    return exec_rows(store, sql_positions_put, rows, err);
}

static bool put_all(struct store *store, struct store_batch *batch, struct err *err)
{
    if (batch->whole && !store_exec(store, sql_lease_whole, NULL, err, 0))
        return false;
    /* An inventory never follows outcomes in one batch: its question was closed by them (rollout/belief.h). */
    for (size_t i = 0; i < batch->inventory_count; i++)
        if (!put_inventory(store, &batch->inventories[i], err))
            return false;
    return put_inbox(store, batch, err) && (!batch->rollout || put_rollout(store, batch, err)) &&
           put_seen(store, batch, err) && put_beats(store, batch, err) && put_strangers(store, batch, err) &&
           put_jobs(store, batch, err) && put_messages(store, batch, err) && put_handled(store, batch, err) &&
           put_positions(store, batch, err);
}

/* Heartbeats alone: a server that dies may lose the last of them. */
static bool is_light(const struct store_batch *batch)
{
    return !batch->rollout && !batch->inbox_count && !batch->job_count && !batch->message_count &&
           !batch->inventory_count && !batch->handled_count && !batch->whole;
}

bool store_batch_commit(struct store *store, struct store_batch *batch, struct err *err)
{
    CRASH_POINT("store.batch.before");
    if (!store_begin_leader(store, err))
        return false;
    bool done = (!is_light(batch) || store_exec(store, sql_commit_soon, NULL, err, 0)) && put_all(store, batch, err);
    if (!store_end(store, done, err))
        return false;
    CRASH_POINT("store.batch.after");
    return true;
}

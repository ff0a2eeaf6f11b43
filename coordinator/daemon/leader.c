#include "daemon/leader.h"

#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wake.h"
#include "proc/signals.h"

#define TURN_MESSAGES 1000
#define TURN_BYTES ((size_t)8 << 20)
#define TURN_MS 250            /* of reading, and no more than a tenth of the lease */
#define ORDERS_EVERY_MS 2000 /* beside the notifications */
#define TROUBLE_LOG_MS 60000
#define STOP_FLUSH_MS 2000
#define CLOCK_OFF_MS 10000
#define FIRST_BYTES ((size_t)1 << 20) /* of jobs in a term's first turn */
#define LEAST_BYTES ((size_t)64 << 10)

/* ---- a term's beginning and end ---- */

static void log_decisions(const struct leader *leader)
{
    for (size_t i = 0; i < leader->effects.decision_count; i++) {
        const struct rollout_decision *d = &leader->effects.decisions[i];
        log_info("release %s: %s%s%s row=%d %s: %s%s%s", leader->release->id, release_state_text(d->state_before),
                 d->state_before == d->state_after ? "" : " -> ",
                 d->state_before == d->state_after ? "" : release_state_text(d->state_after), d->position, d->row,
                 d->why, *d->detail ? ": " : "", d->detail);
    }
}

void leader_release_set(struct leader *leader, struct store_release *release)
{
    store_release_free(leader->release);
    leader->release = release;
    leader->refusal_count = 0; /* they speak of the other one's targets */
}

/* What the engine has to be told of a release that was just loaded. */
static void introduce(struct leader *leader, bool new_term)
{
    struct rollout *rollout = &leader->release->rollout;
    bool fresh = !leader->release->begun;
    if (release_state_terminal(rollout->state) || (!fresh && !new_term))
        return;
    const struct rollout_event accepted = {.kind = ROLLOUT_ACCEPTED, .target = -1};
    const struct rollout_event takeover = {.kind = ROLLOUT_TAKEOVER, .target = -1, .every = leader->take_over_all};
    if (fresh)
        leader_decide(leader, &accepted);
    if (new_term && (!fresh || leader->take_over_all)) /* a restored database may only believe that it is fresh */
        leader_decide(leader, &takeover);
    log_info("release %s: %s, %zu steps on %zu targets", leader->release->id,
             fresh ? "accepted" : "taken over", leader->release->plan.step_count, leader->release->plan.target_count);
}

/* After a restore: a halted release may be told to go on, and its targets are not what is believed of them. */
static bool load_halted(struct leader *leader, struct err *err)
{
    struct store_release *latest = NULL;
    if (!store_release_load(leader->store, "latest", &leader->rollout_settings, &latest, err))
        return false;
    if (!latest || latest->rollout.state != RELEASE_HALTED) {
        store_release_free(latest);
        return true;
    }
    leader_release_set(leader, latest);
    const struct rollout_event takeover = {.kind = ROLLOUT_TAKEOVER, .target = -1, .every = true};
    leader_decide(leader, &takeover);
    return true;
}

static bool load_release(struct leader *leader, bool new_term, struct err *err)
{
    if (leader->release && !release_state_terminal(leader->release->rollout.state))
        return true;
    struct store_release *open = NULL;
    if (!store_release_load(leader->store, NULL, &leader->rollout_settings, &open, err))
        return false;
    if (!open)
        return !new_term || !leader->take_over_all || load_halted(leader, err);
    leader_release_set(leader, open);
    introduce(leader, new_term);
    return true;
}

static bool is_enrolled(const struct settings_worker *worker, const char *key, const struct store_key *keys,
                        size_t count)
{
    for (unsigned i = 0; i < worker->targets_count; i++) {
        const char *target = worker->targets[i], *slash = strchr(target, '/');
        size_t service_len = slash ? (size_t)(slash - target) : 0;
        bool found = false;
        for (size_t k = 0; k < count && !found; k++)
            found = strcmp(keys[k].key, key) == 0 && strcmp(keys[k].name, worker->name) == 0 &&
                    strcmp(keys[k].target, slash ? slash + 1 : target) == 0 &&
                    strlen(keys[k].service) == service_len && memcmp(keys[k].service, target, service_len) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* One worker after the other: there may be many. What is enrolled already is not written again. */
static bool enroll_configured(struct leader *leader, struct err *err)
{
    struct store_key *keys;
    size_t count;
    if (!store_keys(leader->store, &leader->arena, &keys, &count, err))
        return false;
    for (unsigned i = 0; i < leader->settings->workers_count; i++) {
        const struct settings_worker *worker = &leader->settings->workers[i];
        struct err own = ERR_INIT;
        struct key_public key;
        char text[KEY_PUBLIC_TEXT_SIZE];
        if (!key_parse_public(worker->key, &key, &own) ||
            (!is_enrolled(worker, key_public_text(&key, text), keys, count) &&
             !store_worker_enroll(leader->store, text, worker->name, (const char *const *)worker->targets,
                                  worker->targets_count, "coordinator.yml", &own)))
            log_warn("worker %s of the configuration is not enrolled: %s", worker->name, own.text);
        if (!leader_breathe(leader, err))
            return false;
    }
    return true;
}

static void name_topics(struct leader *leader)
{
    const char *fleet = leader->settings->fleet, *environment = leader->settings->environment;
    const struct topic_space space = settings_topics(leader->settings);
    topic_name(TOPIC_EVENTS, &space, NULL, leader->events_topic);
    topic_name(TOPIC_CONTROL, &space, NULL, leader->control_topic);
    topic_name(TOPIC_PRESENCE, &space, NULL, leader->presence_topic);
    text_format(leader->source, sizeof leader->source, "greylag/%s/%s/coordinator", fleet, environment);
}

static bool load_outbox(struct leader *leader, struct err *err)
{
    return relay_load(leader->relay, leader->store, err);
}

static bool take_over(struct leader *leader, struct err *err)
{
    return load_release(leader, true, err);
}

/* Topics of services that are known already: a consumer that finds none looks again only after a while. */
static void want_known(struct leader *leader)
{
    char name[TOPIC_NAME_SIZE];
    for (size_t i = 0; i < leader->target_count; i++)
        leader_job_topic(leader, leader->targets[i]->service, name);
}

static bool open_bus(struct leader *leader, struct err *err)
{
    if (!relay_open(leader->bus, leader->source, leader->wake_fd, &leader->relay, err))
        return false;
    want_known(leader);
    return leader_reader_open(leader, err);
}

/* In steps that each take a part of the lease at most. */
static bool begin(struct leader *leader, struct err *err)
{
    static bool (*const steps[])(struct leader *leader, struct err *err) = {
        enroll_configured, leader_load_keys, leader_load_beats, leader_targets_load, open_bus, load_outbox, take_over};
    name_topics(leader);
    leader->turn_bytes = FIRST_BYTES;
    rollout_effects_init(&leader->effects);
    leader->intake = intake_new(leader->settings->fleet, leader->settings->environment);
    bool done = store_listen(leader->store, err);
    for (size_t i = 0; done && i < COUNT_OF(steps); i++)
        done = steps[i](leader, err) && leader_breathe(leader, err);
    return done;
}

static void end(struct leader *leader, bool clean)
{
    relay_close(leader->relay, clean ? STOP_FLUSH_MS : 0);
    leader_reader_close(leader);
    intake_free(leader->intake);
    store_release_free(leader->release);
    leader_targets_free(leader);
    rollout_effects_release(&leader->effects);
    free(leader->inbox);
    free(leader->inventories);
    free(leader->handled);
    free(leader->jobs);
    free(leader->messages);
    free(leader->beats);
    free(leader->refusals);
    arena_release(&leader->arena);
}

/* ---- a turn ---- */

bool leader_turn_over(const struct leader *leader)
{
    return clock_mono_ms() >= leader->until_ms;
}

static bool take_messages(struct leader *leader, struct err *err)
{
    size_t bytes = 0;
    size_t most = leader->careful ? 1 : TURN_MESSAGES;
    leader->more = false;
    while (leader->taken < most && bytes < TURN_BYTES && !leader_turn_over(leader)) {
        struct bus_message message;
        if (!leader_reader_next(leader, &message))
            return true;
        bytes += message.payload_len;
        leader->taken++;
        bool taken = leader_take_message(leader, &message, err) && leader_breathe(leader, err);
        bus_message_release(&message);
        if (!taken)
            return false;
    }
    leader->more = true;
    return true;
}

/* A job that could not even be encoded is told to the engine as what it is: refused for its content. */
static void take_refusals(struct leader *leader)
{
    for (size_t i = 0; i < leader->refusal_count; i++) {
        const struct leader_refusal *refusal = &leader->refusals[i];
        const struct rollout_target *target = &leader->release->rollout.targets[refusal->target];
        const struct report report = {
            .kind = REPORT_REFUSED,
            .audience = {leader->settings->fleet, leader->settings->environment, target->service, target->name},
            .id = "", .worker = "", .release = leader->release->id,
            .fence = {.epoch = leader->lease.epoch, .term = leader->lease.term, .sequence = refusal->sequence,
                      .digest = ""},
            .in_force = {.term = "", .digest = ""}, .refusal = REFUSAL_CHECKSUM, .message = refusal->why};
        const struct rollout_event event = {.kind = ROLLOUT_REPORT, .target = refusal->target, .report = &report};
        leader_decide(leader, &event);
    }
    leader->refusal_count = 0;
}

static bool look_around(struct leader *leader, int64_t now_ms, struct err *err)
{
    bool said = false;
    if (!store_notified(leader->store, &said, err))
        return false;
    if (!said && !leader->look && now_ms < leader->orders_ms)
        return true;
    leader->look = false;
    leader->orders_ms = now_ms + ORDERS_EVERY_MS;
    if (said && (!leader_load_keys(leader, err) || !leader_take_forgotten(leader, err)))
        return false;
    return load_release(leader, false, err) && leader_take_orders(leader, err) && leader_take_asked(leader, err);
}

static size_t moved_positions(struct leader *leader, struct store_position **ret_positions)
{
    struct store_position *positions = arena_array(&leader->arena, leader->position_count + 1, sizeof *positions);
    size_t count = 0;
    for (size_t i = 0; i < leader->position_count; i++) {
        const struct leader_position *at = leader->positions[i];
        if (at->moved)
            positions[count++] = (struct store_position){at->topic, at->partition, at->next, at->digest};
    }
    *ret_positions = positions;
    return count;
}

static bool rollout_changed(const struct leader *leader)
{
    const struct rollout *rollout = &leader->release->rollout;
    bool changed = rollout->changed || leader->effects.decision_count || leader->job_count;
    for (size_t i = 0; !changed && i < rollout->target_count; i++)
        changed = rollout->targets[i].changed;
    for (size_t i = 0; !changed && i < rollout->step_count; i++)
        changed = rollout->steps[i].changed;
    return changed;
}

static void clear_turn(struct leader *leader)
{
    if (leader->release)
        rollout_effects_clear(&leader->release->rollout, &leader->effects);
    for (size_t i = 0; i < leader->position_count; i++)
        leader->positions[i]->moved = false;
    leader->inbox_count = leader->inventory_count = leader->handled_count = leader->job_count = 0;
    leader->message_count = leader->beat_count = 0;
    leader->careful -= leader->careful ? leader->taken : 0;
    leader->taken = 0;
    arena_release(&leader->arena);
}

static bool commit(struct leader *leader, int64_t now_ms, struct err *err)
{
    struct store_batch batch = {.inbox = leader->inbox, .inbox_count = leader->inbox_count, .jobs = leader->jobs,
                                .job_count = leader->job_count, .messages = leader->messages,
                                .message_count = leader->message_count, .inventories = leader->inventories,
                                .inventory_count = leader->inventory_count, .handled = leader->handled,
                                .handled_count = leader->handled_count,
                                .beats = leader->beats, .beat_count = leader->beat_count,
                                .whole = leader->take_over_all && !leader->told_all};
    struct store_position *positions;
    struct store_seen *seen;
    batch.position_count = moved_positions(leader, &positions);
    batch.positions = positions;
    leader_seen_batch(leader, now_ms, &seen, &batch.seen_count);
    batch.seen = seen;
    leader_strangers_batch(leader, now_ms, &batch.strangers, &batch.stranger_count);
    if (leader->release && rollout_changed(leader)) {
        batch.rollout = &leader->release->rollout;
        batch.effects = &leader->effects;
    }
    if (!batch.rollout && !batch.inbox_count && !batch.message_count && !batch.inventory_count &&
        !batch.handled_count && !batch.seen_count && !batch.beat_count && !batch.stranger_count &&
        !batch.position_count && !batch.whole)
        return true;
    if (!store_batch_commit(leader->store, &batch, err))
        return err_prefix(err, "commit");
    atomic_fetch_add(&leader->counters[LEADER_COMMITS], 1);
    if (batch.left_out.kind) {
        atomic_fetch_add(&leader->counters[LEADER_QUARANTINED], 1);
        if (log_due(&leader->left_out_said, batch.left_out.text, TROUBLE_LOG_MS))
            log_error("what was heard is left out, since it cannot be stored: %s", batch.left_out.text);
    }
    leader->told_all = leader->told_all || batch.whole;
    if (batch.rollout)
        leader->release->begun = true;
    relay_add(leader->relay, leader->messages, leader->message_count);
    return true;
}

/* A release that has ended leaves; one that halted stays: a late answer may still come. */
static void let_go(struct leader *leader)
{
    if (!leader->release)
        return;
    enum release_state state = leader->release->rollout.state;
    if (!release_state_terminal(state) || state == RELEASE_HALTED)
        return;
    log_info("release %s: %s", leader->release->id, release_state_text(state));
    leader_release_set(leader, NULL);
}

/* Jobs are made as fast as the bus takes them: those that are still on their way count. When they are delivered the
 * leader wakes, and makes the next ones. */
static void make_room(struct leader *leader)
{
    struct rollout_effects *effects = &leader->effects;
    leader->release->rollout.settings.turn_bytes = leader->turn_bytes;
    effects->bytes += relay_counts(leader->relay).waiting_bytes;
    effects->full = effects->full || effects->bytes >= leader->turn_bytes;
}

/* Whether a commit of so many bytes of SQL, which is signed as base64, would take no longer than it may. What is small
 * and quick says how far away the control database is, and nothing of how long much takes. */
static bool would_do(const struct leader *leader, size_t next, size_t bytes, int64_t took_ms, int64_t longest_ms)
{
    int64_t more_ms = took_ms - leader->least_ms + 1;
    return bytes >= leader->turn_bytes / 8 &&
           leader->least_ms + more_ms * (int64_t)(next + next / 3) / (int64_t)bytes <= longest_ms;
}

/* A commit is one unit of work, however far away the control database is: what it takes is measured, and the next turn
 * makes half as much, or twice where that will do, up to what one turn may make. */
static void note_pace(struct leader *leader, size_t bytes, int64_t took_ms)
{
    size_t most = leader->rollout_settings.turn_bytes;
    size_t next = leader->turn_bytes < most / 2 ? leader->turn_bytes * 2 : most;
    int64_t longest_ms = leader->settings->lease_ms / 2; /* the lease may have been renewed a quarter of it ago */
    if (bytes && (!leader->least_ms || took_ms < leader->least_ms))
        leader->least_ms = took_ms;
    if (took_ms > longest_ms && leader->turn_bytes > LEAST_BYTES)
        leader->turn_bytes /= 2;
    else if (took_ms <= longest_ms && would_do(leader, next, bytes, took_ms, longest_ms))
        leader->turn_bytes = next;
}

static size_t message_bytes(const struct leader *leader)
{
    size_t bytes = 0;
    for (size_t i = 0; i < leader->message_count; i++)
        bytes += leader->messages[i].len;
    return bytes;
}

static int64_t turn_ms(const struct leader *leader)
{
    return leader->settings->lease_ms / 10 < TURN_MS ? leader->settings->lease_ms / 10 : TURN_MS;
}

static bool turn(struct leader *leader, int64_t *ret_wake_ms, struct err *err)
{
    int64_t now_ms = clock_mono_ms();
    atomic_fetch_add(&leader->counters[LEADER_TURNS], 1);
    leader->until_ms = now_ms + turn_ms(leader);
    if (!look_around(leader, now_ms, err) || !leader_breathe(leader, err) || !leader_reader_follow(leader, err) ||
        !leader_ask_all(leader, err) || !take_messages(leader, err))
        return false;
    leader->more = leader->more || leader->ask_next < leader->target_count;
    int64_t wake_ms = 0;
    if (leader->release) {
        make_room(leader);
        take_refusals(leader);
        const struct rollout_event time = {.kind = ROLLOUT_TIME, .target = -1};
        if (!release_state_terminal(leader->release->rollout.state))
            leader_decide(leader, &time);
        rollout_advance(&leader->release->rollout, now_ms, &leader->effects);
        leader_distrust_lost(leader, now_ms);
        wake_ms = leader->effects.wake_ms;
    }
    bool full = leader->effects.full;
    if (!leader_prepare(leader, err) || !leader_breathe(leader, err))
        return false;
    int64_t began_ms = clock_mono_ms();
    if (!commit(leader, now_ms, err))
        return false;
    note_pace(leader, message_bytes(leader), clock_mono_ms() - began_ms);
    if (!leader_breathe(leader, err))
        return false;
    log_decisions(leader);
    clear_turn(leader);
    let_go(leader);
    if (!relay_pump(leader->relay, leader->store, clock_mono_ms() + turn_ms(leader), err))
        return false;
    bool room = full && relay_counts(leader->relay).waiting_bytes == 0; /* else a delivery report wakes us */
    *ret_wake_ms = leader->refusal_count || room ? now_ms : wake_ms;
    return true;
}

/* ---- between turns ---- */

void leader_bus_trouble(struct leader *leader, const char *text)
{
    if (log_due(&leader->bus_said, text, TROUBLE_LOG_MS))
        log_warn("bus: %s", text);
}

static void count_relay(struct leader *leader)
{
    struct relay_counts counts = relay_counts(leader->relay);
    atomic_store(&leader->counters[LEADER_SENT], counts.sent);
    atomic_store(&leader->counters[LEADER_DELIVERED], counts.delivered);
    if (atomic_exchange(&leader->counters[LEADER_SEND_FAILED], counts.failed) < counts.failed)
        bus_keeper_look(leader->keeper); /* its topic may be gone: an emptied broker */
}

static bool tell_troubles(struct leader *leader, struct err *err)
{
    if (troubles_log(leader->troubles))
        bus_keeper_look(leader->keeper);
    troubles_none(leader->troubles);
    return troubles_put(leader->troubles, leader->store, err);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return b && b < a ? b : a;
}

static void wait_for_work(struct leader *leader, int64_t wake_ms)
{
    int64_t now_ms = clock_mono_ms();
    int64_t until = sooner(sooner(leader->renew_ms, leader->orders_ms), wake_ms);
    until = sooner(sooner(until, relay_wake_ms(leader->relay)), leader_seen_wake(leader));
    until = sooner(until, leader->acknowledge_ms);
    if (leader->look || leader->more)
        until = now_ms;
    struct pollfd fds[] = {{.fd = leader->wake_fd, .events = POLLIN},
                           {.fd = store_socket(leader->store), .events = POLLIN},
                           {.fd = signals_fd(), .events = POLLIN}};
    if (poll(fds, COUNT_OF(fds), until > now_ms ? (int)(until - now_ms) : 0) > 0)
        wake_clear(leader->wake_fd);
}

/* Whether this process could not lead now, and another one perhaps can: no broker has answered for as long as a lease
 * takes. What runs on targets needs none. */
static bool is_cut_off(const struct leader *leader, int64_t now_ms)
{
    struct bus_keeper_state state;
    bus_keeper_state(leader->keeper, &state);
    return !state.reached && now_ms - state.since_ms > leader->settings->lease_ms;
}

static void note_longest(struct leader *leader, enum leader_counter counter, int64_t ms)
{
    if ((uint64_t)ms > atomic_load(&leader->counters[counter]))
        atomic_store(&leader->counters[counter], (uint64_t)ms);
}

bool leader_breathe(struct leader *leader, struct err *err)
{
    int64_t now_ms = clock_mono_ms();
    if (leader->breath_ms)
        note_longest(leader, LEADER_LONGEST_BREATH, now_ms - leader->breath_ms);
    leader->breath_ms = now_ms;
    if (now_ms < leader->renew_ms)
        return true;
    leader->renew_ms = now_ms + leader->settings->lease_ms / 4;
    return store_lease_renew(leader->store, is_cut_off(leader, now_ms), err);
}

static void look_at_clock(const struct leader *leader)
{
    long long ahead_ms = store_clock_ahead_us(leader->store) / 1000;
    if (ahead_ms > CLOCK_OFF_MS || ahead_ms < -CLOCK_OFF_MS)
        log_warn("this machine's clock is %lld s %s the control database's: set the one that is wrong",
                 (ahead_ms > 0 ? ahead_ms : -ahead_ms) / 1000, ahead_ms > 0 ? "ahead of" : "behind");
}

/* The next term would read the message again, and end at it: it stays behind. */
static void pass_over(struct leader *leader, const struct err *why)
{
    struct err err = ERR_INIT;
    struct store_position *positions;
    struct store_batch batch = {.position_count = moved_positions(leader, &positions)};
    batch.positions = positions;
    if (!leader->careful || leader->taken != 1 || !batch.position_count)
        return;
    atomic_fetch_add(&leader->counters[LEADER_QUARANTINED], 1);
    log_error("topic=%s partition=%d: the message before offset %lld is passed over, since what came of it cannot be "
              "stored: %s", positions[0].topic, positions[0].partition, (long long)positions[0].next, why->text);
    if (!store_batch_commit(leader->store, &batch, &err))
        log_error("its position cannot be stored either: %s", err.text);
}

bool leader_run(struct leader *leader, int64_t *ret_above, struct err *err)
{
    bool good = begin(leader, err);
    if (good) {
        atomic_store(leader->leading, true);
        atomic_store(&leader->counters[LEADER_EPOCH], (uint64_t)leader->lease.epoch);
        log_info("leading in epoch %lld%s", (long long)leader->lease.epoch,
                 leader->take_over_all ? ": the control database went back in time, every target is asked" : "");
        look_at_clock(leader);
    }
    leader->look = true;
    while (good && !signals_stop() && !leader->above) {
        int64_t wake_ms = 0;
        int64_t began_ms = clock_mono_ms();
        leader->breath_ms = began_ms;
        good = leader_breathe(leader, err) && turn(leader, &wake_ms, err);
        note_longest(leader, LEADER_LONGEST_TURN, clock_mono_ms() - began_ms);
        if (!good || leader->above)
            break;
        count_relay(leader);
        good = tell_troubles(leader, err);
        if (!good)
            break;
        wait_for_work(leader, wake_ms);
    }
    atomic_store(leader->leading, false);
    *ret_above = leader->above;
    if (good && leader->above)
        good = store_lease_went_back(leader->store, err) &&
               err_set(err, ERR_FENCED, "a target is fenced in epoch %lld", (long long)leader->above);
    if (!good && store_was_refused(err))
        pass_over(leader, err);
    bool stopped = good;
    end(leader, stopped);
    if (stopped)
        store_lease_release(leader->store);
    return stopped;
}

#include "daemon/daemon.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/pause.h"
#include "base/text.h"
#include "base/wake.h"
#include "daemon/janitor.h"
#include "daemon/leader.h"
#include "daemon/topics.h"
#include "pg/pg.h"
#include "proc/notify.h"
#include "proc/signals.h"

#define STATEMENT_SHOWN ((size_t)400)
#define STANDBY_MS 500 /* how often a standby looks at the lease */
#define AGAIN_MS 500 /* first pause after trouble */
#define AGAIN_MAX_MS 5000
#define TURN_JOBS_BYTES ((size_t)8 << 20) /* SQL that a leader makes into jobs in one turn, unless it is one job */
#define TURN_JOBS_STEPS 5000
#define CAREFUL_MESSAGES 2000 /* more than one turn takes: what ended a term is among them */

struct daemon {
    struct settings *settings;
    struct bus_property *properties;
    struct bus_settings bus;
    struct key_secret key;
    bool has_key;
    struct api *api;
    struct store *store;
    struct bus_keeper *keeper; /* over all terms */
    struct janitor *janitor;
    int wake_fd;
    bool full;     /* the control database had no room for what was to be written last */
    bool refused;  /* the last term ended at what the control database does not take */
    struct troubles troubles;
    struct claims claims;
    char holder[200];
    _Atomic bool leading;
    _Atomic uint64_t counters[LEADER_COUNTER_COUNT];
};

/* ---- hooks of the HTTP interface, on its threads ---- */

static bool is_leading(void *context)
{
    struct daemon *daemon = context;
    return atomic_load(&daemon->leading);
}

static void metrics(void *context, struct buf *out)
{
    static const char *const names[] = {
        [LEADER_TURNS] = "turns_total",         [LEADER_REPORTS] = "reports_total",
        [LEADER_PRESENCES] = "heartbeats_total", [LEADER_QUARANTINED] = "quarantined_total",
        [LEADER_COMMITS] = "commits_total",      [LEADER_SENT] = "sent_total",
        [LEADER_DELIVERED] = "delivered_total",  [LEADER_SEND_FAILED] = "send_failures_total",
        [LEADER_EPOCH] = "epoch",                [LEADER_LONGEST_TURN] = "longest_turn_milliseconds",
        [LEADER_LONGEST_BREATH] = "longest_work_milliseconds"};
    struct daemon *daemon = context;
    for (int i = 0; i < LEADER_COUNTER_COUNT; i++) {
        buf_addf(out, "# TYPE greylag_coordinator_%s %s\n", names[i], i >= LEADER_EPOCH ? "gauge" : "counter");
        buf_addf(out, "greylag_coordinator_%s %llu\n", names[i],
                 (unsigned long long)atomic_load(&daemon->counters[i]));
    }
}

static void request_done(void *context, const char *method, const char *pattern, int status, int64_t duration_us)
{
    (void)context;
    if (status >= 500)
        log_warn("%s %s: %d, %lld us", method, pattern, status, (long long)duration_us);
    else
        log_debug("%s %s: %d, %lld us", method, pattern, status, (long long)duration_us);
}

/* ---- start ---- */

static void name_holder(struct daemon *daemon)
{
    char host[100] = "", id[ID_SIZE];
    (void)gethostname(host, sizeof host - 1);
    id_new(id);
    text_format(daemon->holder, sizeof daemon->holder, "%s:%d:%s", host, (int)getpid(), id);
}

/* Whatever a file says that is named in the configuration: the fault is one of configuration. */
static bool wrong_setting(const struct daemon_options *options, const char *setting, struct err *err)
{
    err->kind = ERR_CONFIG;
    return err_prefix(err, "%s: %s", options->config, setting);
}

static bool check_workers(const struct settings *settings, struct err *err)
{
    struct key_public key;
    for (unsigned i = 0; i < settings->workers_count; i++)
        if (!key_parse_public(settings->workers[i].key, &key, err))
            return err_prefix(err, "key of %s", settings->workers[i].name);
    return true;
}

static bool prepare(struct daemon *daemon, const struct daemon_options *options, struct err *err)
{
    if (!crypto_init())
        return err_set(err, ERR_SYSTEM, "libsodium cannot work here");
    if (!settings_load(options->config, &daemon->settings, err))
        return false;
    daemon->properties = xcalloc(daemon->settings->kafka_count + 1, sizeof *daemon->properties);
    daemon->bus = settings_bus(daemon->settings, daemon->properties, "greylag-coordinator");
    if (!bus_settings_check(&daemon->bus, err))
        return err_prefix(err, "%s", options->config);
    daemon->bus.troubles = bus_troubles_new(&daemon->bus);
    daemon->troubles = (struct troubles){.bus = daemon->bus.troubles, .holder = daemon->holder};
    if (!pg_conninfo_check(daemon->settings->database, err))
        return wrong_setting(options, "control database", err);
    if (!check_workers(daemon->settings, err))
        return wrong_setting(options, "workers", err);
    if (!key_read_secret(daemon->settings->signing_key, &daemon->key, err))
        return wrong_setting(options, "signing_key", err);
    daemon->has_key = true;
    if (!wake_open(&daemon->wake_fd, err))
        return false;
    name_holder(daemon);
    if (!signals_catch(err) || !bus_keeper_open(&daemon->bus, (int)daemon->settings->replication, daemon->wake_fd,
                                                &daemon->keeper, err))
        return false;
    topics_want_common(daemon->keeper, daemon->settings);
    return true;
}

static bool announce(struct daemon *daemon, const struct daemon_options *options, struct err *err)
{
    log_info("listening on %s", api_url(daemon->api));
    if (options->ready_file) {
        auto_free char *text = xasprintf("{\"url\":\"%s\",\"pid\":%d}", api_url(daemon->api), (int)getpid());
        if (!notify_ready_file(options->ready_file, text, err))
            return false;
    }
    return notify_systemd(getenv("NOTIFY_SOCKET"), "READY=1", err);
}

static bool serve(struct daemon *daemon, const struct daemon_options *options, struct err *err)
{
    const struct settings *settings = daemon->settings;
    const struct api_options api = {.address = settings->listen, .conninfo = settings->database,
                                    .fleet = settings->fleet, .environment = settings->environment,
                                    .tokens_file = settings->tokens_file, .context = daemon, .leading = is_leading,
                                    .retention_ms = settings->retention_ms, .metrics = metrics, .done = request_done};
    return api_start(&api, &daemon->api, err) && announce(daemon, options, err);
}

/* ---- standby and leader ---- */

/* Shorter when what is known of the bus changes; not after a term of our own, whose bus has left its news there. */
static void pause_for(const struct daemon *daemon, int ms, bool after_term)
{
    struct pollfd fds[] = {{.fd = signals_fd(), .events = POLLIN}, {.fd = daemon->wake_fd, .events = POLLIN}};
    if (poll(fds, after_term ? 1 : COUNT_OF(fds), ms) > 0 && !after_term)
        wake_clear(daemon->wake_fd);
}

static void trace_sql(void *context, const char *statement, int64_t duration_us, const char *tag)
{
    (void)context;
    log_debug("sql %lld us %s: %.*s", (long long)duration_us, tag,
              (int)text_cut(statement, strlen(statement), STATEMENT_SHOWN), statement);
}

static bool have_store(struct daemon *daemon, struct err *err)
{
    const struct settings *settings = daemon->settings;
    if (!daemon->store) {
        if (!store_open(settings->database, settings->fleet, settings->environment, "greylag-coordinator",
                        &daemon->store, err))
            return false;
        if (log_on(LOG_DEBUG))
            store_set_trace(daemon->store, trace_sql, NULL);
    }
    return !store_lost(daemon->store) || store_reopen(daemon->store, err);
}

static bool lead(struct daemon *daemon, const struct store_lease *lease, int64_t *above, struct err *err)
{
    const struct settings *settings = daemon->settings;
    struct rollout_settings engine = ROLLOUT_SETTINGS_DEFAULT;
    engine.resend_after_ms = settings->resend_after_ms;
    engine.fence_again_ms = settings->fence_again_ms;
    engine.fence_limit_ms = settings->fence_limit_ms;
    engine.turn_bytes = TURN_JOBS_BYTES;
    engine.turn_steps = TURN_JOBS_STEPS;
    struct leader leader = {.settings = settings, .bus = &daemon->bus, .keeper = daemon->keeper, .key = &daemon->key,
                            .store = daemon->store, .lease = *lease, .rollout_settings = engine,
                            .wake_fd = daemon->wake_fd, .leading = &daemon->leading, .counters = daemon->counters,
                            .troubles = &daemon->troubles, .claims = &daemon->claims,
                            .take_over_all = lease->restored,
                            .careful = daemon->refused ? CAREFUL_MESSAGES : 0};
    return leader_run(&leader, above, err);
}

/* Whether a broker has answered for a while: who yields its lease for want of one may hear from it again, too. */
static bool is_steady(const struct daemon *daemon)
{
    struct bus_keeper_state state;
    bus_keeper_state(daemon->keeper, &state);
    return state.reached && clock_mono_ms() - state.since_ms > daemon->settings->lease_ms;
}

/* Who cannot write does not lead: its fences may just fit in, and would stop jobs that nobody can send anew. */
static bool may_write(struct daemon *daemon, struct err *err)
{
    return !daemon->full || store_has_room(daemon->store, err);
}

/* One attempt to lead; who has no broker does not try. True: a signal asked for the end. *ret_led: a term has begun. */
static bool attempt(struct daemon *daemon, int64_t *above, bool *waiting, bool *ret_led, struct err *err)
{
    struct store_lease lease;
    bool taken = false;
    const struct store_candidate candidate = {.holder = daemon->holder, .ttl_ms = daemon->settings->lease_ms,
                                              .above = *above, .instead = is_steady(daemon)};
    if (!have_store(daemon, err) || !may_write(daemon, err) ||
        !topics_usable(daemon->keeper, daemon->settings, err) ||
        !store_lease_take(daemon->store, &candidate, &taken, &lease, err))
        return false;
    *ret_led = taken;
    if (taken) {
        *waiting = false;
        return lead(daemon, &lease, above, err);
    }
    if (!*waiting)
        log_info("another coordinator leads; standing by");
    *waiting = true;
    *above = 0;
    return false;
}

/* A term or an attempt at one has ended, with *err, or because another one leads. Where the control database itself is
 * away, nobody can be told but the log. */
static void tell_trouble(struct daemon *daemon, const struct err *err)
{
    if (err->kind)
        troubles_ended(&daemon->troubles, err);
    else
        troubles_none(&daemon->troubles);
    (void)troubles_log(&daemon->troubles);
    if (daemon->store && !store_lost(daemon->store))
        (void)troubles_put(&daemon->troubles, daemon->store, NULL);
}

static void run_until_stopped(struct daemon *daemon)
{
    int64_t above = 0;
    bool waiting = false;
    struct pause again = PAUSE(AGAIN_MS, AGAIN_MAX_MS);
    while (!signals_stop()) {
        struct err err = ERR_INIT;
        int64_t begin_ms = clock_mono_ms();
        bool led = false;
        if (attempt(daemon, &above, &waiting, &led, &err))
            continue;
        daemon->full = err.kind == ERR_FULL;
        daemon->refused = led ? store_was_refused(&err) : daemon->refused;
        if (above && led && err.kind) { /* at once, but for who could not even try */
            log_warn("%s; taking a higher one", err.text);
            continue;
        }
        tell_trouble(daemon, &err);
        if (!err.kind || clock_mono_ms() - begin_ms > AGAIN_MAX_MS)
            pause_reset(&again); /* it went well for a while */
        pause_for(daemon, err.kind ? (int)pause_next(&again) : STANDBY_MS, led);
    }
}

bool daemon_run(const struct daemon_options *options, struct err *err)
{
    struct daemon daemon = {.wake_fd = -1};
    bool started = prepare(&daemon, options, err) && serve(&daemon, options, err);
    if (started) {
        const struct janitor_options janitor = {daemon.settings, is_leading, &daemon};
        daemon.janitor = janitor_start(&janitor);
        run_until_stopped(&daemon);
        log_info("stopping");
    }
    janitor_stop(daemon.janitor);
    api_stop(daemon.api);
    bus_keeper_close(daemon.keeper);
    store_close(daemon.store);
    if (daemon.has_key)
        key_secret_release(&daemon.key);
    if (daemon.wake_fd >= 0)
        close(daemon.wake_fd);
    bus_troubles_free(daemon.bus.troubles);
    claims_free(&daemon.claims);
    free(daemon.properties);
    settings_free(daemon.settings);
    return started;
}

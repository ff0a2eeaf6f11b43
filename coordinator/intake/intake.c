#include "intake/intake.h"

#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "proc/crash.h"
#include "proto/envelope.h"

#define LOG_EVERY_MS 1000
#define SERVICES_MAX 1000 /* that a key may name which is enrolled for a target of any service */

/* A worker is its key: what another key says in its name changes nothing for it. */
struct heard {
    struct key_public key;
    char *worker; /* instance */
    int64_t beat;
};

/* Which services a row has spoken for that names none. */
struct named {
    char **services;
    size_t count, room;
};

struct intake {
    const char *fleet, *environment;
    struct intake_key *rows;
    struct named *named;      /* of each row */
    size_t row_count;
    struct key_public *tried; /* those that the message at hand is tried with; room for one of each row */
    struct heard *heard;      /* of each key: the one that was heard first comes first */
    size_t heard_count, heard_room;
    int64_t logged_ms;
    uint64_t suppressed;
};

struct intake *intake_new(const char *fleet, const char *environment)
{
    struct intake *intake = xcalloc(1, sizeof *intake);
    intake->fleet = fleet;
    intake->environment = environment;
    intake->logged_ms = INT64_MIN / 2;
    return intake;
}

static void free_rows(struct intake *intake)
{
    for (size_t i = 0; i < intake->row_count; i++) {
        const char *texts[] = {intake->rows[i].name, intake->rows[i].service, intake->rows[i].target};
        for (size_t k = 0; k < COUNT_OF(texts); k++) {
            void *owned;
            memcpy(&owned, &texts[k], sizeof owned);
            free(owned);
        }
        for (size_t k = 0; k < intake->named[i].count; k++)
            free(intake->named[i].services[k]);
        free(intake->named[i].services);
    }
    free(intake->named);
    free(intake->rows);
    free(intake->tried);
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    free_rows(intake);
    for (size_t i = 0; i < intake->heard_count; i++)
        free(intake->heard[i].worker);
    free(intake->heard);
    free(intake);
}

static bool same_key(const struct key_public *a, const struct key_public *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void intake_set_keys(struct intake *intake, const struct intake_key *keys, size_t count)
{
    free_rows(intake);
    intake->rows = xcalloc(count + 1, sizeof *intake->rows);
    intake->tried = xcalloc(count + 1, sizeof *intake->tried);
    intake->named = xcalloc(count + 1, sizeof *intake->named);
    intake->row_count = count;
    for (size_t i = 0; i < count; i++)
        intake->rows[i] = (struct intake_key){.key = keys[i].key, .name = xstrdup(keys[i].name),
                                              .service = xstrdup(keys[i].service), .target = xstrdup(keys[i].target)};
}

/* Whether a message under that key of the bus may be this row's: reports go under their target, with its service or
 * without, heartbeats under the id of the worker's key. */
static bool may_speak(const struct intake_key *row, const char *bus_key, const char *slash)
{
    if (strcmp(row->key.id, bus_key) == 0)
        return true;
    if (strcmp(row->target, slash ? slash + 1 : bus_key) != 0)
        return false;
    size_t len = slash ? (size_t)(slash - bus_key) : 0;
    return !slash || *row->service == '\0' || (strlen(row->service) == len && memcmp(row->service, bus_key, len) == 0);
}

/* The keys that may have signed this message, into intake->tried; how many. Nobody signed the bus's key: a wrong one
 * makes a message untrusted, never trusted. So that whoever can write to a topic without a key of ours costs next to
 * nothing, however many workers there are. */
static size_t choose_keys(struct intake *intake, const struct bus_message *message, struct arena *arena)
{
    const char *bus_key = arena_strndup(arena, message->key ? message->key : "", message->key ? message->key_len : 0);
    const char *slash = strchr(bus_key, '/');
    size_t count = 0;
    for (size_t i = 0; i < intake->row_count; i++) {
        if (!may_speak(&intake->rows[i], bus_key, slash))
            continue;
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = same_key(&intake->tried[k], &intake->rows[i].key);
        if (!known)
            intake->tried[count++] = intake->rows[i].key;
    }
    return count;
}

/* A row without a service speaks for any, but not for any number: each is a target, and a topic of its jobs. */
static bool may_name(struct named *named, const char *service)
{
    for (size_t i = 0; i < named->count; i++)
        if (strcmp(named->services[i], service) == 0)
            return true;
    if (named->count == SERVICES_MAX)
        return false;
    *array_add(named->services, named->count, named->room) = xstrdup(service);
    return true;
}

/* The row that lets this key speak for the target. */
static const struct intake_key *row_for(struct intake *intake, const struct key_public *key, const char *service,
                                        const char *target)
{
    for (size_t i = 0; i < intake->row_count; i++) {
        const struct intake_key *row = &intake->rows[i];
        if (same_key(&row->key, key) && strcmp(row->target, target) == 0 &&
            (*row->service == '\0' ? may_name(&intake->named[i], service) : strcmp(row->service, service) == 0))
            return row;
    }
    return NULL;
}

static void quarantine(struct intake_message *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void quarantine(struct intake_message *m, const char *format, ...)
{
    m->verdict = INTAKE_QUARANTINED;
    m->signer = "";
    m->digest[0] = '\0';
    va_list args;
    va_start(args, format);
    text_formatv(m->why, sizeof m->why, format, args);
    va_end(args);
}

/* The instances of a key are forgotten one by one; those of others stay. */
static void make_room(struct intake *intake, const struct key_public *key)
{
    size_t own = 0, first = 0;
    for (size_t i = intake->heard_count; i-- > 0;) {
        bool same = same_key(&intake->heard[i].key, key);
        own += same;
        first = same ? i : first;
    }
    if (own < INTAKE_INSTANCES)
        return;
    free(intake->heard[first].worker);
    memmove(&intake->heard[first], &intake->heard[first + 1], (--intake->heard_count - first) * sizeof *intake->heard);
}

/* Whether this heartbeat is later than what was heard of the same worker: an old one that is sent again proves no life.
 * Clocks say nothing of that: they jump. */
static bool is_news(struct intake *intake, const struct key_public *key, const char *worker, int64_t beat,
                    bool *ret_first)
{
    *ret_first = false;
    for (size_t i = 0; i < intake->heard_count; i++) {
        struct heard *heard = &intake->heard[i];
        if (!same_key(&heard->key, key) || strcmp(heard->worker, worker) != 0)
            continue;
        bool newer = beat > heard->beat;
        if (newer)
            heard->beat = beat;
        return newer;
    }
    make_room(intake, key);
    *array_add(intake->heard, intake->heard_count, intake->heard_room) =
        (struct heard){.key = *key, .worker = xstrdup(worker), .beat = beat};
    *ret_first = true;
    return true;
}

/* What is stored and shown of a worker: its own name, which anybody can state, and its key's. */
static const char *worker_of(const char *stated, const struct key_public *key, struct arena *arena)
{
    return arena_printf(arena, "%s@%s", stated, key->id);
}

void intake_remember(struct intake *intake, const char *worker, int64_t beat)
{
    const char *at = strrchr(worker, '@');
    for (size_t i = 0; at && i < intake->row_count; i++) {
        if (strcmp(intake->rows[i].key.id, at + 1) != 0)
            continue;
        auto_free char *stated = xasprintf("%.*s", (int)(at - worker), worker);
        bool first;
        (void)is_news(intake, &intake->rows[i].key, stated, beat, &first);
        return;
    }
}

static void take_report(struct intake *intake, const struct envelope *envelope, struct arena *arena,
                        struct intake_message *m)
{
    struct err err = ERR_INIT;
    if (!report_decode(envelope->payload, envelope->payload_len, arena, &m->report, &err)) {
        quarantine(m, "a verified report that cannot be read: %s", err.text);
        return;
    }
    const struct audience *from = &m->report.audience;
    if (strcmp(from->fleet, intake->fleet) != 0 || strcmp(from->environment, intake->environment) != 0) {
        quarantine(m, "a report of another fleet or environment: %s, %s", from->fleet, from->environment);
        return;
    }
    const struct intake_key *row = row_for(intake, envelope->key, from->service, from->target);
    if (!row) {
        quarantine(m, "key %s is not enrolled for %s/%s, or has named %d services already", envelope->key->id,
                   from->service, from->target, SERVICES_MAX);
        return;
    }
    m->verdict = INTAKE_REPORT;
    m->report.worker = worker_of(m->report.worker, envelope->key, arena);
    m->signer = arena_strdup(arena, row->name);
    CRASH_POINT("intake.received");
}

static void take_presence(struct intake *intake, const struct envelope *envelope, struct arena *arena,
                          struct intake_message *m)
{
    struct err err = ERR_INIT;
    struct presence *presence = &m->presence;
    if (!presence_decode(envelope->payload, envelope->payload_len, arena, presence, &err)) {
        quarantine(m, "a verified heartbeat that cannot be read: %s", err.text);
        return;
    }
    if (strcmp(presence->fleet, intake->fleet) != 0 || strcmp(presence->environment, intake->environment) != 0) {
        quarantine(m, "a heartbeat of another fleet or environment: %s, %s", presence->fleet,
                   presence->environment);
        return;
    }
    struct presence_target *own = arena_array(arena, presence->target_count + 1, sizeof *own);
    size_t count = 0;
    for (size_t i = 0; i < presence->target_count; i++) {
        const struct presence_target *target = &presence->targets[i];
        const struct intake_key *row = row_for(intake, envelope->key, target->service, target->target);
        if (!row)
            continue;
        m->signer = arena_strdup(arena, row->name);
        own[count++] = *target;
    }
    if (count == 0) {
        quarantine(m, "key %s is enrolled for none of the heartbeat's targets", envelope->key->id);
        return;
    }
    presence->targets = own;
    presence->target_count = count;
    bool news = is_news(intake, envelope->key, presence->worker, presence->beat, &m->first);
    m->verdict = news ? INTAKE_PRESENCE : INTAKE_STALE;
    presence->worker = worker_of(presence->worker, envelope->key, arena);
}

static void take_version(struct intake *intake, const struct bus_message *message, const struct envelope *envelope,
                         int version, struct arena *arena, struct intake_message *m)
{
    const char *key = arena_strndup(arena, message->key ? message->key : "", message->key ? message->key_len : 0);
    const char *slash = strchr(key, '/'), *target = slash ? slash + 1 : "";
    const char *service = arena_strndup(arena, key, slash ? (size_t)(slash - key) : 0);
    const struct intake_key *row = row_for(intake, envelope->key, service, target);
    if (!row) {
        quarantine(m, "version %d, from a key that is not enrolled for %s", version, key);
        return;
    }
    m->verdict = INTAKE_VERSION;
    m->service = service;
    m->target = target;
    m->version = version;
    m->signer = arena_strdup(arena, row->name);
}

void intake_read(struct intake *intake, const struct bus_message *message, struct arena *arena,
                 struct intake_message *ret_message)
{
    struct intake_message *m = ret_message;
    *m = (struct intake_message){.signer = "", .service = "", .target = ""};
    struct envelope envelope;
    struct err err = ERR_INIT;
    if (!message->payload || message->payload_len > REPORT_MAX) {
        quarantine(m, "a message of %zu bytes: of a worker's at most %zu are read", message->payload_len, REPORT_MAX);
        return;
    }
    size_t key_count = choose_keys(intake, message, arena);
    if (!envelope_open(message->payload, message->payload_len, intake->tried, key_count, arena, &envelope, &err)) {
        quarantine(m, "%s", err.text);
        return;
    }
    digest_hex(envelope.payload, envelope.payload_len, m->digest);
    enum message_type type = MESSAGE_TYPE_COUNT;
    int version = 0;
    bool known = message_type_parse(envelope.payload_type, &type, &version);
    if (version > 0 && version != MESSAGE_VERSION)
        take_version(intake, message, &envelope, version, arena, m);
    else if (known && type == MESSAGE_REPORT)
        take_report(intake, &envelope, arena, m);
    else if (known && type == MESSAGE_PRESENCE)
        take_presence(intake, &envelope, arena, m);
    else
        quarantine(m, "a message of type %s", envelope.payload_type);
}

void intake_record_digest(const struct bus_message *message, char digest[DIGEST_HEX_SIZE])
{
    digest_hex(message->payload ? message->payload : "", message->payload_len, digest);
}

bool intake_may_log(struct intake *intake, int64_t now_ms, uint64_t *ret_suppressed)
{
    if (now_ms - intake->logged_ms < LOG_EVERY_MS) {
        intake->suppressed++;
        return false;
    }
    intake->logged_ms = now_ms;
    *ret_suppressed = intake->suppressed;
    intake->suppressed = 0;
    return true;
}

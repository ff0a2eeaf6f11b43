#include "bus/troubles.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "bus/principal.h"
#include "bus/settings.h"

/* How long a trouble stands that is not told again. librdkafka holds back the same error of a connection for 30 s. */
#define CONNECTION_MS 45000
#define TOPIC_MS 30000
/* A client that was connected, and to one broker of several: when that one restarts, all that it was connected to is
 * away, and it turns to the next. Only what lasts longer than the pause between two heartbeats is told. */
#define QUIET_MS 7000

static const struct right {
    const char *operation, *option, *verb;
    int64_t stands_ms; /* 0: until it is granted */
} rights[] = {
#define X(name, operation, option, verb, stands_ms) [BUS_RIGHT_##name] = {operation, option, verb, stands_ms},
    BUS_RIGHTS(X)
#undef X
};

#define CERTIFICATE                                                                                                \
    "the broker does not take this client's certificate, or wants one: see ssl.certificate.location and "          \
    "ssl.key.location in the kafka section"

/* Why a connection fails, and what mends it. The first row that fits counts; an empty text fits all. `alone`: this
 * error of one connection says enough; the others count when no broker at all can be reached. */
static const struct reason {
    rd_kafka_resp_err_t code;
    const char *contains;
    bool alone;
    const char *hint;
} reasons[] = {
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "current SASL state", true,
     "this port of the broker takes no password: see security.protocol in the kafka section"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "mechanism handshake", true,
     "the broker does not offer the mechanism that the kafka section names in sasl.mechanism"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "", true,
     "see sasl.mechanism, sasl.username and sasl.password in the kafka section"},
    {RD_KAFKA_RESP_ERR__SSL, "verify", true,
     "ssl.ca.location in the kafka section has to name the authority that signed the broker's certificate, which has "
     "to be in date and to hold the name or address that bootstrap.servers and the broker's advertised.listeners use"},
    {RD_KAFKA_RESP_ERR__SSL, "unexpected eof", true,
     "this port of the broker does not speak TLS: see security.protocol in the kafka section"},
    {RD_KAFKA_RESP_ERR__SSL, "alert", true, CERTIFICATE},
    {RD_KAFKA_RESP_ERR__TRANSPORT, "SSL alert", true, CERTIFICATE}, /* TLS 1.3: the handshake was over for us */
    {RD_KAFKA_RESP_ERR__SSL, "", true, "see ssl.* and security.protocol in the kafka section"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, "security.protocol", false,
     "security.protocol in the kafka section is not what this port of the broker speaks"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, "", false, NULL},
    {RD_KAFKA_RESP_ERR__RESOLVE, "", false, "bootstrap.servers in the kafka section names a host that is not known"},
};

struct entry {
    char key[320];
    int rank;           /* whether another text for the same says more */
    const char *reason; /* what the text is about, when it can change; borrowed */
    struct bus_trouble trouble;
    int64_t told_ms, stands_ms;
    int64_t quiet_until_ms; /* it is no news before */
    bool heard; /* some text of it was handed out: so is its end */
    bool over, news;
};

struct bus_troubles {
    atomic_int holders;
    pthread_mutex_t mutex; /* over all that follows, but `standing` */
    atomic_size_t standing;
    atomic_bool connected; /* once, at least */
    struct entry entries[BUS_TROUBLES_MAX];
    size_t count;
    char principal[PRINCIPAL_SIZE], server[200], servers[200];
    char last[400]; /* the last error of any connection, and what it was */
    const struct reason *last_reason;
    int64_t last_ms;
};

struct bus_troubles *bus_troubles_new(const struct bus_settings *settings)
{
    struct bus_troubles *troubles = xcalloc(1, sizeof *troubles);
    pthread_mutex_init(&troubles->mutex, NULL);
    atomic_init(&troubles->holders, 1);
    atomic_init(&troubles->connected, false);
    bus_principal(settings, troubles->principal);
    text_format(troubles->servers, sizeof troubles->servers, "%s", bus_servers(settings));
    text_format(troubles->server, sizeof troubles->server, "%.*s", (int)strcspn(troubles->servers, ", "),
                troubles->servers);
    return troubles;
}

void bus_troubles_free(struct bus_troubles *troubles)
{
    if (!troubles || atomic_fetch_sub(&troubles->holders, 1) > 1)
        return;
    pthread_mutex_destroy(&troubles->mutex);
    free(troubles);
}

struct bus_troubles *troubles_hold(struct bus_troubles *troubles)
{
    if (troubles)
        atomic_fetch_add(&troubles->holders, 1);
    return troubles;
}

/* ---- the set, under its mutex ---- */

static struct entry *find(struct bus_troubles *troubles, const char *key)
{
    for (size_t i = 0; i < troubles->count; i++)
        if (!troubles->entries[i].over && strcmp(troubles->entries[i].key, key) == 0)
            return &troubles->entries[i];
    return NULL;
}

static void drop(struct bus_troubles *troubles, size_t at)
{
    troubles->count--;
    memmove(&troubles->entries[at], &troubles->entries[at + 1], (troubles->count - at) * sizeof(struct entry));
}

static void end(struct bus_troubles *troubles, struct entry *entry)
{
    atomic_fetch_sub(&troubles->standing, 1);
    entry->over = true;
    entry->news = entry->heard;
}

/* Ends what was not told again in time, and forgets what is over and was handed out. */
static void tidy(struct bus_troubles *troubles)
{
    int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < troubles->count;) {
        struct entry *entry = &troubles->entries[i];
        if (!entry->over && entry->stands_ms > 0 && now_ms - entry->told_ms > entry->stands_ms)
            end(troubles, entry);
        if (entry->over && !entry->news)
            drop(troubles, i);
        else
            i++;
    }
}

/* What is noted: its key, what it says, and how much that says. */
struct noted {
    const char *key, *text, *hint, *reason;
    int rank;
    int64_t stands_ms, quiet_ms;
};

static void note(struct bus_troubles *troubles, const struct noted *noted)
{
    const char *key = noted->key;
    struct entry *entry = find(troubles, key);
    if (!entry) {
        tidy(troubles);
        if (troubles->count == BUS_TROUBLES_MAX)
            return;
        entry = &troubles->entries[troubles->count++];
        *entry = (struct entry){.rank = -1, .trouble.since_us = clock_wall_us(),
                                .quiet_until_ms = clock_mono_ms() + noted->quiet_ms};
        text_format(entry->key, sizeof entry->key, "%s", key);
        atomic_fetch_add(&troubles->standing, 1);
    }
    entry->told_ms = clock_mono_ms();
    entry->stands_ms = noted->stands_ms;
    if (noted->rank < entry->rank || (noted->rank == entry->rank && noted->reason == entry->reason))
        return;
    if (!noted->quiet_ms)
        entry->quiet_until_ms = 0;
    entry->rank = noted->rank;
    entry->reason = noted->reason;
    entry->news = true;
    text_format(entry->trouble.text, sizeof entry->trouble.text, "%s", noted->text);
    text_format(entry->trouble.hint, sizeof entry->trouble.hint, "%s", noted->hint ? noted->hint : "");
}

static void over(struct bus_troubles *troubles, const char *key)
{
    if (!troubles || atomic_load(&troubles->standing) == 0)
        return;
    pthread_mutex_lock(&troubles->mutex);
    struct entry *entry = find(troubles, key);
    if (entry)
        end(troubles, entry);
    pthread_mutex_unlock(&troubles->mutex);
}

/* It may end before anybody has to hear of it. */
static bool is_quiet(const struct entry *entry)
{
    return !entry->heard && clock_mono_ms() < entry->quiet_until_ms;
}

size_t bus_troubles_list(struct bus_troubles *troubles, struct bus_trouble list[BUS_TROUBLES_MAX])
{
    size_t count = 0;
    pthread_mutex_lock(&troubles->mutex);
    tidy(troubles);
    for (size_t i = 0; i < troubles->count; i++)
        if (!troubles->entries[i].over && !is_quiet(&troubles->entries[i]))
            list[count++] = troubles->entries[i].trouble;
    pthread_mutex_unlock(&troubles->mutex);
    return count;
}

bool bus_troubles_news(struct bus_troubles *troubles, struct bus_trouble *ret_trouble, bool *ret_over)
{
    bool found = false;
    pthread_mutex_lock(&troubles->mutex);
    tidy(troubles);
    for (size_t i = 0; i < troubles->count && !found; i++) {
        struct entry *entry = &troubles->entries[i];
        found = entry->news && (entry->over || !is_quiet(entry));
        if (!found)
            continue;
        entry->news = false;
        entry->heard = true;
        *ret_trouble = entry->trouble;
        *ret_over = entry->over;
    }
    pthread_mutex_unlock(&troubles->mutex);
    return found;
}

/* ---- rights ---- */

static void key_of(enum bus_right right, const char *name, char *key, size_t size)
{
    text_format(key, size, "%s %s", rights[right].verb, name);
}

/* For a shell: a certificate's name may have blanks. */
static const char *quote(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._-@=,/+") == strlen(name) ? ""
                                                                                                                  : "'";
}

bool troubles_denied(struct bus_troubles *troubles, enum bus_right right, const char *name, struct err *err)
{
    const struct right *what = &rights[right];
    if (!troubles)
        return err_set(err, ERR_UNTRUSTED, "kafka: this client may not %s %s", what->verb, name);
    const char *q = quote(troubles->principal);
    char key[320];
    auto_free char *text = xasprintf("kafka: %s may not %s %s (operation %s)", troubles->principal, what->verb, name,
                                     what->operation);
    auto_free char *hint = xasprintf("kafka-acls.sh --bootstrap-server %s --command-config admin.properties --add "
                                     "--allow-principal %s%s%s --operation %s %s %s", troubles->server, q,
                                     troubles->principal, q, what->operation, what->option, name);
    key_of(right, name, key, sizeof key);
    pthread_mutex_lock(&troubles->mutex);
    note(troubles, &(struct noted){.key = key, .rank = 1, .stands_ms = what->stands_ms, .text = text, .hint = hint});
    pthread_mutex_unlock(&troubles->mutex);
    err_set(err, ERR_UNTRUSTED, "%s", text);
    return err_hint(err, "%s", hint);
}

void troubles_granted(struct bus_troubles *troubles, enum bus_right right, const char *name)
{
    char key[320];
    if (!troubles || atomic_load(&troubles->standing) == 0)
        return;
    key_of(right, name, key, sizeof key);
    over(troubles, key);
}

void troubles_undelivered(struct bus_troubles *troubles, const char *topic, const char *why, const char *hint)
{
    char key[320];
    if (!troubles)
        return;
    key_of(BUS_RIGHT_WRITE, topic, key, sizeof key);
    auto_free char *text = xasprintf("kafka: topic %s takes no message: %s", topic, why);
    pthread_mutex_lock(&troubles->mutex);
    note(troubles, &(struct noted){.key = key, .stands_ms = rights[BUS_RIGHT_WRITE].stands_ms, .text = text,
                                   .hint = hint});
    pthread_mutex_unlock(&troubles->mutex);
}

/* ---- connections ---- */

static const char connection_key[] = "connection";

static const struct reason *reason_of(rd_kafka_resp_err_t code, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].code == code && strstr(text, reasons[i].contains))
            return &reasons[i];
    return NULL;
}

/* How much a reason says. */
static int rank_of(const struct reason *reason)
{
    return !reason ? 0 : reason->alone ? 2 : 1;
}

static void hint_of(const struct bus_troubles *troubles, const struct reason *reason, char *hint, size_t size)
{
    if (reason && reason->hint)
        text_format(hint, size, "%s", reason->hint);
    else
        text_format(hint, size, "is a broker running at %s (bootstrap.servers), and reachable from here?",
                    troubles->servers);
}

static void note_connection(struct bus_troubles *troubles)
{
    char text[500], hint[512];
    text_format(text, sizeof text, "kafka: %s", troubles->last);
    hint_of(troubles, troubles->last_reason, hint, sizeof hint);
    bool says_enough = troubles->last_reason && troubles->last_reason->alone;
    note(troubles, &(struct noted){.key = connection_key, .rank = rank_of(troubles->last_reason), .text = text,
                                   .quiet_ms = atomic_load(&troubles->connected) && !says_enough ? QUIET_MS : 0,
                                   .hint = hint, .reason = troubles->last_reason ? troubles->last_reason->hint : NULL,
                                   .stands_ms = CONNECTION_MS});
}

void troubles_connection(struct bus_troubles *troubles, rd_kafka_resp_err_t code, const char *reason)
{
    if (!troubles)
        return;
    bool all = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    const struct reason *found = all ? NULL : reason_of(code, reason);
    if (!all && !found)
        return;
    pthread_mutex_lock(&troubles->mutex);
    int64_t now_ms = clock_mono_ms();
    bool old = now_ms - troubles->last_ms > CONNECTION_MS;
    if (old || (found && rank_of(found) >= rank_of(troubles->last_reason))) {
        /* "... (after 3ms in state CONNECT)" says nothing to a person, and differs each time */
        const char *tail = strstr(reason, " (after ");
        text_format(troubles->last, sizeof troubles->last, "%.*s", (int)(tail ? tail - reason : (long)strlen(reason)),
                    reason);
        troubles->last_reason = found;
    }
    troubles->last_ms = now_ms;
    if (all || found->alone || find(troubles, connection_key)) /* that all are down is told once */
        note_connection(troubles);
    pthread_mutex_unlock(&troubles->mutex);
}

void troubles_connected(struct bus_troubles *troubles)
{
    if (troubles)
        atomic_store(&troubles->connected, true);
    if (!troubles || atomic_load(&troubles->standing) == 0)
        return;
    over(troubles, connection_key);
    pthread_mutex_lock(&troubles->mutex);
    troubles->last_ms = 0;
    troubles->last_reason = NULL;
    pthread_mutex_unlock(&troubles->mutex);
}

bool troubles_cut_off(struct bus_troubles *troubles, int64_t since_ms)
{
    if (!troubles || atomic_load(&troubles->standing) == 0)
        return false;
    pthread_mutex_lock(&troubles->mutex);
    const struct entry *entry = find(troubles, connection_key);
    bool stands = entry && entry->rank > 0 && entry->told_ms >= since_ms;
    pthread_mutex_unlock(&troubles->mutex);
    return stands;
}

bool troubles_unreachable(struct bus_troubles *troubles, rd_kafka_resp_err_t code, struct err *err)
{
    kafka_fail(code, NULL, err);
    err_hint(err, "is a broker running at bootstrap.servers, and reachable from here?");
    if (!troubles)
        return false;
    pthread_mutex_lock(&troubles->mutex);
    const struct entry *entry = find(troubles, connection_key);
    if (!entry) {
        text_format(troubles->last, sizeof troubles->last, "%s", rd_kafka_err2str(code));
        troubles->last_reason = NULL;
        troubles->last_ms = clock_mono_ms();
        note_connection(troubles);
        entry = find(troubles, connection_key);
    }
    if (entry) {
        err_set(err, err ? err->kind : ERR_UNREACHABLE, "%s", entry->trouble.text);
        err_hint(err, "%s", entry->trouble.hint);
    }
    pthread_mutex_unlock(&troubles->mutex);
    return false;
}

/* ---- topics ---- */

void troubles_topic(struct bus_troubles *troubles, const char *topic, const struct err *err)
{
    char key[320];
    if (!troubles)
        return;
    text_format(key, sizeof key, "setting of %s", topic);
    if (!err) {
        over(troubles, key);
        return;
    }
    pthread_mutex_lock(&troubles->mutex);
    note(troubles, &(struct noted){.key = key, .stands_ms = TOPIC_MS, .text = err->text, .hint = err->hint});
    pthread_mutex_unlock(&troubles->mutex);
}

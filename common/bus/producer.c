#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "bus/settings.h"

#define TOPIC_WAIT_MS 500 /* for the answer to one question about topics */
#define ANEW_MS 500
#define ANEW_MAX_MS 16000
#define WAITS_MS 10000 /* longer than a broker's restart: what is not acknowledged for so long is told */

/* A topic that has been asked for. Held: what librdkafka knows of it stays known. */
struct expected {
    rd_kafka_topic_t *handle;
    size_t waiting;   /* messages that are not acknowledged, */
    int64_t since_ms; /* and since when none was */
};

struct bus_producer {
    struct bus_settings *settings;
    bus_delivered *delivered;
    void *context;
    pthread_rwlock_t remaking; /* held for writing while `kafka` is made anew */
    rd_kafka_t *kafka;
    atomic_bool fatal;
    int64_t anew_ms;   /* when a broken one may be made anew */
    struct pause anew; /* and how long after that the next */
    int wake_fd;
    pthread_mutex_t topics_mutex; /* over all that follows */
    struct expected *topics;
    size_t topic_count;
    bool scouting, ask, closing; /* the scout runs; it is to ask; it is to end */
    pthread_t scout;
    pthread_cond_t scout_wake;
};

/* Who may write none of its topics is refused before the first message: by the request for a producer's id. */
static void refused_as_producer(struct bus_producer *producer)
{
    pthread_mutex_lock(&producer->topics_mutex);
    for (size_t i = 0; i < producer->topic_count; i++)
        troubles_denied(producer->settings->troubles, BUS_RIGHT_WRITE,
                        rd_kafka_topic_name(producer->topics[i].handle), NULL);
    pthread_mutex_unlock(&producer->topics_mutex);
}

static void on_error(rd_kafka_t *kafka, int code, const char *reason, void *opaque)
{
    struct bus_producer *producer = opaque;
    if (code != RD_KAFKA_RESP_ERR__FATAL) {
        troubles_connection(producer->settings->troubles, code, reason);
        return;
    }
    char text[256];
    atomic_store(&producer->fatal, true);
    if (rd_kafka_fatal_error(kafka, text, sizeof text) == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
        refused_as_producer(producer);
}

/* What was given up by us says nothing of the broker. */
static bool given_up(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
           code == RD_KAFKA_RESP_ERR__DESTROY || code == RD_KAFKA_RESP_ERR__FATAL;
}

static void note_delivery(struct bus_troubles *troubles, rd_kafka_resp_err_t code, const char *topic)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        troubles_granted(troubles, BUS_RIGHT_WRITE, topic);
        troubles_connected(troubles);
    } else if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        troubles_denied(troubles, BUS_RIGHT_WRITE, topic, NULL);
    } else if (!given_up(code)) {
        troubles_undelivered(troubles, topic, rd_kafka_err2str(code), NULL);
    }
}

static struct expected *find(const struct bus_producer *producer, const char *topic)
{
    for (size_t i = 0; i < producer->topic_count; i++)
        if (strcmp(rd_kafka_topic_name(producer->topics[i].handle), topic) == 0)
            return &producer->topics[i];
    return NULL;
}

/* It has arrived, or failed. */
static void note_ended(struct bus_producer *producer, const char *topic)
{
    pthread_mutex_lock(&producer->topics_mutex);
    struct expected *at = find(producer, topic);
    if (at && at->waiting > 0) {
        at->waiting--;
        at->since_ms = clock_mono_ms();
    }
    pthread_mutex_unlock(&producer->topics_mutex);
}

/* librdkafka tries again for minutes, and does not tell why. Where no broker is there at all, that is told already. */
static void tell_waiting(struct bus_producer *producer)
{
    struct bus_troubles *troubles = producer->settings->troubles;
    int64_t now_ms = clock_mono_ms();
    pthread_mutex_lock(&producer->topics_mutex);
    for (size_t i = 0; i < producer->topic_count; i++) {
        const struct expected *at = &producer->topics[i];
        if (at->waiting && now_ms - at->since_ms > WAITS_MS && !troubles_cut_off(troubles, 0))
            troubles_undelivered(troubles, rd_kafka_topic_name(at->handle), "what was sent is not acknowledged",
                                 "are enough of its replicas in sync (min.insync.replicas), and has this client a "
                                 "quota?");
    }
    pthread_mutex_unlock(&producer->topics_mutex);
}

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    struct bus_producer *producer = opaque;
    const char *failed = message->err ? rd_kafka_err2str(message->err) : NULL;
    if (kafka == producer->kafka) /* else it was made anew since, and nothing waits yet */
        note_ended(producer, rd_kafka_topic_name(message->rkt));
    note_delivery(producer->settings->troubles, message->err, rd_kafka_topic_name(message->rkt));
    if (!failed)
        pause_reset(&producer->anew);
    if (producer->delivered)
        producer->delivered(producer->context, (uint64_t)(uintptr_t)message->_private, failed);
}

static rd_kafka_t *make(struct bus_producer *producer, struct err *err)
{
    rd_kafka_conf_t *conf = kafka_conf(producer->settings, BUS_PRODUCER, err);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return kafka_open(conf, BUS_PRODUCER, err);
}

static void enable_wake(struct bus_producer *producer)
{
    static const uint64_t one = 1;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer->kafka);
    rd_kafka_queue_io_event_enable(queue, producer->wake_fd, &one, sizeof one);
    rd_kafka_queue_destroy(queue);
}

bool bus_producer_open(const struct bus_settings *settings, bus_delivered *delivered, void *context,
                       struct bus_producer **ret_producer, struct err *err)
{
    struct bus_producer *producer = xcalloc(1, sizeof *producer);
    producer->settings = kafka_copy(settings);
    producer->delivered = delivered;
    producer->context = context;
    producer->wake_fd = -1;
    producer->anew = (struct pause)PAUSE(ANEW_MS, ANEW_MAX_MS);
    pthread_rwlock_init(&producer->remaking, NULL);
    pthread_mutex_init(&producer->topics_mutex, NULL);
    clock_cond_init(&producer->scout_wake);
    producer->kafka = make(producer, err);
    if (!producer->kafka) {
        bus_producer_close(producer);
        return false;
    }
    *ret_producer = producer;
    return true;
}

static bool send_failed(rd_kafka_resp_err_t code, const char *topic, size_t len, struct err *err)
{
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL || code == RD_KAFKA_RESP_ERR__FATAL)
        return err_set(err, ERR_FULL, "kafka: the producer takes no more messages for now");
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return err_set(err, ERR_INPUT, "kafka: a message of %zu bytes for %s is too large", len, topic);
    return kafka_fail(code, NULL, err);
}

static rd_kafka_resp_err_t add_headers(rd_kafka_headers_t *list, const struct bus_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_header_add(list, headers[i].name, -1, headers[i].value, -1);
        if (code)
            return code;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Asks the broker where the topics are, so that whoever sends need not wait for the answer: librdkafka by itself looks
 * at new topics once a second. */
static void *scout(void *context)
{
    struct bus_producer *producer = context;
    pthread_mutex_lock(&producer->topics_mutex);
    while (!producer->closing) {
        if (!producer->ask) {
            pthread_cond_wait(&producer->scout_wake, &producer->topics_mutex);
            continue;
        }
        producer->ask = false;
        pthread_mutex_unlock(&producer->topics_mutex);
        const struct rd_kafka_metadata *metadata = NULL;
        pthread_rwlock_rdlock(&producer->remaking);
        if (rd_kafka_metadata(producer->kafka, 0, NULL, &metadata, TOPIC_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_metadata_destroy(metadata);
        pthread_rwlock_unlock(&producer->remaking);
        pthread_mutex_lock(&producer->topics_mutex);
    }
    pthread_mutex_unlock(&producer->topics_mutex);
    return NULL;
}

static void scout_end(struct bus_producer *producer)
{
    pthread_mutex_lock(&producer->topics_mutex);
    producer->closing = true;
    pthread_cond_signal(&producer->scout_wake);
    pthread_mutex_unlock(&producer->topics_mutex);
    if (producer->scouting)
        pthread_join(producer->scout, NULL);
}

static void forget_topics(struct bus_producer *producer)
{
    for (size_t i = 0; i < producer->topic_count; i++)
        rd_kafka_topic_destroy(producer->topics[i].handle);
    free(producer->topics);
    producer->topics = NULL;
    producer->topic_count = 0;
}

/* `sends`: a message for it is on its way from now on. */
static void ask_for(struct bus_producer *producer, const char *topic, bool sends)
{
    pthread_mutex_lock(&producer->topics_mutex);
    struct expected *at = find(producer, topic);
    rd_kafka_topic_t *handle = at ? NULL : rd_kafka_topic_new(producer->kafka, topic, NULL);
    if (handle) {
        producer->topics = xrealloc(producer->topics, (producer->topic_count + 1) * sizeof *producer->topics);
        at = &producer->topics[producer->topic_count++];
        *at = (struct expected){.handle = handle};
        producer->ask = true;
        if (!producer->scouting)
            producer->scouting = pthread_create(&producer->scout, NULL, scout, producer) == 0;
        pthread_cond_signal(&producer->scout_wake);
    }
    if (sends && at && at->waiting++ == 0)
        at->since_ms = clock_mono_ms();
    pthread_mutex_unlock(&producer->topics_mutex);
}

void bus_producer_expect(struct bus_producer *producer, const char *topic)
{
    pthread_rwlock_rdlock(&producer->remaking);
    ask_for(producer, topic, false);
    pthread_rwlock_unlock(&producer->remaking);
}

bool bus_producer_send(struct bus_producer *producer, const char *topic, int32_t partition, const char *key,
                       const void *payload, size_t len, const struct bus_header *headers, size_t header_count,
                       uint64_t tag, struct err *err)
{
    void *bytes, *key_bytes;
    memcpy(&bytes, &payload, sizeof bytes); /* librdkafka copies it, its type only says otherwise */
    memcpy(&key_bytes, &key, sizeof key_bytes);
    rd_kafka_headers_t *list = rd_kafka_headers_new(header_count);
    rd_kafka_resp_err_t code = add_headers(list, headers, header_count);
    pthread_rwlock_rdlock(&producer->remaking);
    ask_for(producer, topic, true);
    if (!code)
        code = rd_kafka_producev(producer->kafka, RD_KAFKA_V_TOPIC(topic),
                                 RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_VALUE(bytes, len), RD_KAFKA_V_KEY(key_bytes, key ? strlen(key) : 0),
                                 RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_OPAQUE((void *)(uintptr_t)tag), RD_KAFKA_V_END);
    pthread_rwlock_unlock(&producer->remaking);
    if (!code)
        return true;
    rd_kafka_headers_destroy(list);
    note_ended(producer, topic);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return troubles_denied(producer->settings->troubles, BUS_RIGHT_WRITE, topic, err);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL && !given_up(code))
        troubles_undelivered(producer->settings->troubles, topic, rd_kafka_err2str(code), NULL);
    return send_failed(code, topic, len, err);
}

/* The first time at once, then after growing pauses: until a message was delivered. */
static bool due_anew(struct bus_producer *producer)
{
    int64_t now_ms = clock_mono_ms();
    if (!atomic_load(&producer->fatal) || now_ms < producer->anew_ms)
        return false;
    producer->anew_ms = now_ms + producer->anew.last_ms;
    pause_next(&producer->anew);
    return true;
}

/* Every message that is not acknowledged comes back as failed; what may have been persisted is sent again by the
 * caller under the same id, and deduplicated by the reader. */
static void make_anew(struct bus_producer *producer)
{
    struct err err = ERR_INIT;
    rd_kafka_t *fresh = make(producer, &err);
    if (!fresh)
        return; /* these settings made one before: no memory or no threads for now, and the next poll tries again */
    pthread_rwlock_wrlock(&producer->remaking);
    rd_kafka_t *broken = producer->kafka;
    producer->kafka = fresh;
    forget_topics(producer);
    atomic_store(&producer->fatal, false);
    if (producer->wake_fd >= 0)
        enable_wake(producer);
    pthread_rwlock_unlock(&producer->remaking);
    /* its reports come now, without the lock: who gets one may send again at once */
    rd_kafka_purge(broken, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(broken, 1000);
    kafka_close(broken);
}

void bus_producer_poll(struct bus_producer *producer, int timeout_ms)
{
    rd_kafka_poll(producer->kafka, timeout_ms);
    tell_waiting(producer);
    if (due_anew(producer))
        make_anew(producer);
}

void bus_producer_wake(struct bus_producer *producer, int fd)
{
    producer->wake_fd = fd;
    enable_wake(producer);
}

bool bus_producer_flush(struct bus_producer *producer, int timeout_ms)
{
    int64_t deadline = clock_mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        bool done = rd_kafka_flush(producer->kafka, left > 100 ? 100 : left > 0 ? (int)left : 0) == 0;
        if (due_anew(producer))
            make_anew(producer);
        if (done || left <= 0)
            return done;
    }
}

void bus_producer_close(struct bus_producer *producer)
{
    if (!producer)
        return;
    scout_end(producer);
    if (producer->kafka) {
        rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(producer->kafka, 1000);
        forget_topics(producer);
        kafka_close(producer->kafka);
    }
    kafka_free(producer->settings);
    pthread_cond_destroy(&producer->scout_wake);
    pthread_mutex_destroy(&producer->topics_mutex);
    pthread_rwlock_destroy(&producer->remaking);
    free(producer);
}

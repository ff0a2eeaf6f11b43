/* The wire by hand, for tests that are no coordinator and no worker: puts any bytes on a topic, and shows what lies
 * there.
 *
 *   wire send BOOTSTRAP TOPIC KEY [--sign KEYFILE TYPE] [--bits STEP | --cuts STEP | --times N] <PAYLOAD
 *     sends standard input as one message. --sign: as payload of an envelope signed with this secret key; TYPE is job,
 *     control, report, presence or a whole payload type. --bits: not the message, but one message for every STEPth bit
 *     of it, flipped. --cuts: one for every STEPth length shorter than it. --times: N of the same.
 *     Prints how many the broker took; exit 1 with its reason when it refused one.
 *   wire read BOOTSTRAP TOPIC
 *     everything the topic holds: for each message a line "PARTITION OFFSET KEY LENGTH", the bytes, and a line feed. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/key.h"
#include "proto/envelope.h"
#include "proto/message.h"

#define WAIT_MS 30000
#define LARGEST "1000000000"

static size_t delivered;
static const char *refused;

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    (void)opaque;
    if (message->err)
        refused = rd_kafka_err2str(message->err);
    else
        delivered++;
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "wire: %s: %s\n", what, why);
    return 1;
}

static rd_kafka_t *connect_to(rd_kafka_type_t type, const char *bootstrap)
{
    static const char *const settings[] = {
        "message.max.bytes", LARGEST, "queue.buffering.max.kbytes", "2000000", "queue.buffering.max.messages",
        "10000000", "linger.ms", "5", "message.timeout.ms", "30000", "group.id", "wire", "fetch.wait.max.ms", "10",
        "enable.partition.eof", "true", "fetch.max.bytes", LARGEST, "fetch.message.max.bytes", "80000000",
        "receive.message.max.bytes", "1100000000"};
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof text) == RD_KAFKA_CONF_OK;
    for (size_t i = 0; good && i < sizeof settings / sizeof *settings; i += 2)
        good = rd_kafka_conf_set(conf, settings[i], settings[i + 1], text, sizeof text) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *kafka = good ? rd_kafka_new(type, conf, text, sizeof text) : NULL;
    if (!kafka)
        fail(bootstrap, text);
    return kafka;
}

static char *all_input(size_t *ret_len)
{
    size_t len = 0, room = 1 << 16;
    char *bytes = xcalloc(1, room);
    for (size_t got; (got = fread(bytes + len, 1, room - len, stdin)) > 0;) {
        len += got;
        if (len == room)
            bytes = xrealloc(bytes, room *= 2);
    }
    *ret_len = len;
    return bytes;
}

struct sending {
    rd_kafka_t *kafka;
    const char *topic, *key;
};

static bool send_one(const struct sending *sending, char *bytes, size_t len)
{
    for (;;) {
        void *key;
        memcpy(&key, &sending->key, sizeof key); /* librdkafka copies it, its type only says otherwise */
        rd_kafka_resp_err_t code = rd_kafka_producev(
            sending->kafka, RD_KAFKA_V_TOPIC(sending->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE(bytes, len), RD_KAFKA_V_KEY(key, strlen(sending->key)), RD_KAFKA_V_END);
        if (!code)
            break;
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            refused = rd_kafka_err2str(code);
            return false;
        }
        rd_kafka_poll(sending->kafka, 100);
    }
    rd_kafka_poll(sending->kafka, 0);
    return true;
}

static bool send_all(const struct sending *sending, char *bytes, size_t len, const char *how, size_t number)
{
    if (strcmp(how, "--bits") == 0) {
        for (size_t bit = 0; bit < len * 8; bit += number) {
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
            bool sent = send_one(sending, bytes, len);
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
            if (!sent)
                return false;
        }
        return true;
    }
    if (strcmp(how, "--cuts") == 0) {
        for (size_t shorter = 0; shorter < len; shorter += number)
            if (!send_one(sending, bytes, shorter))
                return false;
        return true;
    }
    for (size_t i = 0; i < number; i++)
        if (!send_one(sending, bytes, len))
            return false;
    return true;
}

static char *sign(const char *key_file, const char *type, char *payload, size_t *len)
{
    static const char *const names[] = {
#define X(upper, lower) #lower,
        MESSAGE_TYPES(X)
#undef X
    };
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++)
        if (strcmp(names[i], type) == 0)
            type = message_payload_type(i);
    struct key_secret key;
    struct err err = ERR_INIT;
    if (!crypto_init() || !key_read_secret(key_file, &key, &err)) {
        fail(key_file, err.text);
        return NULL;
    }
    char *signed_one = envelope_sign(&key, type, payload, *len, len);
    key_secret_release(&key);
    return signed_one;
}

static int run_send(int argc, char **argv)
{
    const char *how = "--times";
    size_t number = 1, len;
    auto_free char *payload = all_input(&len);
    auto_free char *envelope = NULL;
    for (int i = 5; i + 1 < argc;) {
        if (strcmp(argv[i], "--sign") == 0 && i + 2 < argc) {
            envelope = sign(argv[i + 1], argv[i + 2], payload, &len);
            if (!envelope)
                return 1;
            i += 3;
        } else {
            how = argv[i];
            number = strtoul(argv[i + 1], NULL, 10);
            i += 2;
        }
    }
    rd_kafka_t *kafka = connect_to(RD_KAFKA_PRODUCER, argv[2]);
    if (!kafka)
        return 1;
    const struct sending sending = {kafka, argv[3], argv[4]};
    send_all(&sending, envelope ? envelope : payload, len, how, number ? number : 1);
    if (rd_kafka_flush(kafka, WAIT_MS) && !refused)
        refused = "not all was acknowledged in time";
    rd_kafka_destroy(kafka);
    printf("%zu\n", delivered);
    return refused ? fail(argv[3], refused) : 0;
}

/* All of one partition; the end is known by librdkafka's word for it. */
static int read_partition(rd_kafka_t *kafka, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (;;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, WAIT_MS);
        if (!message)
            return fail(topic, "nothing came in time");
        rd_kafka_resp_err_t code = message->err;
        if (!code) {
            printf("%d %lld %.*s %zu\n", (int)partition, (long long)message->offset, (int)message->key_len,
                   message->key ? (const char *)message->key : "", message->len);
            if (message->len)
                fwrite(message->payload, 1, message->len, stdout);
            printf("\n");
        }
        rd_kafka_message_destroy(message);
        if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            return 0;
        if (code)
            return fail(topic, rd_kafka_err2str(code));
    }
}

static int run_read(char **argv)
{
    rd_kafka_t *kafka = connect_to(RD_KAFKA_CONSUMER, argv[2]);
    if (!kafka)
        return 1;
    rd_kafka_poll_set_consumer(kafka);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka, argv[3], NULL);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 0, topic, &metadata, WAIT_MS);
    rd_kafka_topic_destroy(topic);
    int result = code ? fail(argv[3], rd_kafka_err2str(code)) : 0;
    for (int i = 0; !code && !result && metadata->topic_cnt && i < metadata->topics[0].partition_cnt; i++)
        result = read_partition(kafka, argv[3], i);
    if (!code)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    return result;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "send") == 0)
        return run_send(argc, argv);
    if (argc == 4 && strcmp(argv[1], "read") == 0)
        return run_read(argv);
    fprintf(stderr, "usage: wire send BOOTSTRAP TOPIC KEY [options] | wire read BOOTSTRAP TOPIC\n");
    return 2;
}

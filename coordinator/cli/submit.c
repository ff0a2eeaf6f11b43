/* Sends a fleet to the coordinator: what is missing there by digest, then the release itself. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/pause.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "proc/signals.h"

#define BATCH_BYTES ((size_t)4 << 20)
#define BATCH_TEXTS 1000
#define AGAIN_MS 100 /* first pause */
#define AGAIN_MAX_MS 2000
#define UNREACHABLE_TRIES 3
#define LOST_MS 30000 /* how long a coordinator that went away with the answer is waited for */

static json_t *body_of(const struct cli_submission *submission)
{
    auto_buf struct buf reason = BUF_INIT(BUF_MAX); /* whatever was typed */
    text_add_utf8(&reason, submission->reason ? submission->reason : "");
    return json_pack("{s:o, s:o, s:b, s:s, s:s*, s:I}", "fleet", cli_fleet_json(&submission->catalog->fleet), "options",
                     cli_options_json(submission->options), "acceptIrreversible", submission->accept_irreversible,
                     "reason", buf_text(&reason), "plan", submission->plan, "since",
                     (json_int_t)submission->since_us);
}

static bool upload_batch(struct http_client *client, json_t *texts, struct err *err)
{
    json_t *body = json_pack("{s:o}", "texts", texts);
    bool ok = http_call(client, "POST", "/api/v1/blobs", body, NULL, NULL, err);
    json_decref(body);
    return ok || err_prefix(err, "uploading migrations");
}

static bool upload(const struct cli_submission *submission, const json_t *digests, struct err *err)
{
    size_t i, bytes = 0;
    const json_t *digest;
    json_t *texts = json_array();
    json_array_foreach(digests, i, digest)
    {
        const struct catalog_blob *blob = catalog_blob(submission->catalog, json_string_value(digest));
        if (!blob) {
            json_decref(texts);
            return err_set(err, ERR_INPUT, "the coordinator asks for a text that is not among the migrations here: %s",
                           json_string_value(digest));
        }
        if (json_array_size(texts) > 0 && (bytes + blob->size > BATCH_BYTES || json_array_size(texts) == BATCH_TEXTS)) {
            if (!upload_batch(submission->client, texts, err))
                return false;
            texts = json_array();
            bytes = 0;
        }
        json_array_append_new(texts, json_stringn(blob->text, blob->size));
        bytes += blob->size;
    }
    if (json_array_size(texts) > 0)
        return upload_batch(submission->client, texts, err);
    json_decref(texts);
    return true;
}

static void pause_ms(int ms)
{
    struct pollfd stop = {.fd = signals_fd(), .events = POLLIN};
    poll(&stop, 1, ms);
}

/* How long, and how often, it is asked again. */
struct patience {
    int64_t until_ms;
    struct pause pause;
    bool told;
};

static struct patience patience_of(const struct cli_submission *submission)
{
    return (struct patience){.until_ms = clock_mono_ms() + submission->patience_ms,
                             .pause = PAUSE(AGAIN_MS, AGAIN_MAX_MS)};
}

/* Whether a refusal may be gone in a moment: workers that have just been started. */
static bool worth_waiting(const struct cli_submission *submission, const json_t *answer, const struct err *err,
                          struct patience *patience)
{
    if (!json_is_true(json_object_get(answer, "retriable")) || clock_mono_ms() >= patience->until_ms || signals_stop())
        return false;
    if (!patience->told && !submission->quiet)
        cli_note("waiting: %s\n", err->text);
    patience->told = true;
    pause_ms((int)pause_next(&patience->pause));
    return true;
}

bool cli_preview(const struct cli_submission *submission, json_t **ret_answer, struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    struct patience patience = patience_of(submission);
    bool ok;
    json_t *body = body_of(submission);
    do {
        http_reply_release(&reply); /* of the call before */
        reply = (struct http_reply)HTTP_REPLY_INIT;
        ok = http_call(submission->client, "POST", "/api/v1/plans", body, NULL, &reply, err);
    } while (!ok && worth_waiting(submission, reply.json, err, &patience));
    json_decref(body);
    *ret_answer = json_incref(reply.json);
    return ok;
}

/* One POST. A lost connection leaves it open whether the release was accepted: the key makes asking again safe. */
static bool post_release(const struct cli_submission *submission, const json_t *body, const char *key,
                         struct http_reply *reply, struct err *err)
{
    int64_t lost_until = 0;
    struct pause pause = PAUSE(AGAIN_MS, AGAIN_MAX_MS);
    for (int tries = 1;; tries++) {
        http_reply_release(reply); /* of the call before */
        *reply = (struct http_reply)HTTP_REPLY_INIT;
        if (http_call(submission->client, "POST", "/api/v1/releases", body, key, reply, err))
            return true;
        if (err->kind != ERR_UNREACHABLE || signals_stop())
            return false;
        if (!lost_until && reply->status == 0 && err->retriable) {
            lost_until = clock_mono_ms() + LOST_MS;
            if (!submission->quiet)
                cli_note("waiting: %s; asking again, under the same key\n", err->text);
        }
        if (lost_until ? clock_mono_ms() >= lost_until : tries >= UNREACHABLE_TRIES)
            return lost_until ? err_hint(err, "It may have been accepted: `greylag release list` shows it when the "
                                              "coordinator is back.")
                              : false;
        pause_ms((int)pause_next(&pause));
    }
}

bool cli_submit(const struct cli_submission *submission, json_t **ret_answer, struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    char id[ID_SIZE];
    struct patience patience = patience_of(submission);
    bool uploaded = false;
    id_new(id);
    auto_free char *key = xasprintf("Idempotency-Key: %s", id);
    json_t *body = body_of(submission);
    bool ok;
    while (!(ok = post_release(submission, body, key, &reply, err))) {
        const json_t *missing = json_object_get(reply.json, "missing");
        if (!uploaded && json_array_size(missing) > 0) {
            uploaded = true;
            if (!upload(submission, missing, err))
                break;
        } else if (!worth_waiting(submission, reply.json, err, &patience)) {
            break;
        }
    }
    json_decref(body);
    *ret_answer = json_incref(reply.json);
    return ok;
}

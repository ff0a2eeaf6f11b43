#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "http/http.h"

#define CONNECT_MS 10000

struct http_client {
    CURL *curl;
    char *url, *token;
    int64_t timeout_ms;
    bool (*stop)(void *context);
    void *stop_context;
};

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool on_this_machine(const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return text_starts(host, "127.") || text_starts(host, "localhost") || text_starts(host, "[::1]");
}

bool http_client_new(const char *url, const char *token, int64_t timeout_ms, struct http_client **ret_client,
                     struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, global_init);
    CURLU *parts = curl_url();
    bool ok = (text_starts(url, "http://") || text_starts(url, "https://")) &&
              curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK;
    curl_url_cleanup(parts);
    if (!ok) {
        err_set(err, ERR_CONFIG, "\"%s\" is not an HTTP URL", url);
        return err_hint(err, "Write it as http://host:port or https://host:port.");
    }
    struct http_client *client = xcalloc(1, sizeof *client);
    client->curl = curl_easy_init();
    client->url = xstrdup(url);
    size_t len = strlen(client->url);
    while (len > 0 && client->url[len - 1] == '/')
        client->url[--len] = '\0';
    client->token = token ? xstrdup(token) : NULL;
    client->timeout_ms = timeout_ms;
    *ret_client = client;
    return true;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client->url);
    if (client->token)
        explicit_bzero(client->token, strlen(client->token));
    free(client->token);
    free(client);
}

void http_client_set_timeout(struct http_client *client, int64_t timeout_ms)
{
    client->timeout_ms = timeout_ms;
}

void http_client_set_stop(struct http_client *client, bool (*stop)(void *context), void *context)
{
    client->stop = stop;
    client->stop_context = context;
}

void http_reply_release(struct http_reply *reply)
{
    json_decref(reply->json);
    buf_release(&reply->body);
    reply->json = NULL;
    reply->status = 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct buf *body = context;
    buf_add(body, data, size * count);
    return buf_ok(body) ? size * count : 0;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    struct http_client *client = context;
    return client->stop && client->stop(client->stop_context);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    return longer ? longer : list;
}

static struct curl_slist *headers_make(const struct http_client *client, bool with_body, const char *header)
{
    struct curl_slist *list = add_header(NULL, "Accept: application/json, application/problem+json");
    if (with_body)
        list = add_header(list, "Content-Type: application/json");
    if (client->token) {
        auto_free char *line = xasprintf("Authorization: Bearer %s", client->token);
        list = add_header(list, line);
        explicit_bzero(line, strlen(line));
    }
    return header ? add_header(list, header) : list;
}

/* A call that changes something has a connection of its own: over a kept one that died with its answer, libcurl asks
 * again by itself, and the error would be about that second try ("refused") while the first one may have been heard. */
static void call_prepare(struct http_client *client, const char *method, const char *url, const char *body,
                         struct curl_slist *headers, struct buf *reply, char *why)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, strcmp(method, "GET") != 0 ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "greylag/" GREYLAG_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    if (on_this_machine(url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    } else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
}

static bool no_answer(const struct http_client *client, CURLcode code, const char *why, struct err *err)
{
    const char *text = *why ? why : curl_easy_strerror(code);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return err_set(err, ERR_TIMEOUT, "stopped waiting for %s", client->url);
    case CURLE_OPERATION_TIMEDOUT:
        err_set(err, ERR_TIMEOUT, "%s did not answer in time: %s", client->url, text);
        return err_hint(err, "Look whether the server there is well.");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return err_set(err, ERR_UNTRUSTED, "the certificate of %s is not trusted: %s", client->url, text);
    case CURLE_WRITE_ERROR:
        return err_set(err, ERR_FULL, "the answer of %s is too large", client->url);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        err_set(err, ERR_UNREACHABLE, "the connection to %s was lost: %s", client->url, text);
        return err_hint(err, "Look whether the server runs there; what was asked for may have been done.");
    default:
        err_set(err, ERR_UNREACHABLE, "cannot reach %s: %s", client->url, text);
        if (err)
            err->retriable = false;
        return err_hint(err, "Look whether the server runs there, and whether the address is right.");
    }
}

static enum err_kind kind_for_status(int status)
{
    switch (status) {
    case 400:
    case 404:
    case 405:
        return ERR_USAGE;
    case 401:
    case 403:
        return ERR_UNTRUSTED;
    case 409:
        return ERR_CONFLICT;
    case 413:
    case 507:
        return ERR_FULL;
    case 422:
        return ERR_INPUT;
    case 502:
    case 503:
    case 504:
        return ERR_UNREACHABLE;
    default:
        return ERR_INTERNAL;
    }
}

static bool kind_parse(const char *name, enum err_kind *ret_kind)
{
    for (int kind = 1; name && kind < ERR_KIND_COUNT; kind++)
        if (strcmp(err_kind_name((enum err_kind)kind), name) == 0) {
            *ret_kind = (enum err_kind)kind;
            return true;
        }
    return false;
}

/* An answer that says no: what its problem document says, or what its status means. */
static bool bad_status(const struct http_client *client, const struct http_reply *reply, struct err *err)
{
    enum err_kind kind = kind_for_status(reply->status);
    const char *detail = json_string_value(json_object_get(reply->json, "detail"));
    const char *hint = json_string_value(json_object_get(reply->json, "hint"));
    kind_parse(json_string_value(json_object_get(reply->json, "kind")), &kind);
    if (detail)
        err_set(err, kind, "%s", detail);
    else
        err_set(err, kind, "%s answered with status %d and no explanation", client->url, reply->status);
    return err_hint(err, "%s", hint ? hint : "");
}

bool http_call(struct http_client *client, const char *method, const char *path, const json_t *body,
               const char *header, struct http_reply *ret_reply, struct err *err)
{
    struct http_reply local __attribute__((cleanup(http_reply_release))) = HTTP_REPLY_INIT;
    struct http_reply *reply = ret_reply ? ret_reply : &local;
    http_reply_release(reply);
    auto_free char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text)
        return err_set(err, ERR_INPUT, "what is to be sent holds text that is not UTF-8");
    auto_free char *url = xasprintf("%s%s", client->url, path);
    char why[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = headers_make(client, body != NULL, header);
    call_prepare(client, method, url, text, headers, &reply->body, why);
    CURLcode code = curl_easy_perform(client->curl);
    long status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return no_answer(client, code, why, err);
    reply->status = (int)status;
    reply->json = json_loadb(buf_text(&reply->body), reply->body.len, 0, NULL);
    return reply->status / 100 == 2 ? true : bad_status(client, reply, err);
}

void http_add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

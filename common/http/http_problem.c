#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "http/http.h"

static const char *status_title(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 422:
        return "Unprocessable Content";
    case 503:
        return "Service Unavailable";
    case 507:
        return "Insufficient Storage";
    default:
        return "Internal Server Error";
    }
}

void http_reply_json(struct http_response *response, int status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    response->status = text ? status : 500;
    response->type = "application/json";
    buf_clear(&response->body);
    buf_adds(&response->body, text ? text : "{}");
    buf_addc(&response->body, '\n');
    free(text);
}

/* A JSON string of text that may hold bytes that are no UTF-8: the answer must not be lost for them. */
static json_t *json_text(const char *text)
{
    auto_buf struct buf fit = BUF_INIT(BUF_MAX);
    text_add_utf8(&fit, text);
    return json_string(buf_text(&fit));
}

void http_problem(struct http_response *response, int status, enum err_kind kind, const char *detail, const char *hint)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:o, s:s}", "type", "about:blank", "title", status_title(status),
                             "status", status, "detail", json_text(detail), "kind", err_kind_name(kind));
    if (hint && *hint)
        json_object_set_new(json, "hint", json_text(hint));
    http_reply_json(response, status, json);
    response->type = "application/problem+json";
}

static int status_for(enum err_kind kind)
{
    switch (kind) {
    case ERR_USAGE:
    case ERR_INPUT:
    case ERR_CONFIG:
        return 422;
    case ERR_UNTRUSTED:
        return 403;
    case ERR_CONFLICT:
    case ERR_FENCED:
        return 409;
    case ERR_FULL:
        return 507;
    case ERR_TIMEOUT:
    case ERR_UNREACHABLE:
    case ERR_DATABASE:
        return 503;
    default:
        return 500;
    }
}

void http_problem_err(struct http_response *response, const struct err *err)
{
    http_problem(response, status_for(err->kind), err->kind, err->text, err->hint);
}

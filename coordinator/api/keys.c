/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a repeated POST of a release gets the first one's
 * release. The key stands with the release in the control database: it holds on every coordinator and after every
 * restart. */
#include "api/api_internal.h"

void api_key_read(const struct http_request *request, struct store_request *wanted)
{
    const char *text = http_header(request, "Idempotency-Key");
    if (!text || !*text)
        return;
    char *name = arena_array(request->arena, DIGEST_HEX_SIZE, 1),
         *body = arena_array(request->arena, DIGEST_HEX_SIZE, 1);
    struct digest_state state;
    digest_begin(&state);
    digest_text(&state, api_caller(request)); /* everybody has keys of their own */
    digest_text(&state, request->path);
    digest_text(&state, text);
    digest_end(&state, name);
    digest_hex(request->body, request->body_len, body);
    wanted->key = name;
    wanted->key_body = body;
}

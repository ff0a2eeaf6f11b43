/* Who may call what. */
#include <string.h>

#include "api/api_internal.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool api_tokens_load(struct api *api, struct err *err)
{
    struct tokens tokens;
    struct stat now;
    if (!tokens_read(api->options.tokens_file, &tokens, err))
        return false;
    if (stat(api->options.tokens_file, &now) != 0)
        now = (struct stat){0};
    tokens_release(&api->tokens);
    api->tokens = tokens;
    api->tokens_stat = now;
    return true;
}

/* Copies the token of this caller. A tokens file that changed is read first; one that has become unreadable or wrong
 * admits nobody, so that taking a token away never fails in silence. */
static bool find_token(struct api *api, const char *bearer, struct token *ret_token, struct err *err)
{
    struct stat now;
    const struct token *found = NULL;
    pthread_mutex_lock(&api->lock);
    bool readable = stat(api->options.tokens_file, &now) == 0 && same_file(&now, &api->tokens_stat);
    readable = readable || api_tokens_load(api, err);
    if (readable && (found = tokens_find(&api->tokens, bearer)))
        *ret_token = *found;
    pthread_mutex_unlock(&api->lock);
    if (readable && !found)
        err_set(err, ERR_UNTRUSTED, "this token is not known here");
    return found != NULL;
}

bool api_admit(void *context, const struct http_route *route, struct http_request *request,
               struct http_response *response)
{
    struct err err = ERR_INIT;
    int needed = HTTP_ACCESS_OF(route->flags) - 1; /* a role, -1: anybody */
    if (needed < 0)
        return true;
    if (!request->bearer) {
        http_problem(response, 401, ERR_UNTRUSTED, "a token is needed", "Give one with --token or GREYLAG_TOKEN.");
        return false;
    }
    struct token *token = arena_new(request->arena, struct token);
    if (!find_token(context, request->bearer, token, &err)) {
        if (err.kind == ERR_UNTRUSTED)
            http_problem(response, 401, ERR_UNTRUSTED, err.text, err.hint);
        else
            http_problem_err(response, &err);
        return false;
    }
    request->user = token;
    if ((int)token->role >= needed)
        return true;
    const char *detail =
        arena_printf(request->arena, "the token \"%s\" has the role %s; this needs the role %s", token->name,
                     token_role_text(token->role), token_role_text((enum token_role)needed));
    http_problem(response, 403, ERR_UNTRUSTED, detail, NULL);
    return false;
}

const char *api_caller(const struct http_request *request)
{
    const struct token *token = request->user;
    return token ? token->name : "";
}

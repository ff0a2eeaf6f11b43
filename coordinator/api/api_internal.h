/* The api room's own: shared state, and the handlers of each group of calls. */
#pragma once
#include <pthread.h>
#include <sys/stat.h>

#include "api/api.h"
#include "http/http.h"
#include "http/token.h"
#include "store/store.h"

#define API_POOL_MAX 16

#define API_STATUS_MAX 600

struct api {
    struct api_options options;
    struct http_server *server;
    pthread_mutex_t lock;
    pthread_cond_t returned; /* a connection came back */
    struct store *idle[API_POOL_MAX];
    unsigned idle_count, open_count;
    struct tokens tokens;
    struct stat tokens_stat;
    uint64_t answers[API_STATUS_MAX / 100];
};

extern const struct http_route api_routes[]; /* all calls; docs/openapi.yaml says the same */

/* --- pool.c: connections. Waits up to five seconds for one that is free. */
struct store *api_take(struct api *api, struct err *err); /* NULL: err */
/* Until it is given back, what its statements may take; API_CALL for who says nothing. */
enum api_limit { API_CALL, API_PLAN, API_PRUNE };
bool api_limit(struct store *store, enum api_limit limit, struct err *err);
void api_give(struct api *api, struct store *store);      /* closes it when it is lost */
void api_pool_close(struct api *api);

/* --- access.c */
bool api_admit(void *context, const struct http_route *route, struct http_request *request,
               struct http_response *response);
const char *api_caller(const struct http_request *request); /* the token's name */
bool api_tokens_load(struct api *api, struct err *err);

/* --- keys.c: the request's Idempotency-Key, if it has one, into wanted->key; in request->arena. */
void api_key_read(const struct http_request *request, struct store_request *wanted);

/* --- request.c: what a plan or release is asked for. Strings in request->arena. False with the answer in response. */
bool api_plan_request(struct http_request *request, struct plan_options *ret_options, struct store_request *ret_request,
                      struct http_response *response);
/* A member that must be an array of texts; missing counts as empty. */
bool api_texts(const json_t *object, const char *name, struct arena *arena, const char *const **ret_texts,
               size_t *ret_count, struct err *err);
int64_t api_query_number(const struct http_request *request, const char *name, int64_t min, int64_t max,
                         int64_t otherwise);

/* The answer for an error: what the address names and is not there is 404, all else by its kind. */
void api_problem(const struct http_request *request, struct http_response *response, const struct err *err);

/* --- read.c: runs one read with a connection of the pool; its JSON text is the answer. */
typedef bool api_read(struct store *store, struct http_request *request, char **ret_json, struct err *err);
void api_reply_read(struct api *api, struct http_request *request, struct http_response *response, api_read *read);

/* --- write.c: "latest" becomes its id, in the arena. */
bool api_resolve_release(struct store *store, struct arena *arena, const char **release, struct err *err);

/* --- summary.c: PURE. What a live view needs of store_release_show's text: services with their progress. new. */
json_t *api_summary(const json_t *show);

/* --- handlers */
void api_blobs_missing(void *context, struct http_request *request, struct http_response *response);
void api_blobs_put(void *context, struct http_request *request, struct http_response *response);
void api_plans(void *context, struct http_request *request, struct http_response *response);
void api_releases_post(void *context, struct http_request *request, struct http_response *response);
void api_releases_list(void *context, struct http_request *request, struct http_response *response);
void api_release_show(void *context, struct http_request *request, struct http_response *response);
void api_release_events(void *context, struct http_request *request, struct http_response *response);
void api_release_leave(void *context, struct http_request *request, struct http_response *response);
void api_release_order(void *context, struct http_request *request, struct http_response *response);
void api_imports_ask(void *context, struct http_request *request, struct http_response *response);
void api_imports_list(void *context, struct http_request *request, struct http_response *response);
void api_tags_list(void *context, struct http_request *request, struct http_response *response);
void api_tags_put(void *context, struct http_request *request, struct http_response *response);
void api_tags_delete(void *context, struct http_request *request, struct http_response *response);
void api_status(void *context, struct http_request *request, struct http_response *response);
void api_history(void *context, struct http_request *request, struct http_response *response);
void api_applied(void *context, struct http_request *request, struct http_response *response);
void api_workers_list(void *context, struct http_request *request, struct http_response *response);
void api_workers_enroll(void *context, struct http_request *request, struct http_response *response);
void api_workers_revoke(void *context, struct http_request *request, struct http_response *response);
void api_target_forget(void *context, struct http_request *request, struct http_response *response);
void api_target_unlist(void *context, struct http_request *request, struct http_response *response);
void api_retention(void *context, struct http_request *request, struct http_response *response);
void api_prune(void *context, struct http_request *request, struct http_response *response);
void api_health(void *context, struct http_request *request, struct http_response *response);
void api_healthz(void *context, struct http_request *request, struct http_response *response);
void api_readyz(void *context, struct http_request *request, struct http_response *response);
void api_metrics(void *context, struct http_request *request, struct http_response *response);

/* Which route of a table a request means. Pure; any thread. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "http/http.h"

/* The first route whose method and pattern match, or NULL. `path` is still percent-encoded;
 * ret_parameters: what stood for each {name}, decoded, in the arena.
 * *ret_path_known: a route has this path, perhaps with another method. */
const struct http_route *http_route_find(const struct http_route *routes, const char *method, const char *path,
                                         struct arena *arena, const char *ret_parameters[HTTP_PARAMETERS_MAX],
                                         bool *ret_path_known);

#include "http/http_route.h"

#include <microhttpd.h>
#include <string.h>

#include "base/text.h"

/* What stands for a {name}. Bytes that are no text name nothing. */
static bool take_parameter(const char *segment, size_t len, struct arena *arena, char **ret_parameter)
{
    *ret_parameter = arena_strndup(arena, segment, len);
    size_t length = MHD_http_unescape(*ret_parameter);
    return strlen(*ret_parameter) == length && text_is_utf8(*ret_parameter, length, NULL);
}

/* Compares segment by segment. */
static bool pattern_matches(const char *pattern, const char *path, struct arena *arena,
                            char *parameters[HTTP_PARAMETERS_MAX])
{
    size_t count = 0;
    while (*pattern || *path) {
        size_t wanted = strcspn(pattern, "/"), len = strcspn(path, "/");
        bool any = wanted > 0 && *pattern == '{';
        if (any && len > 0 && count < HTTP_PARAMETERS_MAX) {
            if (!take_parameter(path, len, arena, &parameters[count++]))
                return false;
        } else if (any || wanted != len || memcmp(pattern, path, len) != 0)
            return false;
        pattern += wanted;
        path += len;
        if (*pattern != *path)
            return false;
        if (*pattern) {
            pattern++;
            path++;
        }
    }
    return true;
}

static bool method_matches(const char *wanted, const char *method)
{
    return strcmp(wanted, method) == 0 || (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct http_route *http_route_find(const struct http_route *routes, const char *method, const char *path,
                                         struct arena *arena, const char *ret_parameters[HTTP_PARAMETERS_MAX],
                                         bool *ret_path_known)
{
    *ret_path_known = false;
    for (const struct http_route *route = routes; route->method; route++) {
        char *parameters[HTTP_PARAMETERS_MAX] = {NULL};
        if (!pattern_matches(route->pattern, path, arena, parameters))
            continue;
        *ret_path_known = true;
        if (!method_matches(route->method, method))
            continue;
        for (size_t i = 0; i < HTTP_PARAMETERS_MAX; i++)
            ret_parameters[i] = parameters[i];
        return route;
    }
    return NULL;
}

/* docs/openapi.yaml names every call, with its role, and no other. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/api_internal.h"
#include "base/cleanup.h"

static const char *access_of(const struct http_route *route)
{
    int level = HTTP_ACCESS_OF(route->flags);
    return level ? token_role_text((enum token_role)(level - 1)) : NULL;
}

Test(api_openapi, every_call_is_described)
{
    auto_buf struct buf text = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    cr_assert(buf_read_file(&text, GREYLAG_SOURCE_DIR "/docs/openapi.yaml", &err), "%s", err.text);
    size_t routes = 0;
    for (const struct http_route *route = api_routes; route->method; route++, routes++) {
        auto_free char *path = xasprintf("\n  %s:\n", route->pattern);
        const char *at = strstr(buf_text(&text), path);
        cr_assert(at, "%s is not described", route->pattern);
        auto_free char *block = xstrdup(at + strlen(path));
        char *next = strstr(block, "\n  /"); /* the next path */
        if (next)
            *next = '\0';
        auto_free char *method = xasprintf("    %s:\n", route->method);
        for (char *p = method; *p; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        char *call = strstr(block, method);
        cr_assert(call, "%s %s is not described", route->method, route->pattern);
        auto_free char *summary = xstrdup(strstr(call, "summary:"));
        summary[strcspn(summary, "\n")] = '\0';
        auto_free char *role = access_of(route) ? xasprintf("(%s)", access_of(route)) : NULL;
        cr_expect(!role || strstr(summary, role), "%s %s: %s, it needs %s", route->method, route->pattern, summary,
                  role);
    }
    size_t described = 0;
    for (const char *p = buf_text(&text); (p = strstr(p, "\n      summary:")); p++)
        described++;
    cr_expect_eq(described, routes, "%zu calls are described, there are %zu", described, routes);
}

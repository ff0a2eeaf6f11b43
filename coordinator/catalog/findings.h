/* A growing list of findings in an arena. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "catalog/catalog.h"

struct findings {
    struct arena *arena;
    struct catalog_finding *items;
    size_t count, room, errors;
};

enum severity { WARNING, ERROR };

/* `rule` and `file` are kept as they are: they have to live as long as the arena. Text and hint are copied. */
void finding_add(struct findings *findings, enum severity severity, enum finding_rule rule, const char *file, int line,
                 const char *hint, const char *format, ...) __attribute__((format(printf, 7, 8)));

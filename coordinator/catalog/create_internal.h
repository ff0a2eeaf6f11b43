/* What create.c and create_baseline.c share. Threads: one at a time. */
#pragma once
#include "catalog/create.h"

struct word {
    const char *name, *value;
};
/* The template with its {words} in braces replaced; in the arena. */
const char *create_fill(const char *template, const struct word *words, size_t count, struct arena *arena);
/* Whether a statement (sql_words) is the undo of a new file, which only says that it is not written yet. */
bool create_is_placeholder(const char *words);
/* A version above every one that the service has, and of their kind; NULL: its layout has no files that can be made. */
const char *create_version(const struct catalog *catalog, const struct service *service, int64_t now_us,
                           struct arena *arena);
/* The date, and the time behind `between` when that is not NULL. */
const char *create_date(int64_t now_us, const char *dash, const char *between, struct arena *arena);
const char *create_moment(int64_t now_us, struct arena *arena); /* 2024-01-15T09:30:00Z */

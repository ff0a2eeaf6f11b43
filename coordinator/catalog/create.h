/* A new migration in the layout that its service has: which files, under which names, with what in them. Writes
 * nothing. Threads: one at a time. */
#pragma once
#include "catalog/catalog.h"

/*                   name      text        prose */
#define NEW_TYPES(X)                                                                                                 \
    X(DDL,      "ddl",      "tables, columns, indexes, constraints")                                                 \
    X(DML,      "dml",      "data")                                                                                  \
    X(FUNCTION, "function", "functions, procedures, triggers")
enum new_type {
#define X(name, ...) NEW_##name,
    NEW_TYPES(X)
#undef X
        NEW_TYPE_COUNT
};
bool new_type_parse(const char *text, enum new_type *ret_type);

struct new_migration {
    const char *service;
    const char *title;   /* "add user preferences table" */
    const char *author;  /* "" unknown */
    enum new_type type;  /* NEW_TYPE_COUNT: not said */
    bool breaking;
    int64_t now_us;      /* wall clock */
};

struct new_file {
    const char *path; /* relative to the fleet file's folder */
    const char *text;
    bool append;      /* to a file that is there: a plan */
};

/* A baseline: one file from which new databases begin, made from the schema of one that is there. */
struct new_baseline {
    const char *service;
    const char *version; /* NULL: of the service's last migration, or a first one */
    const char *sql;     /* the schema, as pg_dump prints it */
    const char *origin;  /* "user@host:5432/shop", for people */
    int64_t now_us;
};
/* As catalog_create. ERR_INPUT also: the service has migrations, and its layout has no files that stand for them. */
bool catalog_create_baseline(const struct catalog *catalog, const struct new_baseline *what, struct arena *arena,
                             const char **ret_version, const struct new_file **ret_files, size_t *ret_count,
                             struct err *err);

/* The version is above every one that the service has, and of their kind: the next number, or the time. Everything
 * lives in the arena. ERR_INPUT: no such service, a title without a letter or digit, or a layout whose migrations are
 * not SQL files. */
bool catalog_create(const struct catalog *catalog, const struct new_migration *what, struct arena *arena,
                    const char **ret_version, const struct new_file **ret_files, size_t *ret_count, struct err *err);

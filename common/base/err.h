/* Errors are values.
 *
 * A function that can fail is `bool verb(..., struct err *err)`: true when done; false with *err filled in.
 * `ret_` parameters come last before err and are set only on success. An err needs no release. err may be NULL
 * where the caller only wants to know whether. Threads: none shared; an err belongs to its caller.
 *
 * What for: every error says where, why, and what to do next. `text` is the where and why; `hint` what to do.
 * The kinds are declared once, below; the command line maps them to exit codes, the worker to retry or fail. */
#pragma once
#include <stdbool.h>
#include <stdarg.h>

/*       name       text             retriable  prose */
#define ERR_KINDS(X)                                                                                        \
    X(NONE,      "none",            false, "no error")                                                      \
    X(USAGE,     "usage",           false, "the command line is wrong")                                     \
    X(CONFIG,    "configuration",   false, "a configuration file is wrong")                                 \
    X(INPUT,     "input",           false, "a migration, a plan or a file that is read is wrong")           \
    X(SYSTEM,    "system",          false, "the operating system refused (files, memory, processes)")       \
    X(DATABASE,  "database",        false, "PostgreSQL refused; sqlstate says why")                         \
    X(UNREACHABLE, "unreachable",   true,  "a server cannot be reached or the connection was lost")         \
    X(UNTRUSTED, "untrusted",       false, "a signature, a key or a permission is wrong")                   \
    X(CONFLICT,  "conflict",        false, "the state does not allow it: something else was there first")   \
    X(FENCED,    "fenced",          false, "a higher fence is in force: this process is out of date")       \
    X(TIMEOUT,   "timeout",         true,  "a wait reached its limit")                                      \
    X(FULL,      "full",            true,  "no room: disk, queue or message size")                          \
    X(INTERNAL,  "internal",        false, "a defect in greylag")

enum err_kind {
#define X(name, text, retriable, prose) ERR_##name,
    ERR_KINDS(X)
#undef X
        ERR_KIND_COUNT
};

struct err {
    enum err_kind kind;
    bool retriable;
    char sqlstate[6];  /* five characters where PostgreSQL gave one, else "" */
    int position;      /* 1-based character in the SQL that was sent, 0 when unknown */
    char text[1024];   /* one line or several; no trailing newline; never a secret */
    char hint[512];    /* what to do next, or "" */
};

#define ERR_INIT {.kind = ERR_NONE}

/* Fill in *err (NULL is fine) and return false, so that `return err_set(...)` reads well. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool err_setv(struct err *err, enum err_kind kind, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
/* The same with strerror(errno) behind it, kind SYSTEM. */
bool err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Say what to do next. Returns false, as above. */
bool err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Put where it happened in front of the text: "reading fleet.yml: ...". Returns false. */
bool err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Set SQLSTATE; cut to five characters. */
void err_sqlstate(struct err *err, const char *sqlstate);
void err_clear(struct err *err);

const char *err_kind_name(enum err_kind kind); /* borrowed, static */

/* What a migration's text holds, seen by the real PostgreSQL parser (libpg_query, the grammar of 15).
 *
 * The parser is a guide, never a judge: what it cannot read may be fine on a newer server, so that `parsed == false`
 * is no error: the text runs as asked, with a warning, and the scanner still tells its statements apart (`divided`): it
 * knows numbers of newer servers, too, and the bodies of functions that are written as statements.
 * It is refused where no server could read it (`flaw`): greylag's own SQL behind a string without an end would become a
 * part of it. What stands inside DO $$...$$ and function bodies is not seen.
 * Rows behind a COPY ... FROM STDIN are no SQL: they belong to their statement, and the parser never sees them.
 * Pure but for libpg_query's memory, which is its own for each thread; any thread. Offsets are bytes from the start
 * of the text given; lines count from 1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/*                     name           prose */
#define SQL_CLASSES(X)                                                                                                 \
    X(PLAIN,          "runs inside a transaction")                                                                     \
    X(BEGIN,          "BEGIN, START TRANSACTION")                                                                      \
    X(COMMIT,         "COMMIT, END")                                                                                   \
    X(ROLLBACK,       "ROLLBACK, ABORT, and two-phase commands")                                                       \
    X(SAVEPOINT,      "SAVEPOINT, RELEASE, ROLLBACK TO: fine inside a transaction")                                    \
    X(CREATE_INDEX,   "refused in a transaction; can leave an invalid index")                                          \
    X(DROP_INDEX,     "refused in a transaction")                                                                      \
    X(REINDEX,        "REINDEX that is refused in a transaction; CONCURRENTLY can leave *_ccnew")                      \
    X(DETACH,         "refused in a transaction; can be left pending")                                                 \
    X(ALONE,          "refused in a transaction, and safe to run again: VACUUM, ALTER SYSTEM, CLUSTER")                \
    X(ONCE,           "refused in a transaction, and must not run twice: CREATE DATABASE and such")                    \
    X(OPAQUE,         "CALL and DO, which may end transactions themselves when run outside of one, and what the "      \
                      "parser cannot read")                                                                            \
    X(FORBIDDEN,      "never allowed in a migration; `why` says why")

enum sql_class {
#define X(name, ...) SQL_##name,
    SQL_CLASSES(X)
#undef X
        SQL_CLASS_COUNT
};

/* How strings are read, by standard_conforming_strings: whether a backslash in them may be an escape. */
enum sql_strings {
    SQL_STRINGS_KEPT,    /* as before */
    SQL_STRINGS_DEFAULT, /* as in a session in which nobody has set it */
    SQL_STRINGS_ON,      /* it is none */
    SQL_STRINGS_OFF,     /* it may be one */
};

struct sql_statement {
    enum sql_class kind;
    size_t begin, end;      /* the statement without blanks and comments in front of it and without its ';' */
    int line;               /* where it begins */
    bool rereads;           /* changes how the text behind it is read: standard_conforming_strings and its kind */
    enum sql_strings strings; /* and how */
    bool sets;              /* does nothing but set something in the session, and may run again in a new one: SET,
                             * PREPARE, LOAD */
    bool concurrently;      /* says CONCURRENTLY */
    bool unless_there;      /* CREATE INDEX IF NOT EXISTS, for which an index that is invalid is there, too */
    bool again;             /* safe to run again, should it have to run alone: REINDEX and CLUSTER, which are refused
                             * in a transaction where the table is partitioned */
    const char *why;        /* FORBIDDEN: one line for people; else NULL */
    const char *hint;       /* FORBIDDEN: what to do about it; NULL: remove the statement */
    const char *keyword;    /* for messages: "VACUUM", "CREATE INDEX CONCURRENTLY"; never NULL */
    const char *schema, *table; /* CREATE_INDEX, `unless_there`, DETACH, COPY: of the table, NULL when not written */
    const char *name;       /* CREATE_INDEX, `unless_there`: the index (NULL: the server names it); DROP_INDEX,
                               REINDEX: its object; DETACH: the partition; ONCE: what is made */
    const char *name_schema; /* of `name`, where it has one of its own */
    const char *isolation;  /* BEGIN, SET TRANSACTION: the level that it asks for ("serializable"), else NULL */
    bool reads_rows;        /* COPY ... FROM STDIN */
    bool rows;              /* and its rows stand behind it: [data_begin, data_end), on lines of their own from
                               data_line on; the line "\." that ends them is behind that */
    size_t data_begin, data_end;
    int data_line;
};

/* What no server reads, of any version. */
enum sql_flaw_kind {
    SQL_FLAW_NONE,
    SQL_FLAW_PSQL,       /* a command or variable of psql */
    SQL_FLAW_UNREADABLE, /* what begins has no end; a space that is a letter to PostgreSQL */
};

struct sql_text {
    bool parsed;
    bool divided;           /* its statements are known, even where some could not be parsed: these are OPAQUE */
    const char *warning;    /* parsed == false: why, one line; else NULL */
    int warning_line, warning_column; /* the column counts characters from 1; 0: not known */
    bool needs_no_transaction; /* at least one statement is refused in a transaction */
    bool own_transaction;   /* the whole text is one BEGIN ... COMMIT: run [inner_begin, inner_end) instead */
    bool own_rollback;      /* the same with BEGIN ... ROLLBACK, as verify scripts have it; `stray_control` is set
                             * too */
    size_t inner_begin, inner_end; /* the whole text when it has no such frame */
    const char *isolation;  /* the level that its frame, or a SET TRANSACTION at its beginning, asks for; NULL: none */
    bool stray_control;     /* transaction control that is not a BEGIN ... COMMIT (savepoints are fine) */
    bool in_units;          /* and yet it makes sense: what stands between its BEGINs and COMMITs are transactions */
    int stray_line;
    const struct sql_statement *forbidden; /* the first, or NULL; of a flaw only its `line`, `why` and `hint` count */
    enum sql_flaw_kind flaw;
    const struct sql_statement *ambiguous; /* the first that may be another one where standard_conforming_strings is
                                            * off by default; NULL: none */
    const struct sql_statement *statements;
    size_t count;
};

/* Everything in *ret lives in the arena. Never fails. `text` is NUL-terminated and may be any bytes. */
void sql_analyse(const char *text, struct arena *arena, struct sql_text *ret);
/* Whether the statement text[begin, end) looks first whether what it makes is there: it says IF NOT EXISTS, is a DO
 * that asks, or calls something that may ask. Parses it: for a statement that has failed. */
bool sql_looks_first(const char *text, size_t begin, size_t end);
/* Whether it is a DROP ... IF EXISTS: what is made behind it was not there. By the words alone. */
bool sql_drops_first(const char *text, const struct sql_statement *s);
/* The offset of the first statement that does something; `len`: text[0, len) holds nothing but blanks, comments, and
 * BEGIN, COMMIT and ROLLBACK. By the words alone, without the parser. */
size_t sql_first_effect(const char *text, size_t len);
/* Whether the text does nothing but SET and RESET, which is over when it ends; by the words alone, too. */
bool sql_only_sets(const char *text, size_t len);
/* Whether text[begin, end) calls set_config() with a name that does not stand there as it is: computed, or with
 * escapes. By the words alone: what stands in strings and comments may say yes here. */
bool sql_sets_unnamed(const char *text, size_t begin, size_t end);
/* Whether text[begin, end) calls a function of that name; by the words alone, too. */
bool sql_calls(const char *text, size_t begin, size_t end, const char *function);
/* The statement that text[0, len) begins with, as its words alone, into `words`: without comments, with a blank where
 * two words need one. *ret_behind: the offset behind its ';'. False: it does not fit into `size` bytes. */
bool sql_words(const char *text, size_t len, char *words, size_t size, size_t *ret_behind);
/* Spaces that PostgreSQL takes for letters. */
enum sql_spaces {
    SQL_SPACES_SQL,      /* none are spaces */
    SQL_SPACES_NO_BREAK, /* U+00A0 is one */
    SQL_SPACES_UNICODE,  /* all that Unicode calls white space */
};
/* The text with such spaces in front of a statement, and behind the last, made ordinary ones, as many bytes as they
 * had; in the arena. NULL: it has none there. */
const char *sql_plain_spaces(const char *text, enum sql_spaces spaces, struct arena *arena);
/* The bytes of a white space that is none of ASCII's at `p`; 0: something else. */
size_t sql_wide_space(const char *p, enum sql_spaces spaces);
/* Why `text->forbidden` is refused, one line for people, and what to do; in the arena, or static. */
const char *sql_refusal(const struct sql_text *text, struct arena *arena, const char **ret_hint);
bool sql_class_no_transaction(enum sql_class kind); /* PostgreSQL refuses it inside a transaction */
bool sql_class_joins(enum sql_class kind); /* it can share a transaction with others, and ends none that it can be seen
                                            * to end */

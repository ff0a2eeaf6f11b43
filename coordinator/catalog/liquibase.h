/* Formatted SQL of Liquibase, line by line and word by word (liquibase-standard: AbstractFormattedChangeLogParser.java,
 * FormattedSqlChangeLogParser.java). Threads: one at a time. */
#pragma once
#include "catalog/layout.h"

/* What a line is, without regard to upper and lower case. */
enum liquibase_mark {
    LIQUIBASE_SQL,            /* of no other kind, comments among them */
    LIQUIBASE_HEADER,         /* --liquibase formatted sql */
    LIQUIBASE_CHANGESET,      /* --changeset author:id attributes */
    LIQUIBASE_PROPERTY,       /* --property name:x value:y */
    LIQUIBASE_ROLLBACK,       /* --rollback SQL */
    LIQUIBASE_ROLLBACK_BLOCK, /* a comment of several lines that begins with "liquibase rollback" alone */
    LIQUIBASE_PRECONDITIONS,  /* --preconditions onFail:HALT */
    LIQUIBASE_PRECONDITION,   /* --precondition-sql-check expectedResult:1 SELECT ... */
    LIQUIBASE_COMMENT,        /* --comment: words */
    LIQUIBASE_CHECKSUM,       /* --validCheckSum: 9:... */
    LIQUIBASE_IGNORE,         /* --ignoreLines:start, :end, :3 */
    LIQUIBASE_LICENSED,       /* known to Liquibase's paid edition alone */
    LIQUIBASE_WRONG,          /* looks like one of them, and Liquibase refuses it */
};
/* *ret_rest: what stands behind the word, in the arena. */
enum liquibase_mark liquibase_mark(const struct line *line, struct arena *arena, const char **ret_rest);

/* `key:value` or `key:"a value"`, one after another; a word without ':' is a key with the value "". */
struct liquibase_attribute {
    const char *key, *value; /* in the arena */
};
bool liquibase_attribute(const char **text, struct arena *arena, struct liquibase_attribute *ret_attribute);

/* Properties, in the order in which they are found: the first of a name counts. */
struct liquibase_property {
    const char *name, *value;
    const struct folder_file *file; /* where it counts; NULL: in all files from there on */
};
struct liquibase_properties {
    struct liquibase_property *items;
    size_t count, room;
};
void liquibase_property(struct liquibase_properties *properties, struct arena *arena,
                        struct liquibase_property property);
/* The text with the values of properties in place of ${name}; the service's own placeholders come first, and they and
 * what nobody knows are left for the worker, or for a finding. In the arena; the text itself when nothing
 * is replaced. */
const char *liquibase_expand(const struct liquibase_properties *properties, const struct layout_run *run,
                             const struct folder_file *file, const char *text);

/* Statements that end otherwise than by ';' (util/StringUtil.java: isDelimiter), ended by it: where the delimiter
 * stands alone on a line or at the end of one. `delimiter` NULL: a line "/" or "GO". Lines stay lines. A text that
 * PostgreSQL's parser can read as it is, is not touched. In the arena. */
const char *liquibase_delimit(const char *text, const char *delimiter, struct arena *arena);
/* Whether the delimiter is one of the plain ones; regular expressions are not built. */
bool liquibase_delimiter_is_plain(const char *delimiter);
/* Whether a list such as "postgresql,h2" or "!oracle" lets PostgreSQL in (database/DatabaseList.java). */
bool liquibase_dbms_fits(const char *list);

/* One line of SQL that fails when the precondition does not hold, in the arena; NULL: *ret_why says why it cannot be
 * made. `warn`: it warns instead. */
const char *liquibase_precondition(const char *text, bool warn, struct arena *arena, const char **ret_why);

/* What Flyway's own sources say of its files, for layout_flyway.c. Threads: one at a time. */
#pragma once
#include "catalog/layout.h"

enum flyway_type { FLYWAY_VERSIONED, FLYWAY_UNDO, FLYWAY_REPEATABLE, FLYWAY_BASELINE, FLYWAY_CALLBACK };

/* A file's name, taken apart; all borrowed from it, nothing NUL-terminated but `event`. */
struct flyway_name {
    enum flyway_type type;
    const char *event; /* CALLBACK: "beforeMigrate"; else NULL */
    size_t stem_len;   /* without the suffix */
    const char *head;  /* behind the prefix, up to the separator: the version */
    size_t head_len;
    const char *rest;  /* behind the separator: the description */
    size_t rest_len;
    bool separated;
};
/* flyway-core: ResourceNameParser.java. `keys` NULL: all as usual. False: it has no suffix or prefix of Flyway's. */
bool flyway_name_read(const struct flyway_keys *keys, const char *base, struct flyway_name *ret);

/* flyway-core: SqlScriptMetadata.java. */
struct flyway_script {
    bool skip;           /* shouldExecute=false */
    bool no_transaction; /* executeInTransaction=false */
    bool literal;        /* placeholderReplacement=false */
};
/* Reads the file's `.conf` beside it, where there is one. False, with findings: it says what cannot be followed. */
bool flyway_script_read(struct layout_run *run, const struct folder_file *file, struct flyway_script *ret);

/* A text with the placeholders of the service's own prefix and suffix written as ${name}, as the worker knows them. */
struct flyway_marked {
    const char *text; /* in the arena; the text given when nothing was replaced */
    size_t size;
    bool replaced; /* at least one was */
    bool bare;     /* a ${ stands in it that is no placeholder */
    bool dollar;   /* a $ stands directly in front of one */
    const char *open; /* in the text given: one without an end; NULL: none */
    const char *colon; /* in the text given: one of Flyway's own with ':', where another separator is set; NULL: none */
};
void flyway_mark(struct layout_run *run, const char *text, size_t size, struct flyway_marked *ret_marked);

/* CRC-32 over all lines without their ends, as signed 32 bits in decimal (flyway-core: ChecksumCalculator.java,
 * BomFilter.java); `text` without a byte order mark. */
const char *flyway_checksum(struct arena *arena, const char *text, size_t size);

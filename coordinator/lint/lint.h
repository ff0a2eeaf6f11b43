/* Lint: the texts of one service's migrations, in order -> findings. PURE: no I/O, no clock, no log, no environment.
 *
 * The rules are one table, rules.def; each has a function in rules_*.c, which sees one file, one text, or one fact
 * (what a statement does, facts.h) and the schema as the migrations before have left it (schema.h). Only `greylag
 * validate` asks: `plan` and `up` never wait for it. Each text is parsed once.
 *
 * The parser is a guide (sql/sql.h): of what it cannot read, and of what stands in DO bodies, nothing is said, and
 * tables that are named there are left out of what needs the whole schema. A wrong finding is worse than a missed one.
 *
 * `-- greylag:ignore RULE[, RULE...]: reason` ignores findings of these rules in the statement that it stands in or
 * right above; those of the whole file (no line) from anywhere in it. Without a reason it is a finding itself, and so
 * is one that ignores nothing.
 *
 * Ownership: findings live in the arena given. Texts are borrowed for a call; a text's `file` as long as the findings
 * are used. Threads: a struct lint belongs to one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "lint/rules.def"

enum lint_severity { LINT_OFF, LINT_WARNING, LINT_ERROR };

enum lint_rule {
#define X(name, ...) LINT_##name,
    LINT_RULES(X, X)
#undef X
        LINT_RULE_COUNT
};

struct lint_rule_row {
    const char *id;
    enum lint_severity severity; /* when nothing says otherwise */
    bool lasting;                /* also of migrations that are applied everywhere */
    const char *prose, *hint;
};
extern const struct lint_rule_row lint_rules[LINT_RULE_COUNT];

struct lint_policy {
    enum lint_severity severity[LINT_RULE_COUNT];
};

void lint_policy_default(struct lint_policy *ret_policy);
bool lint_rule_parse(const char *id, enum lint_rule *ret_rule);
/* Whether fleet.yml may say how much a rule counts: all but those about ignoring. */
bool lint_rule_is_free(enum lint_rule rule);
const char *lint_severity_text(enum lint_severity severity); /* "off", "warning", "error" */

/* What a placeholder is replaced by whose value is not known: no password. */
#define LINT_ANY_WORD "greylag_placeholder"

/* One text as a worker runs it (placeholders replaced), and the file that it comes from. */
struct lint_text {
    const char *sql; /* NULL: none; followed by a NUL */
    size_t size;
    const char *file;  /* its path, for findings */
    const char *whole; /* the file's bytes; NULL: not known, `sql` counts as all of it */
    size_t whole_size;
};

struct lint_migration {
    const char *id, *name, *version;
    const char *service; /* for the header that a fix writes */
    struct lint_text up, down;
    bool applied;        /* on all targets: only what lasts is said of it, ... */
    bool ends_differ;    /* ... and its line ends, where the text that is applied had others */
    bool says_breaking;  /* it has metadata that would say so, ... */
    bool breaking;       /* ... and whether they do */
    bool no_transaction; /* asked for by the file */
    bool apart;          /* no step of the service's way (a baseline, a callback): its tables are no matter of others */
    bool session_lasts;  /* its own tool keeps the session for the files behind it, ... */
    bool restores_path;  /* ... but for search_path and the role */
    const char *own_history; /* the table of that tool's record; NULL: greylag keeps it up, or there is none */
    const char *own_registry; /* the schema that is its record, with all its tables; NULL: it is that table */
    bool needs_no_undo;  /* its way back is another than an undo text */
};

struct lint_finding {
    enum lint_rule rule;
    enum lint_severity severity; /* WARNING or ERROR */
    const char *file;
    int line, column; /* from 1, in characters; 0: the whole file, not known */
    const char *text;
};

struct lint;
struct lint *lint_begin(const struct lint_policy *policy, struct arena *arena);
/* In the order in which they are applied. */
void lint_add(struct lint *lint, const struct lint_migration *migration);
/* SQL that is no migration, but runs with them: a verify script, a callback around each. `applied`: as a
 * migration's. */
void lint_add_aside(struct lint *lint, const struct lint_text *text, bool applied);
/* What was found, each once, in the order in which files were added, then of places; releases `lint`. */
void lint_end(struct lint *lint, const struct lint_finding **ret_findings, size_t *ret_count);

/* The text of a file with what `rules` (bits 1 << LINT_...) found in it mended; false: nothing can be mended without
 * changing what is applied. Mends LINE_ENDINGS, FINAL_NEWLINE and MISSING_HEADER; never what a string or a function's
 * body holds. `text` is the migration's up or down; its file has to hold nothing else for a header. */
bool lint_fix(const struct lint_migration *migration, const struct lint_text *text, unsigned rules, struct buf *out);
bool lint_rule_can_fix(enum lint_rule rule);

/* The rules as a page of the reference. */
void lint_markdown(struct buf *out);

/* Inside this room: what a rule sees, and how it reports. Threads: one at a time. */
#pragma once
#include "lint/facts.h"
#include "lint/place.h"
#include "lint/schema.h"

struct scope {
    struct lint *lint;
    const struct lint_migration *migration; /* not at END */
    const struct lint_text *text;           /* of this file or text */
    bool new_file;                          /* it is seen for the first time */
    const struct facts *facts;              /* at TEXT, FACT */
    const struct fact *fact;                /* at FACT */
    struct placing *placing;
    struct schema *schema;
    struct arena *arena; /* until lint_end */
};

/* The functions that rules.def names. */
#define X(name, function, ...) void function(struct scope *scope);
#define Y(...)
LINT_RULES(X, Y)
#undef X
#undef Y

/* Reports at the fact, at a place, at the file as a whole. Nothing is kept when the rule is off. */
void rule_fact(struct scope *scope, enum lint_rule rule, const char *format, ...) __attribute__((format(printf, 3, 4)));
void rule_at(struct scope *scope, enum lint_rule rule, struct place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Whether it was reported for this migration before: for rules that say one thing of a migration once. */
bool rule_said(const struct scope *scope, enum lint_rule rule);
/* "schema.table", without public's; for messages. */
const char *rule_name(struct scope *scope, struct relation name);
bool rule_names_word(const char *text, const char *word); /* as a whole word */
/* The text runs in one transaction. */
bool rule_transactional(const struct scope *scope);

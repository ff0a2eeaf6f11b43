/* The table of rules, and what follows from it. */
#include <string.h>

#include "base/cleanup.h"
#include "lint/lint.h"

const struct lint_rule_row lint_rules[LINT_RULE_COUNT] = {
#define X(name, function, id, severity, stage, parts, lasting, prose, hint) {id, LINT_##severity, lasting, prose, hint},
#define Y(name, id, severity, lasting, prose, hint) {id, LINT_##severity, lasting, prose, hint},
    LINT_RULES(X, Y)
#undef X
#undef Y
};

void lint_policy_default(struct lint_policy *ret_policy)
{
    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        ret_policy->severity[i] = lint_rules[i].severity;
}

bool lint_rule_parse(const char *id, enum lint_rule *ret_rule)
{
    for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
        if (strcmp(lint_rules[i].id, id) != 0)
            continue;
        *ret_rule = (enum lint_rule)i;
        return true;
    }
    return false;
}

bool lint_rule_is_free(enum lint_rule rule)
{
    return rule != LINT_IGNORE_REASON && rule != LINT_IGNORE_UNUSED;
}

const char *lint_severity_text(enum lint_severity severity)
{
    static const char *const texts[] = {"off", "warning", "error"};
    return texts[severity];
}

void lint_markdown(struct buf *out)
{
    buf_adds(out,
             "# Rules of `greylag validate`\n\n"
             "Besides [what is said of files and plans](findings.md), which no comment takes away, validate\n"
             "looks for traps. How much a rule counts is said in fleet.yml, for all services or for one:\n\n"
             "```yaml\ndefaults:\n  lint: {foreign-key-index: error, table-name: warning, timeout-off: off}\n```\n\n"
             "A finding is ignored by a comment with a reason, in its statement or right above it (for what is said of "
             "a whole\n"
             "file: anywhere in it): `-- greylag:ignore foreign-key-index: four rows for ever`.\n\n"
             "Of migrations that are applied on all targets (known from a coordinator or `--state FILE`) only what "
             "still can be\n"
             "mended is said: the last column.\n\n"
             "| rule | unless fleet.yml says otherwise | the trap | what to do | of applied ones too "
             "|\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        buf_addf(out, "| `%s` | %s | %s | %s | %s |\n", lint_rules[i].id, lint_severity_text(lint_rules[i].severity),
                 lint_rules[i].prose, lint_rules[i].hint, lint_rules[i].lasting ? "yes" : "no");
}

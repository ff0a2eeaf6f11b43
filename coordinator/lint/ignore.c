/* `-- greylag:ignore RULE[, RULE...]: reason`. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"
#include "lint/lint_internal.h"

#define WORD "greylag:ignore"
#define BLANKS " \t\r"

/* Whether `at` is the first word of a comment `--`. */
static bool is_comment(const char *text, const char *at)
{
    while (at > text && strchr(BLANKS, at[-1]))
        at--;
    return at - text >= 2 && at[-1] == '-' && at[-2] == '-';
}

static void add_ignore(struct lint *lint, enum lint_rule rule, struct place place)
{
    *arena_add(&lint->work, lint->ignores, lint->ignore_count, lint->ignore_room) =
        (struct ignore){.file = place.file,
                        .line = place.line,
                        .column = place.column,
                        .rule = rule,
                        .applied = lint->migration->applied};
}

static void wrong(struct scope *scope, struct place place, const char *rules)
{
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, rules, true);
    struct nearest nearest = nearest_to(rules);
    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        nearest_offer(&nearest, lint_rules[i].id);
    rule_at(scope, LINT_IGNORE_REASON, place, "there is no rule '%s' that can be ignored%s%s", buf_text(&shown),
            nearest.candidate ? "; " : "", nearest_hint(&nearest));
}

/* One comment: what stands behind the word, up to the end of its line. */
static void read_one(struct scope *scope, const char *text, size_t len, struct place place)
{
    auto_free char *line = xstrndup(text, len);
    char *colon = strchr(line, ':');
    const char *reason = colon ? colon + 1 + strspn(colon + 1, BLANKS) : "";
    if (colon)
        *colon = '\0';
    if (!*reason) {
        rule_at(scope, LINT_IGNORE_REASON, place, "it gives no reason, and ignores nothing");
        return;
    }
    char *rest = line;
    size_t named = 0;
    for (char *word; (word = strsep(&rest, ", \t\r"));) {
        enum lint_rule rule;
        if (!*word)
            continue;
        named++;
        if (lint_rule_parse(word, &rule) && lint_rule_is_free(rule))
            add_ignore(scope->lint, rule, place);
        else
            wrong(scope, place, word);
    }
    if (!named)
        rule_at(scope, LINT_IGNORE_REASON, place, "it names no rule, and ignores nothing");
}

void ignores_read(struct scope *scope)
{
    const char *text = scope->text->whole ? scope->text->whole : scope->text->sql;
    const char *end = text + (scope->text->whole ? scope->text->whole_size : scope->text->size);
    for (const char *p = text; (p = memmem(p, (size_t)(end - p), WORD, strlen(WORD))); p++) {
        const char *after = p + strlen(WORD), *line_end = memchr(after, '\n', (size_t)(end - after));
        if (is_comment(text, p))
            read_one(scope, after, (size_t)((line_end ? line_end : end) - after),
                     place_in_file(scope->text, (size_t)(p - text)));
    }
}

bool ignores_cover(struct lint *lint, const struct kept *kept)
{
    bool covered = false;
    for (size_t i = 0; lint_rule_is_free(kept->finding.rule) && i < lint->ignore_count; i++) {
        struct ignore *ignore = &lint->ignores[i];
        bool near = kept->from == 0 || (ignore->line >= kept->from && ignore->line <= kept->to);
        if (ignore->rule != kept->finding.rule || !near || strcmp(ignore->file, kept->finding.file) != 0)
            continue;
        ignore->used = covered = true;
    }
    return covered;
}

void ignores_end(struct lint *lint)
{
    for (size_t i = 0; i < lint->ignore_count; i++) {
        const struct ignore *ignore = &lint->ignores[i];
        struct place place = {.file = ignore->file, .line = ignore->line, .column = ignore->column};
        if (!ignore->used && !ignore->applied && lint->policy.severity[ignore->rule] != LINT_OFF)
            lint_keep(lint, LINT_IGNORE_UNUSED, place,
                      arena_printf(lint->arena, "%s finds nothing here", lint_rules[ignore->rule].id));
    }
}

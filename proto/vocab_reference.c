/* The vocabulary as a Markdown page, from the tables that the enums come from. */
#include "proto/vocab.h"

struct word {
    const char *text, *prose;
    bool ends;
};

static void add_table(struct buf *out, const char *title, const char *about, const struct word *words, size_t count)
{
    buf_addf(out, "\n## %s\n\n%s\n\n| | |\n|---|---|\n", title, about);
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "| %s%s | %s |\n", words[i].text, words[i].ends ? " (end)" : "", words[i].prose);
}

#define STATE(name, text, ends, prose) {text, prose, ends},
#define WORD(name, text, prose, ...) {text, prose, false},
#define TOOL(name, text, table, prose) {text, prose, false},
#define TABLE(title, about, ROW, ROWS)                                                                                 \
    do {                                                                                                               \
        static const struct word words[] = {ROWS(ROW)};                                                                \
        add_table(out, title, about, words, sizeof words / sizeof words[0]);                                           \
    } while (0)

static void add_topics(struct buf *out)
{
    buf_adds(out, "\n## Topics\n\nNamed `greylag.<fleet>.<environment>.<suffix>`, made by the leader.\n\n"
                  "| suffix | partitions | retention.ms | max.message.bytes | |\n|---|---|---|---|---|\n");
#define X(name, suffix, partitions, retention, large, prose)                                                           \
    buf_addf(out, "| `%s` | %d | %lld | %s | %s |\n", suffix, partitions, (long long)(retention),                      \
             (large) ? "67108864" : "the server's default", prose);
    TOPICS(X)
#undef X
}

#define ERROR "error"
#define WARNING "warning"
#define EITHER "error or warning"
#define FINDING(name, text, severity, prose) buf_addf(out, "| `%s` | %s | %s |\n", text, severity, prose);
#define FINDINGS_HEAD "\n\n| rule | | what it says |\n|---|---|---|\n"

void findings_markdown(struct buf *out)
{
    buf_adds(out, "# Findings\n\nWhat `validate`, `plan`, `up`, `down`, `import` and their like say of files and "
                  "plans, by the word in brackets behind it.\nEach finding has a file and line where there is one, "
                  "and what to do. No comment takes these away; the rules for SQL, which can\nbe set and ignored, are "
                  "[a page of their own](lint.md).\n\n## Of files" FINDINGS_HEAD);
    FILE_FINDINGS(FINDING)
    buf_adds(out, "\n## Of plans" FINDINGS_HEAD);
    PLAN_FINDINGS(FINDING)
}

void vocabulary_markdown(struct buf *out)
{
    buf_adds(out, "# Vocabulary\n\nThe words that messages, the HTTP interface and the command line use.\n");
    TABLE("States of a release", "A release in an end state does not block the next one.", STATE, RELEASE_STATES);
    TABLE("States of a step", "One step: one migration on one target, up or down.", STATE, STEP_STATES);
    TABLE("States of a target in a release", "As the engine sees it.", STATE, TARGET_STATES);
    TABLE("Outcomes", "What became of a request; committed in the target before anybody is told.", WORD, OUTCOMES);
    TABLE("Reports", "Messages of a worker.", WORD, REPORT_KINDS);
    TABLE("Refusals", "Why a job or a fence was not taken. A refusal is not a failed step.", WORD, REFUSALS);
    TABLE("Control messages", "Messages of the coordinator to one target, beside its jobs.", WORD, CONTROL_KINDS);
    TABLE("Kinds of migrations", "As the layout of the files says.", WORD, MIGRATION_KINDS);
    TABLE("Ranges", "What a dependency asks of a version.", WORD, RANGES);
    TABLE("Histories of other tools", "Read by `import`, kept up by `mirror_history`.", TOOL, HISTORY_TOOLS);
    TABLE("Rows of such a history", "What they say of a migration.", WORD, FOREIGN_STATES);
    TABLE("Directions", "Of a step.", WORD, DIRECTIONS);
    TABLE("Ways back", "How a step can be taken back.", WORD, WAYS_BACK);
    TABLE("on_failure", "What happens when a step fails for good.", WORD, FAILURE_POLICIES);
    TABLE("What needs a person", "Told by `status` and `health`, and counted by the metric `greylag_attention`.", WORD,
          ATTENTIONS);
    add_topics(out);
}

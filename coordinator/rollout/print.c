/* The decision table for people: as text, and as a diagram. */
#include <string.h>

#include "rollout/state.h"

static const char *const event_texts[] = {
#define X(name, text, prose) text,
    ROLLOUT_EVENTS(X)
#undef X
};

static const char *event_text(const struct decision_row *row)
{
    return row->event == ROLLOUT_EVENT_COUNT ? "any" : event_texts[row->event];
}

static void add_states(struct buf *out, unsigned states)
{
    const char *separator = "";
    if (states == (1u << RELEASE_STATE_COUNT) - 1) {
        buf_adds(out, "any");
        return;
    }
    for (int state = 0; state < RELEASE_STATE_COUNT; state++)
        if (states & (1u << state)) {
            buf_addf(out, "%s%s", separator, release_state_text((enum release_state)state));
            separator = "|";
        }
}

void rollout_print_table(struct buf *out)
{
    size_t count;
    const struct decision_row *table = decision_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct decision_row *row = &table[i];
        buf_addf(out, "%2zu %s: ", i + 1, row->name);
        add_states(out, row->states);
        buf_addf(out, " + %s", event_text(row));
        if (strcmp(row->guard_text, "always") != 0)
            buf_addf(out, " [%s]", row->guard_text);
        buf_addf(out, " -> %s", row->next == DECIDE_STAY ? "stay" : release_state_text((enum release_state)row->next));
        if (row->effects[0])
            buf_addf(out, " %s", row->effects_text);
        buf_addf(out, "%s\n   %s\n", row->told ? "" : " (silent)", row->why);
    }
}

static void add_node(struct buf *out, int state)
{
    for (const char *c = release_state_text((enum release_state)state); *c; c++)
        buf_addc(out, *c == ' ' ? '_' : *c);
}

void rollout_print_mermaid(struct buf *out)
{
    size_t count;
    const struct decision_row *table = decision_table(&count);
    buf_adds(out, "stateDiagram-v2\n    [*] --> running: accepted\n");
    for (int from = 0; from < RELEASE_STATE_COUNT; from++)
        for (size_t i = 0; i < count; i++) {
            const struct decision_row *row = &table[i];
            if (!(row->states & (1u << from)) || row->next == DECIDE_STAY || row->next == from)
                continue;
            buf_adds(out, "    ");
            add_node(out, from);
            buf_adds(out, " --> ");
            add_node(out, row->next);
            buf_addf(out, ": %s\n", row->name);
        }
    for (int state = 0; state < RELEASE_STATE_COUNT; state++)
        if (release_state_terminal((enum release_state)state)) {
            buf_adds(out, "    ");
            add_node(out, state);
            buf_adds(out, " --> [*]\n");
        }
}

/* In a cell of a table "|" would end the cell. */
static void add_cell(struct buf *out, const char *text)
{
    buf_addc(out, ' ');
    for (; *text; text++)
        buf_adds(out, *text == '|' ? " or " : (char[]){*text, 0});
    buf_adds(out, " |");
}

void rollout_print_markdown(struct buf *out)
{
    size_t count;
    const struct decision_row *table = decision_table(&count);
    buf_adds(out, "# The decision table\n\nEverything that the coordinator decides "
                  "(`coordinator/rollout/decisions.def`); the first row that fits is taken. `greylag release show` "
                  "names the rows that fired. This page is printed from the table.\n\n"
                  "```mermaid\n");
    rollout_print_mermaid(out);
    buf_adds(out, "```\n\n| | row | in | event | if | then | effects | why |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct decision_row *row = &table[i];
        struct buf states = BUF_INIT(400);
        add_states(&states, row->states);
        buf_addf(out, "| %zu | %s%s |", i + 1, row->name, row->told ? "" : " (silent)");
        add_cell(out, buf_text(&states));
        buf_release(&states);
        add_cell(out, event_text(row));
        add_cell(out, strcmp(row->guard_text, "always") == 0 ? "" : row->guard_text);
        add_cell(out, row->next == DECIDE_STAY ? "stay" : release_state_text((enum release_state)row->next));
        add_cell(out, row->effects[0] ? row->effects_text : "");
        add_cell(out, row->why);
        buf_addc(out, '\n');
    }
    buf_adds(out, "\n## Events\n\n| | |\n|---|---|\n");
#define X(name, text, prose) buf_addf(out, "| %s | %s |\n", text, prose);
    ROLLOUT_EVENTS(X)
#undef X
}

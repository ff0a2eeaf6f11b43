/* links: job rollout proto */
/* Both machines against each other, from their tables: whatever one of them can send, the other has a row for. A new
 * refusal, report, outcome, control or action without its other end fails here. */
#include <dirent.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "job/job.h"
#include "unit/rollout_fixture.h"

static const struct wanted_step two[] = {{.target = 0}, {.target = 1}, {.target = 0}};

/* All sources of a folder in one text. */
static void read_sources(const char *folder, struct buf *out)
{
    auto_free char *path = xasprintf("%s/%s", GREYLAG_SOURCE_DIR, folder);
    DIR *dir = opendir(path);
    cr_assert(dir, "%s", path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        auto_free char *file = xasprintf("%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && strchr(entry->d_name, '.'))
            cr_assert(buf_read_file(out, file, NULL), "%s", file);
    }
    closedir(dir);
}

static bool mentions(const struct buf *sources, const char *prefix, const char *name)
{
    auto_free char *word = xasprintf("%s%s", prefix, name);
    size_t len = strlen(word);
    for (const char *at = buf_text(sources); (at = strstr(at, word)); at += len)
        if (strspn(at + len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == 0)
            return true;
    return false;
}

/* ---- reports, refusals and outcomes have rows at the coordinator ---- */

static bool fencing(int state)
{
    return state == TARGET_FENCING;
}

static void begin(struct fix *fix, int state, enum direction direction, unsigned *fired)
{
    fix_init(fix, 2, two, 3, direction, fired);
    fix_ask(fix, ROLLOUT_ACCEPTED);
    if (fencing(state))
        fix_ask(fix, ROLLOUT_TAKEOVER);
    cr_assert_eq((int)fix->rollout.targets[0].state, state);
}

/* Whether a row for reports, other than the one for those that came too late, has fired. */
static const char *row_for(enum report_kind kind, enum refusal refusal, int state)
{
    size_t count;
    const struct decision_row *rows = decision_table(&count);
    auto_free unsigned *fired = xcalloc(count, sizeof *fired);
    const char *name = NULL;
    struct fix fix;
    begin(&fix, state, DIRECTION_UP, fired);
    memset(fired, 0, count * sizeof *fired);
    fix_say(&fix, (struct said){.kind = kind, .refusal = refusal, .message = "because"});
    for (size_t i = 0; i < count && !name; i++)
        if (fired[i] && rows[i].event == ROLLOUT_REPORT && strcmp(rows[i].name, "late") != 0)
            name = rows[i].name;
    fix_release(&fix);
    return name;
}

Test(machines, every_report_has_a_row)
{
    /* an answer to a fence is no answer to a job; what is applied at large is taken in before the engine */
    for (int kind = 0; kind < REPORT_KIND_COUNT; kind++) {
        bool job = kind != REPORT_FENCED && kind != REPORT_INVENTORY;
        bool fence = kind == REPORT_FENCED || kind == REPORT_REFUSED || kind == REPORT_BLOCKED;
        const char *name = report_kind_text((enum report_kind)kind);
        if (job)
            cr_expect(row_for((enum report_kind)kind, REFUSAL_BUSY, TARGET_BUSY), "%s of a job has no row", name);
        if (fence)
            cr_expect(row_for((enum report_kind)kind, REFUSAL_BUSY, TARGET_FENCING), "%s of a fence has no row", name);
    }
}

Test(machines, every_refusal_has_a_row)
{
    for (int refusal = 0; refusal < REFUSAL_COUNT; refusal++)
        for (int state = TARGET_BUSY; state <= TARGET_FENCING; state++) {
            if (state != TARGET_BUSY && !fencing(state))
                continue;
            const char *row = row_for(REPORT_REFUSED, (enum refusal)refusal, state);
            cr_expect(row, "refusal %s at a target that is %s", refusal_text((enum refusal)refusal),
                      target_state_text((enum target_state)state));
            if (row)
                printf("# %s at %s: %s\n", refusal_text((enum refusal)refusal),
                       target_state_text((enum target_state)state), row);
        }
}

Test(machines, every_outcome_settles_its_step)
{
    for (int direction = 0; direction < DIRECTION_COUNT; direction++)
        for (int kind = 0; kind < OUTCOME_COUNT; kind++) {
            struct fix fix;
            struct outcome outcome;
            begin(&fix, TARGET_BUSY, (enum direction)direction, NULL);
            fix_outcomes(&fix, "a0", &outcome);
            outcome.kind = (enum outcome_kind)kind;
            struct report report = {.kind = REPORT_OUTCOMES, .release = "r1", .id = "x", .message = "",
                                    .outcomes = &outcome, .outcome_count = 1};
            report.fence = report.in_force = (struct fence){.epoch = fix.rollout.epoch, .term = TERM, .digest = "",
                                                            .sequence = fix.rollout.targets[0].sequence};
            fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_REPORT, .target = 0, .report = &report});
            const struct rollout_step *step = &fix.rollout.steps[0];
            cr_expect(step->has_outcome && step->state != STEP_SENT && step->state != STEP_PENDING,
                      "outcome %s leaves the step %s", outcome_text(outcome.kind), step_state_text(step->state));
            fix_release(&fix);
        }
}

/* ---- whatever a worker's job ends with is one of these reports, and each refusal is given by somebody ---- */

static void note_word(const char *word, bool given[REFUSAL_COUNT], const struct buf *ledger)
{
    enum report_kind kind;
    enum refusal refusal;
    if (report_kind_parse(word, &kind)) {
        cr_expect(row_for(kind, REFUSAL_BUSY, TARGET_BUSY), "%s", word);
        return;
    }
    if (refusal_parse(word, &refusal)) {
        given[refusal] = true;
        return;
    }
    cr_assert_str_eq(word, "declined", "an action reports \"%s\", which is neither a report nor a refusal", word);
    for (int i = 0; i < REFUSAL_COUNT; i++) { /* what the fence itself declines with */
        auto_free char *set = xasprintf("refusal := '%s'", refusal_text((enum refusal)i));
        if (strstr(buf_text(ledger), set))
            given[i] = true;
    }
}

Test(machines, what_a_job_ends_with_is_understood)
{
    static const char *const actions[] = {
#define X(name, text, ...) text,
        JOB_ACTIONS(X)
#undef X
    };
    static const char *const names[] = {
#define X(name, ...) #name,
        REFUSALS(X)
#undef X
    };
    bool given[REFUSAL_COUNT] = {false};
    auto_buf struct buf ledger = BUF_INIT(BUF_MAX), runner = BUF_INIT(BUF_MAX);
    read_sources("worker/ledger/schema", &ledger);
    read_sources("worker/runner", &runner);
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (strncmp(actions[i], "report ", 7) == 0)
            note_word(actions[i] + 7, given, &ledger);
    for (int i = 0; i < REFUSAL_COUNT; i++)
        cr_expect(given[i] || mentions(&runner, "REFUSAL_", names[i]), "no worker ever refuses with %s", names[i]);
    size_t count;
    const struct job_row *rows = job_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const char *action = actions[rows[i].action];
        if (job_state_terminal(rows[i].next))
            cr_expect(strncmp(action, "report ", 7) == 0 || strncmp(action, "leave", 5) == 0,
                      "a job ends as %s with \"%s\": nobody hears of it", job_state_text(rows[i].next), action);
        else
            cr_expect(strncmp(action, "report ", 7) != 0, "a job is reported while it goes on (%s)", action);
    }
}

/* ---- what crosses the wire is sent by one side and read by the other ---- */

static void read_rooms(const char *const *folders, struct buf *out)
{
    for (; *folders; folders++)
        read_sources(*folders, out);
}

static const char *const at_worker[] = {"worker/runner", "worker/report", "worker/executor", NULL};
static const char *const at_coordinator[] = {"coordinator/daemon", "coordinator/rollout", NULL};

static void expect_both(const char *prefix, const char *const *names, size_t count)
{
    auto_buf struct buf worker = BUF_INIT(BUF_MAX), coordinator = BUF_INIT(BUF_MAX);
    read_rooms(at_worker, &worker);
    read_rooms(at_coordinator, &coordinator);
    for (size_t i = 0; i < count; i++) {
        cr_expect(mentions(&worker, prefix, names[i]), "no worker knows %s%s", prefix, names[i]);
        cr_expect(mentions(&coordinator, prefix, names[i]), "no coordinator knows %s%s", prefix, names[i]);
    }
}

Test(machines, controls_and_reports_have_two_ends)
{
    static const char *const controls[] = {
#define X(name, ...) #name,
        CONTROL_KINDS(X)
#undef X
    };
    static const char *const reports[] = {
#define X(name, ...) #name,
        REPORT_KINDS(X)
#undef X
    };
    expect_both("CONTROL_", controls, COUNT_OF(controls));
    expect_both("REPORT_", reports, COUNT_OF(reports));
}

/* The decision table: well formed, every row fired, each change of it a diff of the golden file. */
#include <stdlib.h>

#include "unit/rollout_fixture.h"

#include "base/buf.h"
#include "base/cleanup.h"

static const struct wanted_step two[] = {{.target = 0}, {.target = 1}, {.target = 0}, {.target = 1, .needs = {3}}};
static const struct wanted_step halting[] = {{.target = 0, .halt = true}, {.target = 1}};
static const struct wanted_step one_way[] = {{.target = 0, .no_way_back = true}, {.target = 1, .needs = {1}}};

static void begin(struct fix *fix, const struct wanted_step *wanted, int count, enum direction direction,
                  unsigned *fired)
{
    fix_init(fix, 2, wanted, count, direction, fired);
    fix_ask(fix, ROLLOUT_ACCEPTED);
}

static void refuse(struct fix *fix, enum refusal refusal, int64_t epoch, int64_t sequence)
{
    fix_say(fix, (struct said){.kind = REPORT_REFUSED, .refusal = refusal,
                               .in_force = {.epoch = epoch, .term = TERM, .sequence = sequence}});
}

static void fenced(struct fix *fix, int target, const char *outcomes)
{
    fix_say(fix, (struct said){.kind = REPORT_FENCED, .target = target, .outcomes = outcomes});
}

static void forward(unsigned *fired)
{
    struct fix fix;
    begin(&fix, two, 4, DIRECTION_UP, fired);
    fix_ask(&fix, ROLLOUT_RETRY);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = 1});
    fix_say(&fix, (struct said){.kind = REPORT_BLOCKED, .message = "full"});
    refuse(&fix, REFUSAL_BUSY, 7, 1);
    refuse(&fix, REFUSAL_STALE, 9, 1);
    refuse(&fix, REFUSAL_CONFLICT, 7, 1);
    refuse(&fix, REFUSAL_STALE, 7, 100);
    fix_wait(&fix, 15000);
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .outcomes = "a0", .sequence_back = 1});
    fix_outcome(&fix, 0, "");
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED});
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_BACK, .target = 0});
    refuse(&fix, REFUSAL_STALE, 7, 200);
    fix_wait(&fix, 2000);
    fenced(&fix, 0, "a0");
    fenced(&fix, 1, "a1");
    fix_outcome(&fix, 0, "a2");
    fix_outcome(&fix, 1, "a3");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

static void back(unsigned *fired)
{
    struct fix fix;
    begin(&fix, two, 4, DIRECTION_UP, fired);
    fix_outcome(&fix, 1, "a1");
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .outcomes = "f0"});
    fix_outcome(&fix, 1, "f6");
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    fix_outcome(&fix, 1, "a6");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
    begin(&fix, one_way, 2, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "f1");
    STATE(&fix, HALTED);
    fix_release(&fix);
    begin(&fix, two, 4, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "a0 a2");
    fix_outcome(&fix, 1, "a1");
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    fix_wait(&fix, 120000);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1", .sequence_back = 5});
    fenced(&fix, 1, "a1");
    fix_release(&fix);
    begin(&fix, two, 4, DIRECTION_UP, fired);
    fix_ask(&fix, ROLLOUT_CANCEL);
    fenced(&fix, 0, "");
    fenced(&fix, 1, "");
    STATE(&fix, CANCELLED);
    fix_release(&fix);
    begin(&fix, (const struct wanted_step[]){{.target = 0}, {.target = 0}, {.target = 0}}, 3, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "a0 a1");
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    fix.rollout.settings.job_steps = 1;
    fenced(&fix, 0, "a0 a1");
    fix_outcome(&fix, 0, "a4");
    SENT(&fix, "t0:5");
    fix_release(&fix);
}

static void halts(unsigned *fired)
{
    struct fix fix;
    begin(&fix, halting, 2, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "f0");
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    fix_release(&fix);
    begin(&fix, halting, 2, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "f0");
    fenced(&fix, 1, "");
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1, .every = true});
    fix_release(&fix);
    begin(&fix, halting, 2, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "f0");
    fenced(&fix, 1, "");
    fix_ask(&fix, ROLLOUT_RETRY);
    refuse(&fix, REFUSAL_CHECKSUM, 7, 1);
    fix_release(&fix);
    begin(&fix, halting, 2, DIRECTION_UP, fired);
    refuse(&fix, REFUSAL_VERSION, 7, 1);
    fix_release(&fix);
    begin(&fix, halting, 2, DIRECTION_UP, fired);
    refuse(&fix, REFUSAL_STALE, INT64_MAX, 1);
    fix_release(&fix);
    begin(&fix, two, 4, DIRECTION_UP, fired);
    fix_outcome(&fix, 0, "a0");
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = 1});
    fenced(&fix, 0, "");
    fix_release(&fix);
    begin(&fix, two, 4, DIRECTION_UP, fired);
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fenced(&fix, 0, "a0 a7");
    fix_release(&fix);
    for (enum rollout_event_kind kind = ROLLOUT_ROLLBACK; kind <= ROLLOUT_CANCEL; kind++) {
        begin(&fix, two, 4, DIRECTION_DOWN, fired);
        fix_ask(&fix, kind);
        fix_release(&fix);
    }
}

Test(rollout_table, every_row_is_fired)
{
    size_t count, missing = 0;
    const struct decision_row *rows = decision_table(&count);
    auto_free unsigned *fired = xcalloc(count, sizeof *fired);
    forward(fired);
    back(fired);
    halts(fired);
    for (size_t i = 0; i < count; i++)
        if (!fired[i]) {
            fprintf(stderr, "never fired: %s\n", rows[i].name);
            missing++;
        }
    cr_assert_eq(missing, 0);
}

Test(rollout_table, is_well_formed)
{
    size_t count;
    const struct decision_row *rows = decision_table(&count);
    const unsigned any = (1u << RELEASE_STATE_COUNT) - 1;
    for (size_t i = 0; i < count; i++) {
        const struct decision_row *row = &rows[i];
        cr_assert(row->states != 0 && (row->states & ~any) == 0 && row->guard && *row->why, "%s", row->name);
        cr_assert(row->next == DECIDE_STAY || (row->next >= 0 && row->next < RELEASE_STATE_COUNT), "%s", row->name);
        for (size_t k = 0; k < i; k++) {
            const struct decision_row *before = &rows[k];
            cr_assert(strcmp(row->name, before->name) != 0, "two rows are called %s", row->name);
            bool hidden = before->guard == always && (row->states & ~before->states) == 0 &&
                          (before->event == ROLLOUT_EVENT_COUNT || before->event == row->event);
            cr_assert(!hidden, "%s can never fire: %s catches all of it", row->name, before->name);
        }
        /* a terminal state is left only when an operator says so */
        for (int state = 0; state < RELEASE_STATE_COUNT; state++)
            if ((row->states & (1u << state)) && release_state_terminal((enum release_state)state) &&
                row->next != DECIDE_STAY)
                cr_assert(state == RELEASE_HALTED && (row->event == ROLLOUT_ROLLBACK || row->event == ROLLOUT_RETRY ||
                                                      row->event == ROLLOUT_CANCEL), "%s", row->name);
    }
    const struct decision_row *last = &rows[count - 1];
    cr_assert(last->states == any && last->event == ROLLOUT_EVENT_COUNT && last->guard == always);
}

Test(rollout_table, is_the_golden_one)
{
    auto_buf struct buf printed = BUF_INIT(BUF_MAX), golden = BUF_INIT(BUF_MAX);
    struct err err = ERR_INIT;
    const char *path = GREYLAG_SOURCE_DIR "/tests/unit/golden/decisions.txt";
    rollout_print_table(&printed);
    if (getenv("GREYLAG_WRITE_GOLDEN")) {
        FILE *file = fopen(path, "w");
        cr_assert(file && fputs(buf_text(&printed), file) >= 0 && fclose(file) == 0);
    }
    cr_assert(buf_read_file(&golden, path, &err), "%s", err.text);
    cr_assert_str_eq(buf_text(&printed), buf_text(&golden),
                     "the decision table changed: look at it, then run this test with GREYLAG_WRITE_GOLDEN=1");
    auto_buf struct buf diagram = BUF_INIT(BUF_MAX);
    rollout_print_mermaid(&diagram);
    cr_assert(strstr(buf_text(&diagram), "running --> fencing: failed-rolls-back"));
    cr_assert(strstr(buf_text(&diagram), "fencing --> rolling_back: rolling-back"));
}

/* What servers said beside outcomes, as people read it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

/* A step on user/eu with this outcome. */
static json_t *step_with(const char *outcome)
{
    auto_free char *text = xasprintf("{\"service\":\"user\",\"target\":\"eu\",\"migration\":\"4\",\"name\":\"unique\","
                                     "\"direction\":\"up\",\"state\":\"failed\",\"outcome\":%s}", outcome);
    json_error_t problem;
    json_t *step = json_loads(text, 0, &problem);
    cr_assert_not_null(step, "%s: %s", problem.text, text);
    return step;
}

static void shows(const struct buf *out, const char *expected)
{
    cr_expect_str_eq(buf_text(out), expected, "<%s>\n<%s>", buf_text(out), expected);
}

/* All of it is shown to who looks, and cannot drive the terminal. */
Test(cli_said, what_servers_said)
{
    json_t *step = step_with("{\"sqlstate\":\"23505\",\"message\":\"duplicate\",\"attempt\":6,\"startedAtUs\":1000000,"
                             "\"finishedAtUs\":31500000,\"said\":{\"detail\":\"Key (x)=(\\u001b[2J)\","
                             "\"hint\":\"look\\ntwice\",\"context\":\"PL/pgSQL function f() line 3\","
                             "\"schema\":\"public\",\"table\":\"users\",\"constraint\":\"one\","
                             "\"notices\":\"WARNING: a\\n  HINT: b\\n\"}}");
    auto_buf struct buf out = BUF_INIT(65536);
    view_problem(step, NULL, &out);
    shows(&out, "  user/eu: 4 unique failed\n"
                "    23505: duplicate\n"
                "    DETAIL: Key (x)=(\\x1b[2J)\n"
                "    HINT: look\n"
                "    twice\n"
                "    CONTEXT: PL/pgSQL function f() line 3\n"
                "    table public.users, constraint one\n"
                "    tried 6 times in 30.5 s\n");
    buf_clear(&out);
    json_t *steps = json_pack("[O]", step);
    view_notices(steps, &out);
    shows(&out, "\nWhat the databases said:\n"
                "  user/eu: 4 unique\n"
                "    WARNING: a\n"
                "      HINT: b\n");
    json_decref(steps);
    json_decref(step);
}

/* Who follows a release in plain lines sees each notice once. */
Test(cli_said, notices_while_it_runs)
{
    json_t *step = step_with("{\"said\":{\"notices\":\"WARNING: a\\n\"}}");
    json_object_set_new(step, "ordinal", json_integer(3));
    json_t *before = json_pack("{s:s, s:s, s:[]}", "id", "r1", "state", "running", "notices");
    json_t *now = json_pack("{s:s, s:s, s:[O]}", "id", "r1", "state", "running", "notices", step);
    auto_buf struct buf out = BUF_INIT(65536);
    view_changes(before, now, &out);
    shows(&out, "  user/eu: 4 unique\n    WARNING: a\n");
    buf_clear(&out);
    view_changes(now, now, &out);
    shows(&out, "");
    json_decref(before);
    json_decref(now);
    json_decref(step);
}

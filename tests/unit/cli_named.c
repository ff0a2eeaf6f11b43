/* releases.yml, changelog and matrix, as the programs a person runs. */
#include <jansson.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "unit/root.h"

TestSuite(named, .init = make_root, .fini = remove_root);

static char output[65536];

/* Runs `greylag ARGUMENTS` in the fleet's folder; its exit code. What it printed is in `output`. */
static int greylag(const char *arguments)
{
    auto_free char *command = xasprintf("cd %s && env -u GREYLAG_URL HOME=%s %s/bin/greylag %s 2>&1", root, root,
                                        GREYLAG_BINARY_DIR, arguments);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    size_t len = fread(output, 1, sizeof output - 1, pipe);
    output[len] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define SAYS(text) cr_expect(strstr(output, text), "no <%s> in:\n%s", text, output)

static void fleet(void)
{
    put("fleet.yml", "fleet: shop\nservices:\n  auth: {migrations: auth}\n  user: {migrations: user}\n");
    put("auth/V1__users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n");
    put("user/V1__profile.sql", "-- Dependencies: auth >= 1\nCREATE TABLE profile (id int PRIMARY KEY);\n");
}

Test(named, a_release_is_named_once_and_its_changes_are_told)
{
    fleet();
    cr_assert_eq(greylag("release create 1.0.0 'the \"first\" | one'"), 0, "%s", output);
    put("auth/V2__email.sql", "-- Author: ann\n-- Breaking: true\nALTER TABLE users ADD email text;\n");
    put("user/V3__x.sql", "SELECT 1;\n");
    cr_assert_eq(greylag("release create 1.1.0 second"), 0, "%s", output);
    cr_expect_eq(greylag("release create 1.1.0 again"), 6);
    SAYS("release 1.1.0 is in");
    cr_assert_eq(greylag("changelog --from 1.0.0 --to 1.1.0"), 0, "%s", output);
    cr_expect_str_eq(output, "auth\n  2 email BREAKING, ann\n\nuser\n  3 x\n");
    cr_assert_eq(greylag("changelog --to 1.0.0 --format markdown"), 0);
    cr_expect_str_eq(output, "# Changes to 1.0.0\n\n## auth\n\n- 1 users\n\n## user\n\n- 1 profile\n");
    cr_assert_eq(greylag("changelog --from 1.1.0"), 0);
    cr_expect_str_eq(output, "Nothing has changed.\n");
    cr_assert_eq(greylag("changelog --service auth --from 1 --json"), 0);
    SAYS("\"breaking\": true");
    cr_expect_eq(greylag("changelog --service usr"), 6);
    SAYS("the fleet has no service 'usr'");
    cr_expect_eq(greylag("changelog --from usr=1"), 6);
    put("fleet.yml", "fleet: shop\nservices:\n  auth: {migrations: auth, aliases: [auth-service]}\n"
                     "  user: {migrations: user}\n");
    cr_assert_eq(greylag("changelog --service auth-service --from auth-service=1"), 0, "%s", output);
    cr_expect_str_eq(output, "auth\n  2 email BREAKING, ann\n");
    cr_assert_eq(greylag("plan --offline --service auth-service --target auth-service=1"), 0, "%s", output);
    SAYS("1  auth  1 users");
    cr_assert_eq(greylag("create more --service auth-service"), 0, "%s", output);
    SAYS("auth/V3__more.sql");
    put("user/4_purge.sql", "-- @metadata {\"category\": \"data\", \"requiresDowntime\": true, \"tags\": "
                            "[\"gdpr\"]}\n-- UP\nSELECT 1;\n");
    put("fleet.yml", "fleet: shop\nservices:\n  auth: {migrations: auth}\n  user: {migrations: user, layout: "
                     "metadata}\n");
    cr_assert_eq(greylag("changelog --category data"), 0, "%s", output);
    cr_expect_str_eq(output, "user\n  4 purge [data], requires downtime\n");
    cr_assert_eq(greylag("changelog --category data --json"), 0);
    SAYS("\"gdpr\"");
    cr_expect_eq(greylag("changelog --from 2.0.0"), 6);
    SAYS("releases.yml names no release 2.0.0");
}

Test(named, a_release_ends_with_what_runs_on_change)
{
    put("fleet.yml", "fleet: shop\nservices:\n  stock: {migrations: stock}\n  view: {migrations: view}\n");
    put("stock/c.sql", "--liquibase formatted sql\n--changeset ann:1\nCREATE TABLE t (id int);\n"
                       "--changeset ann:v runOnChange:true\nCREATE OR REPLACE VIEW v AS SELECT 1;\n");
    put("view/V1__x.sql", "SELECT 1;\n");
    put("view/R__v.sql", "SELECT 1;\n");
    cr_assert_eq(greylag("release create 1.0.0 first --json"), 0, "%s", output);
    SAYS("\"stock\": \"c.sql::v::ann\"");
    SAYS("\"view\": \"1\"");
    cr_assert_eq(greylag("plan --offline --release 1.0.0"), 0, "%s", output);
    SAYS("c.sql::v::ann");
    SAYS("R__v");
}

Test(named, a_file_that_is_wrong_is_refused_and_kept)
{
    fleet();
    put("releases.yml", "releases:\n  - version: '1'\n    services: {auth: '1'}\n  - version: '1'\n    services: {}\n");
    cr_expect_eq(greylag("release create 2 x"), 2);
    SAYS("releases.yml:4:");
    SAYS("stands twice");
    put("releases.yml", "releases: [{version: '1', services: {? : '1'}}]\n");
    cr_expect_eq(greylag("release create 2 x"), 2);
    SAYS("releases.yml:1:");
    put("releases.yml", "releases: [{version: '1', services: {auth: '1'}}]\n"); /* nothing can be added behind that */
    cr_expect_eq(greylag("release create 2 x"), 2);
    auto_free char *path = in_root("releases.yml");
    auto_buf struct buf text = BUF_INIT(65536);
    cr_assert(buf_read_file(&text, path, NULL));
    cr_expect_str_eq(buf_text(&text), "releases: [{version: '1', services: {auth: '1'}}]\n");
}

/* What is wrong in the files is told alike by every command that reads them: as JSON for programs. */
Test(named, broken_files)
{
    static const char *const commands[] = {"changelog --json", "changelog --format json", "matrix --json",
                                           "matrix --format json", "release create 2 x --json", "plan --json"};
    fleet();
    put("auth/V1__again.sql", "SELECT 1;\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        json_t *json = NULL;
        cr_expect_eq(greylag(commands[i]), 6, "%s", commands[i]);
        json = json_loads(output, 0, NULL);
        cr_expect_eq(json_integer_value(json_object_get(json, "errors")), 1, "%s: %s", commands[i], output);
        json_decref(json);
    }
    cr_expect_eq(greylag("matrix"), 6);
    SAYS("[duplicate-version]");
    SAYS("1 error in the files: nothing was done");
}

Test(named, the_matrix_in_every_format)
{
    fleet();
    put("auth/V2__email.sql", "-- Breaking: yes\nALTER TABLE users ADD email text;\n");
    cr_assert_eq(greylag("matrix"), 0);
    SAYS("auth     2        email\n");
    SAYS("user     1                          auth >= 1");
    cr_assert_eq(greylag("matrix --format markdown --all"), 0);
    SAYS("| auth | 1 |  |  |\n| auth | 2 | email |  |\n| user | 1 |  | auth \\>= 1 |");
    cr_assert_eq(greylag("matrix --json"), 0);
    SAYS("\"range\": \">=\"");
    cr_assert_eq(greylag("matrix --format mermaid"), 0);
    SAYS("user-service -- \"1 needs #62;= 1\" --> auth-service");
    cr_assert_eq(greylag("matrix --format dot"), 0);
    SAYS("\"user\" -> \"auth\" [label=\"1 needs >= 1\"];");
    cr_expect_eq(greylag("matrix --format xml"), 2);
    SAYS("none of text, markdown, json, mermaid, dot");
}

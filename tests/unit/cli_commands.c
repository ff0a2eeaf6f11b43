/* The commands as they are typed, against a real API over a real control database; and what they say without one. */
/* links: api harness */
#include "api/api.h"
#include "http/token.h"
#include "store/store.h"
#include "unit/cli_typed.h"
#include "unit/control.h"

static struct api *api;

/* ---- without a coordinator ---- */

TestSuite(cli_offline, .init = clean_environment, .fini = leave_root, .timeout = 60);

Test(cli_offline, init_validate_plan)
{
    EXPECT("greylag init shop", 0);
    SAYS(out_text, "greylag dev shop/fleet.yml");
    EXPECT("greylag init shop", 2);
    SAYS(err_text, "shop/fleet.yml exists already; nothing was written");
    EXPECT("greylag validate --fleet shop/fleet.yml", 0);
    cr_expect_str_eq(out_text, "fleet shop, environment dev: 1 service, 1 migration; 0 errors, 0 warnings\n");
    EXPECT("greylag plan --fleet shop/fleet.yml", 0);
    SAYS(out_text, "Planned as if every database were empty.");
    SAYS(out_text, "1  example  1 create example");
    cr_assert_eq(chdir("shop/services/example"), 0);
    EXPECT("greylag plan --json", 0); /* fleet.yml is found upwards */
    SAYS(out_text, "\"digest\"");
    EXPECT("greylag plan --graph", 0);
    SAYS(out_text, "flowchart LR");
}

Test(cli_offline, findings_are_exit_code_6)
{
    EXPECT("greylag init shop", 0);
    put("shop/services/example/V1__again.sql", "SELECT 1;\n");
    EXPECT("greylag validate -f shop/fleet.yml", 6);
    SAYS(out_text, "error: ");
    SAYS(out_text, "[duplicate-version]");
    EXPECT("greylag validate -f shop/fleet.yml --json", 6);
    SAYS(out_text, "\"duplicate-version\"");
    EXPECT("greylag plan -f shop/fleet.yml", 6);
    SAYS(err_text, "1 error in the files: nothing was done");
    cr_expect_str_eq(out_text, "");
    put("shop/fleet.yml", "fleet: shop\nsurprise: 1\n");
    EXPECT("greylag validate -f shop/fleet.yml", 2);
    SAYS(err_text, "fleet.yml:2");
}

Test(cli_offline, what_is_missing_is_said_with_what_to_do)
{
    EXPECT("greylag validate", 2);
    SAYS(err_text, "greylag init");
    EXPECT("greylag status", 2);
    SAYS(err_text, "GREYLAG_URL");
    EXPECT("greylag status --url http://127.0.0.1:1", 1);
    SAYS(err_text, "http://127.0.0.1:1");
    EXPECT("greylag status --url nonsense", 2);
    EXPECT("greylag status --url http://127.0.0.1:1 --token a --token-file b", 2);
    EXPECT("greylag init shop", 0);
    EXPECT("greylag up -f shop/fleet.yml", 2);
    EXPECT("greylag up -f shop/fleet.yml --target 2 --url http://127.0.0.1:1", 2);
    SAYS(err_text, "of which service?");
    EXPECT("greylag down -f shop/fleet.yml --all --steps 2 --url http://127.0.0.1:1", 2);
    SAYS(err_text, "exclude each other");
    EXPECT("greylag down -f shop/fleet.yml --steps 2 --url http://127.0.0.1:1", 2);
    EXPECT("greylag down -f shop/fleet.yml --to 3 --url http://127.0.0.1:1", 2);
    SAYS(err_text, "of which service?");
    EXPECT("greylag up -f shop/fleet.yml --timeout soon --url http://127.0.0.1:1", 2);
    EXPECT("greylag plan -f shop/fleet.yml --state nowhere.json", 1);
    put("state.json", "{}");
    EXPECT("greylag plan -f shop/fleet.yml --state state.json", 6);
    EXPECT("greylag plan -f shop/fleet.yml --env nowhere", 2);
}

/* A program that asks for JSON hears of a coordinator that does not answer, too: no failure is silent. */
Test(cli_offline, no_failure_is_silent)
{
    static const char *const commands[] = {"up", "up --dry-run", "plan", "baseline --service example --version 1 --yes",
                                           "repair --service example --yes", "import --yes", "down --all", "status"};
    EXPECT("greylag init shop", 0);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        auto_free char *typed =
            xasprintf("greylag %s --json -f shop/fleet.yml --url http://127.0.0.1:1", commands[i]);
        EXPECT(typed, 1);
        cr_expect_str_eq(out_text, "", "%s", typed);
        SAYS(err_text, "cannot reach http://127.0.0.1:1");
    }
}

Test(cli_offline, the_own_configuration_is_private_when_it_holds_a_token)
{
    put(".config/greylag/config.yml", "url: http://127.0.0.1:1\ntoken: secret\n");
    cr_assert_eq(chmod(".config/greylag/config.yml", 0644), 0);
    EXPECT("greylag health", 1);
    SAYS(err_text, "chmod 600");
    cr_expect_null(strstr(err_text, "secret"));
    cr_assert_eq(chmod(".config/greylag/config.yml", 0600), 0);
    EXPECT("greylag health", 1);
    SAYS(err_text, "cannot reach http://127.0.0.1:1");
    put(".config/greylag/config.yml", "uri: http://127.0.0.1:1\n");
    EXPECT("greylag health", 2);
    SAYS(err_text, "config.yml:1");
}

Test(cli_offline, keys_and_tokens)
{
    EXPECT("greylag keygen user.key", 0);
    SAYS(out_text, "ed25519:");
    EXPECT("greylag keygen user.key", 1);
    struct stat st;
    cr_assert_eq(stat("user.key", &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    EXPECT("greylag token ci --append tokens", 0);
    cr_expect_eq(strlen(out_text), 68, "%s", out_text);
    EXPECT("greylag token ann --role admin --append tokens", 0);
    out_text[strcspn(out_text, "\n")] = '\0';
    struct tokens tokens;
    MUST(tokens_read("tokens", &tokens, &why));
    cr_expect_eq(tokens.count, 2);
    const struct token *found = tokens_find(&tokens, out_text);
    cr_assert(found);
    cr_expect_str_eq(found->name, "ann");
    cr_expect_eq(found->role, TOKEN_ADMIN);
    cr_expect_null(tokens_find(&tokens, ""));
    tokens_release(&tokens);
    EXPECT("greylag token ci --role king", 2);
    EXPECT("greylag token a/b", 2);
    EXPECT("greylag workers enroll user.key.pub", 2);
    SAYS(err_text, "--target");
    EXPECT("greylag workers enroll nothing --target a --url http://127.0.0.1:1", 2);
    EXPECT("greylag workers enroll user.key.pub --target a --url http://127.0.0.1:1", 1);
}

Test(cli_offline, damaged_token_files)
{
    static const char *const bad[] = {"ann admin\n", "ann king 00\n", "ann admin zz\n", "a b c d\n", "ann\n"};
    struct tokens tokens;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        put("tokens", bad[i]);
        cr_assert_eq(chmod("tokens", 0600), 0);
        cr_expect_not(tokens_read("tokens", &tokens, &err), "%s", bad[i]);
        cr_expect_eq(err.kind, ERR_CONFIG, "%s: %s", bad[i], err.text);
        SAYS(err.text, "tokens:1");
    }
    cr_assert_eq(chmod("tokens", 0640), 0);
    cr_expect_not(tokens_read("tokens", &tokens, &err));
    cr_expect_eq(err.kind, ERR_UNTRUSTED);
    cr_expect_not(tokens_read("none", &tokens, &err));
}

/* ---- with one ---- */

static void start(void)
{
    clean_environment();
    start_database();
    cr_assert_eq(type("greylag init shop"), 0);
    cr_assert_eq(chdir("shop"), 0);
    cr_assert_eq(type("greylag token ann --role admin --append tokens"), 0);
    out_text[strcspn(out_text, "\n")] = '\0';
    setenv("GREYLAG_TOKEN", out_text, 1);
    struct api_options options = {.address = "127.0.0.1:0", .conninfo = conninfo, .fleet = "shop", .environment = "dev",
                                  .tokens_file = "tokens"};
    MUST(api_start(&options, &api, &why));
    setenv("GREYLAG_URL", api_url(api), 1);
}

static void stop(void)
{
    api_stop(api);
    stop_database();
    leave_root();
}
TestSuite(cli_online, .init = start, .fini = stop, .timeout = 120);

static void make_ready(void)
{
    struct store *store = NULL;
    struct store_lease lease;
    bool taken = false;
    EXPECT("greylag keygen user.key", 0);
    EXPECT("greylag workers enroll user.key.pub --target example --name w1", 0);
    MUST(store_open(conninfo, "shop", "dev", "test", &store, &why));
    MUST(store_lease_take(store, &(struct store_candidate){.holder = "test", .ttl_ms = 300000}, &taken, &lease, &why));
    struct store_seen seen = {.worker = "w-1", .host = "h", .version = "1", .service = "example", .target = "example",
                              .contents = "", .problem = ""};
    struct store_inventory inventory = {.service = "example", .target = "example"};
    struct store_batch batch = {.seen = &seen, .seen_count = 1, .inventories = &inventory, .inventory_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    store_close(store); /* its lease lasts: what targets said is known as long as somebody leads */
}

Test(cli_online, up_dry_run_accept_watch)
{
    make_ready();
    EXPECT("greylag status", 0);
    SAYS(out_text, "example  example  0              1");
    put("shop/services/example/V1__again.sql", "SELECT 1;\n");
    EXPECT("greylag status", 0);
    SAYS(err_text, "what is pending is not known: the files have errors");
    cr_assert_eq(unlink("services/example/V1__again.sql"), 0);
    EXPECT("greylag plan", 0);
    cr_expect_not(strstr(err_text, "has not told yet"), "%s", err_text);
    test_pg_run(conninfo, "UPDATE greylag.targets SET known = false");
    EXPECT("greylag plan", 0);
    SAYS(err_text, "note: example/example has not told yet what it holds: this is planned from what was known before");
    test_pg_run(conninfo, "UPDATE greylag.targets SET known = true");
    EXPECT("greylag up --dry-run", 0);
    SAYS(out_text, "1  example  1 create example");
    SAYS(out_text, "Nothing was started");
    EXPECT("greylag release list", 0);
    SAYS(out_text, "There is no release yet");
    EXPECT("greylag release show", 2);
    EXPECT("greylag up --timeout 300ms", 1);
    SAYS(out_text, "accepted: 1 step\n");
    SAYS(err_text, "the time to wait is over. Release");
    SAYS(err_text, "goes on");
    EXPECT("greylag up", 1);
    SAYS(err_text, "greylag release watch");
    test_pg_run(conninfo, "UPDATE greylag.targets SET problem = 'no space left', last_seen = now()");
    EXPECT("greylag release show", 0);
    SAYS(out_text, "What stands in its way:\n  example/example blocked: no space left\n");
    test_pg_run(conninfo, "UPDATE greylag.targets SET problem = ''");
    SAYS(out_text, "running");
    SAYS(out_text, "asked for by ann");
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'halted', reason = 'it stands', ended_at = now(),"
                          " change = nextval('greylag.change')");
    EXPECT("greylag release watch", 4);
    SAYS(out_text, "greylag release retry");
    EXPECT("greylag release watch latest --json", 4);
    SAYS(out_text, "\"state\": \"halted\"");
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'rolled back', change = nextval('greylag.change')");
    EXPECT("greylag release watch", 3);
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'cancelled', change = nextval('greylag.change')");
    EXPECT("greylag release watch", 1);
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'succeeded', change = nextval('greylag.change')");
    EXPECT("greylag release watch", 0);
    EXPECT("greylag release watch no-such-release", 2);
    EXPECT("greylag tag v1 no-such-release", 2);
    SAYS(err_text, "there is no release no-such-release");
    EXPECT("greylag tag --delete v1", 2);
    EXPECT("greylag down --release no-such-release", 2);
    EXPECT("greylag release rollback --no-wait", 1);
    EXPECT("greylag down", 0); /* as `up` where nothing is pending */
    SAYS(out_text, "nothing that a release ran is in effect");
    EXPECT("greylag down --accept-irreversible", 2); /* it would accept nothing */
}

/* Nothing went wrong with an undo that nobody has asked for. */
Test(cli_online, an_undo_waits_until_its_step_is_known)
{
    make_ready();
    EXPECT("greylag up --no-wait", 0);
    test_pg_run(conninfo, "UPDATE greylag.steps SET state = 'sent'; INSERT INTO greylag.steps (release, ordinal, leg, "
                          "target_ix, plan_step, direction, state, attempt, undoes, undoes_request, request_in_effect, "
                          "request) SELECT release, 1, 1, target_ix, plan_step, 'down', 'unknown', 1, ordinal, '', '', "
                          "'r.1.1' FROM greylag.steps; UPDATE greylag.releases SET state = 'fencing', change = "
                          "nextval('greylag.change')");
    EXPECT("greylag release show", 0);
    cr_expect_null(strstr(out_text, "What went wrong"), "%s", out_text);
    test_pg_run(conninfo, "UPDATE greylag.steps SET state = 'unknown'; UPDATE greylag.releases SET state = 'halted', "
                          "ended_at = now(), change = nextval('greylag.change')");
    EXPECT("greylag release watch", 4);
    SAYS(out_text, "example: 1 create example: whether it took effect is not known");
    cr_expect_null(strstr(out_text, "undo of 1"), "%s", out_text);
    test_pg_run(conninfo, "UPDATE greylag.steps SET state = 'applied' WHERE leg = 0"); /* asked for, and not answered */
    EXPECT("greylag release show", 0);
    SAYS(out_text, "undo of 1 create example: whether it took effect is not known");
}

/* A rehearsal ends as the release would: with 6 where steps without a way back are accepted by nobody. */
Test(cli_online, a_rehearsal_is_refused_as_the_release)
{
    make_ready();
    cr_assert_eq(unlink("services/example/U1__create_example.sql"), 0);
    EXPECT("greylag up --dry-run", 6);
    SAYS(out_text, "error: service example: of the planned migrations 1 without a way back");
    SAYS(out_text, "Nothing was started");
    EXPECT("greylag up --dry-run --json", 6);
    SAYS(out_text, "\"error\": true");
    EXPECT("greylag up", 6);
    EXPECT("greylag up --dry-run --accept-irreversible", 0);
    SAYS(out_text, "warning: service example: of the planned migrations 1 without a way back");
    EXPECT("greylag plan", 0);
    EXPECT("greylag plan --accept-irreversible", 0); /* with the words of up */
    SAYS(out_text, "warning: service example: of the planned migrations 1 without a way back");
    put("shop/fleet.yml", "fleet: shop\nservices:\n  example: {migrations: m, layout: declared, versions: "
                          "[{version: a, name: b, file: b.py}]}\n");
    put("shop/m/b.py", "pass\n");
    EXPECT("greylag up --dry-run --accept-irreversible", 6);
    SAYS(out_text, "error: service example: of the planned migrations 1 that greylag does not run");
    EXPECT("greylag up --accept-irreversible", 6);
    SAYS(err_text, "1 step is one that greylag does not run");
}

Test(cli_online, nothing_pending_is_no_release)
{
    make_ready();
    auto_buf struct buf text = BUF_INIT(65536);
    char digest[DIGEST_HEX_SIZE];
    MUST(buf_read_file(&text, "services/example/V1__create_example.sql", &why));
    digest_hex(buf_text(&text), text.len, digest);
    auto_free char *sql = xasprintf("INSERT INTO greylag.applied (service, target, migration, checksum, request, "
                                    "release) VALUES ('example', 'example', '1', '%s', 'r.0.1', 'r')", digest);
    test_pg_run(conninfo, sql);
    EXPECT("greylag up", 0);
    cr_expect_str_eq(out_text, "Nothing is pending.\n");
    EXPECT("greylag plan", 0);
    cr_expect_str_eq(out_text, "Nothing is pending.\n");
    EXPECT("greylag status --applied --json", 0);
    put("shop/state.json", out_text);
    EXPECT("greylag plan --state state.json", 0);
    cr_expect_str_eq(out_text, "Nothing is pending.\n");
    EXPECT("greylag down --all --dry-run", 0);
    SAYS(out_text, "1 step to undo");
    EXPECT("greylag down --to 01m7yvyq52v686ec9ryr3cw455", 2);
    SAYS(err_text, "there is no release");
    EXPECT("greylag down --all --no-wait", 0);
    SAYS(out_text, "accepted");
}

Test(cli_online, what_records_shows_and_asks_first)
{
    make_ready();
    EXPECT("greylag import --yes --patience 300ms", 1);
    SAYS(err_text, "example/example has not said yet");
    EXPECT("greylag import --service nothing --dry-run", 6);
    SAYS(err_text, "the fleet has no service 'nothing'");
    EXPECT("greylag baseline --version 1", 2);
    EXPECT("greylag baseline --service example", 2);
    SAYS(err_text, "--from-database");
    EXPECT("greylag baseline --service example --version 7 --dry-run", 6);
    SAYS(err_text, "no migration of version 7");
    SAYS(err_text, "`greylag changelog --service example` lists what there is");
    EXPECT("greylag baseline --service example --version 1 --dry-run", 0);
    SAYS(out_text, "1 step to record; nothing of them runs");
    SAYS(out_text, "Nothing was recorded (--dry-run).");
    EXPECT("greylag baseline --service example --version 1 --json", 2);
    SAYS(err_text, "say --yes");
    EXPECT("greylag baseline --service example --version 1 --yes --no-wait", 0);
    SAYS(out_text, "accepted: 1 to record");
    EXPECT("greylag release list", 0);
    SAYS(out_text, "adopt");
    EXPECT("greylag tag", 0);
    SAYS(out_text, "There is no tag yet");
    EXPECT("greylag tag before", 0);
    SAYS(out_text, "greylag down --to before");
    EXPECT("greylag tag 1.2", 2);
    EXPECT("greylag tag", 0);
    SAYS(out_text, "before");
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'succeeded', ended_at = now(), change = "
                          "nextval('greylag.change')");
    EXPECT("greylag down --to before", 0);
    SAYS(out_text, "There is nothing to undo.");
    EXPECT("greylag down --to behind", 2);
    SAYS(err_text, "no release has that id or tag");
    EXPECT("greylag down --to before --to before", 2);
    SAYS(err_text, "only versions of services may be repeated");
    EXPECT("greylag tag --delete before", 0);
    EXPECT("greylag tag --delete before", 2);
    test_pg_run(conninfo, "INSERT INTO greylag.applied (service, target, migration, checksum, request, release)"
                          " VALUES ('example', 'example', '1', 'aaaaaaaaaaaaaaaa', 'r.0.1', 'r'),"
                          " ('example', 'example', '0', 'bbbbbbbbbbbbbbbb', 'r.1.1', 'r')");
    EXPECT("greylag repair --dry-run", 0);
    SAYS(out_text, "checksum aaaaaaaaaaaa... -> ");
    SAYS(out_text, "forget (checksum bbbbbbbbbbbb...)");
    EXPECT("greylag repair --realign --dry-run", 0);
    cr_expect_null(strstr(out_text, "forget"));
    EXPECT("greylag repair", 2);
}

Test(cli_offline, a_password_is_not_taken_on_the_command_line)
{
    EXPECT("greylag init shop", 0);
    EXPECT("greylag baseline -f shop/fleet.yml --service example --from-database --database "
           "postgres://me:secret@localhost/x", 2);
    SAYS(err_text, "process list");
    EXPECT("greylag baseline -f shop/fleet.yml --service example --from-database --version ../1", 2);
    EXPECT("greylag baseline -f shop/fleet.yml --service nothing --from-database", 6);
}

Test(cli_online, why_it_is_not_known_what_a_target_holds)
{
    make_ready();
    test_pg_run(conninfo, "UPDATE greylag.targets SET known = false");
    EXPECT("greylag status", 0);
    SAYS(out_text, "what it holds is not known yet\n"); /* its answer is on its way */
    EXPECT("greylag up --timeout 1s", 1);
    SAYS(err_text, "example/example: what it holds is not known yet");
    test_pg_run(conninfo, "UPDATE greylag.targets SET untrusted = 3");
    EXPECT("greylag status", 0);
    SAYS(out_text, "what it holds is not known: distrusted\n");
    EXPECT("greylag up --timeout 1s", 1);
    SAYS(err_text, "example/example: its worker does not know the coordinator's key");
    SAYS(err_text, "greylag health");
    EXPECT("greylag import --patience 100ms --dry-run", 1);
    SAYS(err_text, "example/example: its worker does not know the coordinator's key");
    test_pg_run(conninfo, "UPDATE greylag.targets SET last_seen = NULL");
    EXPECT("greylag status", 0);
    SAYS(out_text, "what it holds is not known: unseen\n");
    test_pg_run(conninfo, "UPDATE greylag.targets SET last_seen = now() - interval '1 hour'");
    EXPECT("greylag targets forget example/example", 0);
    EXPECT("greylag status", 0); /* the files have it all the same */
    SAYS(out_text, "it was forgotten; start its worker, or take it out of fleet.yml\n");
    EXPECT("greylag up --timeout 1s", 1);
    SAYS(err_text, "example/example: it was forgotten; start its worker, or take it out of fleet.yml");
    cr_expect_null(strstr(err_text, "no worker reports it"), "%s", err_text);
    EXPECT("greylag down --service nothing --steps 1", 6);
    SAYS(err_text, "the fleet has no service 'nothing'");
    cr_expect_null(strstr(err_text, "name it with --service"), "%s", err_text);
}

Test(cli_online, reads)
{
    make_ready();
    EXPECT("greylag workers list", 0);
    SAYS(out_text, "w1");
    EXPECT("greylag history", 0);
    SAYS(out_text, "Nothing has run yet.");
    EXPECT("greylag history --service nothing", 0);
    SAYS(out_text, "Nothing of that has run.");
    EXPECT("greylag history --service example --limit 0", 2);
    test_pg_run(conninfo, "UPDATE greylag.lease SET expires_at = '-infinity'");
    EXPECT("greylag status", 0);
    SAYS(out_text, "what it holds is not known: leaderless\n");
    EXPECT("greylag health", 1);
    SAYS(out_text, "no coordinator leads");
    EXPECT("greylag health --json", 1);
    EXPECT("greylag workers revoke w1", 0);
    EXPECT("greylag workers revoke w1", 2);
    setenv("GREYLAG_TOKEN", "wrong", 1);
    EXPECT("greylag status", 1);
    SAYS(err_text, "this token is not known here");
}

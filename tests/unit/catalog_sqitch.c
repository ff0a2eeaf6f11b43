/* Sqitch: the plan, its scripts, dependencies across projects, and the ids that the real tool gave. */
#include "unit/catalog_fixture.h"

TestSuite(sqitch, .init = setup, .fini = teardown);

#define PLAN "%syntax-version=1.0.0\n%project=a\n%uri=https://example.org/a\n\n"
#define BY " 2024-01-01T08:00:00Z Ann Other <ann@example.org>"

static void script(const char *folder, const char *name)
{
    auto_free char *deploy = xasprintf("%s/deploy/%s.sql", folder, name);
    auto_free char *revert = xasprintf("%s/revert/%s.sql", folder, name);
    auto_free char *verify = xasprintf("%s/verify/%s.sql", folder, name);
    auto_free char *text = xasprintf("BEGIN;\nselect '%s';\nCOMMIT;\n", name);
    put(deploy, text);
    put(revert, "BEGIN;\nselect 0;\nCOMMIT;\n");
    put(verify, "BEGIN;\nselect 1;\nROLLBACK;\n");
}

Test(sqitch, changes_scripts_and_tags)
{
    put("a/sqitch.plan",
        "%project=a # words\n# more\n%other\n\n"
        "users" BY " # The\\nusers \n# a line of words\n\n+ roles [users]" BY "\r\n@v1" BY "\n@v1.b" BY "\n"
        "views [users@v1 @v1 users]" BY "\nusers" BY "\n@v2" BY "\nsub/x-1" BY "\n");
    script("a", "users@v1.b");
    script("a", "roles");
    script("a", "views");
    script("a", "users");
    script("a", "sub/x-1");
    script("a", "stray");
    one("");
    clean();
    cr_expect_str_eq(service(0)->layout, "sqitch");
    cr_expect_eq(service(0)->history, HISTORY_SQITCH);
    cr_expect_str_eq(ids(0), "users+ roles+ views+ users#2+ sub/x-1+", "%s", ids(0));
    const struct migration *first = migration(0, "users"), *views = migration(0, "views");
    cr_expect_str_eq(first->name, "The\nusers");
    cr_expect_str_eq(first->author, "Ann Other");
    cr_expect_str_eq(first->script, "a");
    cr_expect_str_eq(first->file, "a/deploy/users@v1.b.sql");
    cr_expect_str_eq(sql_of(first->verify), "BEGIN;\nselect 1;\nROLLBACK;\n");
    cr_assert_eq(views->depends_count, 2u); /* `users` stands for its first form there, which is named already */
    cr_expect_str_eq(views->depends[0].version, "users");
    cr_expect_str_eq(first->version, "users@v1");
    cr_expect_str_eq(migration(0, "users#2")->version, "users");
    cr_expect_str_eq(views->depends[1].version, "roles");
    cr_expect_str_eq(views->depends[1].where, "a/sqitch.plan:11");
    found("skipped-file", false, "a/deploy/stray.sql", "no change of a/sqitch.plan");
    cr_expect_str_eq(catalog_tagged(catalog, "a", "v1.b"), "roles");
    cr_expect_str_eq(catalog_tagged(catalog, "a", "v2"), "users#2");
    cr_expect_null(catalog_tagged(catalog, "a", "v3"));
    const char *record = migration(0, "roles")->foreign_record;
    cr_expect(strstr(record, "\"tag\":\"@v1\"") && strstr(record, "\"requires\":[\"users\"]"), "%s", record);
}

/* What Sqitch 1.4 wrote into its registry for this fleet. */
Test(sqitch, ids_are_those_of_the_real_tool)
{
    auto_buf struct buf golden = BUF_INIT(BUF_MAX);
    catalog_free(catalog);
    cr_assert(buf_read_file(&golden, GREYLAG_SOURCE_DIR "/tests/unit/golden/foreign/sqitch.sql", &err), "%s", err.text);
    cr_assert(catalog_load(GREYLAG_SOURCE_DIR "/tests/fleets/sqitch/fleet.yml", NULL, NULL, NULL, &catalog, &err),
              "%s", err.text);
    clean();
    size_t count = 0, tags = 0;
    for (size_t s = 0; s < catalog->fleet.service_count; s++) {
        for (size_t i = 0; i < service(s)->migration_count; i++, count++) {
            const struct migration *m = &service(s)->migrations[i];
            const char *hash = strstr(m->foreign_record, "\"script_hash\":\"");
            cr_assert_not_null(hash);
            auto_free char *row = xasprintf("sqitch.changes VALUES ('%s', '%.40s'", m->foreign_checksum,
                                            hash + strlen("\"script_hash\":\""));
            cr_expect_not_null(strstr(buf_text(&golden), row), "%s:%s %s", service(s)->name, m->id, row);
            for (const char *tag = m->foreign_record; (tag = strstr(tag, "{\"id\":\"")); tag++, tags++) {
                auto_free char *id = xasprintf("sqitch.tags VALUES ('%.40s'", tag + strlen("{\"id\":\""));
                cr_expect_not_null(strstr(buf_text(&golden), id), "%s", id);
            }
        }
    }
    cr_expect(count == 23 && tags == 5, "%zu %zu", count, tags);
}

/* What is applied stays what it is when its change is reworked: id, change id, texts. */
Test(sqitch, a_rework_leaves_what_it_was)
{
    put("a/sqitch.plan", PLAN "f" BY "\n@v1" BY "\n");
    script("a", "f");
    one("");
    struct migration before = *migration(0, "f");
    auto_free char *up = xstrdup(before.up), *down = xstrdup(before.down), *id = xstrdup(before.foreign_checksum);
    for (int form = 2; form <= 3; form++) {
        put("a/sqitch.plan", form == 2 ? PLAN "f" BY "\n@v1" BY "\nf [f@v1]" BY "\n"
                                       : PLAN "f" BY "\n@v1" BY "\nf [f@v1]" BY "\n@v2" BY "\nf [f@v2]" BY "\n");
        put("a/deploy/f@v1.sql", "BEGIN;\nselect 'f';\nCOMMIT;\n"); /* `sqitch rework` copies them */
        put("a/revert/f@v1.sql", "BEGIN;\nselect 0;\nCOMMIT;\n");
        script("a", "f@v2");
        put("a/deploy/f.sql", "select 'another';\n");
        put("a/revert/f.sql", "select 'f of before';\n");
        one("");
        const struct migration *first = migration(0, "f"), *last = migration(0, form == 2 ? "f#2" : "f#3");
        cr_expect(strcmp(first->up, up) == 0 && strcmp(first->down, down) == 0);
        cr_expect_str_eq(first->foreign_checksum, id);
        cr_expect_str_eq(first->version, "f@v1");
        cr_expect_str_eq(last->version, "f");
        cr_expect(first < last && strcmp(last->up, up) != 0);
    }
}

Test(sqitch, other_projects)
{
    put("a/sqitch.plan", PLAN "one" BY "\n@v1" BY "\none [one@v1]" BY "\ntwo" BY "\n");
    script("a", "one@v1");
    script("a", "one");
    script("a", "two");
    put("b/sqitch.plan", "%project=b\n\nx [a:one@v1 a:one other:@v1]" BY "\ny [a:two !a:three !c:two]" BY "\n");
    script("b", "x");
    script("b", "y");
    put("fleet.yml", "fleet: shop\nservices: {first: {migrations: a, aliases: [a, other]}, b: {migrations: b}}\n");
    load();
    clean();
    const struct migration *x = migration(1, "x");
    cr_assert_eq(x->depends_count, 2u);
    cr_expect_str_eq(x->depends[0].service, "first");
    cr_expect_str_eq(x->depends[0].version, "one");
    cr_expect_str_eq(x->depends[1].version, "one#2");
    put("b/sqitch.plan", "%project=b\n\nx [a:none d:one]" BY "\ny [!a:two !x]" BY "\n");
    load();
    found("missing-dependency", false, "b/sqitch.plan",
          "b:x depends on 'a:none', but service first has no such migration");
    found("missing-dependency", false, "b/sqitch.plan", "there is no service or alias 'd'");
    cr_expect_eq(found("conflict", true, "b/sqitch.plan", "b:y conflicts with first:two")->line, 4);
    found("conflict", true, "b/sqitch.plan", "b:y conflicts with b:x");
    const char *id = migration(0, "two")->foreign_checksum;
    auto_free char *by_id = xasprintf("%%project=b\n\nx [a:%s %s]" BY "\ny" BY "\n", id, id);
    put("b/sqitch.plan", by_id);
    load();
    clean();
    cr_expect_str_eq(migration(1, "x")->depends[1].version, "two");
}

Test(sqitch, what_a_plan_may_not_say)
{
    static const struct {
        const char *lines, *says;
        int line;
    } bad[] = {
        {"x" BY "\nx" BY "\n", "stands twice", 6},
        {"@v1" BY "\n", "in front of the first change", 5},
        {"x" BY "\n@v1" BY "\ny" BY "\n@v1" BY "\n", "the tag stands twice", 8},
        {"x" BY "\n@v/x" BY "\n", "with a '/'", 6},
        {"x" BY "\n@v1 [x]" BY "\n", "a tag with dependencies", 6},
        {"x [y]" BY "\n", "x requires y, which is no change above it", 5},
        {"x [x]" BY "\n", "x requires x", 5},
        {"x" BY "\ny [x@v1]" BY "\n@v1" BY "\n", "y requires x@v1", 6},
        {"-x" BY "\n", "'-' in front", 5},
        {"x\n", "no name, or no date", 5},
        {"x 2024-01-01T08:00:00Z\n", "no planner", 5},
        {"x 2024-01-01 Ann <a@b>\n", "no date", 5},
        {"x 2024-01-01T08:00:00Z Ann <a@b> more\n", "no planner", 5},
        {".x" BY "\n", "not the name", 5},
        {"x:y" BY "\n", "not the name", 5},
        {"x~1" BY "\n", "not the name", 5},
        {"HEAD" BY "\n", "not the name", 5},
        {"0123456789012345678901234567890123456789" BY "\n", "not the name", 5},
        {"x [y" BY "\n", "without a ']'", 5},
        {"x [a b:c:d]" BY "\n", "a dependency that cannot be read", 5},
        {"x" BY "\n", "has no script deploy/x.sql", 5},
    };
    put("a/none.sql", "select 1;");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        auto_free char *plan = xasprintf("%s%s", PLAN, bad[i].lines);
        bad_file("sqitch", "sqitch.plan", plan, "sqitch", bad[i].says, bad[i].line);
    }
    bad_file("sqitch", "sqitch.plan", "%uri=x\n\nx" BY "\n", "sqitch", "names no project", 2);
    bad_file("sqitch", "sqitch.plan", "%project=a\nx" BY "\n", "sqitch", "not a pragma", 2);
    bad_file("sqitch", "sqitch.plan", "", "sqitch", "names no project", 0);
}

Test(sqitch, where_scripts_lie)
{
    put("a/sqitch.conf", "; words\n[core]\n\tengine = pg # ours\n\ttop_dir = ./db/\n[Engine \"pg\"]\n\tverify_dir = "
                         "\"checks\"\n"
                         "\treworked_dir = old\n\tregistry = books\n"
                         "[deploy]\n\tverify = true\n[target \"x\"]\n\turi = db:pg:x\n");
    put("a/db/sqitch.plan", "%project=a\n\nx" BY "\n@v" BY "\nx" BY "\n");
    put("a/old/deploy/x@v.sql", "select 1;");
    put("a/old/revert/x@v.sql", "select 2;");
    put("a/db/deploy/x.sql", "select 3;");
    put("a/db/revert/x.sql", "select 4;");
    put("a/checks/x.sql", "select 5;");
    one("");
    clean();
    cr_expect_str_eq(ids(0), "x+ x#2+", "%s", ids(0));
    cr_expect_str_eq(sql_of(migration(0, "x")->down), "select 2;");
    cr_expect_str_eq(catalog->fleet.services[0].history_table, "books"); /* its registry's schema */
    cr_expect_str_eq(sql_of(migration(0, "x#2")->verify), "select 5;");
    put("b/sqitch/sqitch.plan", "%project=b\n\nx" BY "\n");
    put("b/sqitch/deploy/x.sql", "\\set ON_ERROR_STOP\nselect 1;");
    put("fleet.yml", "fleet: shop\nservices: {b: {migrations: b}}");
    load();
    clean();
    found("no-undo", false, "b/sqitch/deploy/x.sql", "no revert script");
    cr_expect(strstr(migration(0, "x")->refused, "psql"));
    bad_file("sqitch", "sqitch.conf", "[core]\nengine = mysql\n", "sqitch", "not pg", 0);
    bad_file("sqitch", "sqitch.conf", "[core]\nextension = ddl\n", "sqitch", "another extension", 0);
    bad_file("sqitch", "sqitch.conf", "# x\ntop_dir = a\n[core]\n", "sqitch", "in front of the first section", 2);
    bad_file("sqitch", "sqitch.conf", "[core\n", "sqitch", "without ']'", 1);
    bad_file("sqitch", "sqitch.conf", "[core]\ntop_dir = a\\\n", "sqitch", "cannot be followed", 2);
    bad_file("sqitch", "sqitch.conf", "[target \"x\"]\ntop_dir = a\n", "sqitch", "of a single target", 2);
}

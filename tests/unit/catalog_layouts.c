/* What goes for the files of every layout alike: each layout beside each case. */
#include "unit/catalog_fixture.h"

TestSuite(layouts, .init = setup, .fini = teardown, .timeout = 120);

/* How one migration and its undo look: head, its SQL, between, that of the undo, tail; with an undo file: each of the
 * two is head, SQL, tail. */
static const struct layout_case {
    const char *name, *path, *head, *between, *tail;
    const char *undo;             /* NULL: in the same file */
    const char *more, *more_text; /* another file, NULL: none */
    int line;                     /* where the SQL's first line stands */
    bool replaces;                /* its tool knows placeholders, and refuses those without a value */
    bool by_psql;
    bool wide;                    /* a no-break space between statements is a space to its tool */
} layouts[] = {
    {.name = "flyway", .path = "a/V1__x.sql", .head = "", .tail = "", .undo = "a/U1__x.sql", .line = 1,
     .replaces = true, .wide = true},
    {.name = "golang-migrate", .path = "a/1_x.up.sql", .head = "", .tail = "", .undo = "a/1_x.down.sql", .line = 1},
    {.name = "goose", .path = "a/1_x.sql", .head = "-- +goose Up\n-- +goose StatementBegin\n",
     .between = "\n-- +goose StatementEnd\n-- +goose Down\n-- +goose StatementBegin\n",
     .tail = "\n-- +goose StatementEnd\n", .line = 3, .wide = true},
    {.name = "dbmate", .path = "a/1_x.sql", .head = "-- migrate:up\n", .between = "\n-- migrate:down\n", .tail = "\n",
     .line = 2},
    {.name = "diesel", .path = "a/1_x/up.sql", .head = "", .tail = "", .undo = "a/1_x/down.sql", .line = 1},
    {.name = "liquibase", .path = "a/1.sql", .head = "--liquibase formatted sql\n--changeset a:1\n",
     .between = "\n/* liquibase rollback\n", .tail = "\n*/\n", .line = 3},
    {.name = "sqitch", .path = "a/deploy/x.sql", .head = "BEGIN;\n", .tail = "\nCOMMIT;\n", .undo = "a/revert/x.sql",
     .more = "a/sqitch.plan", .more_text = "%project=a\n\nx 2024-01-01T00:00:00Z A <a@example.org> # x\n", .line = 2,
     .by_psql = true},
    {.name = "metadata", .path = "a/1_x.sql", .head = "-- UP\n", .between = "\n-- DOWN\n", .tail = "\n", .line = 2},
    {.name = "timestamp", .path = "a/20240101_001_a_x.sql", .head = "", .tail = "",
     .undo = "a/rollback/20240101_001_a_x.sql", .line = 1, .by_psql = true},
};

/* Each layout in a folder of its own: the files of the one before are removed. */
static void clear(const struct layout_case *layout)
{
    static const struct layout_case *before;
    if (before && before != layout) {
        remove_root();
        memcpy(root + strlen(root) - 6, "XXXXXX", 6);
        make_root();
    }
    before = layout;
}

static void write_pair(const struct layout_case *layout, const char *up, const char *down)
{
    clear(layout);
    bool one_file = layout->undo == NULL;
    auto_free char *text = xasprintf("%s%s%s%s%s", layout->head, up, one_file ? layout->between : "",
                                     one_file ? down : "", layout->tail);
    put(layout->path, text);
    auto_free char *undo = xasprintf("%s%s%s", layout->head, down, layout->tail);
    if (!one_file)
        put(layout->undo, undo);
    if (layout->more)
        put(layout->more, layout->more_text);
}

static void read_pair(const struct layout_case *layout, const char *keys, const char *up, const char *down)
{
    write_pair(layout, up, down);
    auto_free char *all = xasprintf("    layout: %s\n%s", layout->name, keys);
    one(all);
}

static const struct catalog_finding *any(const char *rule, bool error, const char *text)
{
    for (size_t i = 0; i < catalog->finding_count; i++) {
        const struct catalog_finding *finding = &catalog->findings[i];
        if (strcmp(finding->rule, rule) == 0 && finding->error == error && strstr(finding->text, text))
            return finding;
    }
    return NULL;
}

static void shown(const struct layout_case *layout, const char *of)
{
    for (size_t i = 0; catalog->error_count && i < catalog->finding_count; i++)
        printf("# %s <%s>: %d %s %s:%d %s\n", layout->name, of, catalog->findings[i].error, catalog->findings[i].rule,
               catalog->findings[i].file, catalog->findings[i].line, catalog->findings[i].text);
}

#define TABLE "create table t (a text);"

/* An undo that undoes nothing is none. */
Test(layouts, no_undo_is_an_undo)
{
    static const struct {
        const char *down;
        bool undo;
        const char *says;
    } rows[] = {
        {"", false, "holds no SQL"},
        {"-- nothing to do\n", false, "holds no SQL"},
        {"-- a comment; with this", false, "holds no SQL"},
        {";\n;", false, "holds no SQL"},
        {"-- XXX Add DDLs here.", false, "holds no SQL"},
        {"-- This file should undo anything in `up.sql`\n", false, "holds no SQL"},
        {"SELECT 'down SQL query';", false, "as it was made"},
        {"SELECT cast('the way back of x is not written yet' AS integer);", false, "as it was made"},
        {"select  'down SQL query';", false, "as it was made"},
        {"BEGIN;\n/* x */ SELECT -- it's\n'down SQL query' ;\nCOMMIT;", false, "as it was made"},
        {"select\n  CAST( 'the way back of x is not written yet' as  integer )\n;", false, "as it was made"},
        {"select 'down  SQL query';", true, ""},
        {"SELECT 'down SQL query', drop_all();", true, ""},
        {"set search_path = app;", false, "only sets"},
        {"begin;\nset local search_path to 'a;b', \"c;\";\nreset role; -- drop\ncommit;", false, "only sets"},
        {"set role app;\ndrop table t;", true, ""},
        {"set app.x = '; -- ';\ndrop table t;", true, ""},
        {"select 1;", true, ""},
        {"drop table t;", true, ""},
        {"-- drop\ndrop table t", true, ""},
    };
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            read_pair(&layouts[l], "", TABLE, rows[i].down);
            shown(&layouts[l], rows[i].down);
            cr_expect_eq(catalog->error_count, 0u);
            cr_expect_eq(service(0)->migrations[0].down != NULL, rows[i].undo, "%s <%s>", layouts[l].name,
                         rows[i].down);
            bool nothing = !*rows[i].down && strcmp(layouts[l].name, "liquibase") == 0;
            cr_expect_eq(any("no-undo", false, nothing ? "has no --rollback" : rows[i].says) != NULL, !rows[i].undo,
                         "%s <%s>", layouts[l].name, rows[i].down);
        }
    }
}

/* A migration that does nothing is said to; its undo has nothing to take back. */
Test(layouts, ups_that_do_nothing)
{
    static const char *const ups[] = {"-- nothing yet", "-- a;\n;", "SELECT 'up SQL query';",
                                      "select\t'up SQL query';"};
    static const char *const templates[] = {"-- SQL in section 'Down' is executed when this migration is rolled back",
                                            "-- SQL in this section is executed when the migration is rolled back.",
                                            "-- Add down migration script here"};
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        for (size_t i = 0; i < COUNT_OF(ups); i++) {
            read_pair(&layouts[l], "", ups[i], "select 1;");
            cr_expect(any("empty", false, ""), "%s <%s>", layouts[l].name, ups[i]);
            cr_expect(service(0)->migrations[0].down);
        }
        read_pair(&layouts[l], "", "-- nothing", "-- nothing");
        cr_expect(any("empty", false, "holds no SQL") && service(0)->migrations[0].down, "%s", layouts[l].name);
        for (size_t i = 0; i < COUNT_OF(templates); i++) {
            read_pair(&layouts[l], "", "-- nothing", templates[i]);
            cr_expect(!service(0)->migrations[0].down, "%s <%s>", layouts[l].name, templates[i]);
        }
        read_pair(&layouts[l], "", TABLE, "select 1;");
        cr_expect(!any("empty", false, ""), "%s", layouts[l].name);
        read_pair(&layouts[l], "", "set search_path to app;", "set search_path to public;");
        cr_expect(service(0)->migrations[0].down, "%s", layouts[l].name);
    }
}

/* What no server reads is refused by name and line, in ups and downs. */
Test(layouts, what_no_server_reads)
{
    static const struct {
        const char *sql;
        int line; /* in the SQL, from 1 */
        const char *says, *hint;
        bool psql;
    } rows[] = {
        {"\\restrict abc\n\n" TABLE "\n\n\\unrestrict abc", 1, "\\restrict is a command of psql", "pg_dump", true},
        {"\\connect shop\n" TABLE, 1, "\\connect is a command of psql", "pg_dump -C", true},
        {TABLE "\nselect 'drop table x' \\gexec", 2, "\\gexec is a command of psql", "DO block", true},
        {TABLE "\n\\copy t from 'x.csv'", 2, "\\copy is", "COPY ... FROM STDIN", true},
        {TABLE "\n\\i x.sql", 2, "\\i is", "put the SQL", true},
        {TABLE "\n\\echo it's done\nselect 'x';", 2, "\\echo is", "RAISE NOTICE", true},
        {TABLE "\nselect E'a\n\\n', $$\n\\i x\n$$;\n-- \\i x\n\\set x 1", 7, "\\set is", "the value", true},
        {TABLE "\ninsert into t values (:'name');", 2, ":'name' is a variable of psql", "placeholder", true},
        {TABLE "\nselect * from :schema.t;", 2, ":schema is a variable of psql", "placeholder", true},
        {TABLE "\nselect 'drop table x'\\gexec", 2, "\\gexec is a command of psql", "DO block", true},
        {TABLE "\nselect format('drop table %I', 'x')\n\\gexec", 3, "\\gexec is a command of psql", "DO block", true},
        {TABLE "\nselect 'drop table x'\n\\gexec", 3, "\\gexec is a command of psql", "DO block", true},
        {TABLE "\nselect now() as a\n\\gset\nselect :'a';", 3, "\\gset is a command of psql", "DO block", true},
        {TABLE "\nselect 1\\; select 2;", 2, "\\; is a command of psql", "alone", true},
        {TABLE "\nselect :{?x};", 2, ":{?x} is a variable of psql", "placeholder", true},
        {TABLE "\ninsert into t values ('abc);", 2, "the string that begins here has no end", "end it", false},
        {TABLE "\n/* never closed", 2, "the comment that begins here has no end", "end it", false},
        {TABLE "\ndo $x$ begin null; end $y$;", 2, "the dollar-quoted text that begins here has no end", "", false},
        {TABLE "\nselect \"a from t;", 2, "the quoted name that begins here has no end", "", false},
        {"create newer thing;\nselect 'x", 2, "the string that begins here has no end", "", false},
        {TABLE "\nselect 1\xe2\x80\x8b;", 2, "zero-width space", "ordinary", false},
        {TABLE "\ncreate table u (a\xc2\xa0int);", 2, "a no-break space (U+00A0)", "ordinary", false},
        {TABLE "\nalter table t add b\xe2\x80\x89int;", 2, "a wide or narrow space (U+2009)", "ordinary", false},
        {TABLE "\ninsert into t\xc2\xa0values\n('\xc2\xa0');", 2, "a no-break space (U+00A0)", "ordinary", false},
        {TABLE "\n\xe2\x81\xa0" TABLE, 2, "an invisible mark (U+2060)", "ordinary", false},
        {TABLE "\ndo $$ begin null; end $$$;", 2, "a '$' too many", "take it out", false},
        {TABLE "\nselect E'\\u12';", 2, "invalid Unicode escape", "between the quotes", false},
    };
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct layout_case *layout = &layouts[l];
            bool recorded = layout->by_psql && rows[i].psql; /* psql may have run it: it can be recorded */
            read_pair(layout, "", rows[i].sql, "select 1;");
            const struct catalog_finding *finding =
                any(recorded ? "not-built" : "unreadable-sql", !recorded, rows[i].says);
            if (!finding)
                shown(layout, rows[i].sql);
            cr_assert(finding, "%s <%s>", layout->name, rows[i].sql);
            cr_expect(strstr(finding->hint, rows[i].hint), "%s", finding->hint);
            cr_expect_eq(finding->line, layout->line + rows[i].line - 1, "%s <%s>: line %d", layout->name, rows[i].sql,
                         finding->line);
            cr_expect_eq(service(0)->migrations[0].refused != NULL, recorded);
            cr_expect(!any("unparsed", false, ""), "%s <%s>", layout->name, rows[i].sql);
            read_pair(layout, "", TABLE, rows[i].sql);
            cr_expect(any(recorded ? "not-built" : "unreadable-sql", !recorded, rows[i].says), "%s down <%s>",
                      layout->name, rows[i].sql);
        }
    }
}

/* What looks like that in strings, comments, arrays and rows is none of it. */
Test(layouts, what_only_looks_like_it)
{
    static const char *const rows[] = {
        "select E'\\n', ' \\i x', $$\n\\gexec\n$$ /* \n\\i x */; -- \\q",
        "select (array[1,2,3])[1:2], '::', a::text from t where a = ':x';",
        "copy t from stdin;\n\\N\nit's\n\\.\nselect 1;",
        "select '\xc2\xa0', $$\xe2\x80\x8b$$; -- \xc2\xa0",
        "select '\\gexec\n\\gexec', \"a\xc2\xa0" "b\" from t; -- 'x'\\gexec",
    };
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            read_pair(&layouts[l], "", rows[i], "select 1;");
            shown(&layouts[l], rows[i]);
            cr_expect(catalog->error_count == 0 && !service(0)->migrations[0].refused, "%s <%s>", layouts[l].name,
                      rows[i]);
        }
    }
}

/* Spaces of other kinds, byte order marks and line ends. */
Test(layouts, bytes_between_statements)
{
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        const struct layout_case *layout = &layouts[l];
        read_pair(layout, "", TABLE "\n\xc2\xa0", "drop table t;\xc2\xa0");
        if (layout->wide) {
            clean();
            cr_expect(!strstr(sql_of(service(0)->migrations[0].up), "\xc2\xa0"), "%s", layout->name);
        } else {
            cr_expect(any("unreadable-sql", true, "a no-break space (U+00A0)"), "%s", layout->name);
        }
        read_pair(layout, "", TABLE "\r\ninsert into t values ('a');\r", "drop table t;\r");
        shown(layout, "CRLF");
        cr_expect(catalog->error_count == 0 && service(0)->migrations[0].down, "%s", layout->name);
    }
    read_pair(&layouts[0], "", "\xef\xbb\xbf" TABLE, "\xef\xbb\xbf" "drop table t;");
    clean();
    cr_expect_str_eq(sql_of(service(0)->migrations[0].up), TABLE);
}

/* Where the tool knows no placeholders, a text stays what it is until the service itself declares some. */
Test(layouts, placeholders)
{
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        const struct layout_case *layout = &layouts[l];
        bool liquibase = strcmp(layout->name, "liquibase") == 0;
        write_pair(layout, "insert into t values ('Dear ${name}', '${order}');", "select 1;");
        put("fleet.yml", "fleet: shop\ndefaults: {placeholders: {name: bob}}\nservices:\n  a: {migrations: a}\n");
        load();
        cr_expect_eq(any("placeholder", true, "${order}") != NULL, layout->replaces, "%s", layout->name);
        cr_expect_eq(service(0)->migrations[0].placeholders, layout->replaces || liquibase, "%s", layout->name);
        cr_expect_eq(service(0)->placeholder_count > 0,
                     layout->replaces || liquibase || !strcmp(layout->name, "goose"));
        read_pair(layout, "", "insert into t values ('Dear ${name}');", "select 1;");
        cr_expect_eq(any("placeholder", true, "${name}") != NULL, layout->replaces, "%s", layout->name);
        cr_expect_eq(service(0)->migrations[0].placeholders, layout->replaces, "%s", layout->name);
        read_pair(layout, "    placeholders: {name: bob}\n", "insert into t values ('Dear ${name}');", "select 1;");
        clean();
        cr_expect_eq(service(0)->migrations[0].placeholders, strcmp(layout->name, "goose") != 0, "%s", layout->name);
    }
}

/* Outside of a string nothing but a placeholder that is replaced is certain to run. */
Test(layouts, a_placeholder_that_nobody_replaces)
{
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        const struct layout_case *layout = &layouts[l];
        read_pair(layout, "", "create table ${schema}.t (a text);", "select 1;");
        const struct catalog_finding *finding =
            any(layout->replaces ? "placeholder" : "unreadable-sql", true, layout->replaces ? "${schema}" : "${");
        cr_assert(finding, "%s", layout->name);
        cr_expect_eq(finding->line, layout->line, "%s: line %d", layout->name, finding->line);
    }
}

/* Every layout has a way to say that a migration runs outside of a transaction, greylag's own at least. */
Test(layouts, outside_of_a_transaction)
{
    for (size_t l = 0; l < COUNT_OF(layouts); l++) {
        const struct layout_case *layout = &layouts[l];
        struct layout_case said = *layout;
        auto_free char *head = xasprintf("-- Transaction: false\n%s", layout->head);
        said.head = strcmp(layout->name, "liquibase")
                        ? head
                        : "--liquibase formatted sql\n-- Transaction: false\n--changeset a:1\n";
        read_pair(&said, "", "call p();", "call q();");
        shown(&said, "no transaction");
        clean();
        cr_expect(service(0)->migrations[0].no_transaction, "%s", layout->name);
        read_pair(layout, "", "call p();\n-- Transaction: false", "call q();");
        cr_expect(!service(0)->migrations[0].no_transaction, "%s", layout->name);
        read_pair(layout, "", "select 1;", "-- Transaction: false\ncall q();");
        bool at_head = layout->undo && !*layout->head;
        cr_expect_eq(any("not-built", true, "an undo alone") != NULL, at_head, "%s", layout->name);
    }
}

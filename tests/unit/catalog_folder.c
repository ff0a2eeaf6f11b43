/* What a folder of migrations may hold to hurt its reader. */
#include "unit/catalog_fixture.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/clock.h"

TestSuite(folder, .init = setup, .fini = teardown);

#define NOBODY 65534

Test(folder, texts_in_other_encodings)
{
    put_bytes("a/V1__le.sql", "\xff\xfes\0e\0l\0", 8);
    put_bytes("a/V2__be.sql", "\xfe\xff\0s\0e\0l", 8);
    put_bytes("a/V3__le_without_mark.sql", "s\0e\0l\0e\0", 8);
    put_bytes("a/V4__be_without_mark.sql", "\0s\0e\0l\0e", 8);
    put_bytes("a/V5__nul.sql", "select\n\0 1;", 11);
    put("a/V6__latin.sql", "select '\xe9';");
    put("a/V7__crlf.sql", "select 1;\r\nselect 2;\r\n");
    put("a/V8__bom.sql", "\xef\xbb\xbfselect 1;");
    put_bytes("a/V9__short.sql", "\xff\xfe", 2);
    put("a/V10__surrogate.sql", "select '\xed\xa0\x80';");
    put("a/V11__overlong.sql", "select '\xc0\xaf';");
    put("a/V12__empty.sql", "");
    put_bytes("a/V8__bom.sql.conf", "\xff\xfex\0", 4);
    put_bytes("a/migration-dependencies.yml", "m\0i\0g\0r\0", 8);
    one("");
    cr_expect_str_eq(ids(0), "7 8 12", "%s", ids(0));
    static const char *const utf16[] = {"a/V1__le.sql", "a/V2__be.sql", "a/V3__le_without_mark.sql",
                                        "a/V4__be_without_mark.sql", "a/V9__short.sql", "a/V8__bom.sql.conf",
                                        "a/migration-dependencies.yml"};
    for (size_t i = 0; i < COUNT_OF(utf16); i++)
        found("not-utf8", true, utf16[i], "looks like UTF-16");
    cr_expect_eq(found("not-utf8", true, "a/V5__nul.sql", "byte 8 is NUL")->line, 2);
    found("not-utf8", true, "a/V6__latin.sql", "byte 9 (0xe9)");
    found("not-utf8", true, "a/V10__surrogate.sql", "byte 9 (0xed)");
    found("not-utf8", true, "a/V11__overlong.sql", "byte 9 (0xc0)");
}

/* What seems to be missing may stand in the file that could not be read: that alone is told. */
Test(folder, nothing_follows_from_a_file_that_cannot_be_read)
{
    put("a/1_a.up.sql", "select '\xe9';");
    put("a/1_a.down.sql", "drop table a;");
    put("a/2_b.up.sql", "-- Dependencies: 1\nselect 1;");
    put("a/2_b.down.sql", "select '\xe9';");
    put("b/1_c.up.sql", "-- Dependencies: a:1\nselect 1;");
    put("b/1_c.down.sql", "select 1;");
    put("c/sqitch.plan", "%syntax-version=1.0.0\n%project=c\n\nx 2024-01-01T00:00:00Z A <a@b> # x\n"
                         "y 2024-01-01T00:00:00Z A <a@b> # y\n");
    put("c/deploy/x.sql", "select '\xe9';");
    put("c/revert/x.sql", "select 1;");
    put("c/deploy/y.sql", "select 1;");
    put("c/revert/y.sql", "select '\xe9';");
    one("  b:\n    migrations: b\n  c:\n    migrations: c\n  gone:\n    migrations: gone\n");
    static const char *const unreadable[] = {"a/1_a.up.sql", "a/2_b.down.sql", "c/deploy/x.sql", "c/revert/y.sql"};
    for (size_t i = 0; i < COUNT_OF(unreadable); i++)
        found("not-utf8", true, unreadable[i], "is not UTF-8");
    found("unreadable", true, "gone", "cannot be read");
    for (size_t i = 0; i < catalog->finding_count; i++)
        cr_log_info("%s: %s", catalog->findings[i].file, catalog->findings[i].text);
    cr_expect_eq(catalog->finding_count, 5, "%zu findings", catalog->finding_count);
}

Test(folder, links_and_things_that_are_no_files)
{
    put("a/V1__one.sql", "select 1;");
    put("a/sub/V2__two.sql", "select 2;");
    put("out/V3__three.sql", "select 3;");
    put("ax/V4__four.sql", "select 4;");
    auto_free char *absolute = in_root("a/V5__passwd.sql"), *loop = in_root("a/V6__loop.sql");
    auto_free char *beside = in_root("a/V7__beside.sql"), *through = in_root("a/V8__through.sql");
    auto_free char *folder = in_root("a/linked"), *inside = in_root("a/sub/V9__inside.sql");
    auto_free char *fifo = in_root("a/V10__fifo.sql"), *device = in_root("a/V11__device.sql");
    auto_free char *conf = in_root("a/V1__one.sql.conf");
    auto_free char *yml = in_root("a/migration-dependencies.yml"), *self = in_root("a/V12__folder.sql");
    cr_assert_eq(symlink("/etc/passwd", absolute), 0);
    cr_assert_eq(symlink("V6__loop.sql", loop), 0);
    cr_assert_eq(symlink("../ax/V4__four.sql", beside), 0); /* its path begins like the folder's */
    cr_assert_eq(symlink("../out", folder), 0);
    cr_assert_eq(symlink("linked/V3__three.sql", through), 0);
    cr_assert_eq(symlink("../V1__one.sql", inside), 0);
    cr_assert_eq(symlink("/dev/zero", device), 0);
    cr_assert_eq(symlink("/dev/urandom", conf), 0);
    cr_assert_eq(symlink("../out/V3__three.sql", yml), 0);
    cr_assert_eq(symlink(".", self), 0);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    one("");
    cr_expect_str_eq(ids(0), "1 2 9", "%s", ids(0));
    found("unreadable", true, "a/V5__passwd.sql", "leads out of the migrations folder");
    found("unreadable", true, "a/V6__loop.sql", "leads nowhere");
    found("unreadable", true, "a/V7__beside.sql", "leads out");
    found("unreadable", true, "a/V8__through.sql", "leads out");
    found("skipped-file", false, "a/linked", "not followed");
    found("unreadable", true, "a/V10__fifo.sql", "not a regular file");
    found("unreadable", true, "a/V11__device.sql", "leads out");
    found("unreadable", true, "a/V1__one.sql.conf", "leads out");
    found("unreadable", true, "a/migration-dependencies.yml", "leads out");
    found("unreadable", true, "a/V12__folder.sql", "leads out");
}

/* Root may read everything: the test gives that up while the folder is read. */
Test(folder, no_permission)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V2__closed.sql", "select 2;");
    put("a/closed/V3__three.sql", "select 3;");
    put("a/listed/V4__four.sql", "select 4;");
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n");
    auto_free char *closed = in_root("a/closed"), *listed = in_root("a/listed"), *file = in_root("a/V2__closed.sql"),
                   *open = in_root("a");
    auto_free char *one_file = in_root("a/V1__one.sql"), *fleet = in_root("fleet.yml");
    cr_assert(chmod(root, 0755) == 0 && chmod(open, 0755) == 0 && chmod(one_file, 0644) == 0 &&
              chmod(fleet, 0644) == 0);
    cr_assert(chmod(closed, 0) == 0 && chmod(listed, 0744) == 0 && chmod(file, 0) == 0);
    bool is_root = geteuid() == 0;
    cr_assert(!is_root || seteuid(NOBODY) == 0);
    bool good = read_fleet(NULL);
    cr_assert(!is_root || seteuid(0) == 0);
    cr_assert(good, "%s", err.text);
    cr_expect_str_eq(ids(0), "1");
    found("unreadable", true, "a/V2__closed.sql", "Permission denied");
    found("unreadable", true, "a/closed", "Permission denied");
    found("unreadable", true, is_root ? "a/listed/V4__four.sql" : "a/listed", is_root ? "Permission denied" : "");
}

Test(folder, sizes)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V2__hundred.sql", "");
    put("a/V2__hundred.sql.conf", "");
    auto_free char *big = in_root("a/V2__hundred.sql"), *conf = in_root("a/V2__hundred.sql.conf");
    cr_assert_eq(truncate(big, 100 << 20), 0);
    cr_assert_eq(truncate(conf, 100 << 20), 0);
    auto_buf struct buf lines = BUF_INIT(BUF_MAX);
    for (int i = 0; i < 100000; i++)
        buf_addf(&lines, "select %d;\n", i);
    buf_adds(&lines, "copy t from program 'x';\n");
    put("a/V3__many_lines.sql", buf_text(&lines));
    one("");
    cr_expect_str_eq(ids(0), "1 3");
    found("too-large", true, "a/V2__hundred.sql", "the file has 104857600 bytes; at most 33554432 are allowed");
    found("too-large", true, "a/V2__hundred.sql.conf", "104857600");
    cr_expect_eq(found("transaction", true, "a/V3__many_lines.sql", "not allowed")->line, 100001);
}

/* Of characters that take eight bytes each in a signed message. */
static void put_kilobytes(const char *path, size_t count)
{
    size_t size = count << 10;
    auto_free char *text = xmalloc(size);
    memset(text, 1, size);
    memcpy(text, "--", 2);
    put_bytes(path, text, size);
}

/* A step and what travels with it are one message. */
Test(folder, texts_that_fit_alone_and_not_together)
{
    put_kilobytes("a/V1__small.sql", 100);
    put_kilobytes("a/V2__large.sql", 5000);
    put_kilobytes("a/beforeEachMigrate.sql", 1500);
    one("    layout: flyway\n");
    clean();
    put_kilobytes("a/afterEachMigrate.sql", 2000);
    load();
    cr_expect_not_null(strstr(found("too-large", true, "a/V2__large.sql", "at most")->text, "what travels with it"));
    cr_expect_eq(catalog->error_count, 1u);
    put_kilobytes("a/beforeEachMigrate.sql", 6000);
    load();
    found("too-large", true, "a/V1__small.sql", "at most"); /* several small ones may travel together */
    put_kilobytes("a/V2__large.sql", 9000);
    load();
    found("too-large", true, "a/V2__large.sql", "in a signed message (quotes"); /* by itself */
}

static void nested(const char *path, size_t depth)
{
    auto_free char *text = xmalloc(2 * depth + 20);
    size_t len = strlen("select ");
    memcpy(text, "select ", len);
    memset(text + len, '(', depth);
    text[len + depth] = '1';
    memset(text + len + depth + 1, ')', depth);
    memcpy(text + len + 2 * depth + 1, ";\n", 3);
    put(path, text);
}

Test(folder, nesting)
{
    nested("a/V1__million.sql", 1000000);
    nested("a/V2__fits_into_a_piece.sql", 32000);
    nested("a/V3__thousand.sql", 1000);
    auto_buf struct buf path = BUF_INIT(BUF_MAX);
    buf_adds(&path, "a/");
    for (int i = 0; i < 40; i++)
        buf_adds(&path, "d/");
    buf_adds(&path, "V4__deep.sql");
    put(buf_text(&path), "select 1;");
    one("");
    cr_expect_str_eq(ids(0), "1 2 3");
    found("unparsed", false, "a/V1__million.sql", "");
    found("unparsed", false, "a/V2__fits_into_a_piece.sql", "");
    bool deep = false;
    for (size_t i = 0; i < catalog->finding_count; i++)
        deep |= strstr(catalog->findings[i].text, "more than 32 levels deep") != NULL;
    cr_expect(deep);
}

Test(folder, names_in_any_writing)
{
    put("a/V1__Füße_ändern.sql", "select 1;");
    put("a/V2__таблица_пользователей.sql", "select 2;");
    put("a/V3__用户表.sql", "select 3;");
    put("a/V4__جدول_المستخدمين.sql", "select 4;");
    put("a/V5__🪿.sql", "select 5;");
    put("a/R__caf\xc3\xa9.sql", "select 'composed';");
    put("a/R__cafe\xcc\x81.sql", "select 'decomposed';");
    put("a/दस्तावेज़/V6__x.sql", "select 6;");
    put("a/V7__tab\tnew\nline.sql", "select 7;");
    put("a/V8__\xff.sql", "select 8;");
    one("");
    cr_expect_str_eq(ids(0), "1 2 3 4 5 6 R__cafe\xcc\x81 R__caf\xc3\xa9", "%s", ids(0));
    cr_expect_str_eq(migration(0, "2")->name, "таблица пользователей");
    cr_expect_str_eq(migration(0, "R__caf\xc3\xa9")->script, "R__caf\xc3\xa9.sql");
    cr_expect_str_neq(migration(0, "R__caf\xc3\xa9")->up, migration(0, "R__cafe\xcc\x81")->up);
    found("unreadable", true, "a/V7__tab\\x09new\\nline.sql", "control characters");
    found("unreadable", true, "a/V8__\\xff.sql", "not UTF-8");
    put("a/V1__Fu\xcc\x88\xc3\x9f" "e.sql", "select 1;");
    load();
    found("duplicate-version", true, "a/V1__Füße_ändern.sql", "version 1 stands twice");
}

/* No file's name can hold it; what people write can. */
Test(folder, a_version_of_400_digits)
{
    char digits[401];
    memset(digits, '7', 400);
    digits[400] = 0;
    auto_free char *header = xasprintf("-- Dependencies: %s\nselect 1;", digits);
    auto_free char *yml = xasprintf("migrations:\n  - version: \"%s\"\n", digits);
    put("a/V1__one.sql", header);
    put("a/migration-dependencies.yml", yml);
    one("");
    found("missing-dependency", true, "a/V1__one.sql", "but no service has such a migration");
    found("dependency-file", true, "a/migration-dependencies.yml", "");
}

/* Somebody appends without a pause: whoever reads it whole has seen a file that was never there. */
Test(folder, a_file_that_changes_while_it_is_read)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    while (text.len < (20 << 20))
        buf_adds(&text, "-- one more line of many\n");
    put("a/V1__one.sql", "select 1;");
    put("a/V2__growing.sql", buf_text(&text));
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n");
    auto_free char *script =
        xasprintf("while echo '-- x' && [ -e %s ]; do :; done >> %s/a/V2__growing.sql", root, root);
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};
    pid_t writer;
    cr_assert_eq(posix_spawn(&writer, "/bin/sh", NULL, NULL, arguments, environ), 0);
    bool seen = false;
    for (int64_t end = clock_mono_ms() + 20000; !seen && clock_mono_ms() < end;) {
        load();
        for (size_t i = 0; i < catalog->finding_count; i++)
            seen |= strcmp(catalog->findings[i].text, "the file changed while it was read") == 0 &&
                    strcmp(catalog->findings[i].file, "a/V2__growing.sql") == 0 && catalog->findings[i].error;
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    cr_expect(seen);
    cr_expect_str_eq(ids(0), "1");
    load();
    cr_expect_str_eq(ids(0), "1 2"); /* and when nobody writes any more */
}

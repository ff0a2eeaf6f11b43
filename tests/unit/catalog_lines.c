/* Where a text stands in its file: what a worker says of line n is said of the file's line, in every layout that has
 * sections. */
#include "unit/catalog_fixture.h"

#include "base/text.h"

TestSuite(lines, .init = setup, .fini = teardown);

/* The n-th line, without its end; new. */
static char *line_of(const char *text, int64_t number)
{
    for (int64_t i = 1; i < number && *text; i++) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    size_t len = strcspn(text, "\r\n");
    char *line = xcalloc(1, len + 1);
    memcpy(line, text, len);
    return line;
}

/* Every line of the text stands, maybe behind a mark of its layout, in the line of the file that it is said to be. */
static size_t must_stand(const char *file, const char *digest, const int64_t *lines, size_t count)
{
    auto_buf struct buf whole = BUF_INIT(1 << 20);
    auto_free char *path = in_root(file);
    struct err why = ERR_INIT;
    const char *text = sql_of(digest);
    size_t looked = 0;
    cr_assert(buf_read_file(&whole, path, &why), "%s", why.text);
    for (int64_t i = 1; *text; i++) {
        size_t len = strcspn(text, "\n");
        auto_free char *line = line_of(text, 1);
        int64_t number = text_line_in_file(lines, count, i);
        auto_free char *there = line_of(buf_text(&whole), number);
        cr_expect(strstr(there, line), "%s: line %lld of the text is \"%s\", line %lld of the file \"%s\"", file,
                  (long long)i, line, (long long)number, there);
        text += len + (text[len] == '\n');
        looked++;
    }
    return looked;
}

/* Of all migrations of folder `a`. */
static void all_stand(const char *layout)
{
    auto_free char *more = xasprintf("    layout: %s\n", layout);
    one(more);
    clean();
    size_t looked = 0;
    for (size_t i = 0; i < service(0)->migration_count; i++) {
        const struct migration *m = &service(0)->migrations[i];
        looked += must_stand(m->file, m->up, m->up_lines, m->up_line_count);
        if (m->down)
            looked += must_stand(m->down_file, m->down, m->down_lines, m->down_line_count);
    }
    cr_assert_gt(looked, 2, "%s: nothing was looked at", layout);
}

Test(lines, goose)
{
    put("a/1_a.sql", "-- what it is for\n\n-- +goose Up\n\n\ncreate table a (id int);\n-- +goose StatementBegin\n"
                     "create function f() returns int as $$\nselect 1\n$$ language sql;\n-- +goose StatementEnd\n"
                     "create table b (id int);\n\n-- +goose Down\ndrop table b;\n\ndrop function f();\n");
    put("a/2_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nselect 1;\n-- +goose Down\r\nselect 2;\r\n");
    all_stand("goose");
    const struct migration *m = migration(0, "1");
    cr_expect_eq(text_line_in_file(m->up_lines, m->up_line_count, 1), 6);
}

Test(lines, dbmate)
{
    put("a/1_a.sql", "\n-- words\n\n-- migrate:up\n\ncreate table t (id int);\nselect 1;\n\n-- migrate:down\n"
                     "drop table t;\n");
    put("a/2_b.sql", "--migrate:up\r\nselect 1;\r\n--\tmigrate:down\r\n\r\nselect 2;\r\n");
    all_stand("dbmate");
}

Test(lines, metadata)
{
    put("a/20240101_001_add_users.sql",
        "-- @metadata {\n--   \"author\": \"ann\"\n-- }\n\n-- UP\n\nCREATE TABLE users (id int);\nSELECT 1;\n\n"
        "-- DOWN\n\n\nDROP TABLE users;\n");
    all_stand("metadata");
}

Test(lines, liquibase)
{
    put("a/1.sql", "--liquibase formatted sql\n\n--changeset a:1\n--comment: x\ncreate table t (id int);\n\n\n"
                   "select 1;\n--rollback drop table\n--rollback t;\n\n--changeset a:2\ncreate table u (id int);\n"
                   "--rollback drop table u;\nselect 2;\n");
    all_stand("liquibase");
}

Test(lines, whole_files)
{
    put("a/1_a.up.sql", "-- +goose Up\ncreate table t (id int);\n");
    put("a/1_a.down.sql", "drop table t;\n\nselect 1;\n");
    all_stand("golang-migrate");
    cr_expect_eq(service(0)->migrations[0].up_line_count, 0);
}

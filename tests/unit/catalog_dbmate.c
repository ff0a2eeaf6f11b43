/* dbmate: sections, their options, and the order of the files' names. */
#include "unit/catalog_fixture.h"

TestSuite(dbmate, .init = setup, .fini = teardown);

Test(dbmate, sections_names_and_order)
{
    put("a/10_ten.sql", "\n-- words\n\n-- migrate:up\ncreate table t (id int);\n\n-- migrate:down\ndrop table t;\n");
    put("a/9_nine.sql", "--migrate:up\r\nselect 1;\r\n--\tmigrate:down\r\n\r\n");
    put("a/20230601000000_long.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;");
    put("a/20230601_short.sql", "-- migrate:up\n-- migrate:down\n");
    put("a/20230602.sql",
        "-- migrate:up\nselect '-- migrate:up';\n -- migrate:down\n-- migrate:downwards\n-- migrate:down\n;\n");
    one("");
    clean();
    cr_expect_str_eq(service(0)->layout, "dbmate");
    cr_expect_eq(service(0)->history, HISTORY_DBMATE);
    cr_expect_str_eq(ids(0), "10+ 20230601000000+ 20230601+ 20230602 9", "%s", ids(0));
    cr_expect_str_eq(migration(0, "10")->name, "ten");
    cr_expect_str_eq(migration(0, "20230602")->name, "");
    cr_expect_str_eq(sql_of(migration(0, "10")->up), "create table t (id int);\n");
    cr_expect_str_eq(sql_of(migration(0, "10")->down), "drop table t;\n");
    cr_expect_str_eq(sql_of(migration(0, "9")->up), "select 1;\r\n");
    cr_expect_eq(found("no-undo", false, "a/9_nine.sql", "holds no SQL")->line, 3);
    found("empty", false, "a/20230601_short.sql", "section up");
}

Test(dbmate, options)
{
    put("a/1_x.sql", "-- migrate:up transaction:false\nalter type c add value 'x' -- y\n-- migrate:down "
                     "transaction:true\n\nselect 1\n");
    put("a/2_y.sql", "-- migrate:up transaction: false\nselect 1;\n-- migrate:down\nselect 1;\n");
    one("");
    cr_expect_str_eq(sql_of(migration(0, "1")->up), "alter type c add value 'x' -- y\n");
    cr_expect_str_eq(sql_of(migration(0, "1")->down), "select 1\n");
    cr_expect(migration(0, "1")->no_transaction && !migration(0, "2")->no_transaction);
    cr_expect_eq(found("dbmate", false, "a/2_y.sql", "no such option: 'false'")->line, 1);
}

Test(dbmate, what_dbmate_refuses)
{
    bad_file("dbmate", "1_x.sql", "select 1;\n", "dbmate", "there is SQL in front", 1);
    bad_file("dbmate", "1_x.sql", "\n\n", "dbmate", "there is no '-- migrate:up'", 0);
    bad_file("dbmate", "1_x.sql", "-- migrate:down\nselect 1;\n-- migrate:up\n", "dbmate", "there is SQL in front", 2);
    bad_file("dbmate", "1_x.sql", "-- x\n-- migrate:up\nselect 1;\n", "dbmate", "has no '-- migrate:down'", 2);
    bad_file("dbmate", "1_x.sql", "-- migrate:up\n-- migrate:up\n-- migrate:down\n", "dbmate",
             "a second '-- migrate:up'", 2);
    bad_file("dbmate", "1_x.sql",
             "-- migrate:up\nselect 1;\n-- migrate:down\n-- migrate:up\nselect 2;\n-- migrate:down\n", "dbmate",
             "a second '-- migrate:up': dbmate runs the first pair", 4);
    bad_file("dbmate", "1_x.sql", "-- migrate:up\n-- migrate:down\n-- migrate:down\n", "dbmate", "a second", 3);
    bad_file("dbmate", "x.sql", "-- migrate:up\n-- migrate:down\n", "bad-name", "begins with no number", 0);
    put("a/1_x.sql", "-- migrate:up\n-- migrate:down\n");
    put("a/15_between.sql", "-- migrate:up\n-- migrate:down\n");
    bad_file("dbmate", "1y.sql", "-- migrate:up\n-- migrate:down\n", "duplicate-version", "a/1_x.sql", 0);
    put("a/1y.sql", "-- migrate:up\n-- migrate:down\n");
    one("    layout: dbmate\n    duplicate_versions: by-name\n");
    clean();
    cr_expect_str_eq(ids(0), "15_between+ 1_x+ 1_y+", "%s", ids(0));
}

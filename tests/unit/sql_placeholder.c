/* ${name} in SQL, as Flyway replaces it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "sql/placeholder.h"

static struct arena arena;
static struct placeholder_text result;
static struct placeholder_use missing;
static struct err err;

static const char *get(void *context, const struct placeholder_use *use)
{
    static const char *const rows[][2] = {{"a", "1"}, {"Table_Name", "users"}, {"empty", ""}, {"nested", "${a}"},
                                          {"lines", "x\ny\nz"}, {"flyway:user", "me"}, {"", "nothing"}};
    (void)context;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (placeholder_is(use, rows[i][0]))
            return rows[i][1];
    return NULL;
}

static bool expand(const char *text)
{
    err_clear(&err);
    result.text = "";
    return placeholder_expand(text, get, NULL, &arena, &result, &missing, &err);
}

static void end(void)
{
    arena_release(&arena);
}

TestSuite(sql_placeholder, .fini = end, .timeout = 60);

Test(sql_placeholder, is_replaced_everywhere)
{
    static const char *const rows[][2] = {
        {"SELECT ${a}", "SELECT 1"},
        {"-- ${a}\n'${a}' \"${table_name}\" $${a}$$",
         "-- 1\n'1' \"users\" $${a}$$"}, /* "$$" goes by twos: no escape, but so it is */
        {"$$${a}$$", "$$1$$"},
        {"$x$${a}$x$", "$x$${a}$x$"},
        {"$x$ ${a}$x$", "$x$ 1$x$"},
        {"${TABLE_name}${A}", "users1"},
        {"a${empty}b", "ab"},
        {"${nested}", "${a}"},
        {"${FLYWAY:User}", "me"},
        {"${}", "nothing"},
        {"1 $ {a} $1 $", "1 $ {a} $1 $"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect(expand(rows[i][0]), "%s: %s", rows[i][0], err.text);
        cr_expect_str_eq(result.text, rows[i][1]);
        cr_expect_eq(result.len, strlen(rows[i][1]));
    }
}

Test(sql_placeholder, a_text_without_any_is_not_copied)
{
    const char *text = "SELECT 1";
    cr_assert(expand(text));
    cr_assert_eq(result.text, text);
    cr_assert_eq(result.used, 0);
}

Test(sql_placeholder, what_is_missing_is_told_with_its_place)
{
    cr_assert_not(expand("SELECT 1;\n  SELECT ${b};"));
    cr_assert_str_eq(err.text, "line 2, column 10: the placeholder ${b} has no value");
    cr_assert(missing.begin == 19 && missing.end == 23 && missing.closed && placeholder_is(&missing, "B"));
    cr_assert_not(expand("\n${a"));
    cr_assert_str_eq(err.text, "line 2, column 1: '${' without a '}'");
    cr_assert_not(missing.closed);
    cr_assert_not(expand("${ a }"));
    cr_assert_not(expand("${"));
}

Test(sql_placeholder, lines_are_those_of_the_file)
{
    cr_assert(expand("1\n${lines}\n3 ${a}\n${lines} ${lines}\n5"));
    cr_assert_str_eq(result.text, "1\nx\ny\nz\n3 1\nx\ny\nz x\ny\nz\n5");
    static const int wanted[] = {1, 2, 2, 2, 3, 4, 4, 4, 4, 4, 5};
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        cr_expect_eq(placeholder_line(&result, (int)i + 1), wanted[i], "line %zu is %d", i + 1,
                     placeholder_line(&result, (int)i + 1));
}

static const char *large(void *context, const struct placeholder_use *use)
{
    (void)use;
    return context;
}

Test(sql_placeholder, does_not_grow_without_bounds)
{
    char *value = xmalloc((16 << 20) + 1);
    memset(value, 'x', 16 << 20);
    value[16 << 20] = 0;
    const char *text = "${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}";
    cr_assert_not(placeholder_expand(text, large, value, &arena, &result, &missing, &err));
    cr_assert(strstr(err.text, "256 MiB") && missing.end == 0);
    free(value);
}

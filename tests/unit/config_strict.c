/* Configuration files: what is read, and how everything else is refused. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/config.h"

struct entry {
    char *name;
    char *value;
};
struct member {
    char *name;
    int64_t wait;
    char **tags;
    unsigned tags_count;
};
struct sample {
    char *title;
    bool on;
    int32_t count;
    unsigned port;
    int level;
    int64_t timeout;
    int64_t *limit;
    struct entry *options;
    unsigned options_count;
    struct member *members;
    unsigned members_count;
};

static const cyaml_strval_t levels[] = {{"low", 1}, {"high", 2}};
static const cyaml_schema_value_t text_value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, 200)};
static const cyaml_schema_field_t entry_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct entry, name, 0, 100),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct entry, value, 0, 100), CYAML_FIELD_END};
static const cyaml_schema_value_t entry_value = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, entry_fields)};
static const cyaml_schema_field_t member_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct member, name, 0, 100),
    CYAML_FIELD_INT("wait", CYAML_FLAG_OPTIONAL, struct member, wait),
    CYAML_FIELD_SEQUENCE("tags", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct member, tags, &text_value, 0, 4),
    CYAML_FIELD_END};
static const cyaml_schema_value_t member_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct member, member_fields)};
static const cyaml_schema_field_t sample_fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct sample, title, 1, 40),
    CYAML_FIELD_BOOL("on", CYAML_FLAG_OPTIONAL, struct sample, on),
    CYAML_FIELD_INT("count", CYAML_FLAG_OPTIONAL, struct sample, count),
    CYAML_FIELD_UINT("port", CYAML_FLAG_OPTIONAL, struct sample, port),
    CYAML_FIELD_ENUM("level", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct sample, level, levels, 2),
    CYAML_FIELD_INT("timeout", CYAML_FLAG_OPTIONAL, struct sample, timeout),
    CYAML_FIELD_INT_PTR("limit", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sample, limit),
    CYAML_FIELD_SEQUENCE("options", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sample, options, &entry_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("members", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sample, members, &member_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t sample_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct sample, sample_fields)};
static const struct config_row rows[] = {
    {.path = "timeout", .rule = CONFIG_DURATION, .fallback = "5s", .min = 1, .max = 3600000},
    {.path = "limit", .rule = CONFIG_DURATION},
    {.path = "port", .rule = CONFIG_NUMBER, .fallback = "8080", .min = 1, .max = 65535},
    {.path = "level", .fallback = "high"},
    {.path = "options", .rule = CONFIG_MAP},
    {.path = "members", .rule = CONFIG_MAP},
    {.path = "members.*", .rule = CONFIG_NAME},
    {.path = "members.*.wait", .rule = CONFIG_DURATION, .fallback = "2min"},
    {.path = "members.*.tags.*", .rule = CONFIG_NAME},
    {.path = "members.*.waves", .rule = CONFIG_NOT_BUILT, .prose = "groups of targets"},
    {.path = "level.extreme", .rule = CONFIG_NOT_BUILT, .prose = "more than high"},
};
static const struct config_format format = {
    .what = "a sample", .schema = &sample_value, .rows = rows, .row_count = COUNT_OF(rows)};

static const char *lookup(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "SECRET") == 0)
        return "s3cret: [\"x\"]\n# ü";
    if (strcmp(name, "PORT") == 0)
        return "4711";
    return strcmp(name, "BROKEN") == 0 ? "\xff" : NULL;
}

static struct config *good(const char *text)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    cr_assert(config_parse(&format, "s.yml", text, strlen(text), lookup, NULL, &config, &err), "%s", err.text);
    return config;
}

static void refused(const char *text, size_t len, const char *expected)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    cr_expect(!(config_parse(&format, "s.yml", text, len, lookup, NULL, &config, &err)), "accepted: %s", text);
    cr_expect_null(config);
    cr_expect_eq(err.kind, ERR_CONFIG, "%s: kind %d", text, err.kind);
    cr_expect(strstr(err.text, expected) != NULL, "for <%s>\n  wanted <%s>\n  got <%s>", text, expected, err.text);
}

#define REFUSED(text, expected) refused(text, sizeof(text) - 1, expected)

Test(config, reads_everything_a_schema_can_say)
{
    struct config *config = good("title: \"x: y\"\non: true\ncount: -3\nport: 99\nlevel: low\ntimeout: 15min\n"
                                 "options:\n  bootstrap.servers: a:1,b:2\n  debug: true\n  empty: \"\"\n"
                                 "members:\n  a: {wait: 250ms, tags: [one, two]}\n  b:\n  c: {}\n");
    struct sample *sample = config_data(config);
    cr_expect_str_eq(sample->title, "x: y");
    cr_expect(sample->on && sample->count == -3 && sample->port == 99 && sample->level == 1);
    cr_expect_eq(sample->timeout, 900000);
    cr_expect_null(sample->limit);
    cr_assert_eq(sample->options_count, 3u);
    cr_expect_str_eq(sample->options[0].name, "bootstrap.servers");
    cr_expect_str_eq(sample->options[1].value, "true");
    cr_expect_str_eq(sample->options[2].value, "");
    cr_assert_eq(sample->members_count, 3u);
    cr_expect_eq(sample->members[0].wait, 250);
    cr_expect_eq(sample->members[1].wait, 120000);
    cr_assert_eq(sample->members[0].tags_count, 2u);
    cr_expect_str_eq(sample->members[0].tags[1], "two");
    cr_expect_eq(sample->members[2].tags_count, 0u);
    config_free(config);
}

Test(config, a_byte_order_mark_is_no_column)
{
    struct config *config = good("\xef\xbb\xbf" "title: x\r\non: true\r\n");
    cr_expect(((struct sample *)config_data(config))->on);
    config_free(config);
    REFUSED("\xef\xbb\xbf" "title: x\non: maybe", "s.yml:2:5: on");
}

Test(config, fills_in_defaults)
{
    struct config *config = good("title: x\noptions: {}\nmembers:\n");
    struct sample *sample = config_data(config);
    cr_expect(sample->port == 8080 && sample->level == 2 && sample->timeout == 5000);
    cr_expect(sample->options_count == 0 && sample->members_count == 0);
    config_free(config);
    config_free(NULL);
}

Test(config, expands_names_without_reading_them_as_yaml)
{
    struct config *config = good("title: \"<${SECRET}>\"\nport: ${PORT}\noptions: {a: '$${SECRET} $x $', b: "
                                 "\"${SECRET}\"}");
    struct sample *sample = config_data(config);
    cr_expect_str_eq(sample->title, "<s3cret: [\"x\"]\n# ü>");
    cr_expect_eq(sample->port, 4711u);
    cr_expect_str_eq(sample->options[0].value, "${SECRET} $x $");
    cr_expect_str_eq(sample->options[1].value, "s3cret: [\"x\"]\n# ü");
    config_free(config);
    REFUSED("title: x\noptions:\n  k: ${NOPE}", "s.yml:3:6: the environment has no NOPE");
    REFUSED("title: ${}", "s.yml:1:8: '${' is not followed by a name");
    REFUSED("title: ${UNCLOSED", "'${' is not followed by a name");
    REFUSED("title: ${BROKEN}", "the value of BROKEN is not UTF-8");
}

Test(config, never_shows_what_a_name_expanded_to)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    const char *text = "title: x\ncount: ${SECRET}\nlevel: ${SECRET}\non: ${SECRET}\ntimeout: ${SECRET}\n"
                       "members: {a: {tags: [\"${SECRET}\"]}}\n";
    cr_assert(!(config_parse(&format, "s.yml", text, strlen(text), lookup, NULL, &config, &err)));
    cr_expect_null(strstr(err.text, "s3cret"), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "${SECRET}"), "%s", err.text);
}

Test(config, refuses_wrong_values_with_their_place)
{
    REFUSED("title: x\non: maybe", "s.yml:2:5: on: 'maybe' is neither true nor false");
    REFUSED("title: x\non: \"true\"", "neither true nor false");
    REFUSED("title: x\non: yes", "neither true nor false");
    REFUSED("title: x\non: True", "neither true nor false");
    REFUSED("title: x\ncount: 010", "s.yml:2:8: count: '010' is not a whole number");
    REFUSED("title: x\ncount: 0x10", "not a whole number");
    REFUSED("title: x\ncount: +1", "not a whole number");
    REFUSED("title: x\ncount: 1.5", "not a whole number");
    REFUSED("title: x\ncount: '5'", "not a whole number");
    REFUSED("title: x\ncount: 2147483648", "out of range");
    REFUSED("title: x\ncount: 99999999999999999999999", "out of range");
    REFUSED("title: x\nport: 0", "port: '0' is out of range: 1 to 65535");
    REFUSED("title: x\nport: -1", "out of range");
    REFUSED("title: x\nlevel: hihg", "level: 'hihg' is unknown; did you mean 'high'?");
    REFUSED("title: x\nlevel: 2", "level: '2' is unknown; known: low, high");
    REFUSED("title: x\nlevel: extreme", "known but not built yet (more than high)");
    REFUSED("title: x\ntimeout: 5", "timeout: '5' is not a duration");
    REFUSED("title: x\ntimeout: 2h", "out of range: 1 to 3600000 ms");
    REFUSED("title: x\nlimit: 99999999999d", "not a duration");
    REFUSED("title: [x]", "s.yml:1:8: title has to be a single value, not a list");
    REFUSED("title:", "title has no value");
    REFUSED("title: ~", "title has no value");
    REFUSED("title: ''", "title: the text has 0 bytes");
    REFUSED("title: x\nmembers: [a]", "members has to be a mapping (name: ...), not a list");
    REFUSED("title: x\nmembers: {a: 3}", "members.a has to be a mapping");
    REFUSED("title: x\nmembers: {a: {tags: x}}", "members.a.tags has to be a list, not a single value");
    REFUSED("title: x\nmembers: {a: {tags: [A]}}", "members.a.tags: 'A' is not a name");
    REFUSED("title: x\nmembers: {a: {tags: [a, b, c, d, e]}}", "has 5 entries; at most 4");
    REFUSED("title: x\nmembers: {A b: {}}", "s.yml:2:11: members: 'A b' is not a name");
    REFUSED("- title", "the file has to be a mapping");
    REFUSED("on: true", "title is missing");
}

Test(config, refuses_unknown_keys)
{
    REFUSED("title: x\ntimeuot: 5s", "s.yml:2:1: unknown key 'timeuot'; did you mean 'timeout'?");
    REFUSED("title: x\nqqqqqqqqqq: 5s", "known here: title, on, count");
    REFUSED("title: x\nmembers: {a: {name: b}}", "unknown key 'members.a.name'; known here: wait, tags");
    REFUSED("title: x\nmembers: {a: {waves: 3}}", "members.a.waves is known but not built yet (groups of targets)");
    REFUSED("title: x\n<<: {on: true}", "unknown key '<<'");
    REFUSED("title: x\n\"\\e[31m\": 1", "\\x1b[31m");
}

Test(config, refuses_what_libcyaml_lets_pass)
{
    REFUSED("", "the file is empty");
    REFUSED("# nothing\n", "the file is empty");
    REFUSED("---\n...\n", "the file is empty: a sample is expected");
    REFUSED("title: x\n---\ntitle: y\n", "s.yml:2:1: a second document begins here");
    REFUSED("title: \"a\\0b\"", "s.yml:1:8: the text contains a NUL");
    REFUSED("title: x\0y", "s.yml:1:9: the file contains a NUL byte");
    REFUSED("title: \xc3(", "s.yml:1:8: byte 8 is not UTF-8");
    REFUSED("title: x\ntitle: y", "s.yml:2:1: the key 'title' stands twice (first in line 1)");
    REFUSED("title: &a x", "anchors (&) and aliases (*) are not allowed");
    REFUSED("title: *a", "anchors (&) and aliases (*) are not allowed");
    REFUSED("title: !!str x", "tags (!) are not allowed");
    REFUSED("title: x\nmembers:\n\ta: {}\n", "s.yml:3:1: not YAML");
    REFUSED("title: [x", "not YAML");
    REFUSED("[a]: x", "a key has to be text");
    REFUSED("\xfe\xff\0t", "not UTF-8");
}

Test(config, an_alias_bomb_ends_at_the_first_anchor)
{
    REFUSED("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
            "s.yml:1:4: anchors");
}

Test(config, deep_nesting_ends_at_the_limit)
{
    for (int brace = 0; brace < 2; brace++) {
        auto_buf struct buf text = BUF_INIT(BUF_MAX);
        buf_adds(&text, "title: ");
        for (int i = 0; i < 200000; i++)
            buf_adds(&text, brace ? "{a: " : "[");
        refused(buf_text(&text), text.len, "nested more than 64 levels");
    }
}

Test(config, many_errors_are_gathered)
{
    const char *text = "on: maybe\ncount: 010\nport: 0\nlevel: x\n";
    struct config *config = NULL;
    struct err err = ERR_INIT;
    cr_assert(!(config_parse(&format, "s.yml", text, strlen(text), NULL, NULL, &config, &err)));
    for (int line = 1; line <= 4; line++) {
        char place[16];
        snprintf(place, sizeof place, "s.yml:%d:", line);
        cr_expect_not_null(strstr(err.text, place), "%s not in %s", place, err.text);
    }
    cr_expect_not_null(strstr(err.text, "title is missing"));
    cr_expect_str_eq(err.hint, "write true or false, without quotes");
}

Test(config, a_long_list_of_errors_fits)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    for (int i = 0; i < 5000; i++)
        buf_addf(&text, "%0*d: x\n", 1 + i % 300, i);
    refused(buf_text(&text), text.len, "unknown key");
}

Test(config, says_where_a_value_stands)
{
    struct config *config = good("title: x\noptions:\n  a.b: 1\n  a: 2\nmembers:\n  first:\n    wait: 3s\n"
                                 "    tags:\n    - one\n    - two\n");
    static const struct {
        const char *path;
        int line, column;
    } places[] = {{"title", 1, 8},        {"options.a.b", 3, 8},          {"options.a", 4, 6},
                  {"members.first", 6, 3}, {"members.first.tags.1", 10, 7}, {"members.first.wait", 7, 11},
                  {"members.other", 6, 3}, {"", 1, 1}};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        int line, column;
        config_where(config, places[i].path, &line, &column);
        cr_expect(line == places[i].line && column == places[i].column, "%s: %d:%d", places[i].path, line, column);
    }
    struct err err = ERR_INIT;
    cr_expect(!(config_error(config, "members.first.tags.0", &err, "no %s", "good")));
    cr_expect_str_eq(err.text, "s.yml:9:7: no good");
    config_free(config);
}

Test(config, foreign_text_survives_libcyaml)
{
    const char *text = "title: \"\\u2028 \\x07 \\\"q\\\" \\\\ \\t ü \\U0001F600 \\n\"\noptions:\n  \" a: b # c\": |\n "
                       "   two\n    lines\n";
    struct config *config = good(text);
    struct sample *sample = config_data(config);
    cr_expect_str_eq(sample->title, "\xe2\x80\xa8 \x07 \"q\" \\ \t ü \xf0\x9f\x98\x80 \n");
    cr_expect_str_eq(sample->options[0].name, " a: b # c");
    cr_expect_str_eq(sample->options[0].value, "two\nlines\n");
    config_free(config);
}

Test(config, a_byte_order_mark_is_no_harm)
{
    config_free(good("\xef\xbb\xbftitle: x\n"));
}

Test(config, reads_files_and_refuses_what_is_none)
{
    char folder[] = "/tmp/greylag-config-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    auto_free char *path = xasprintf("%s/a.yml", folder), *fifo = xasprintf("%s/fifo", folder);
    struct config *config = NULL;
    struct err err = ERR_INIT;
    cr_expect(!(config_load(&format, path, NULL, NULL, &config, &err)));
    cr_expect(err.kind == ERR_CONFIG && strstr(err.text, "No such file"), "%s", err.text);
    cr_expect(!(config_load(&format, folder, NULL, NULL, &config, &err)));
    cr_expect_not_null(strstr(err.text, "not a regular file"), "%s", err.text);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    cr_expect(!(config_load(&format, fifo, NULL, NULL, &config, &err)));
    FILE *file = fopen(path, "w");
    fputs("title: x\n", file);
    fflush(file);
    cr_assert(config_load(&format, path, NULL, NULL, &config, &err), "%s", err.text);
    config_free(config);
    config = NULL;
    cr_assert_eq(ftruncate(fileno(file), 100 << 20), 0);
    fclose(file);
    cr_expect(!(config_load(&format, path, NULL, NULL, &config, &err)));
    cr_expect(err.kind == ERR_CONFIG && strstr(err.text, "104857600 bytes"), "%s", err.text);
    unlink(path);
    unlink(fifo);
    rmdir(folder);
}

/* Every cut and every changed byte of a good file: an error or a struct, never a crash (the sanitizers watch). */
Test(config, damaged_files_never_crash)
{
    const char *whole = "title: \"x ${PORT}\"\non: true\ncount: -3\nport: 99\ntimeout: 15min\noptions:\n  a.b: c\n"
                        "members:\n  a: {wait: 250ms, tags: [one, 'two']}\n  b:\n";
    size_t len = strlen(whole);
    static const char odd[] = "\0\xff\t{[]}:-#&*!|>'\"%@`~,?\n\r0";
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < sizeof odd; k++) {
            char text[512];
            memcpy(text, whole, len);
            text[i] = odd[k];
            struct config *config = NULL;
            struct err err = ERR_INIT;
            bool fine = config_parse(&format, "s.yml", text, k == 0 ? i : len, lookup, NULL, &config, &err);
            cr_assert(fine == (config != NULL));
            cr_assert(fine || (err.kind == ERR_CONFIG && strncmp(err.text, "s.yml:", 6) == 0), "%s", err.text);
            config_free(config);
        }
    }
}

#include "cli/report.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"

/* ---- gathering ---- */

static struct report_finding *add(struct report *report, bool error)
{
    struct report_finding *finding = arena_add(report->arena, report->items, report->count, report->room);
    finding->error = error;
    report->errors += error;
    return finding;
}

void report_catalog(struct report *report, const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->finding_count; i++) {
        const struct catalog_finding *from = &catalog->findings[i];
        struct report_finding *finding = add(report, from->error);
        finding->rule = from->rule;
        finding->file = from->file;
        finding->line = from->line;
        finding->column = from->column;
        finding->text = from->text;
        finding->hint = from->hint;
    }
}

void report_lint(struct report *report, const struct lint_finding *findings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct report_finding *finding = add(report, findings[i].severity == LINT_ERROR);
        finding->rule = lint_rules[findings[i].rule].id;
        finding->file = findings[i].file;
        finding->line = findings[i].line;
        finding->column = findings[i].column;
        finding->text = findings[i].text;
        finding->hint = lint_rules[findings[i].rule].hint;
    }
}

/* "services/user/V2__x.sql:4" -> file and line. */
static void set_where(struct report *report, struct report_finding *finding, const char *where)
{
    const char *colon = where ? strrchr(where, ':') : NULL;
    long long line;
    if (!where || !*where)
        return;
    if (colon && text_to_long(colon + 1, 1, INT_MAX, &line)) {
        finding->file = arena_strndup(report->arena, where, (size_t)(colon - where));
        finding->line = (int)line;
    } else {
        finding->file = where;
    }
}

void report_plan(struct report *report, const struct plan_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        struct report_finding *finding = add(report, findings->items[i].error);
        finding->rule = findings->items[i].rule;
        finding->text = findings->items[i].text;
        finding->hint = findings->items[i].hint;
        set_where(report, finding, findings->items[i].where);
    }
}

/* ---- for people ---- */

static const char *where_text(const struct report_finding *finding, struct arena *arena)
{
    if (!finding->file || !finding->line)
        return finding->file;
    if (!finding->column)
        return arena_printf(arena, "%s:%d", finding->file, finding->line);
    return arena_printf(arena, "%s:%d:%d", finding->file, finding->line, finding->column);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static size_t migration_count(const struct fleet *fleet)
{
    size_t count = 0;
    for (size_t i = 0; i < fleet->service_count; i++)
        count += fleet->services[i].migration_count;
    return count;
}

/* What to do is said once where the same comes again and again. */
static void print_text(const struct report *report, struct buf *out)
{
    const char *said = "";
    for (size_t i = 0; i < report->count; i++) {
        const struct report_finding *finding = &report->items[i];
        const char *hint = finding->hint ? finding->hint : "";
        cli_add_finding(out, finding->error, where_text(finding, report->arena), finding->rule, finding->text,
                        strcmp(said, hint) == 0 ? "" : hint);
        said = hint;
    }
    size_t migrations = migration_count(report->fleet), warnings = report->count - report->errors;
    buf_addf(out, "fleet %s, environment %s: %zu service%s, %zu migration%s; %zu error%s, %zu warning%s\n",
             report->fleet->name, report->fleet->environment, report->fleet->service_count,
             plural(report->fleet->service_count), migrations, plural(migrations), report->errors,
             plural(report->errors), warnings, plural(warnings));
}

/* ---- for programs ---- */

static void print_json(const json_t *json, struct buf *out)
{
    auto_free char *text = json_dumps(json, JSON_INDENT(2));
    buf_adds(out, text);
    buf_addc(out, '\n');
}

static json_t *finding_json(const struct report_finding *finding)
{
    return json_pack("{s:b, s:s, s:s?, s:i, s:i, s:s, s:s?}", "error", finding->error, "rule", finding->rule, "file",
                     finding->file, "line", finding->line, "column", finding->column, "text", finding->text, "hint",
                     finding->hint);
}

static void print_own(const struct report *report, struct buf *out)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(list, finding_json(&report->items[i]));
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "fleet", report->fleet->name, "environment",
                  report->fleet->environment, "services", (json_int_t)report->fleet->service_count, "migrations",
                  (json_int_t)migration_count(report->fleet), "errors", (json_int_t)report->errors, "warnings",
                  (json_int_t)(report->count - report->errors), "findings", list);
    print_json(json, out);
    json_decref(json);
}

/* A finding's path as others know it: relative to the working folder when it lies below. */
static const char *path_from_here(const struct report *report, const char *file)
{
    auto_free char *folder = realpath(report->folder, NULL), *here = realpath(".", NULL);
    const char *full = *file == '/' || !folder ? file : arena_printf(report->arena, "%s/%s", folder, file);
    size_t len = here ? strlen(here) : 0;
    return len && strncmp(full, here, len) == 0 && full[len] == '/' ? full + len + 1 : full;
}

static const char *uri_of(const struct report *report, const char *path)
{
    auto_buf struct buf uri = BUF_INIT(BUF_MAX);
    if (*path == '/')
        buf_adds(&uri, "file://");
    for (const char *p = path; *p; p++) {
        bool plain =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("/-._~", *p);
        if (plain)
            buf_addc(&uri, *p);
        else
            buf_addf(&uri, "%%%02X", (unsigned char)*p);
    }
    return arena_strdup(report->arena, buf_text(&uri));
}

static json_t *sarif_location(const struct report *report, const struct report_finding *finding)
{
    if (!finding->file)
        return json_array();
    const char *path = path_from_here(report, finding->file);
    json_t *artifact = json_pack("{s:s}", "uri", uri_of(report, path));
    if (*path != '/')
        json_object_set_new(artifact, "uriBaseId", json_string("%SRCROOT%"));
    json_t *physical = json_pack("{s:o}", "artifactLocation", artifact);
    if (finding->line) {
        json_t *region = json_pack("{s:i}", "startLine", finding->line);
        if (finding->column)
            json_object_set_new(region, "startColumn", json_integer(finding->column));
        json_object_set_new(physical, "region", region);
    }
    return json_pack("[{s:o}]", "physicalLocation", physical);
}

/* Lint's rules first, so that their numbers are the enum's; then those of the catalog and the plan that were found. */
static json_t *sarif_rules(void)
{
    static const char *const levels[] = {"none", "warning", "error"};
    json_t *rules = json_array();
    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        json_array_append_new(rules,
                              json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", lint_rules[i].id, "fullDescription",
                                        "text", lint_rules[i].prose, "help", "text", lint_rules[i].hint,
                                        "defaultConfiguration", "level", levels[lint_rules[i].severity]));
    return rules;
}

static size_t sarif_rule(json_t *rules, const char *id)
{
    for (size_t i = 0; i < json_array_size(rules); i++) {
        if (strcmp(json_text(json_array_get(rules, i), "id"), id) == 0)
            return i;
    }
    enum finding_rule rule;
    const char *prose = finding_rule_parse(id, &rule) ? finding_prose(rule) : id;
    json_array_append_new(rules, json_pack("{s:s, s:{s:s}}", "id", id, "fullDescription", "text", prose));
    return json_array_size(rules) - 1;
}

static void print_sarif(const struct report *report, struct buf *out)
{
    json_t *rules = sarif_rules(), *results = json_array();
    for (size_t i = 0; i < report->count; i++) {
        const struct report_finding *finding = &report->items[i];
        const char *hint = finding->hint && *finding->hint ? finding->hint : NULL;
        const char *text =
            arena_printf(report->arena, "%s%s%s", finding->text, hint ? ". What to do: " : "", hint ? hint : "");
        json_array_append_new(results, json_pack("{s:s, s:I, s:s, s:{s:s}, s:o}", "ruleId", finding->rule, "ruleIndex",
                                                 (json_int_t)sarif_rule(rules, finding->rule), "level",
                                                 finding->error ? "error" : "warning", "message", "text", text,
                                                 "locations", sarif_location(report, finding)));
    }
    json_t *driver = json_pack("{s:s, s:s, s:o}", "name", "greylag", "version", GREYLAG_VERSION, "rules", rules);
    json_t *json = json_pack("{s:s, s:s, s:[{s:{s:o}, s:s, s:o}]}", "$schema",
                             "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool",
                             "driver", driver, "columnKind", "unicodeCodePoints", "results", results);
    print_json(json, out);
    json_decref(json);
}

/* `property`: ':' and ',' separate properties and are escaped too. */
static void add_escaped(struct buf *out, const char *text, bool property)
{
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, text, false);
    for (const char *p = buf_text(&shown); *p; p++) {
        if (strchr("%\n", *p) || (property && strchr(":,", *p)))
            buf_addf(out, "%%%02X", (unsigned char)*p);
        else
            buf_addc(out, *p);
    }
}

static void print_github(const struct report *report, struct buf *out)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct report_finding *finding = &report->items[i];
        buf_addf(out, "::%s title=", finding->error ? "error" : "warning");
        add_escaped(out, finding->rule, true);
        if (finding->file) {
            buf_adds(out, ",file=");
            add_escaped(out, path_from_here(report, finding->file), true);
        }
        if (finding->line)
            buf_addf(out, ",line=%d", finding->line);
        if (finding->column)
            buf_addf(out, ",col=%d", finding->column);
        buf_adds(out, "::");
        add_escaped(out, finding->text, false);
        if (finding->hint && *finding->hint) {
            buf_adds(out, "%0A");
            add_escaped(out, finding->hint, false);
        }
        buf_addc(out, '\n');
    }
}

static const struct {
    const char *name;
    void (*print)(const struct report *report, struct buf *out);
} formats[] = {[REPORT_TEXT] = {"text", print_text},
               [REPORT_JSON] = {"json", print_own},
               [REPORT_SARIF] = {"sarif", print_sarif},
               [REPORT_GITHUB] = {"github", print_github}};

bool report_format_parse(const char *text, enum report_format *ret_format)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (strcmp(formats[i].name, text) != 0)
            continue;
        *ret_format = (enum report_format)i;
        return true;
    }
    return false;
}

void report_print(const struct report *report, enum report_format format, struct buf *out)
{
    formats[format].print(report, out);
}

/* Releases that record and run nothing: what `import`, `baseline` and `repair` share. What was shown is what is agreed
 * to: the release is accepted under the digest of that plan, or not at all. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "proc/signals.h"

#define PATIENCE_MS 30000

const struct cmd_option cli_record_options[] = {
    {"dry-run", 'n', NULL, "show what would be recorded, record nothing", 0},
    {"yes", 'y', NULL, "do not ask", 0},
    {"reason", 0, "TEXT", "why, for whoever reads the history", 0},
    {"patience", 0, "TIME", "how long workers have to answer or to be ready; 30s when left out", 0},
    {"timeout", 0, "TIME", "wait no longer for the end (30s, 15min); the release goes on", 0},
    {"no-wait", 0, NULL, "do not wait for the end", 0},
    CMD_OPTIONS_END};
const struct cmd_option cli_record_select_options[] = {
    {"service", 's', "SERVICE", "only this service; may be repeated", CMD_REPEAT},
    {"on", 0, "TARGET", "only this database; may be repeated", CMD_REPEAT},
    CMD_OPTIONS_END};

struct recording {
    const struct cmdline *line;
    struct cli_submission submission;
    int64_t timeout_ms;
    bool json;
    bool asked; /* for other tools' records */
};

/* ---- other tools' records ---- */

static json_t *chosen_targets(const struct fleet *fleet, const struct plan_options *options)
{
    json_t *list = json_array();
    for (size_t i = 0; i < fleet->service_count; i++) {
        const struct service *service = &fleet->services[i];
        for (size_t t = 0; t < service->target_count; t++)
            if (plan_reads_record(service, options) && plan_chooses(options, service->name, service->targets[t]))
                json_array_append_new(list, json_sprintf("%s/%s", service->name, service->targets[t]));
    }
    return list;
}

/* What another tool's record decides is planned only from what targets report when they are asked now. */
static bool ask_targets(struct recording *r, struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    json_t *targets = chosen_targets(&r->submission.catalog->fleet, r->submission.options);
    bool any = json_array_size(targets) > 0;
    json_t *body = json_pack("{s:o}", "targets", targets);
    /* names that nothing has are the planner's to say */
    bool ok = !any || http_call(r->submission.client, "POST", "/api/v1/imports", body, NULL, &reply, err);
    r->submission.since_us = any ? json_number(reply.json, "since") : 1;
    r->asked = any;
    json_decref(body);
    return ok;
}

static void add_record(struct table *table, const json_t *target, const json_t *history)
{
    char ago[64];
    json_int_t rows = json_number(history, "rows"), failed = json_number(history, "failed");
    table_row(table, 5, arena_printf(&table->arena, "%s/%s", json_text(target, "service"), json_text(target, "target")),
              json_text(history, "tool"), json_text(history, "table"),
              arena_printf(&table->arena, failed ? "%lld row%s, %lld failed" : "%lld row%s", (long long)rows,
                           rows == 1 ? "" : "s", (long long)failed),
              arena_printf(&table->arena, "reported %s", cli_ago(target, "storedAtUs", ago)));
}

/* Which records there are, and how old what is known of them is. */
static void show_records(const struct recording *r, struct buf *out)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    struct table table = {.columns = 0};
    size_t i, h;
    const json_t *target, *history;
    if (!http_call(r->submission.client, "GET", "/api/v1/imports", NULL, NULL, &reply, NULL))
        return;
    json_array_foreach(json_object_get(reply.json, "targets"), i, target)
    {
        bool answered = json_number(target, "answeredAtUs") >= r->submission.since_us;
        json_array_foreach(json_object_get(target, "histories"), h, history)
        {
            if (answered)
                add_record(&table, target, history);
        }
    }
    if (table.rows)
        buf_adds(out, "Records of other tools:\n");
    table_print(&table, "  ", out);
    buf_addc(out, '\n');
}

/* ---- showing and asking ---- */

static void show_plan(const struct recording *r, const json_t *plan)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    if (r->asked)
        show_records(r, &out);
    cli_plan_text(plan, &out);
    cli_print_text(&out);
}

static bool agreed(const struct recording *r, struct err *err)
{
    char answer[16] = "";
    if (cmdline_has(r->line, "yes"))
        return true;
    if (r->json || !isatty(STDIN_FILENO)) {
        err_set(err, ERR_USAGE, "nobody is there to be asked");
        return err_hint(err, "Look with --dry-run, then say --yes.");
    }
    fputs("\nRecord this? Nothing of it runs. [y/N] ", stdout);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    return err_set(err, ERR_USAGE, "nothing was recorded");
}

/* ---- the way ---- */

static int watch(const struct recording *r, const json_t *answer)
{
    const char *release = json_text(answer, "release");
    bool wait = !cmdline_has(r->line, "no-wait");
    if (r->json && (!wait || !*release))
        cli_print_json(answer);
    if (!r->json && *release)
        cli_tell("\nrelease %s accepted: %lld to record\n", release, (long long)json_number(answer, "steps"));
    fflush(stdout);
    if (!wait || !*release)
        return EXIT_CODE_DONE;
    struct cli_watch what = {.client = r->submission.client, .release = release, .fleet = &r->submission.catalog->fleet,
                             .timeout_ms = r->timeout_ms, .json = r->json, .wanted = RELEASE_SUCCEEDED};
    return cli_watch_release(r->line, &what);
}

static int submit(struct recording *r, const json_t *plan)
{
    struct err err = ERR_INIT;
    json_t *answer = NULL;
    if (!agreed(r, &err) || !signals_catch(&err))
        return cmdline_fail(r->line, &err);
    r->submission.plan = json_text(plan, "digest");
    int code = cli_submit(&r->submission, &answer, &err) ? watch(r, answer) : cli_say_refused(r->line, answer, &err);
    json_decref(answer);
    return code;
}

/* Looks at what would be recorded, and goes on when there is something. */
static int look(struct recording *r)
{
    struct err err = ERR_INIT;
    json_t *answer = NULL;
    int code = EXIT_CODE_DONE;
    bool dry = cmdline_has(r->line, "dry-run");
    if (!cli_preview(&r->submission, &answer, &err)) {
        code = cli_say_refused(r->line, answer, &err);
        json_decref(answer);
        return code;
    }
    const json_t *plan = json_object_get(answer, "plan");
    bool any = json_array_size(json_object_get(plan, "steps")) > 0;
    if (!r->json)
        show_plan(r, plan);
    else if (dry || !any)
        cli_print_json(answer);
    if (!r->json && dry && any)
        puts("\nNothing was recorded (--dry-run).");
    if (any && !dry)
        code = submit(r, plan);
    json_decref(answer);
    return code;
}

static int run_with(const struct cmdline *line, const struct catalog *catalog, enum adoption adoption,
                    const struct plan_limit *limit)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    struct plan_limit own = {.version = limit ? limit->version : NULL};
    struct plan_options options = {
        .direction = DIRECTION_ADOPT, .adoption = adoption, .limits = &own, .limit_count = limit != NULL};
    struct recording r = {.line = line,
                          .json = cli_json(line),
                          .submission = {.catalog = catalog,
                                         .options = &options,
                                         .reason = cmdline_value(line, "reason"),
                                         .patience_ms = PATIENCE_MS,
                                         .quiet = cli_json(line)}};
    options.service_count = cli_services(line, catalog, &arena, &options.services);
    own.service = limit ? catalog_service_name(catalog, limit->service) : NULL;
    options.target_count = cmdline_values(line, "on", &options.targets);
    bool ok = (!limit || cli_resolve_tag(catalog, "version", &own, &err)) &&
              cmdline_duration_ms(line, "timeout", &r.timeout_ms, &err) &&
              cmdline_duration_ms(line, "patience", &r.submission.patience_ms, &err) &&
              cli_client(line, &r.submission.client, &err) && ask_targets(&r, &err);
    int code = ok ? look(&r) : cmdline_fail(line, &err);
    http_client_free(r.submission.client);
    return code;
}

int cli_record(const struct cmdline *line, enum adoption adoption, const struct plan_limit *limit)
{
    int code;
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    return catalog ? run_with(line, catalog, adoption, limit) : code;
}

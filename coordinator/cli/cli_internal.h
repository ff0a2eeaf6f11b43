/* The cli room's own: what the commands share. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "catalog/catalog.h"
#include "catalog/named.h"
#include "cli/cli.h"
#include "plan/plan.h"

extern const struct cmd_option cli_json_options[], cli_server_options[], cli_fleet_options[], cli_select_options[];

extern const struct command init_command, create_command, validate_command, changelog_command, matrix_command,
    plan_command, up_command, down_command, import_command, baseline_command, repair_command, tag_command,
    status_command, history_command, release_command, release_create_command, keygen_command, workers_command,
    targets_command, prune_command, health_command, token_command, reference_command;

/* --- context.c */
bool cli_json(const struct cmdline *line); /* --json, or --format json where there are formats */
void cli_print_json(const json_t *json);                     /* to standard output */
void cli_print(struct buf *out);                             /* to standard output; empties it */
void cli_print_text(struct buf *out);                        /* for people: fits into a terminal (table_fit) */
void cli_tell(const char *format, ...) __attribute__((format(printf, 1, 2))); /* the same, of a few words */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2))); /* to standard error (cmdline_say) */
const char *cli_getenv(void *context, const char *name);     /* a config_getter */
/* --fleet, or fleet.yml found upwards from here; new (free()). ERR_USAGE with a hint. */
bool cli_fleet_path(const struct cmdline *line, char **ret_path, struct err *err);
/* Loads the catalog of --fleet and --env; its errors are found by the caller. */
bool cli_catalog(const struct cmdline *line, struct catalog **ret_catalog, struct err *err);
/* Whether --url, GREYLAG_URL or the configuration file names a coordinator. */
bool cli_has_server(const struct cmdline *line);
/* A client for it. ERR_USAGE with a hint when none is named. */
bool cli_client(const struct cmdline *line, struct http_client **ret_client, struct err *err);
/* One GET whose answer is printed: as JSON with --json, else through `print`. Returns an exit code. */
int cli_get(const struct cmdline *line, const char *path, void (*print)(const json_t *json, struct buf *out));
/* An answer, printed like that. Returns DONE. */
int cli_print_answer(const struct cmdline *line, const json_t *json,
                     void (*print)(const json_t *json, struct buf *out));

/* --format is one of these, and does not contradict --json. ERR_USAGE. */
bool cli_format(const struct cmdline *line, const char *const *formats, size_t count, struct err *err);

/* --- matrix.c, also for the changelog */
const char *cli_need_text(const struct dependency *need, struct arena *arena); /* "user >= 2", "auth:1" */
/* What Markdown would read as its own is escaped (CommonMark, 2.4). */
void cli_add_markdown(struct buf *out, const char *text);

/* --- named.c: versions of releases.yml */
/* NULL in *ret_release: there is no such release. */
bool cli_named(const struct cmdline *line, const char *version, struct arena *arena,
               const struct named_release **ret_release, struct err *err);
/* Limits the plan to what the release names, of the services that are selected. */
void cli_named_limits(const struct named_release *release, struct arena *arena, struct plan_options *options);

/* --- init.c */
bool cli_make_folders(const char *path, struct err *err); /* those above `path` */

/* --- select.c: what to plan, from --service, --target, --on, ... Lists are borrowed from `arena` and the line. */
bool cli_select(const struct cmdline *line, const struct catalog *catalog, enum direction direction,
                struct arena *arena, struct plan_options *ret, struct err *err);
/* What --service names, aliases replaced by the services' own names. Returns how many. */
size_t cli_services(const struct cmdline *line, const struct catalog *catalog, struct arena *arena,
                    const char *const **ret_services);
/* SERVICE=VERSION, or VERSION alone: its service is then NULL. */
struct plan_limit cli_limit(const struct catalog *catalog, const char *text, struct arena *arena);
/* A version @tag is what the files of the service call so. ERR_USAGE: they know no such tag. */
bool cli_resolve_tag(const struct catalog *catalog, const char *option, struct plan_limit *limit, struct err *err);
json_t *cli_options_json(const struct plan_options *options);       /* new reference */
json_t *cli_fleet_json(const struct fleet *fleet);                  /* new reference */
/* What is applied, from GET /applied or a --state file: {"targets":{"service/target":[...]}, "foreign":{...}}.
 * ERR_INPUT. */
bool cli_contents(const json_t *json, struct arena *arena, struct target_contents **ret_contents, size_t *ret_count,
                  struct err *err);
/* What the targets hold: of --state, of the coordinator (`online`), or nothing. */
bool cli_find_contents(const struct cmdline *line, bool online, struct arena *arena,
                       struct target_contents **ret_contents, size_t *ret_count, struct err *err);

/* --- submit.c */
struct cli_submission {
    struct http_client *client;
    const struct catalog *catalog;
    const struct plan_options *options;
    bool accept_irreversible;
    const char *reason;
    const char *plan;    /* digest of the plan that was looked at; NULL: any */
    int64_t since_us;    /* import: when the targets were asked; 0 */
    int64_t patience_ms; /* how long to try again while workers are not ready */
    bool quiet;          /* nothing on standard error meanwhile */
};
/* POST /plans, again while that may help; *ret_answer (new reference) also when it is refused (may then be NULL). */
bool cli_preview(const struct cli_submission *submission, json_t **ret_answer, struct err *err);
/* Uploads what is missing and posts the release. *ret_answer (new reference), as above. */
bool cli_submit(const struct cli_submission *submission, json_t **ret_answer, struct err *err);

/* --- findings.c: text for people, and for programs. */
void cli_add_finding(struct buf *out, bool error, const char *where, const char *rule, const char *text,
                     const char *hint);
void cli_plan_findings(const json_t *findings, struct buf *out);     /* of an answer or of plan_json */
size_t cli_error_count(const json_t *findings);                      /* of the same */
json_t *cli_plan_findings_json(const struct plan_findings *findings);
/* Says why the coordinator refused: its findings, or the error. Returns an exit code. */
int cli_say_refused(const struct cmdline *line, const json_t *answer, const struct err *err);
/* Prints the findings of a catalog with errors (JSON with --json); returns INVALID, or DONE when there are none. */
int cli_refuse_catalog(const struct cmdline *line, const struct catalog *catalog);
/* The catalog of --fleet and --env when it has no errors; else NULL, why is said, and *ret_code is the exit code. */
struct catalog *cli_sound_catalog(const struct cmdline *line, int *ret_code);

/* --- record.c: releases that record and run nothing (import, baseline, repair). */
extern const struct cmd_option cli_record_options[], cli_record_select_options[];
/* Shows what would be recorded, asks (or takes --yes), submits exactly that and watches it. Returns an exit code. */
int cli_record(const struct cmdline *line, enum adoption adoption, const struct plan_limit *limit);

/* --- tag.c: the release that a tag stands on, in the arena; NULL in *ret_release: there is no such tag. */
bool cli_tag_find(struct http_client *client, const char *name, struct arena *arena, const char **ret_release,
                  struct err *err);

/* --- create.c */
struct new_file;
/* Writes the files of catalog/create.h. Nothing is written when one of the new ones is there already. */
bool cli_write_new(const char *fleet, const struct new_file *files, size_t count, struct err *err);

/* --- baseline_file.c: writes a service's baseline file from a database (--from-database). Returns an exit code. */
int cli_baseline_write(const struct cmdline *line, const struct catalog *catalog, const char *service);

/* --- plan_text.c. PURE.
 * A plan as it is printed: its steps are made one at a time. */
struct plan_view {
    const json_t *head; /* everything but the steps */
    size_t count;
    json_t *(*step)(const void *of, size_t index); /* new reference */
    const void *of;
    const char *category; /* only the steps of it; NULL: all */
};
/* Where a step or target is: "service/target", or the one name of both; borrowed, or in the arena. */
const char *cli_place(const json_t *step, struct arena *arena);
void cli_plan_view(const struct plan_view *view, struct buf *out);
void cli_plan_text(const json_t *plan, struct buf *out); /* a whole one, as the coordinator answers it */

/* --- table.c: columns of text, made printable. */
#define TABLE_COLUMNS 10
struct table {
    struct arena arena;
    size_t columns, rows, room;
    const char *(*cells)[TABLE_COLUMNS];
};
void table_row(struct table *table, size_t columns, ...); /* const char * each; NULL: empty */
void table_print(struct table *table, const char *indent, struct buf *out); /* and empties it */
/* Text with its rows (lines with two blanks between their words) no wider than `width`: they go on below their last
 * column, between words. Other lines are prose (wrap_add). */
void table_fit(const char *text, size_t width, struct buf *out);

/* --- view.c, outcome.c: PURE. `summary` is what GET /releases/{id}/events answers. */
struct view_style {
    bool colour;
    int width, height; /* of the terminal */
    int64_t now_us;
};
size_t view_lines(const json_t *summary, const struct view_style *style, struct buf *out); /* how many lines */
void view_changes(const json_t *before, const json_t *now, struct buf *out); /* plain lines; before may be NULL */
void view_outcome(const json_t *summary, const struct fleet *fleet, struct buf *out); /* the end */
void view_problem(const json_t *problem, const struct fleet *fleet, struct buf *out);

/* --- said.c: what servers said beside outcomes. PURE. */
void view_said(const json_t *said, struct buf *out);      /* DETAIL, HINT, CONTEXT, and what an error is about */
void view_tries(const json_t *outcome, struct buf *out);  /* how long and how often a failure was tried */
void view_notice(const json_t *step, struct buf *out);    /* of a step that has some */
void view_notices(const json_t *steps, struct buf *out);  /* of all that have some, under a heading; else nothing */

/* --- choices.c: what can be done. PURE. `release`: its id, state, direction, irreversible,
 * latest and decidedBy; `shown`: whoever reads this has just seen what `release show` says. */
void view_next(const json_t *release, bool shown, struct buf *out);

/* --- attention.c: what needs a person, from the answer of GET /status or /health. False: nothing does, nothing is
 * written. */
bool view_attention(const json_t *answer, struct buf *out);
/* Of that, what stands in the way of the release of this summary (NULL: not known yet) and is not among `told`. New:
 * what is told by now. */
json_t *view_hindrances(const json_t *answer, const json_t *summary, const json_t *told, struct buf *out);

/* --- small questions about JSON. */
const char *json_text(const json_t *object, const char *name);    /* "" when it is not there */
json_int_t json_number(const json_t *object, const char *name);
const char *cli_ago(const json_t *object, const char *name, char text[64]); /* "3 s ago", "never" */
const char *cli_when(const json_t *object, const char *name, struct arena *arena); /* in the reader's zone; "" none */
/* One call that changes something, and `said` when it did. Returns an exit code. */
int cli_call_and_say(const struct cmdline *line, const char *method, const char *path, const json_t *body,
                     const char *said);

/* sqitch.conf: Git's form of configuration (Config::GitLike), as far as it says where scripts lie. */
#include "catalog/sqitch.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BLANKS " \t"

static const char *const keys[] = {"top_dir",    "plan_file",  "deploy_dir",   "revert_dir", "verify_dir",
                                   "reworked_dir", "extension", "engine",       "registry"};
enum { TOP_DIR, PLAN_FILE, DEPLOY_DIR, REVERT_DIR, VERIFY_DIR, REWORKED_DIR, EXTENSION, ENGINE, REGISTRY };

struct conf {
    struct layout_run *run;
    const struct folder_file *file;
    const char *values[COUNT_OF(keys)];
    bool counts; /* the section is one that is read: core, engine "pg" */
    bool target; /* a target of its own */
    bool any;    /* a section has begun */
    bool failed;
};

static void conf_fail(struct conf *conf, int line, const char *text)
{
    finding_add(conf->run->findings, ERROR, FINDING_SQITCH, conf->file->where, line,
                "Sqitch's own configuration is read as far as it says where scripts lie", "%s", text);
    conf->failed = true;
}

/* `[name]` or `[name "which"]`, in any case but for what is in quotes. */
static void take_section(struct conf *conf, const char *text, int line)
{
    size_t len = strcspn(text, "]");
    if (text[len] != ']') {
        conf_fail(conf, line, "a section without ']'");
        return;
    }
    const char *name = arena_strndup(conf->run->arena, text, len);
    conf->any = true;
    conf->counts = strcasecmp(name, "core") == 0 || strcasecmp(name, "engine \"pg\"") == 0;
    conf->target = strncasecmp(name, "target ", strlen("target ")) == 0;
}

static const char *conf_value(struct conf *conf, const char *text, int line)
{
    if (*text == '"') {
        const char *close = strchr(text + 1, '"');
        if (!close || memchr(text, '\\', (size_t)(close - text))) {
            conf_fail(conf, line, "quotes or escapes that cannot be followed");
            return NULL;
        }
        return arena_strndup(conf->run->arena, text + 1, (size_t)(close - text - 1));
    }
    size_t len = strcspn(text, "#;");
    while (len && strchr(BLANKS "\r", text[len - 1]))
        len--;
    if (memchr(text, '\\', len)) {
        conf_fail(conf, line, "an escape or a continued line that cannot be followed");
        return NULL;
    }
    return arena_strndup(conf->run->arena, text, len);
}

static void take_key(struct conf *conf, const char *text, int line)
{
    size_t len = strcspn(text, "=" BLANKS "\r");
    const char *value = text + len + strspn(text + len, BLANKS);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (strlen(keys[i]) != len || strncasecmp(keys[i], text, len) != 0)
            continue;
        if (conf->target && i != ENGINE && i != REGISTRY)
            conf_fail(conf, line, "folders of a single target are known but not built yet");
        else if (conf->counts && *value == '=')
            conf->values[i] = conf_value(conf, value + 1 + strspn(value + 1, BLANKS), line);
    }
}

static bool conf_read(struct conf *conf)
{
    struct line line = {.next = conf->file ? conf->file->text : NULL};
    while (!conf->failed && line_next(&line)) {
        const char *text = arena_strndup(conf->run->arena, line.text, line.len);
        text += strspn(text, BLANKS);
        if (*text == '[')
            take_section(conf, text + 1, line.number);
        else if (*text && *text != '#' && *text != ';' && *text != '\r' && !conf->any)
            conf_fail(conf, line.number, "neither a section nor a comment, in front of the first section");
        else if (*text && *text != '#' && *text != ';' && *text != '\r')
            take_key(conf, text, line.number);
    }
    if (!conf->failed && conf->values[ENGINE] && strcasecmp(conf->values[ENGINE], "pg") != 0)
        conf_fail(conf, 0, "its engine is not pg");
    if (!conf->failed && conf->values[EXTENSION] && strcmp(conf->values[EXTENSION], "sql") != 0)
        conf_fail(conf, 0, "scripts with another extension than sql are known but not built yet");
    return !conf->failed;
}

/* Joined, without "." and "/" at the ends. */
static const char *join(struct layout_run *run, const char *folder, const char *name)
{
    while (text_starts(name, "./"))
        name += 2;
    if (strcmp(name, ".") == 0)
        name = "";
    char *path = *folder && *name ? arena_printf(run->arena, "%s/%s", folder, name)
                                  : arena_strdup(run->arena, *folder ? folder : name);
    size_t len = strlen(path);
    while (len && path[len - 1] == '/')
        path[--len] = 0;
    return path;
}

/* Without a configuration: where the only plan lies. */
static const char *top_of_plan(struct layout_run *run)
{
    const char *top = NULL;
    for (size_t i = 0; i < run->folder->side_count; i++) {
        const struct folder_file *side = &run->folder->sides[i];
        if (strcmp(side->base, "sqitch.plan") != 0)
            continue;
        if (top)
            return "";
        size_t len = (size_t)(side->base - side->path);
        top = arena_strndup(run->arena, side->path, len ? len - 1 : 0);
    }
    return top ? top : "";
}

static const char *or_else(struct layout_run *run, const char *value, const char *folder, const char *name)
{
    return value ? join(run, "", value) : join(run, folder, name);
}

bool sqitch_paths_read(struct layout_run *run, struct sqitch_paths *ret_paths)
{
    struct conf conf = {.run = run, .file = layout_side(run, "sqitch.conf")};
    if (!conf_read(&conf))
        return false;
    const char *top = conf.values[TOP_DIR] ? join(run, "", conf.values[TOP_DIR]) : top_of_plan(run);
    const char *reworked = or_else(run, conf.values[REWORKED_DIR], top, "");
    *ret_paths = (struct sqitch_paths){.plan = or_else(run, conf.values[PLAN_FILE], top, "sqitch.plan"),
                                       .deploy = or_else(run, conf.values[DEPLOY_DIR], top, "deploy"),
                                       .revert = or_else(run, conf.values[REVERT_DIR], top, "revert"),
                                       .verify = or_else(run, conf.values[VERIFY_DIR], top, "verify"),
                                       .reworked_deploy = join(run, reworked, "deploy"),
                                       .reworked_revert = join(run, reworked, "revert"),
                                       .reworked_verify = join(run, reworked, "verify"),
                                       .registry = conf.values[REGISTRY]};
    if (!conf.values[REWORKED_DIR]) {
        ret_paths->reworked_deploy = ret_paths->deploy;
        ret_paths->reworked_revert = ret_paths->revert;
        ret_paths->reworked_verify = ret_paths->verify;
    }
    return true;
}

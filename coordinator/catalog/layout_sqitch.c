/* Sqitch: sqitch.plan lists the changes, in order; their scripts lie in deploy/, revert/ and verify/. sqitch.h says
 * from which sources.
 *
 * The version of a change is its name; one that was reworked later is name@tag, with the first tag behind it. Its id
 * stays: the name of the first form, name#2 of the second (id_of). The project is a service of that name or alias, so
 * that project:change is a dependency on another service. Requirements inside of the plan say nothing that its order
 * does not say; they are kept for showing and for going back. What a change conflicts with must not be in the fleet.
 * Scripts hold their own BEGIN and COMMIT, which the worker takes off; psql's own commands in them are known and
 * refused: such a change is never run. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/sqitch.h"
#include "crypto/sha1.h"

struct reading {
    struct layout_run *run;
    struct sqitch_paths paths;
    struct sqitch_plan plan;
    const struct folder_file *file; /* the plan */
    bool *used;                     /* of the folder's files */
};

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    (void)file;
    for (size_t i = 0; i < run->folder->side_count; i++) {
        if (strcmp(run->folder->sides[i].base, "sqitch.plan") == 0)
            return true;
    }
    return run->named;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct folder_file *)a)->path, ((const struct folder_file *)b)->path);
}

/* The script of that name in `folder`; NULL: none. */
static const struct folder_file *script(struct reading *reading, const char *folder, const char *name)
{
    const struct folder *all = reading->run->folder;
    const struct folder_file key = {
        .path = arena_printf(reading->run->arena, "%s%s%s.sql", folder, *folder ? "/" : "", name)};
    const struct folder_file *file = all->count ? bsearch(&key, all->files, all->count, sizeof key, by_path) : NULL;
    if (file)
        reading->used[file - all->files] = true;
    return file;
}

/* Plan/Change.pm, _path_segments: of a reworked change the name with one of the tags between it and its rework, the
 * last first, whose deploy script is there. */
static const char *script_name(struct reading *reading, size_t i)
{
    const struct sqitch_plan *plan = &reading->plan;
    const struct sqitch_change *change = &plan->changes[i];
    if (!change->rework_tag)
        return change->name;
    size_t next = i + 1;
    while (strcmp(plan->changes[next].name, change->name) != 0)
        next++;
    const char *last = NULL;
    for (size_t t = plan->tag_count; t-- > 0;) {
        if (plan->tags[t].change < i || plan->tags[t].change >= next)
            continue;
        const char *name = arena_printf(reading->run->arena, "%s@%s", change->name, plan->tags[t].name);
        if (script(reading, reading->paths.reworked_deploy, name))
            return name;
        last = last ? last : name;
    }
    return last;
}

/* What a change is called for ever: its name, of a rework also which form of it this is (no name holds a '#'). Its
 * version changes as it is reworked, its script moves, and it stays the same change. */
static const char *id_of(struct reading *reading, size_t i)
{
    const struct sqitch_plan *plan = &reading->plan;
    const char *name = plan->changes[i].name;
    size_t form = 1;
    for (size_t k = 0; k < i; k++)
        form += strcmp(plan->changes[k].name, name) == 0;
    return form == 1 ? name : arena_printf(reading->run->arena, "%s#%zu", name, form);
}

/* The version of a change. */
static const char *version_of(struct reading *reading, const struct sqitch_change *change)
{
    if (!change->rework_tag)
        return change->name;
    return arena_printf(reading->run->arena, "%s@%s", change->name, change->rework_tag);
}

static void add_references(struct reading *reading, size_t i, struct entry *entry)
{
    struct layout_run *run = reading->run;
    const struct sqitch_change *change = &reading->plan.changes[i];
    const char *own = run->file && run->file->name ? arena_printf(run->arena, "%s:", run->file->name) : "";
    for (size_t k = 0; k < change->requires.count; k++) {
        const struct sqitch_depend *depend = &change->requires.items[k];
        const struct sqitch_change *needed =
            depend->project || depend->id ? NULL : sqitch_plan_find(&reading->plan, depend->change, depend->tag, i);
        const char *version = needed ? arena_printf(run->arena, "%s%s", own, version_of(reading, needed)) : NULL;
        if (version)
            reference_add(run->arena, &entry->references, version, reading->file->where, change->origin.line);
        else if (depend->project || depend->id)
            reference_add(run->arena, &entry->references, depend->text, reading->file->where, change->origin.line);
    }
    for (size_t k = 0; k < change->conflicts.count; k++) {
        const struct sqitch_depend *depend = &change->conflicts.items[k];
        reference_add(run->arena, &entry->conflicts,
                      depend->project ? depend->text : arena_printf(run->arena, "%s%s", own, depend->text),
                      reading->file->where, change->origin.line);
    }
}

static void add_names(json_t *record, const char *key, const struct sqitch_depends *depends)
{
    json_t *list = json_array();
    for (size_t i = 0; i < depends->count; i++)
        json_array_append_new(list, json_string(depends->items[i].text));
    json_object_set_new(record, key, list);
}

/* proto/fleet.h: foreign_record. */
static const char *record_of(struct reading *reading, size_t i, const struct folder_file *deploy)
{
    const struct sqitch_plan *plan = &reading->plan;
    const struct sqitch_change *change = &plan->changes[i];
    const struct sqitch_origin *origin = &change->origin;
    char hash[SHA1_HEX_SIZE];
    sha1_hex(deploy->text, deploy->size, hash);
    json_t *tags = json_array();
    for (size_t t = 0; t < plan->tag_count; t++) {
        const struct sqitch_tag *tag = &plan->tags[t];
        if (tag->change == i)
            json_array_append_new(tags, json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}", "id", tag->id, "tag",
                                                  json_sprintf("@%s", tag->name), "note", tag->origin.note,
                                                  "planned_at", tag->origin.date, "planner_name", tag->origin.name,
                                                  "planner_email", tag->origin.email));
    }
    json_t *record =
        json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "project", plan->project, "uri", plan->uri,
                  "change", change->name, "note", origin->note, "planned_at", origin->date, "planner_name",
                  origin->name, "planner_email", origin->email, "script_hash", hash, "tags", tags);
    add_names(record, "requires", &change->requires);
    add_names(record, "conflicts", &change->conflicts);
    auto_free char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(record);
    return text ? arena_strdup(reading->run->arena, text) : NULL;
}

static const char *const *tags_of(struct reading *reading, size_t i)
{
    const struct sqitch_plan *plan = &reading->plan;
    size_t count = 0;
    for (size_t t = 0; t < plan->tag_count; t++)
        count += plan->tags[t].change == i;
    if (count == 0)
        return NULL;
    const char **tags = arena_array(reading->run->arena, count + 1, sizeof *tags);
    count = 0;
    for (size_t t = 0; t < plan->tag_count; t++) {
        if (plan->tags[t].change == i)
            tags[count++] = plan->tags[t].name;
    }
    return tags;
}

static void set_revert(struct reading *reading, const char *folder, const char *name, struct entry *entry)
{
    const struct folder_file *revert = script(reading, folder, name);
    if (!revert && reading->run->folder->incomplete)
        return;
    if (!revert) {
        entry->undo_file = arena_printf(reading->run->arena, "%s/%s/%s.sql", reading->run->folder->where, folder, name);
        entry->no_undo = arena_printf(reading->run->arena, "%s has no revert script: there is no %s", name,
                                      entry->undo_file);
        return;
    }
    entry->down_where = revert->where;
    entry->down_file = revert;
    entry->down = revert->text;
    entry->down_size = revert->size;
}

static void add_change(struct reading *reading, size_t i)
{
    struct layout_run *run = reading->run;
    const struct sqitch_change *change = &reading->plan.changes[i];
    const struct sqitch_paths *paths = &reading->paths;
    bool reworked = change->rework_tag != NULL;
    const char *name = script_name(reading, i);
    const struct folder_file *deploy = script(reading, reworked ? paths->reworked_deploy : paths->deploy, name);
    const struct folder_file *verify = script(reading, reworked ? paths->reworked_verify : paths->verify, name);
    if (!deploy) {
        script(reading, reworked ? paths->reworked_revert : paths->revert, name); /* it belongs to a change */
        if (run->folder->incomplete)
            return;
        finding_add(run->findings, ERROR, FINDING_SQITCH, reading->file->where, change->origin.line,
                    "write it, or take the change out of the plan", "%s has no script %s/%s.sql", change->name,
                    reworked ? paths->reworked_deploy : paths->deploy, name);
        return;
    }
    struct entry entry = {.file = deploy,
                          .name = change->origin.note,
                          .author = change->origin.name,
                          .up = deploy->text,
                          .up_size = deploy->size,
                          .script = reading->plan.project,
                          .foreign_checksum = change->id,
                          .foreign_record = change->id ? record_of(reading, i, deploy) : NULL};
    entry.version = entry.order = version_of(reading, change);
    entry.id = id_of(reading, i);
    entry.tags = tags_of(reading, i);
    set_revert(reading, reworked ? paths->reworked_revert : paths->revert, name, &entry);
    if (verify) {
        entry.verify = verify->text;
        entry.verify_size = verify->size;
        entry.verify_where = verify->where;
    }
    add_references(reading, i, &entry);
    *layout_add(run) = entry;
}

static void name_unplanned(struct reading *reading)
{
    for (size_t i = 0; i < reading->run->folder->count; i++) {
        if (!reading->used[i])
            finding_add(reading->run->findings, WARNING, FINDING_SKIPPED_FILE, reading->run->folder->files[i].where, 0,
                        "add its change to the plan, or remove it", "no change of %s has this script",
                        reading->file->where);
    }
}

static void read_all(struct layout_run *run)
{
    struct reading reading = {.run = run};
    if (!sqitch_paths_read(run, &reading.paths))
        return;
    run->history_table = reading.paths.registry;
    reading.file = layout_side(run, reading.paths.plan);
    if (!reading.file) {
        finding_add(run->findings, ERROR, FINDING_SQITCH, run->folder->where, 0,
                    "point `migrations:` to the folder of sqitch.conf", "there is no %s in this folder",
                    reading.paths.plan);
        return;
    }
    if (!sqitch_plan_read(run, reading.file, &reading.plan))
        return;
    reading.used = arena_array(run->arena, run->folder->count + 1, sizeof *reading.used);
    for (size_t i = 0; i < reading.plan.change_count; i++)
        add_change(&reading, i);
    name_unplanned(&reading);
}

static bool has_tag(const struct entry *entry, const char *tag, size_t len)
{
    for (const char *const *own = entry->tags; own && *own; own++) {
        if (strlen(*own) == len && strncmp(*own, tag, len) == 0)
            return true;
    }
    return false;
}

/* By version or id, change@tag, @tag: what another plan, or a person, writes. */
static struct entry *find(const struct layout_run *run, const char *text)
{
    const char *at = strchr(text, '@');
    size_t end = run->count, name = at ? (size_t)(at - text) : strlen(text);
    for (size_t i = run->count; i-- > 0;) {
        struct entry *entry = &run->entries[i];
        const char *id = entry->foreign_checksum;
        if (strcmp(entry->version, text) == 0 || (id && strcmp(id, text) == 0) ||
            (strchr(text, '#') && strcmp(entry->id, text) == 0))
            return entry;
    }
    while (at && end > 0 && !has_tag(&run->entries[end - 1], at + 1, strlen(at + 1)))
        end--;
    if (!at || name == 0)
        return at && end ? &run->entries[end - 1] : NULL;
    for (; end > 0; end--) {
        const char *version = run->entries[end - 1].version;
        if (strncmp(version, text, name) == 0 && (version[name] == 0 || version[name] == '@'))
            return &run->entries[end - 1];
    }
    return NULL;
}

const struct layout layout_sqitch = {.name = "sqitch",
                                     .prose = "sqitch.plan, deploy/name.sql, revert/name.sql, verify/name.sql",
                                     .claims = claims,
                                     .read = read_all,
                                     .find = find,
                                     .order = ORDER_GIVEN,
                                     .by_psql = true,
                                     .history = HISTORY_SQITCH};

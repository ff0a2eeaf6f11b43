/* What a target's database has on greylag's own record under another name: of another service, target, environment or
 * fleet that its worker found there, or of a version that the files call something else now. A text is one by its
 * digest. What repeatable migrations say runs again whenever it has changed: it is taken over, and never refused. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "plan/planning.h"

#define NAMED_MAX 5

/* One migration that is applied there. */
struct known {
    const char *record; /* "fleet/environment/service/target" */
    const char *id, *checksum;
    bool replaced;      /* names in its text were replaced: whether it is the same its worker alone can tell */
    bool unsure;        /* nobody said whether they were */
    bool shared;        /* the fleet has it under that name, too: it stays there */
    bool stranger;      /* nothing of this fleet goes by that record's name */
    bool taken;
    int next;           /* with the same text, -1: none */
};

struct elsewhere {
    struct known *items;
    size_t count;
    struct lookup texts; /* the first of each text */
};

/* ---- what there is ---- */

static int slot_of(const struct planning *planning, const char *record)
{
    for (int s = 0; s < planning->slot_count; s++)
        if (strcmp(planning_record_of(planning, s), record) == 0)
            return s;
    return -1;
}

/* What the worker of that record's target told itself; NULL: nothing. A target can be one that the fleet does not have
 * any more. */
static const struct target_contents *contents_of(const struct planning *planning, const char *record)
{
    const char *const names[] = {planning->fleet->name, planning->fleet->environment};
    int slot = slot_of(planning, record);
    if (slot >= 0)
        return planning->slots[slot].contents;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t len = strlen(names[i]);
        if (strncmp(record, names[i], len) != 0 || record[len] != '/')
            return NULL;
        record += len + 1;
    }
    for (size_t i = 0; i < planning->contents_count; i++) {
        const struct target_contents *contents = &planning->contents[i];
        size_t len = strlen(contents->service);
        if (strncmp(record, contents->service, len) == 0 && record[len] == '/' &&
            strcmp(record + len + 1, contents->target) == 0)
            return contents;
    }
    return NULL;
}

/* Whether the file of that slot under this id holds this text; of no slot, no. */
static bool holds(const struct planning *planning, int slot, const char *id, const char *checksum)
{
    if (slot < 0)
        return false;
    int service = planning->slots[slot].service, m = planning_held(planning, service, id);
    return m >= 0 && strcmp(planning->fleet->services[service].migrations[m].up, checksum) == 0;
}

static void add(struct elsewhere *all, const struct known *known)
{
    all->items[all->count] = *known;
    all->items[all->count].next = lookup_get(&all->texts, 0, known->checksum);
    lookup_put(&all->texts, 0, known->checksum, (int)all->count++);
}

/* As its own worker told, which is newer than what a neighbour's found there; that knows of replaced names. */
static void add_target(const struct planning *planning, struct elsewhere *all, const struct foreign_history *history,
                       const struct target_contents *contents)
{
    int slot = slot_of(planning, history->table);
    struct lookup found;
    lookup_init(&found, planning->scratch, history->row_count + 1);
    for (size_t r = 0; r < history->row_count; r++)
        lookup_put(&found, 0, history->rows[r].version, (int)r);
    for (size_t i = contents->applied_count; i-- > 0;) {
        const struct applied *applied = &contents->applied[i];
        int row = lookup_get(&found, 0, applied->migration);
        add(all, &(struct known){.record = history->table, .id = applied->migration, .checksum = applied->checksum,
                                 .replaced = row >= 0 && *history->rows[row].script, .unsure = row < 0,
                                 .stranger = slot < 0,
                                 .shared = holds(planning, slot, applied->migration, applied->checksum)});
    }
}

/* From behind, so that a chain begins with what was applied first. */
static void add_record(const struct planning *planning, struct elsewhere *all, const struct foreign_history *history)
{
    int slot = slot_of(planning, history->table);
    const struct target_contents *contents = contents_of(planning, history->table);
    if (contents && contents->applied_count) {
        add_target(planning, all, history, contents);
        return;
    }
    for (size_t r = history->row_count; r-- > 0;) {
        const struct foreign_row *row = &history->rows[r];
        add(all, &(struct known){.record = history->table, .id = row->version, .checksum = row->checksum,
                                 .replaced = *row->script != '\0', .stranger = slot < 0,
                                 .shared = holds(planning, slot, row->version, row->checksum)});
    }
}

static size_t rows_of(const struct planning *planning, const struct foreign_history *history)
{
    const struct target_contents *contents =
        history->tool == HISTORY_GREYLAG ? contents_of(planning, history->table) : NULL;
    size_t own = contents ? contents->applied_count : 0;
    return own > history->row_count ? own : history->row_count;
}

/* Its own rows that no file answers to. */
static void add_own(const struct planning *planning, struct elsewhere *all, int s)
{
    const struct target_contents *contents = planning->slots[s].contents;
    const char *record = planning_record_of(planning, s);
    for (size_t i = contents->applied_count; i-- > 0;) {
        const struct applied *applied = &contents->applied[i];
        if (!holds(planning, s, applied->migration, applied->checksum))
            add(all, &(struct known){.record = record, .id = applied->migration, .checksum = applied->checksum});
    }
}

static struct elsewhere *make(const struct planning *planning, int s)
{
    const struct target_contents *contents = planning->slots[s].contents;
    struct elsewhere *all = arena_new(planning->scratch, struct elsewhere);
    size_t room = contents ? contents->applied_count : 0;
    for (size_t h = 0; contents && h < contents->foreign_count; h++)
        room += rows_of(planning, &contents->foreign[h]);
    all->items = arena_array(planning->scratch, room + 1, sizeof *all->items);
    lookup_init(&all->texts, planning->scratch, room + 1);
    for (size_t h = contents ? contents->foreign_count : 0; h-- > 0;)
        if (contents->foreign[h].tool == HISTORY_GREYLAG)
            add_record(planning, all, &contents->foreign[h]);
    if (contents)
        add_own(planning, all, s);
    return all;
}

static struct elsewhere *elsewhere_of(const struct planning *planning, int s)
{
    struct slot *slot = &planning->slots[s];
    if (!slot->elsewhere)
        slot->elsewhere = make(planning, s);
    return slot->elsewhere;
}

/* FOR_SURE: what certainly is that text; BY_ID: what has the file's own id as well; ANY: the one that has, else the
 * first that is left. */
enum sought { FOR_SURE, BY_ID, ANY };

static struct known *find(const struct planning *planning, int s, int m, enum sought sought)
{
    struct elsewhere *all = elsewhere_of(planning, s);
    int service = planning->slots[s].service;
    const struct migration *migration = &planning->fleet->services[service].migrations[m];
    struct known *found = NULL;
    for (int i = lookup_get(&all->texts, 0, migration->up); i >= 0; i = all->items[i].next) {
        struct known *known = &all->items[i];
        bool perhaps = known->replaced || (known->unsure && migration->placeholders);
        if (known->taken || (perhaps && sought == FOR_SURE))
            continue;
        if (planning_held(planning, service, known->id) == m)
            return known;
        found = found || sought == BY_ID ? found : known;
    }
    return found;
}

/* ---- up ---- */

static void refuse_pair(struct planning *planning, int s, int other)
{
    planning_find(planning, true, FINDING_ONE_DATABASE,
                  "take one of them out of the fleet file, or give each a `schema` of its own in worker.yml",
                  "targets %s and %s of service %s are one database and schema: everything would run twice there",
                  planning->slots[s].name, planning->slots[other].name,
                  planning->fleet->services[planning->slots[s].service].name);
}

/* Whether rows of two services in one table of this tool can be told apart. */
static bool tells_whose(enum history_tool tool)
{
    return tool == HISTORY_LIQUIBASE || tool == HISTORY_SQITCH;
}

static bool same_table(const struct service *a, const struct service *b)
{
    struct history_name x = history_name(a->history, a->history_table), y = history_name(b->history, b->history_table);
    return strcmp(x.table, y.table) == 0 && x.schema_len == y.schema_len &&
           memcmp(x.schema, y.schema, x.schema_len) == 0;
}

/* Two services that keep up one table: what it says would be neither's. Of two tools (golang-migrate's and dbmate's are
 * called the same) it could not even be both. */
static void refuse_shared_table(struct planning *planning, int s, int other)
{
    const struct service *mine = &planning->fleet->services[planning->slots[s].service],
                         *its = &planning->fleet->services[planning->slots[other].service];
    bool told = mine->history == its->history && tells_whose(mine->history);
    if (mine->mirror && its->mirror && !told && same_table(mine, its))
        planning_find(planning, true, FINDING_MIRROR, "give each its own with `history_table` in the fleet file",
                      "services %s and %s write what is applied into one table of %s (%s) on %s: neither could tell "
                      "its own there",
                      mine->name, its->name, history_tool_text(mine->history),
                      history_name(mine->history, mine->history_table).table, planning->slots[s].name);
}

/* What the fleet has in the same place. */
static void check_neighbours(struct planning *planning, int s)
{
    const struct slot *slot = &planning->slots[s];
    for (size_t h = 0; slot->contents && h < slot->contents->foreign_count; h++) {
        const struct foreign_history *history = &slot->contents->foreign[h];
        int other = history->tool == HISTORY_GREYLAG ? slot_of(planning, history->table) : -1;
        if (other >= 0 && planning->slots[other].service == slot->service)
            refuse_pair(planning, s, other);
        else if (other >= 0)
            refuse_shared_table(planning, s, other);
    }
}

void planning_refuse_known(struct planning *planning, int s, int limit)
{
    const struct slot *slot = &planning->slots[s];
    const struct service *service = &planning->fleet->services[slot->service];
    auto_buf struct buf names = BUF_INIT(BUF_MAX);
    size_t count = 0;
    check_neighbours(planning, s);
    for (int m = 0; m < (int)service->migration_count; m++) {
        const struct known *known = service->migrations[m].kind != MIGRATION_REPEATABLE &&
                                            slot_wants(planning, slot, m, limit)
                                        ? find(planning, s, m, FOR_SURE)
                                        : NULL;
        if (known && count++ < NAMED_MAX)
            buf_addf(&names, "%s%s (%s of %s)", names.len ? ", " : "", service->migrations[m].id, known->id,
                     known->record);
    }
    if (count)
        planning_find(planning, true, FINDING_OTHER_NAME,
                      "`greylag import` takes over what is applied, and runs nothing; a text that shall run once more "
                      "has to be another one: a comment is enough",
                      "%s on %s: %zu pending migration%s applied in that database already under another name: %s%s",
                      service->name, slot->name, count, count == 1 ? " is" : "s are", buf_text(&names),
                      count > NAMED_MAX ? ", ..." : "");
}

const struct migration *planning_renumbered(const struct planning *planning, int s, const struct applied *applied)
{
    const struct slot *slot = &planning->slots[s];
    const struct service *service = &planning->fleet->services[slot->service];
    for (size_t m = 0; m < service->migration_count; m++) {
        bool held = strcmp(service->migrations[m].up, applied->checksum) != 0;
        for (size_t i = 0; !held && i < slot->contents->applied_count; i++)
            held = planning_held(planning, slot->service, slot->contents->applied[i].migration) == (int)m;
        if (!held)
            return &service->migrations[m];
    }
    return NULL;
}

/* ---- import ---- */

/* Each row stands for one file: first for that of its own id. */
static struct known **choose(struct planning *planning, int s)
{
    const struct slot *slot = &planning->slots[s];
    const struct service *service = &planning->fleet->services[slot->service];
    int count = (int)service->migration_count;
    struct known **chosen = arena_array(planning->scratch, (size_t)count + 1, sizeof *chosen);
    for (enum sought sought = BY_ID; sought <= ANY; sought++) {
        for (int m = 0; m < count; m++) {
            if (chosen[m] || slot->state[m] != PENDING || service->migrations[m].kind == MIGRATION_CALLBACK)
                continue;
            chosen[m] = find(planning, s, m, sought);
            if (chosen[m])
                chosen[m]->taken = true;
        }
    }
    return chosen;
}

static const char *from_text(const struct planning *planning, const struct known *known)
{
    return arena_printf(planning->arena, "%s %s %s", known->shared ? "share" : "move", known->record, known->id);
}

const char *planning_taken_from(const struct planning *planning, int s, int m)
{
    struct known *known = find(planning, s, m, ANY);
    if (!known)
        return NULL;
    known->taken = true;
    return from_text(planning, known);
}

static void take(struct planning *planning, int s, int m, const struct known *known)
{
    int node = planning_add(planning, s, m, NULL);
    planning->steps[node].taken_from = from_text(planning, known);
}

/* Of a record that is this service's by its other texts, what has the name of a file that is another one now. */
static void refuse_changed(struct planning *planning, int s, const struct known *known)
{
    const struct slot *slot = &planning->slots[s];
    int m = planning_held(planning, slot->service, known->id);
    const struct migration *migration =
        m < 0 ? NULL : &planning->fleet->services[slot->service].migrations[m];
    if (migration && slot->state[m] == PENDING && migration->kind != MIGRATION_REPEATABLE)
        planning_find(planning, true, FINDING_ALTERED,
                      "bring the file back as it was, and make the change in a new migration",
                      "%s was changed after greylag ran it as %s of %s: it ran %.12s..., now %.12s... (%s)",
                      migration->id, known->id, known->record, known->checksum, migration->up, migration->file);
}

bool planning_take_over(struct planning *planning, int s)
{
    const struct service *service = &planning->fleet->services[planning->slots[s].service];
    struct elsewhere *all = elsewhere_of(planning, s);
    const char *its = NULL;
    bool any = false;
    check_neighbours(planning, s);
    struct known **chosen = choose(planning, s);
    for (int m = 0; m < (int)service->migration_count; m++) {
        any = any || chosen[m];
        if (chosen[m])
            take(planning, s, m, chosen[m]);
    }
    for (size_t i = 0; i < all->count; i++)
        its = all->items[i].taken && all->items[i].stranger ? all->items[i].record : its;
    for (size_t i = 0; its && i < all->count; i++)
        if (!all->items[i].taken && strcmp(all->items[i].record, its) == 0)
            refuse_changed(planning, s, &all->items[i]);
    return any;
}

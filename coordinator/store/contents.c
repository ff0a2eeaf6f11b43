/* What targets hold, as a plan is made from it; and, for a way back to the end of a release, what they held there. */
#include <string.h>

#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* Columns 7 and 8 are there when `back` is set. */
static void take_row(struct arena *arena, const PGresult *rows, int row, bool back, struct applied *ret_applied)
{
    *ret_applied = (struct applied){.migration = pg_copy(rows, row, 2, arena),
                                    .checksum = pg_copy(rows, row, 3, arena),
                                    .request = pg_copy(rows, row, 4, arena),
                                    .release = pg_copy(rows, row, 5, arena),
                                    .held = back ? pg_copy(rows, row, 7, arena) : NULL};
}

/* The rows are ordered by target; in the arena. */
static struct applied *take_rows(struct arena *arena, const PGresult *result, bool back, struct store_contents *ret)
{
    int rows = PQntuples(result);
    struct applied *applied = arena_array(arena, (size_t)rows + 1, sizeof *applied);
    ret->targets = arena_array(arena, (size_t)rows + 1, sizeof *ret->targets);
    for (int i = 0; i < rows; i++) {
        const char *service = pg_text(result, i, 0), *target = pg_text(result, i, 1);
        struct target_contents *last = ret->count ? &ret->targets[ret->count - 1] : NULL;
        if (!last || strcmp(last->service, service) != 0 || strcmp(last->target, target) != 0) {
            last = &ret->targets[ret->count++];
            last->service = arena_strdup(arena, service);
            last->target = arena_strdup(arena, target);
            last->applied = &applied[i];
            last->forgotten = pg_true(result, i, 6);
        }
        take_row(arena, result, i, back, &applied[i]);
        last->applied_count++;
        ret->left_out += back && pg_true(result, i, 8);
    }
    return applied;
}

bool store_load_contents(struct store *store, const char *back_to, struct arena *arena,
                         struct store_contents *ret_contents, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    bool loaded = back_to ? store_exec(store, sql_contents_back, &result, err, 1, back_to)
                          : store_exec(store, sql_contents, &result, err, 0);
    if (!loaded)
        return false;
    *ret_contents = (struct store_contents){.count = 0};
    struct applied *applied = take_rows(arena, result, back_to != NULL, ret_contents);
    return store_load_texts(store, arena, ret_contents->targets, ret_contents->count, applied, err);
}

/* ---- going back ---- */

bool store_not_on_record(const char *release, struct err *err)
{
    err_set(err, ERR_INPUT, "what was in effect at the end of release %s is not on record any more", release);
    return err_hint(err, "tags are kept; greylag down --to SERVICE=VERSION goes back to versions");
}

static bool direction_of(struct store *store, const char *release, enum direction *ret_direction, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_release_direction, &result, err, 1, release))
        return false;
    if (PQntuples(result) == 0) {
        err_set(err, ERR_USAGE, "there is no release %s", release);
        return err_hint(err, "greylag release list shows them");
    }
    if (pg_true(result, 0, 1))
        return store_not_on_record(release, err);
    return direction_parse(pg_text(result, 0, 0), ret_direction) ||
           err_set(err, ERR_INTERNAL, "release %s has an unknown direction", release);
}

bool store_check_back(struct store *store, const struct plan_options *options, struct err *err)
{
    enum direction direction;
    const char *release = options->release ? options->release : options->back_to;
    if (!release)
        return true;
    if (!direction_of(store, release, &direction, err))
        return false;
    if (options->back_to || direction != DIRECTION_ADOPT)
        return true;
    err_set(err, ERR_INPUT, "release %s recorded what was in effect before it: it ran nothing that could be undone",
            release);
    return err_hint(err, "greylag down --service SERVICE --steps N undoes migrations, whoever ran them; greylag "
                         "repair --forget takes off the record what is no longer among the files");
}

static bool has_file(const struct fleet *fleet, const PGresult *gone, int row)
{
    const struct service *service = fleet_service(fleet, pg_text(gone, row, 0));
    return service && service_migration(service, pg_text(gone, row, 2));
}

static bool is_undone(const struct plan *plan, const PGresult *recorded, int row)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].direction == DIRECTION_DOWN && strcmp(plan->steps[i].id, pg_text(recorded, row, 2)) == 0 &&
            strcmp(plan->targets[plan->steps[i].target].name, pg_text(recorded, row, 1)) == 0 &&
            strcmp(plan->fleet->services[plan->steps[i].service].name, pg_text(recorded, row, 0)) == 0)
            return true;
    return false;
}

/* What the undo of a squash takes away, the files do not bring back. */
static bool check_taken_over(struct store *store, const char *release, const struct plan *plan, const PGresult *gone,
                             struct err *err)
{
    auto_pgresult PGresult *recorded = NULL;
    if (!store_exec(store, sql_contents_taken_over, &recorded, err, 1, release))
        return false;
    for (int r = 0; r < PQntuples(recorded); r++) {
        bool undone = is_undone(plan, recorded, r);
        for (int g = 0; undone && g < PQntuples(gone); g++) {
            if (has_file(plan->fleet, gone, g) || strcmp(pg_text(gone, g, 0), pg_text(recorded, r, 0)) != 0 ||
                strcmp(pg_text(gone, g, 1), pg_text(recorded, r, 1)) != 0)
                continue;
            err_set(err, ERR_INPUT, "%s:%s was in effect on %s at the end of release %s and has no file any more; the "
                    "undo of %s:%s, which was recorded since, may take away what it made", pg_text(gone, g, 0),
                    pg_text(gone, g, 2), pg_text(gone, g, 1), release, pg_text(recorded, r, 0),
                    pg_text(recorded, r, 2));
            return err_hint(err, "bring its file back, or go back to a version with --to SERVICE=VERSION");
        }
    }
    return true;
}

bool store_check_squashed(struct store *store, const char *release, const struct plan *plan, struct err *err)
{
    auto_pgresult PGresult *recorded = NULL;
    if (!store_exec(store, sql_contents_squashed, &recorded, err, 1, release))
        return false;
    for (int r = 0; r < PQntuples(recorded); r++) {
        if (!is_undone(plan, recorded, r))
            continue;
        err_set(err, ERR_INPUT, "%s:%s was recorded anew on %s since release %s, and others were taken off the record "
                "with it (a squash): its undo may take away what that release did not apply",
                pg_text(recorded, r, 0), pg_text(recorded, r, 2), pg_text(recorded, r, 1), release);
        return err_hint(err, "to undo all that it stands for: greylag down --service SERVICE --steps N");
    }
    return true;
}

bool store_gone_since(struct store *store, const struct plan_options *options, const struct plan *plan,
                      struct arena *arena, const char **ret_text, const char **ret_hint, struct err *err)
{
    auto_buf struct buf services = BUF_INIT(BUF_MAX);
    auto_pgresult PGresult *result = NULL;
    *ret_text = NULL;
    pg_array_text(&services, options->services, options->service_count);
    if (!store_exec(store, sql_contents_gone, &result, err, 2, options->back_to, buf_text(&services)))
        return false;
    int count = PQntuples(result), files = 0;
    for (int i = 0; i < count; i++)
        files += has_file(plan->fleet, result, i);
    if (files < count && !check_taken_over(store, options->back_to, plan, result, err))
        return false;
    *ret_hint = files ? "greylag up applies what is pending"
                      : "they have no file any more (a squash, a repair): greylag up does not apply them again";
    if (count)
        *ret_text = arena_printf(arena, "%d migration%s in effect then and %s not now, the first is %s:%s on %s", count,
                                 count == 1 ? " was" : "s were", count == 1 ? "is" : "are", pg_text(result, 0, 0),
                                 pg_text(result, 0, 2), pg_text(result, 0, 1));
    return true;
}

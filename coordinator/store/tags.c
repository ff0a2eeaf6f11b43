/* Names that people gave to releases. */
#include <string.h>

#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

bool store_tags(struct store *store, char **ret_json, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_tags, &result, err, 0))
        return false;
    *ret_json = xstrdup(pg_text(result, 0, 0));
    return true;
}

bool store_tag_put(struct store *store, const char *name, const char *release, const char *by, struct err *err)
{
    auto_pgresult PGresult *put = NULL, *found = NULL, *pruned = NULL;
    if (!store_exec(store, sql_tag_put, &put, err, 3, name, release, by))
        return false;
    if (PQntuples(put) > 0)
        return true;
    if (!store_exec(store, sql_tag_find, &found, err, 1, name) ||
        !store_exec(store, sql_release_direction, &pruned, err, 1, release))
        return false;
    if (PQntuples(found) == 0 && PQntuples(pruned) > 0)
        return store_not_on_record(release, err);
    if (PQntuples(found) == 0) {
        err_set(err, ERR_INPUT, "there is no release %s", release);
        return err_hint(err, "greylag release list shows them");
    }
    err_set(err, ERR_CONFLICT, "the tag %s stands on release %s", name, pg_text(found, 0, 0));
    return err_hint(err, "choose another name, or take it away first: greylag tag --delete %s", name);
}

bool store_tag_delete(struct store *store, const char *name, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_tag_delete, &result, err, 1, name))
        return false;
    return PQntuples(result) > 0 || err_set(err, ERR_INPUT, "there is no tag %s", name);
}

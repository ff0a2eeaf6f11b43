#include "lint/types.h"

#include <string.h>

#include "base/cleanup.h"

static bool is(const struct fact_type *type, const char *name)
{
    return strcmp(type->name, name) == 0;
}

static bool one_of(const struct fact_type *type, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is(type, names[i]))
            return true;
    }
    return false;
}

static bool is_whole(const struct fact_type *type)
{
    static const char *const names[] = {"int2", "int4", "int8"};
    return one_of(type, names, COUNT_OF(names));
}

static bool has_fraction(const struct fact_type *type)
{
    static const char *const names[] = {"numeric", "float4", "float8"};
    return one_of(type, names, COUNT_OF(names)) && !(is(type, "numeric") && type->mods[0] >= 0 && type->mods[1] <= 0);
}

static bool is_text(const struct fact_type *type)
{
    static const char *const names[] = {"varchar", "text"};
    return one_of(type, names, COUNT_OF(names));
}

static bool is_moment(const struct fact_type *type)
{
    static const char *const names[] = {"timestamp", "timestamptz"};
    return one_of(type, names, COUNT_OF(names));
}

/* A limit (length, precision) that gets smaller, or comes. */
static bool shrinks(int from, int to)
{
    return to >= 0 && (from < 0 || to < from);
}

const char *types_lose(const struct fact_type *from, const struct fact_type *to, bool using)
{
    if (from->array != to->array || !from->name || !to->name)
        return NULL;
    if (has_fraction(from) && is_whole(to))
        return "fractions are rounded away";
    if (is(from, "float8") && is(to, "float4"))
        return "digits are lost";
    if (is_moment(from) && is(to, "date"))
        return "the time of day is lost";
    if (using && is_text(from) && is_text(to) && shrinks(from->mods[0], to->mods[0]))
        return "longer texts are cut off";
    if (is(from, "numeric") && is(to, "numeric") && to->mods[0] >= 0 &&
        shrinks(from->mods[1], to->mods[1] < 0 ? 0 : to->mods[1]))
        return "decimals are rounded away";
    return NULL;
}

/* postgres: doc/src/sgml/ref/alter_table.sgml, notes: binary coercible or an unconstrained domain is not rewritten; and
 * the support functions of varchar, numeric and timestamp for larger limits. */
bool types_rewrite(const struct fact_type *from, const struct fact_type *to)
{
    if (from->array != to->array)
        return true;
    if (is_text(from) && is_text(to))
        return shrinks(from->mods[0], to->mods[0]);
    if (is_moment(from) && is_moment(to)) /* with time zone UTC nothing is written; which one it is, the server knows */
        return is(from, to->name) && shrinks(from->mods[0], to->mods[0]);
    if (is(from, "numeric") && is(to, "numeric"))
        return to->mods[0] >= 0 && (from->mods[1] != to->mods[1] || shrinks(from->mods[0], to->mods[0]));
    if (is(from, "cidr") && is(to, "inet"))
        return false;
    if ((is_text(from) && is(to, "citext")) || (is(from, "citext") && is(to, "text")))
        return false;
    return !is(from, to->name) || from->mods[0] != to->mods[0];
}

const char *types_text(struct arena *arena, const struct fact_type *type)
{
    const char *array = type->array ? "[]" : "";
    if (type->mods[0] < 0)
        return arena_printf(arena, "%s%s", type->name, array);
    if (type->mods[1] < 0)
        return arena_printf(arena, "%s(%d)%s", type->name, type->mods[0], array);
    return arena_printf(arena, "%s(%d,%d)%s", type->name, type->mods[0], type->mods[1], array);
}

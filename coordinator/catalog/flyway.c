#include "catalog/flyway.h"

#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/side.h"

/* flyway-core: api/callback/Event.java. */
static const char *const events[] = {
    "beforeClean", "afterClean", "afterCleanError", "beforeMigrate", "beforeEachMigrate", "beforeEachMigrateStatement",
    "afterEachMigrateStatement", "afterEachMigrateStatementError", "afterEachMigrate", "afterEachMigrateError",
    "beforeRepeatables", "afterVersioned", "afterMigrateApplied", "afterMigrate", "afterMigrateError", "beforeUndo",
    "beforeEachUndo", "beforeEachUndoStatement", "afterEachUndoStatement", "afterEachUndoStatementError",
    "afterEachUndo", "afterEachUndoError", "afterUndo", "afterUndoError", "beforeValidate", "afterValidate",
    "afterValidateError", "beforeBaseline", "afterBaseline", "afterBaselineError", "beforeRepair", "afterRepair",
    "afterRepairError", "beforeInfo", "afterInfo", "afterInfoError", "afterMigrateOperationFinish",
    "afterInfoOperationFinish", "createSchema", "beforeCreateSchema", "beforeConnect", "afterConnect"};

/* How much of the name is its suffix, in any case; 0: none of them. The first that fits counts, as they are listed. */
static size_t suffix_length(const struct flyway_keys *keys, const char *base)
{
    static char usual[] = ".sql", *usual_list[] = {usual};
    bool own = keys && keys->suffixes_count;
    char *const *list = own ? keys->suffixes : usual_list;
    size_t len = strlen(base);
    for (size_t i = 0; i < (own ? keys->suffixes_count : 1); i++) {
        size_t tail = strlen(list[i]);
        if (len > tail && strcasecmp(base + len - tail, list[i]) == 0)
            return tail;
    }
    return 0;
}

/* The longest prefix that the name begins with; an empty one fits whatever no other does. */
static bool find_prefix(const struct flyway_keys *keys, const char *base, size_t len, size_t *ret_prefix,
                        struct flyway_name *ret)
{
    static const struct flyway_keys none = {.prefix = NULL};
    keys = keys ? keys : &none;
    const char *const prefixes[] = {[FLYWAY_VERSIONED] = keys->prefix ? keys->prefix : "V",
                                    [FLYWAY_UNDO] = keys->undo_prefix ? keys->undo_prefix : "U",
                                    [FLYWAY_REPEATABLE] = keys->repeatable_prefix ? keys->repeatable_prefix : "R",
                                    [FLYWAY_BASELINE] = keys->baseline_prefix ? keys->baseline_prefix : "B"};
    bool found = false;
    *ret_prefix = 0;
    for (size_t i = 0; i < COUNT_OF(prefixes) + COUNT_OF(events); i++) {
        bool callback = i >= COUNT_OF(prefixes);
        const char *prefix = callback ? events[i - COUNT_OF(prefixes)] : prefixes[i];
        size_t size = strlen(prefix);
        if (size > len || strncmp(base, prefix, size) != 0 || (found && size <= *ret_prefix))
            continue;
        found = true;
        *ret_prefix = size;
        ret->type = callback ? FLYWAY_CALLBACK : (enum flyway_type)i;
        ret->event = callback ? prefix : NULL;
    }
    return found;
}

bool flyway_name_read(const struct flyway_keys *keys, const char *base, struct flyway_name *ret)
{
    size_t tail = suffix_length(keys, base), len = strlen(base) - tail, prefix;
    const char *separator = keys && keys->separator ? keys->separator : "__";
    *ret = (struct flyway_name){.stem_len = len};
    if (tail == 0 || !find_prefix(keys, base, len, &prefix, ret))
        return false;
    const char *at = memmem(base + prefix, len - prefix, separator, strlen(separator));
    ret->head = base + prefix;
    ret->head_len = at ? (size_t)(at - ret->head) : len - prefix;
    ret->separated = at != NULL;
    ret->rest = at ? at + strlen(separator) : base + len;
    ret->rest_len = (size_t)(base + len - ret->rest);
    return true;
}

/* ---- x.sql.conf ---- */

enum { EXECUTE_IN_TRANSACTION, ENCODING, PLACEHOLDER_REPLACEMENT, SHOULD_EXECUTE, KEY_COUNT };
static const char *const script_keys[KEY_COUNT] = {"executeInTransaction", "encoding", "placeholderReplacement",
                                                   "shouldExecute"};

static bool read_truth(struct layout_run *run, const struct folder_file *conf, int key, const struct side_value *value,
                       bool *ret)
{
    bool yes = value->text && strcasecmp(value->text, "true") == 0;
    if (value->text && !yes && strcasecmp(value->text, "false") != 0) {
        finding_add(run->findings, ERROR, key == SHOULD_EXECUTE ? FINDING_NOT_BUILT : FINDING_SCRIPT_SETTINGS,
                    conf->where,
                    value->line, "write true or false",
                    key == SHOULD_EXECUTE ? "%s with an expression is known but not built yet"
                                          : "%s has to be true or false",
                    script_keys[key]);
        return false;
    }
    *ret = value->text && !yes;
    return true;
}

/* Java's names of UTF-8 (java.nio.charset: case does not matter). */
static bool is_utf8_name(const char *name)
{
    return strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0;
}

bool flyway_script_read(struct layout_run *run, const struct folder_file *file, struct flyway_script *ret)
{
    *ret = (struct flyway_script){.skip = false};
    if (run->folder->side_count == 0)
        return true;
    const struct folder_file *conf = layout_side(run, arena_printf(run->arena, "%s.conf", file->path));
    struct side_value values[KEY_COUNT];
    if (!conf)
        return true;
    bool good = side_read(run, conf, SIDE_PROPERTIES, script_keys, KEY_COUNT, values);
    if (values[ENCODING].text && !is_utf8_name(values[ENCODING].text)) {
        finding_add(run->findings, ERROR, FINDING_NOT_TEXT, conf->where, values[ENCODING].line,
                    "save the migration as UTF-8 and remove the line", "only files in UTF-8 are read");
        good = false;
    }
    good &= read_truth(run, conf, EXECUTE_IN_TRANSACTION, &values[EXECUTE_IN_TRANSACTION], &ret->no_transaction);
    good &= read_truth(run, conf, PLACEHOLDER_REPLACEMENT, &values[PLACEHOLDER_REPLACEMENT], &ret->literal);
    good &= read_truth(run, conf, SHOULD_EXECUTE, &values[SHOULD_EXECUTE], &ret->skip);
    return good;
}

/* ---- what a placeholder looks like ---- */

static bool is_usual(const struct flyway_keys *keys)
{
    return !keys || ((!keys->placeholder_prefix || strcmp(keys->placeholder_prefix, "${") == 0) &&
                     (!keys->placeholder_suffix || strcmp(keys->placeholder_suffix, "}") == 0) &&
                     (!keys->placeholder_separator || strcmp(keys->placeholder_separator, ":") == 0));
}

/* Whether the name is "flyway" and the separator, and more: it is Flyway's own, which refuses every other one that
 * begins like that. */
static bool is_own(const char *separator, const char *name, size_t len)
{
    auto_free char *own = xasprintf("flyway%s", separator);
    return len > strlen(own) && strncasecmp(name, own, strlen(own)) == 0;
}

/* What the worker knows as "flyway:user" is that to nobody where another separator is set. False then. */
static bool add_name(struct buf *out, const char *separator, const char *name, size_t len)
{
    bool own = is_own(separator, name, len);
    size_t prefix = own ? strlen("flyway") + strlen(separator) : 0;
    buf_addf(out, "${%s%.*s}", own ? "flyway:" : "", (int)(len - prefix), name + prefix);
    return own || !is_own(":", name, len);
}

/* What Flyway has read in vain it does not look at again: of ##{x} the second # begins nothing. */
static const char *next_mark(const char *text, const char *prefix)
{
    while (*text) {
        size_t same = 0;
        while (prefix[same] && text[same] == prefix[same])
            same++;
        if (!prefix[same])
            return text;
        text += same + (text[same] != 0);
    }
    return NULL;
}

/* In front of the ${ that is to be written there. Two would be read as none: sql/placeholder.h. */
static bool follows_dollar(const char *from, const char *at)
{
    size_t dollars = 0;
    while (at > from && at[-1] == '$') {
        at--;
        dollars++;
    }
    return dollars % 2 == 1;
}

void flyway_mark(struct layout_run *run, const char *text, size_t size, struct flyway_marked *ret_marked)
{
    const struct flyway_keys *keys = run->file ? run->file->flyway : NULL;
    bool off = keys && keys->placeholder_replacement && !*keys->placeholder_replacement, usual = is_usual(keys);
    *ret_marked = (struct flyway_marked){
        .text = text, .size = size, .replaced = usual && !off && strstr(text, "${"), .bare = off && strstr(text, "${")};
    if (off || usual)
        return;
    const char *prefix = keys->placeholder_prefix ? keys->placeholder_prefix : "${";
    const char *suffix = keys->placeholder_suffix ? keys->placeholder_suffix : "}", *from = text;
    const char *separator = keys->placeholder_separator ? keys->placeholder_separator : ":";
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    for (const char *at; (at = next_mark(from, prefix));) {
        const char *name = at + strlen(prefix), *end = strstr(name, suffix);
        if (!end) {
            ret_marked->open = at;
            break;
        }
        ret_marked->dollar |= follows_dollar(from, at);
        buf_add(&out, from, (size_t)(at - from));
        if (!add_name(&out, separator, name, (size_t)(end - name)))
            ret_marked->colon = at;
        from = end + strlen(suffix);
        ret_marked->replaced = true;
    }
    ret_marked->bare = strcmp(prefix, "${") != 0 && strstr(text, "${");
    if (!ret_marked->replaced)
        return;
    buf_adds(&out, from);
    ret_marked->text = arena_strndup(run->arena, buf_text(&out), out.len);
    ret_marked->size = out.len;
}

/* ---- checksum ---- */

const char *flyway_checksum(struct arena *arena, const char *text, size_t size)
{
    const char *end = text + size;
    uLong sum = crc32(0, NULL, 0);
    while (text < end) {
        size_t len = 0;
        while (text + len < end && text[len] != '\n' && text[len] != '\r')
            len++;
        sum = crc32_z(sum, (const Bytef *)text, len);
        text += len;
        text += strspn(text, "\r\n");
    }
    return arena_printf(arena, "%d", (int)(unsigned)sum);
}

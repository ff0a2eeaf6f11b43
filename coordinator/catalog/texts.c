#include "catalog/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "sql/placeholder.h"
#include "sql/sql.h"

#define BUILT_IN "flyway:" /* the worker knows what they stand for */
#define ANY_WORD "placeholder" /* what a value that is not known here is taken for by the parser */

/* ---- placeholders ---- */

static const char *const built_in[] = {"defaultSchema", "user",  "database",    "timestamp",
                                       "filename",      "table", "environment", "workingDirectory"};

static const char *value_of(void *context, const struct placeholder_use *use)
{
    const struct service *service = context;
    for (size_t i = 0; i < service->placeholder_count; i++) {
        if (placeholder_is(use, service->placeholders[i].name))
            return service->placeholders[i].secret ? ANY_WORD : service->placeholders[i].value;
    }
    for (size_t i = 0; i < COUNT_OF(built_in); i++) {
        auto_free char *name = xasprintf(BUILT_IN "%s", built_in[i]);
        if (placeholder_is(use, name))
            return ANY_WORD;
    }
    return NULL;
}

/* Whether the use has a value; blanks around its name do not count. */
static bool is_known(struct placeholder_use *use, const struct service *service)
{
    union {
        const struct service *service;
        void *context;
    } whose = {.service = service};
    size_t before = strspn(use->name, " \t");
    use->name += before;
    use->name_len -= before;
    while (use->name_len && strchr(" \t", use->name[use->name_len - 1]))
        use->name_len--;
    return use->closed && value_of(whose.context, use);
}

bool texts_know(const char *text, const struct service *service)
{
    struct placeholder_use use;
    for (size_t at = 0; placeholder_next(text, &at, &use);) {
        if (is_known(&use, service))
            return true;
    }
    return false;
}

#define DOLLAR "greylag:dollar"

const struct placeholder texts_dollar = {.name = DOLLAR, .value = "$"};

/* Of the dollars in front of a '{' the worker takes each two for none that begins a placeholder: sql/placeholder.h. */
const char *texts_keep_unknown(const char *text, const struct service *service, struct arena *arena)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    const char *from = text;
    for (const char *at; (at = strchr(from, '$'));) {
        struct placeholder_use use = {.end = 0};
        size_t dollars = strspn(at, "$");
        bool open = at[dollars] == '{', known = open && placeholder_next(at + dollars - 1, &(size_t){0}, &use) &&
                                                is_known(&use, service);
        size_t plain = dollars - known; /* those that belong to no placeholder */
        bool misread = open && plain % 2 == 1;
        buf_add(&out, from, (size_t)(at - from) + plain - misread);
        buf_adds(&out, misread ? "${" DOLLAR "}" : "");
        if (known)
            buf_addf(&out, "${%.*s}", (int)use.name_len, use.name);
        from = at + (known ? dollars - 1 + use.end : dollars);
    }
    buf_adds(&out, from);
    return strcmp(buf_text(&out), text) == 0 ? text : arena_strndup(arena, buf_text(&out), out.len);
}

/* The text as it will run, or nearly so; false with a finding. */
static bool expand(struct texts *texts, const struct text *text, struct arena *arena, struct placeholder_text *ret)
{
    struct err err = ERR_INIT;
    struct placeholder_use missing = {.end = 0};
    union {
        const struct service *service;
        void *context;
    } whose = {.service = text->placeholders};
    if (placeholder_expand(text->text, value_of, whose.context, arena, ret, &missing, &err))
        return true;
    int line = 1, column = 0;
    if (missing.end)
        text_position(text->text, missing.begin, &line, &column);
    finding_add(texts->findings, ERROR, FINDING_PLACEHOLDER, text->where, place_line(&text->place, line),
                "add it under `placeholders:` in the fleet file, or under `secret_placeholders:` when only the worker "
                "may know it",
                "%s", err.text);
    return false;
}

/* ---- what the parser sees ---- */

/* The worker is certain to refuse it, unless the file asks to run outside of a transaction. */
static void find_control(struct findings *findings, const struct text *text, int line)
{
    finding_add(findings, text->outside ? WARNING : ERROR, FINDING_TRANSACTION, text->where, line,
                "wrap the whole file in one BEGIN ... COMMIT, remove it, or write -- Transaction: false at the "
                "head of the file, which then runs statement by statement",
                "transaction control that nobody can follow: a BEGIN without its COMMIT, or a ROLLBACK");
}

static bool analyse(struct texts *texts, const struct text *text)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct findings *findings = texts->findings;
    struct placeholder_text expanded = {.text = text->text};
    struct sql_text sql;
    if (text->placeholders && !expand(texts, text, &scratch, &expanded))
        return false;
    sql_analyse(expanded.text, &scratch, &sql);
#define LINE(of) place_line(&text->place, placeholder_line(&expanded, of))
    if (sql.flaw && text->refused)
        return false;
    if (!sql.parsed && !sql.flaw) {
        finding_add(findings, WARNING, FINDING_UNPARSED, text->where, sql.warning_line ? LINE(sql.warning_line) : 0,
                    "a newer server may know more than the parser; it runs as it is", "cannot be analysed: %s",
                    sql.warning);
        findings->items[findings->count - 1].column = expanded.used ? 0 : sql.warning_column;
    }
    if (sql.forbidden) {
        const char *hint, *why = sql_refusal(&sql, findings->arena, &hint);
        finding_add(findings, ERROR, sql.flaw ? FINDING_UNREADABLE_SQL : FINDING_TRANSACTION, text->where,
                    LINE(sql.forbidden->line), hint, "%s", why);
    }
    if (sql.stray_control && !sql.in_units && !(text->verifies && sql.own_rollback))
        find_control(findings, text, LINE(sql.stray_line));
#undef LINE
    return sql.needs_no_transaction;
}

/* ---- digests ---- */

static void check_size(struct texts *texts, const struct text *text)
{
    size_t wire =
        text->size > MIGRATION_WIRE_MAX / MIGRATION_WIRE_EACH ? migration_wire_size(text->text, text->size) : 0;
    if (wire > MIGRATION_WIRE_MAX)
        finding_add(texts->findings, ERROR, FINDING_TOO_LARGE, text->where, 0, "split it, or load the data another way",
                    "its %zu bytes are %zu in a signed message (quotes, backslashes and control characters count more "
                    "than once); at most %zu fit", text->size, wire, MIGRATION_WIRE_MAX);
}

static void keep(struct texts *texts, const char *digest, const struct text *text)
{
    *array_add(texts->blobs, texts->count, texts->room) = (struct catalog_blob){digest, text->text, text->size};
}

const char *texts_add(struct texts *texts, const struct text *text, bool *ret_no_transaction)
{
    char *digest = arena_alloc(texts->arena, DIGEST_HEX_SIZE);
    bool kept = text->file && !text->placeholders && !text->outside && !text->refused;
    const struct cache_entry *known = kept ? cache_find(texts->cache, &text->file->key) : NULL;
    bool no_transaction = known && known->no_transaction;
    if (known) {
        memcpy(digest, known->digest, DIGEST_HEX_SIZE);
    } else {
        size_t before = texts->findings->count;
        check_size(texts, text);
        struct cache_entry fresh = {.no_transaction = analyse(texts, text)};
        no_transaction = fresh.no_transaction;
        digest_hex(text->text, text->size, digest);
        if (kept && texts->findings->count == before) {
            fresh.key = text->file->key;
            memcpy(fresh.digest, digest, DIGEST_HEX_SIZE);
            cache_put(texts->cache, &fresh);
        }
    }
    if (ret_no_transaction && no_transaction)
        *ret_no_transaction = true;
    keep(texts, digest, text);
    return digest;
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct catalog_blob *)a)->digest, ((const struct catalog_blob *)b)->digest);
}

void texts_give(struct texts *texts, struct catalog *catalog)
{
    if (texts->count)
        qsort(texts->blobs, texts->count, sizeof *texts->blobs, by_digest);
    size_t kept = 0;
    for (size_t i = 0; i < texts->count; i++) {
        if (kept == 0 || strcmp(texts->blobs[kept - 1].digest, texts->blobs[i].digest) != 0)
            texts->blobs[kept++] = texts->blobs[i];
    }
    struct catalog_blob *blobs = arena_array(texts->arena, kept + 1, sizeof *blobs);
    if (kept)
        memcpy(blobs, texts->blobs, kept * sizeof *blobs);
    catalog->blobs = blobs;
    catalog->blob_count = kept;
    free(texts->blobs);
    texts->blobs = NULL;
}

const struct catalog_blob *catalog_blob(const struct catalog *catalog, const char *digest)
{
    const struct catalog_blob key = {.digest = digest};
    return catalog->blob_count ? bsearch(&key, catalog->blobs, catalog->blob_count, sizeof key, by_digest) : NULL;
}

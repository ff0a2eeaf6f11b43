#include "proto/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "proto/message_tables.h"

#define FLEET_VERSION 1
#define LIST_MAX 1000000

static const struct field policy_fields[] = {
    FIELD_ENUM(policy, on_failure, "onFailure", true, failure_policy),
    FIELD_INT(policy, lock_timeout_ms, "lockTimeoutMs", true, 1, INT32_MAX),
    FIELD_INT(policy, statement_timeout_ms, "statementTimeoutMs", true, 1, INT32_MAX),
    FIELD_INT(policy, retries, "retries", true, 0, 1000000),
};
RECORD(policy_record, "policy", policy, policy_fields, NULL);

static const struct field dependency_fields[] = {
    FIELD(dependency, service, FIELD_ID, "service", true), /* may be unknown: a finding of the plan, with both ends */
    FIELD(dependency, version, FIELD_ID, "version", true),
    FIELD_ENUM(dependency, range, "range", false, range),
    FIELD(dependency, where, FIELD_TEXT, "where", false),
};
RECORD(dependency_record, "dependency", dependency, dependency_fields, NULL);

static const struct field placeholder_fields[] = {
    FIELD(placeholder, name, FIELD_ID, "name", true),
    FIELD(placeholder, value, FIELD_TEXT, "value", false),
    FIELD(placeholder, secret, FIELD_BOOLEAN, "secret", false),
};
const struct record placeholder_record = {"placeholder", sizeof(struct placeholder), placeholder_fields,
                                          COUNT_OF(placeholder_fields), NULL};

static bool check_migration(const void *value, struct err *err)
{
    const struct migration *migration = value;
    if ((migration->down == NULL) != (migration->down_file == NULL))
        return err_set(err, ERR_INPUT, "down and downFile go together");
    return true;
}

static const struct field migration_fields[] = {
    FIELD(migration, id, FIELD_ID, "id", true),
    FIELD_ENUM(migration, kind, "kind", false, migration_kind),
    FIELD(migration, version, FIELD_TEXT, "version", true),
    FIELD(migration, name, FIELD_TEXT, "name", true),
    FIELD(migration, file, FIELD_TEXT, "file", true),
    FIELD_NULLABLE(migration, down_file, FIELD_TEXT, "downFile"),
    FIELD_NULLABLE(migration, undo_file, FIELD_TEXT, "undoFile"),
    FIELD(migration, up, FIELD_DIGEST, "up", true),
    FIELD_NULLABLE(migration, down, FIELD_DIGEST, "down"),
    FIELD_INT(migration, up_size, "upSize", true, 0, INT64_MAX),
    FIELD_INT(migration, down_size, "downSize", false, 0, INT64_MAX),
    FIELD_NULLABLE(migration, verify, FIELD_DIGEST, "verify"),
    FIELD_LIST(migration, up_lines, up_line_count, FIELD_INTEGERS, "upLines", false, NULL, 0, LIST_MAX),
    FIELD_LIST(migration, down_lines, down_line_count, FIELD_INTEGERS, "downLines", false, NULL, 0, LIST_MAX),
    FIELD_LIST(migration, verify_lines, verify_line_count, FIELD_INTEGERS, "verifyLines", false, NULL, 0, LIST_MAX),
    FIELD_NULLABLE(migration, script, FIELD_TEXT, "script"),
    FIELD_NULLABLE(migration, foreign_checksum, FIELD_TEXT, "foreignChecksum"),
    FIELD_NULLABLE(migration, foreign_record, FIELD_TEXT, "foreignRecord"),
    FIELD_NULLABLE(migration, refused, FIELD_TEXT, "refused"),
    FIELD(migration, placeholders, FIELD_BOOLEAN, "placeholders", false),
    FIELD_INT(migration, lock_timeout_ms, "lockTimeoutMs", false, 0, INT32_MAX),
    FIELD_INT(migration, statement_timeout_ms, "statementTimeoutMs", false, 0, INT32_MAX),
    FIELD(migration, no_transaction, FIELD_BOOLEAN, "noTransaction", false),
    FIELD(migration, has_policy, FIELD_BOOLEAN, "hasPolicy", false),
    FIELD_ENUM(migration, on_failure, "onFailure", false, failure_policy),
    FIELD_NULLABLE(migration, author, FIELD_TEXT, "author"),
    FIELD_NULLABLE(migration, risk, FIELD_TEXT, "risk"),
    FIELD_NULLABLE(migration, category, FIELD_TEXT, "category"),
    FIELD(migration, breaking, FIELD_BOOLEAN, "breaking", false),
    FIELD(migration, requires_downtime, FIELD_BOOLEAN, "requiresDowntime", false),
    FIELD_INT(migration, estimated_ms, "estimatedDurationMs", false, 0, INT64_MAX),
    FIELD_NULLABLE(migration, details, FIELD_TEXT, "details"),
    FIELD_LIST(migration, depends, depends_count, FIELD_RECORDS, "depends", false, &dependency_record, 0, LIST_MAX),
};
RECORD(migration_record, "migration", migration, migration_fields, check_migration);

static const struct field service_fields[] = {
    FIELD(service, name, FIELD_NAME, "name", true),
    FIELD(service, layout, FIELD_TEXT, "layout", true),
    FIELD_ENUM(service, history, "history", false, history_tool),
    FIELD_NULLABLE(service, history_table, FIELD_TEXT, "historyTable"),
    FIELD(service, mirror, FIELD_BOOLEAN, "mirror", false),
    FIELD_LIST(service, placeholders, placeholder_count, FIELD_RECORDS, "placeholders", false, &placeholder_record, 0,
               LIST_MAX),
    FIELD_NULLABLE(service, before_each, FIELD_DIGEST, "beforeEach"),
    FIELD_NULLABLE(service, after_each, FIELD_DIGEST, "afterEach"),
    FIELD_LIST(service, depends_on, depends_on_count, FIELD_NAMES, "dependsOn", false, NULL, 0, LIST_MAX),
    FIELD_LIST(service, targets, target_count, FIELD_NAMES, "targets", true, NULL, 0, LIST_MAX),
    FIELD_STRUCT(service, policy, "policy", true, &policy_record),
    FIELD_LIST(service, migrations, migration_count, FIELD_RECORDS, "migrations", true, &migration_record, 0, LIST_MAX),
};
RECORD(service_record, "service", service, service_fields, NULL);

static const struct field fleet_fields[] = {
    FIELD(fleet, name, FIELD_NAME, "fleet", true),
    FIELD(fleet, environment, FIELD_NAME, "environment", true),
    FIELD_LIST(fleet, services, service_count, FIELD_RECORDS, "services", true, &service_record, 0, LIST_MAX),
};
RECORD(fleet_record, "fleet", fleet, fleet_fields, NULL);

size_t migration_wire_size(const char *text, size_t len)
{
    size_t escaped = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        escaped += c == '"' || c == '\\' || (c < 32 && strchr("\b\f\n\r\t", c)) ? 2 : c < 32 ? 6 : 1;
    }
    return (escaped + 2) / 3 * 4;
}

int64_t text_line_in_file(const int64_t *lines, size_t count, int64_t line)
{
    int64_t in_file = line;
    for (size_t i = 0; i + 1 < count && lines[i] <= line; i += 2)
        in_file = lines[i + 1] + (line - lines[i]);
    return in_file;
}

const struct service *fleet_service(const struct fleet *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->service_count; i++)
        if (strcmp(fleet->services[i].name, name) == 0)
            return &fleet->services[i];
    return NULL;
}

const struct migration *service_migration(const struct service *service, const char *id)
{
    for (size_t i = 0; i < service->migration_count; i++)
        if (strcmp(service->migrations[i].id, id) == 0)
            return &service->migrations[i];
    return NULL;
}

/* A number without its leading zeros, from *from to *to, which is the end of what is written. */
static bool copy_number(const char **from, char **to)
{
    size_t digits = strspn(*from, "0123456789"), zeros = strspn(*from, "0");
    size_t kept = digits > zeros ? digits - zeros : 0;
    memmove(*to, *from + zeros, kept);
    *to += kept;
    *from += digits;
    return kept > 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 1.0, 1_0 and 01 are 1. */
static void copy_parts(const char *separators, const char **from, char **to)
{
    if (!copy_number(from, to))
        *(*to)++ = '0';
    char *end = *to;
    while (**from && strchr(separators, **from) && is_digit((*from)[1])) {
        (*from)++;
        *(*to)++ = '.';
        if (copy_number(from, to))
            end = *to;
    }
    *to = end;
}

/* Diesel: 2024-01-15-093000 is 20240115093000; behind a '_' stands the name. */
static void copy_without_dashes(const char **from, char **to)
{
    for (; **from && **from != '_'; (*from)++) {
        if (**from != '-')
            *(*to)++ = **from;
    }
}

/* Layouts of greylag's own, whose versions are numbers. */
static bool has_own_numbers(const struct service *service)
{
    const char *layout = service->layout ? service->layout : "";
    return strcmp(layout, "metadata") == 0 || strcmp(layout, "timestamp") == 0;
}

void service_id_form(const struct service *service, const char *id, char *out)
{
    enum history_tool tool = service->history;
    bool flyway = tool == HISTORY_FLYWAY;
    if (flyway && *id == 'B' && is_digit(id[1]))
        *out++ = *id++;
    if (flyway && is_digit(*id))
        copy_parts("._", &id, &out);
    else if (has_own_numbers(service) && is_digit(*id))
        copy_parts("._-", &id, &out);
    else if (tool == HISTORY_DIESEL && is_digit(*id))
        copy_without_dashes(&id, &out);
    else if ((tool == HISTORY_GOLANG_MIGRATE || tool == HISTORY_GOOSE) && is_digit(*id) && !copy_number(&id, &out))
        *out++ = '0';
    memmove(out, id, strlen(id) + 1);
}

int service_held(const struct service *service, const char *id, int likely)
{
    size_t count = service->migration_count, room = strlen(id) + 2;
    for (size_t i = 0; i < count; i++) {
        size_t at = ((size_t)likely + i) % count;
        if (strcmp(service->migrations[at].id, id) == 0)
            return (int)at;
    }
    auto_free char *form = xcalloc(room, 1), *other = NULL;
    service_id_form(service, id, form);
    for (size_t i = 0; i < count; i++) {
        const char *its = service->migrations[i].id;
        other = xrealloc(other, strlen(its) + 2);
        service_id_form(service, its, other);
        if (strcmp(form, other) == 0)
            return (int)i;
    }
    return -1;
}

struct history_name history_name(enum history_tool tool, const char *named)
{
    const char *own = history_tool_table(tool), *registry = strchr(own, '.');
    const char *name = named && *named ? named : own, *dot = strchr(name, '.');
    if (registry && !dot)
        return (struct history_name){name, strlen(name), registry + 1};
    return (struct history_name){name, dot ? (size_t)(dot - name) : 0, dot ? dot + 1 : name};
}

bool history_name_is(enum history_tool tool, const char *named, const char *table)
{
    const struct history_name name = history_name(tool, named);
    const char *end = table + strlen(table) - strlen(name.table);
    if (end <= table || end[-1] != '.' || strcmp(end, name.table) != 0)
        return false;
    return !name.schema_len ||
           ((size_t)(end - 1 - table) == name.schema_len && strncmp(table, name.schema, name.schema_len) == 0);
}

char *fleet_encode(const struct fleet *fleet)
{
    size_t len;
    return record_encode(&fleet_record, FLEET_VERSION, fleet, &len);
}

/* Sorts the texts; one that stands twice, or NULL. */
static const char *find_twice(const char **texts, size_t count)
{
    qsort(texts, count, sizeof *texts, text_compare);
    for (size_t i = 1; i < count; i++)
        if (strcmp(texts[i - 1], texts[i]) == 0)
            return texts[i];
    return NULL;
}

static bool check_service(const struct fleet *fleet, const struct service *service, struct err *err)
{
    size_t most = service->migration_count > service->target_count ? service->migration_count : service->target_count;
    auto_free const char **texts = xcalloc(most, sizeof *texts);
    for (size_t i = 0; i < service->migration_count; i++)
        texts[i] = service->migrations[i].id;
    const char *twice = find_twice(texts, service->migration_count);
    if (twice)
        return err_set(err, ERR_INPUT, "service %s has two migrations %s", service->name, twice);
    for (size_t i = 0; i < service->target_count; i++)
        texts[i] = service->targets[i];
    twice = find_twice(texts, service->target_count);
    if (twice)
        return err_set(err, ERR_INPUT, "service %s has two targets %s", service->name, twice);
    for (size_t i = 0; i < service->depends_on_count; i++)
        if (!fleet_service(fleet, service->depends_on[i]))
            return err_set(err, ERR_INPUT, "service %s depends on %s, which is no service of the fleet", service->name,
                           service->depends_on[i]);
    return true;
}

struct target_at {
    const char *target, *service;
};

static int by_target(const void *a, const void *b)
{
    return strcmp(((const struct target_at *)a)->target, ((const struct target_at *)b)->target);
}

bool fleet_shares_target(const struct service *services, size_t count, const char **ret_target,
                         const char *ret_services[2])
{
    size_t total = 0, n = 0;
    for (size_t i = 0; i < count; i++)
        total += services[i].target_count;
    auto_free struct target_at *all = xcalloc(total + 1, sizeof *all);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < services[i].target_count; k++)
            all[n++] = (struct target_at){services[i].targets[k], services[i].name};
    qsort(all, n, sizeof *all, by_target);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(all[i].target, all[i - 1].target) != 0)
            continue;
        *ret_target = all[i].target;
        ret_services[0] = all[i - 1].service;
        ret_services[1] = all[i].service;
        return true;
    }
    return false;
}

static bool check_targets(const struct fleet *fleet, struct err *err)
{
    const char *target, *services[2];
    size_t steps = 0;
    for (size_t i = 0; i < fleet->service_count; i++)
        steps += fleet->services[i].target_count * fleet->services[i].migration_count;
    if (steps > FLEET_STEPS_MAX)
        return err_set(err, ERR_INPUT, "the targets have %zu migrations all together; a fleet may have %d", steps,
                       FLEET_STEPS_MAX);
    if (!fleet_shares_target(fleet->services, fleet->service_count, &target, services))
        return true;
    err_set(err, ERR_INPUT, "the target %s stands twice: services %s and %s", target, services[0], services[1]);
    return err_hint(err, "a target is one database and schema of one service; give each a name of its own");
}

static bool check_fleet(const struct fleet *fleet, struct err *err)
{
    auto_free const char **names = xcalloc(fleet->service_count, sizeof *names);
    for (size_t i = 0; i < fleet->service_count; i++)
        names[i] = fleet->services[i].name;
    const char *twice = find_twice(names, fleet->service_count);
    if (twice)
        return err_set(err, ERR_INPUT, "two services are called %s", twice);
    for (size_t i = 0; i < fleet->service_count; i++)
        if (!check_service(fleet, &fleet->services[i], err))
            return false;
    return check_targets(fleet, err);
}

bool fleet_decode(const char *json, size_t len, struct arena *arena, struct fleet *ret_fleet, struct err *err)
{
    struct fleet fleet;
    if (!record_decode(&fleet_record, FLEET_VERSION, MESSAGE_MAX, json, len, arena, &fleet, err))
        return err_prefix(err, "the catalog");
    if (!check_fleet(&fleet, err))
        return false;
    *ret_fleet = fleet;
    return true;
}

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "foreign/foreign_internal.h"
#include "foreign_sql.h"

static const struct tool tools[HISTORY_TOOL_COUNT] = {
    [HISTORY_FLYWAY] = {
        .words = "installed_rank version description type script checksum installed_by installed_on execution_time "
                 "success",
        .read = sql_flyway_read, .check = sql_flyway_check, .create = sql_flyway_create, .add = {sql_flyway_add},
        .take = {sql_flyway_lower, sql_flyway_take}, .align = sql_flyway_align},
    [HISTORY_GOLANG_MIGRATE] = {
        .words = "version:int8 dirty:bool", .columns = 2,
        .read = sql_golang_migrate_read, .check = sql_golang_migrate_check, .create = sql_golang_migrate_create,
        .add = {sql_golang_migrate_pass, sql_golang_migrate_add},
        .take = {sql_golang_migrate_lower, sql_golang_migrate_take}},
    [HISTORY_DBMATE] = {
        .words = "version:varchar ~migration", .columns = 1,
        .read = sql_dbmate_read, .check = sql_dbmate_check, .create = sql_dbmate_create, .add = {sql_dbmate_add},
        .take = {sql_dbmate_take}},
    [HISTORY_GOOSE] = {
        .words = "id version_id is_applied:bool tstamp", .columns = 4,
        .read = sql_goose_read, .check = sql_goose_check, .create = sql_goose_create, .add = {sql_goose_add},
        .take = {sql_goose_take}, .align = sql_goose_align},
    [HISTORY_DIESEL] = {
        .words = "version:varchar run_on", .columns = 2,
        .read = sql_diesel_read, .check = sql_diesel_check, .create = sql_diesel_create, .add = {sql_diesel_add},
        .take = {sql_diesel_take}},
    [HISTORY_LIQUIBASE] = {
        .words = "id author filename dateexecuted orderexecuted exectype md5sum",
        .read = sql_liquibase_read, .check = sql_liquibase_check, .create = sql_liquibase_create,
        .add = {sql_liquibase_add}, .take = {sql_liquibase_take}, .align = sql_liquibase_align,
        .named = true},
    [HISTORY_SQITCH] = {
        .words = "=changes change_id change project note committed_at planned_at",
        .read = sql_sqitch_read, .check = sql_sqitch_check, .create = sql_sqitch_create, .add = {sql_sqitch_add},
        .take = {sql_sqitch_take}, .align = sql_sqitch_align, .named = true, .needs_record = true},
    [HISTORY_ALEMBIC] = {
        .words = "version_num:varchar", .columns = 1,
        .read = sql_alembic_read, .check = sql_alembic_check,
        .refused = "which revisions are heads, Alembic alone knows: it keeps alembic_version itself"},
};

const struct tool *tool_of(enum history_tool tool)
{
    return tool < HISTORY_TOOL_COUNT && tools[tool].words ? &tools[tool] : NULL;
}

const char *foreign_refuses(enum history_tool tool)
{
    const struct tool *known = tool_of(tool);
    return known ? known->refused : "the service's layout has no tool that keeps a record";
}

void tool_add_statement(struct buf *out, const struct tool *tool, const char *statement, const char *schema)
{
    while (text_starts(statement, "--"))
        statement = strchr(statement, '\n') + 1;
    for (const char *at; (at = strchr(statement, '@')); statement = at) {
        buf_add(out, statement, (size_t)(at - statement));
        const char *before = at;
        if (text_starts(at, "@read@")) {
            at += strlen("@read@");
            tool_add_statement(out, tool, tool->read, schema);
        } else if (text_starts(at, "@check@")) {
            at += strlen("@check@");
            tool_add_statement(out, tool, tool->check, schema);
        } else if (text_starts(at, "@schema@")) {
            at += strlen("@schema@");
            buf_adds(out, schema);
        } else
            buf_add(out, before, (size_t)(++at - before));
    }
    buf_adds(out, statement);
}

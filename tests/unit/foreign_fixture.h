/* For the tests of other tools' records: what they hold as one line of text, and a step's text without an executor. */
#pragma once
#include "executor_target.h"
#include "foreign/foreign.h"

static struct pg *pg;
static struct job job;

static inline void start_foreign(void)
{
    struct err err = ERR_INIT;
    start();
    crypto_init();
    cr_assert(pg_open(database, "test", 10000, &pg, &err), "%s", err.text);
    job = (struct job){.audience = {"shop", "test", "auth", "main"}, .release = "r1", .mirror = true};
}

static inline void stop_foreign(void)
{
    pg_close(pg);
    stop_server();
}

/* "flyway public.t: 1 users V1.sql 5 applied; ..." of every record, one line for each. */
static inline const char *records(const char *search_path)
{
    const struct foreign_history *histories;
    size_t count;
    const char *warning;
    struct err err = ERR_INIT;
    struct buf out = BUF_INIT(1 << 20);
    cr_assert(foreign_read(pg, search_path, &arena, &histories, &count, &warning, &err), "%s", err.text);
    cr_assert_eq(PQtransactionStatus(pg_raw(pg)), PQTRANS_IDLE);
    for (size_t i = 0; i < count; i++) {
        buf_addf(&out, "%s%s %s:", i ? "\n" : "", history_tool_text(histories[i].tool), histories[i].table);
        for (size_t r = 0; r < histories[i].row_count; r++) {
            const struct foreign_row *row = &histories[i].rows[r];
            buf_addf(&out, "%s [%s|%s|%s|%s] %s", r ? ";" : "", row->version, row->name, row->script, row->checksum,
                     foreign_state_text(row->state));
        }
    }
    if (warning[0])
        buf_addf(&out, "\nwarning: %s", warning);
    const char *text = arena_strdup(&arena, buf_text(&out));
    buf_release(&out);
    return text;
}

#define RECORDS(path, wanted) \
    do { \
        const char *got_ = records(path); \
        cr_assert_str_eq(got_, (wanted), "\n%s\nnot\n%s", got_, (wanted)); \
    } while (0)

/* What a step's text does to the record: the check, then the mirror. */
static inline bool keep(struct job_request request, struct err *err)
{
    struct foreign_step step = {.pg = pg, .ledger_schema = "greylag", .target = 1, .job = &job, .request = &request};
    struct buf sql = BUF_INIT(1 << 20);
    buf_adds(&sql, "BEGIN;");
    foreign_add_check(&sql, &step);
    buf_adds(&sql, "SELECT pg_catalog.current_setting('greylag.found', true);");
    foreign_add_mirror(&sql, &step);
    buf_adds(&sql, "COMMIT");
    struct pg_script script;
    bool good = pg_run_script(pg, buf_text(&sql), NULL, 0, NULL, NULL, &script, err);
    if (good)
        cr_assert(script.rows && PQntuples(script.rows) == 1, "no rows of its own");
    job.plan = good ? arena_strdup(&arena, pg_text(script.rows, 0, 0)) : ""; /* what was found */
    pg_script_release(&script);
    buf_release(&sql);
    if (!good)
        pg_run(pg, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

#define KEEP(...) \
    do { \
        struct err err_ = ERR_INIT; \
        cr_assert(keep((struct job_request){__VA_ARGS__}, &err_), "%s", err_.text); \
    } while (0)
#define REFUSED(state, part, ...)                                                                                      \
    do {                                                                                                               \
        struct err err_ = ERR_INIT;                                                                                    \
        cr_assert_not(keep((struct job_request){__VA_ARGS__}, &err_));                                                 \
        cr_assert(strcmp(err_.sqlstate, (state)) == 0 && strstr(err_.text, (part)), "%s %s", err_.sqlstate,            \
                  err_.text);                                                                                          \
    } while (0)
#define UP .direction = DIRECTION_UP
#define DOWN .direction = DIRECTION_DOWN, .undoes = "q"
#define ADOPT .direction = DIRECTION_ADOPT
#define FORGET .direction = DIRECTION_FORGET, .undoes = "q"

#include "pg/pg.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pg/hosts.h"
#include "pg/pg_internal.h"

#define NOTICES_BYTES ((size_t)4096)
#define NOTICE_BYTES ((size_t)1000)
#define FIELD_BYTES ((size_t)2000)

/* One field, each of its lines behind `indent`. */
static void add_field(struct pg *pg, struct buf *out, const PGresult *result, int field, const char *label,
                      const char *indent)
{
    const char *text = PQresultErrorField(result, field);
    char cut[NOTICE_BYTES];
    if (!text)
        return;
    text_format(cut, sizeof cut, "%s: %s", label, pg_veiled(pg, text, true));
    for (const char *line = cut, *end; *line; line = end + (*end == '\n')) {
        end = line + strcspn(line, "\n");
        buf_addf(out, "%s%.*s\n", line == cut ? indent : "    ", (int)(end - line), line);
    }
}

static void notice(void *context, const PGresult *result)
{
    struct pg *pg = context;
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (pg->notice_count == PG_NOTICES || pg->notices.len >= NOTICES_BYTES) {
        pg->notices_lost++;
        return;
    }
    pg->notice_count++;
    add_field(pg, &text, result, PG_DIAG_MESSAGE_PRIMARY, severity ? severity : "NOTICE", "");
    add_field(pg, &text, result, PG_DIAG_MESSAGE_DETAIL, "DETAIL", "  ");
    add_field(pg, &text, result, PG_DIAG_MESSAGE_HINT, "HINT", "  ");
    text_add_utf8(&pg->notices, buf_text(&text));
}

/* Of a URL, in front of its parameters. */
static int count_at(const char *url)
{
    int count = 0;
    for (const char *p = url; *p && *p != '?'; p++)
        count += *p == '@';
    return count;
}

/* A password with an unescaped '@' or '/' ends up in the host or the port, and from there in libpq's messages. */
bool pg_conninfo_check(const char *conninfo, struct err *err)
{
    if (!strchr(conninfo, '=') && !text_starts(conninfo, "postgres://") && !text_starts(conninfo, "postgresql://"))
        return true; /* empty, or the plain name of a database */
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);
    PQfreemem(message); /* repeats parts of the string */
    if (!options) {
        err_set(err, ERR_CONFIG, "the connection string cannot be read");
        return err_hint(err, "write a URL (postgresql://user@host:5432/database) or keywords (host=... dbname=...); "
                             "special characters of a password are percent-encoded in a URL, quoted in keywords");
    }
    bool good = strstr(conninfo, "://") != conninfo + strcspn(conninfo, ":=") || count_at(conninfo) < 2;
    for (PQconninfoOption *o = options; o->keyword; o++) {
        if (o->val && strcmp(o->keyword, "host") == 0 && o->val[0] != '/' && strchr(o->val, '@') && o->val[0] != '@')
            good = false;
        if (o->val && strcmp(o->keyword, "port") == 0 && strspn(o->val, "0123456789,") != strlen(o->val))
            good = false;
    }
    PQconninfoFree(options);
    if (good)
        return true;
    err_set(err, ERR_CONFIG, "the connection string's host or port cannot be right");
    return err_hint(err, "percent-encode special characters of a password in a URL (@ is %%40, / is %%2F, : is %%3A)");
}

/* Waits for the connection with PQconnectPoll until deadline_ms. */
static bool await_connection(PGconn *conn, int64_t deadline_ms)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
        int64_t left = deadline_ms - clock_mono_ms();
        struct pollfd fd = {.fd = PQsocket(conn), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (left <= 0 || (poll(&fd, 1, (int)left) == 0))
            return false;
        want = PQconnectPoll(conn);
    }
    return true;
}

void pg_state_in(const char *text, char state[6])
{
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    state[0] = '\0';
    for (const char *p = strstr(text, ":  "); p && !state[0]; p = strstr(p + 1, ":  "))
        if (strspn(p + 3, characters) == 5 && p[8] == ':')
            text_format(state, 6, "%.5s", p + 3);
}

/* libpq's text, one line, without the LOCATION that verbose messages have, and without the password. */
static void connection_text(PGconn *conn, struct buf *out, char sqlstate[6])
{
    const char *text = PQerrorMessage(conn), *password = PQpass(conn);
    pg_state_in(text, sqlstate);
    for (const char *p = text; *p;) {
        p += strspn(p, " \t");
        size_t len = strcspn(p, "\n");
        if (strncmp(p, "LOCATION:", 9) != 0 && len > 0) {
            if (out->len)
                buf_adds(out, "; ");
            buf_add(out, p, len);
        }
        p += len + (p[len] == '\n');
    }
    if (password && *password && strstr(buf_text(out), password)) {
        buf_clear(out);
        buf_adds(out, "the server or libpq refused (its message is not shown: it repeats the password)");
    }
}

static const char *what_to_do(const char *state)
{
    if (!state[0])
        return "is PostgreSQL running there, and are host, port and service right?";
    if (strcmp(state, "3D000") == 0)
        return "create the database, or correct its name in the connection string";
    if (text_starts(state, "28"))
        return "correct user and password (password file, PGPASSWORD, or the connection string), or the server's "
               "pg_hba.conf";
    if (strcmp(state, "53300") == 0)
        return "the server has no connection left: raise max_connections, or close others";
    return "";
}

static bool connect_failed(PGconn *conn, bool timed_out, struct err *err)
{
    if (timed_out) {
        err_set(err, ERR_UNREACHABLE, "%s:%s does not answer", PQhost(conn) ? PQhost(conn) : "?",
                PQport(conn) ? PQport(conn) : "?");
        return err_hint(err, "is PostgreSQL running there, and does a firewall let this machine in?");
    }
    auto_buf struct buf text = BUF_INIT(4096);
    char state[6];
    connection_text(conn, &text, state);
    const char *said = buf_text(&text);
    if (!state[0] && (text_starts(said, "invalid ") || text_starts(said, "definition of service"))) {
        int len = (int)strcspn(said, text_starts(said, "invalid ") ? ":" : "\n"); /* no value of it is repeated */
        return err_set(err, ERR_CONFIG, "the connection string is wrong: %.*s", len, said);
    }
    bool refused = state[0] && !pg_transient(state);
    err_set(err, refused ? ERR_DATABASE : ERR_UNREACHABLE, "%s", buf_text(&text));
    err_sqlstate(err, state);
    return err_hint(err, "%s", what_to_do(state));
}

/* To the hosts from that one on. */
static PGconn *start(const char *conninfo, const char *application_name, const struct pg_hosts *hosts, size_t from)
{
    /* what stands before dbname are defaults, what stands after it wins */
    const char *keywords[] = {"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
                              "dbname", "application_name", "client_encoding", "host", "hostaddr", "port", NULL};
    const char *values[] = {"30", "10", "3", "60000", conninfo, application_name, PG_ENCODING,
                            from ? pg_hosts_rest(hosts->host, from) : NULL,
                            from ? pg_hosts_rest(hosts->hostaddr, from) : NULL,
                            from ? pg_hosts_rest(hosts->port, from) : NULL, NULL};
    PGconn *conn = PQconnectStartParams(keywords, values, 1);
    if (conn)
        PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    return conn;
}

/* New, in whatever state; NULL: no memory. *ret_answered: false where the time was up. */
static PGconn *connect_any(const char *conninfo, const char *application_name, int timeout_ms, bool *ret_answered)
{
    struct pg_hosts hosts;
    int64_t deadline = clock_mono_ms() + timeout_ms;
    pg_hosts_read(conninfo, &hosts);
    PGconn *conn = NULL;
    bool answered = false;
    for (size_t from = 0; from == 0 || (!answered && from < hosts.count); from++) {
        int64_t now = clock_mono_ms(), left = deadline - now;
        int64_t hosts_left = hosts.count > from ? (int64_t)(hosts.count - from) : 1;
        PQfinish(conn);
        conn = start(conninfo, application_name, &hosts, from);
        answered = !conn || PQstatus(conn) == CONNECTION_BAD || await_connection(conn, now + left / hosts_left);
    }
    pg_hosts_release(&hosts);
    *ret_answered = answered;
    return conn;
}

/* Until PQgetResult would not block. False: the time is up. */
static bool await_answer(PGconn *conn, int64_t deadline_ms)
{
    while (PQisBusy(conn)) {
        int64_t left = deadline_ms - clock_mono_ms();
        struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
        if (left <= 0 || poll(&fd, 1, (int)left) == 0)
            return false;
        if (!PQconsumeInput(conn))
            return true; /* lost: the result says so */
    }
    return true;
}

/* A pooler lets a client in before there is a session for it, and answers its first statement when one is free. */
static bool set(struct pg *pg, int64_t deadline_ms, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(1024);
    bool good = true;
    for (const char *const *s = pg->settings; *s; s += 2)
        buf_addf(&sql, "SET %s = '%s';", s[0], s[1]);
    if (!PQsendQuery(pg->conn, buf_text(&sql)))
        return pg_fail(pg, NULL, err);
    if (!await_answer(pg->conn, deadline_ms)) {
        err_set(err, ERR_UNREACHABLE, "%s lets clients in, but has no session for this one", pg->describe);
        return err_hint(err, "raise the pooler's number of connections (PgBouncer: default_pool_size), or connect to "
                             "PostgreSQL directly");
    }
    for (PGresult *result; (result = PQgetResult(pg->conn)); PQclear(result)) {
        ExecStatusType status = PQresultStatus(result);
        good = good && (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY || pg_fail(pg, result, err));
    }
    return good;
}

bool pg_open(const char *conninfo, const char *application_name, int timeout_ms, struct pg **ret_pg, struct err *err)
{
    if (!pg_conninfo_check(conninfo, err))
        return false;
    bool answered;
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;
    PGconn *conn = connect_any(conninfo, application_name, timeout_ms, &answered);
    if (!conn)
        return err_set(err, ERR_SYSTEM, "out of memory in libpq");
    if (PQstatus(conn) != CONNECTION_OK) {
        connect_failed(conn, !answered, err);
        PQfinish(conn);
        return false;
    }
    PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE); /* its words are read field by field: no whole text is made of them */
    struct pg *pg = xcalloc(1, sizeof *pg);
    pg->conn = conn;
    pg->conninfo = xstrdup(conninfo);
    pg->encoding = PQclientEncoding(conn);
    pg->notices = pg->handed = (struct buf)BUF_INIT(BUF_MAX);
    pg->describe = xasprintf("%s@%s:%s/%s", PQuser(conn), PQhost(conn) ? PQhost(conn) : "local",
                             PQport(conn) ? PQport(conn) : "", PQdb(conn));
    PQsetNoticeReceiver(conn, notice, pg);
    if (PQserverVersion(conn) >= 140000) {
        pg->settings[0] = "client_connection_check_interval";
        pg->settings[1] = "500ms";
    }
    if (!set(pg, deadline_ms, err)) {
        pg_close(pg);
        return err_prefix(err, "setting the session up");
    }
    *ret_pg = pg;
    return true;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    PQfinish(pg->conn);
    free(pg->conninfo);
    free(pg->describe);
    free(pg->prepared);
    buf_release(&pg->notices);
    buf_release(&pg->handed);
    free(pg);
}

PGconn *pg_raw(struct pg *pg)
{
    return pg->conn;
}

const char *pg_describe(struct pg *pg)
{
    return pg->describe;
}

const char *const *pg_session_settings(struct pg *pg)
{
    return pg->settings;
}

bool pg_look(struct pg *pg)
{
    /* the first reads the server's last words, the second the end */
    return PQstatus(pg->conn) != CONNECTION_BAD && PQconsumeInput(pg->conn) && PQconsumeInput(pg->conn) &&
           PQstatus(pg->conn) != CONNECTION_BAD;
}

void pg_give_up(struct pg *pg)
{
    if (PQsocket(pg->conn) >= 0)
        shutdown(PQsocket(pg->conn), SHUT_RDWR);
    pg_look(pg);
}

const char *pg_parameter(struct pg *pg, const char *name)
{
    const char *value = PQparameterStatus(pg->conn, name);
    return value ? value : "";
}

bool pg_lost(struct pg *pg)
{
    return PQstatus(pg->conn) == CONNECTION_BAD;
}

void pg_set_trace(struct pg *pg, pg_trace *trace, void *context)
{
    pg->trace = trace;
    pg->trace_context = context;
}

void pg_traced(struct pg *pg, const char *sql, int64_t begin_us, const char *tag)
{
    if (pg->trace)
        pg->trace(pg->trace_context, pg_veiled(pg, sql, false), clock_mono_us() - begin_us, tag);
}

void pg_set_veil(struct pg *pg, pg_veil *veil, void *context)
{
    pg->veil = veil;
    pg->veil_context = context;
}

void pg_set_stop(struct pg *pg, bool (*stop)(void *), void *context)
{
    pg->stop = stop;
    pg->stop_context = context;
}

const char *pg_veiled(struct pg *pg, const char *text, bool message)
{
    return pg->veil ? pg->veil(pg->veil_context, text, message) : text;
}

const char *pg_notices(struct pg *pg)
{
    struct buf old = pg->handed;
    pg->handed = pg->notices;
    pg->notices = old;
    buf_clear(&pg->notices);
    if (pg->notices_lost)
        buf_addf(&pg->handed, "and %zu more\n", pg->notices_lost);
    pg->notice_count = pg->notices_lost = 0;
    return buf_text(&pg->handed);
}

struct pg_notices_mark pg_notices_mark(const struct pg *pg)
{
    return (struct pg_notices_mark){pg->notices.len, pg->notice_count, pg->notices_lost};
}

void pg_notices_forget(struct pg *pg, struct pg_notices_mark since)
{
    buf_cut(&pg->notices, since.len);
    pg->notice_count = since.count;
    pg->notices_lost = since.lost;
}

char *pg_error_field(struct pg *pg, const PGresult *error, int field)
{
    const char *text = PQresultErrorField(error, field);
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    char cut[FIELD_BYTES];
    if (!text)
        return xstrdup("");
    text_format(cut, sizeof cut, "%s", pg_veiled(pg, text, true));
    text_add_utf8(&out, cut);
    return buf_take(&out);
}

static const char identity_sql[] =
    "SELECT a.pid, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
    " (SELECT system_identifier FROM pg_catalog.pg_control_system()), pg_catalog.pg_is_in_recovery(),"
    " CASE WHEN pg_catalog.pg_is_in_recovery()"
    "  THEN (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())"
    "  ELSE ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int END,"
    " to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
    " (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint"
    " FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()";

/* As the role that logged in, which may see and end its own sessions: a session may begin as another role (ALTER ROLE
 * ... SET role, options=-c role=...) that may not. What it begins as is what RESET ROLE leads to. */
static bool as_login(struct pg *pg, const char *sql, PGresult **ret, struct err *err)
{
    auto_buf struct buf text = BUF_INIT(4096);
    buf_addf(&text, "BEGIN;SET LOCAL ROLE NONE;%s;COMMIT", sql);
    bool good = pg_run(pg, buf_text(&text), ret, NULL, err);
    if (!good && !pg_lost(pg))
        pg_run(pg, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

bool pg_identify(struct pg *pg, struct pg_identity *ret_identity, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    int64_t before = clock_wall_us();
    if (!as_login(pg, identity_sql, &result, err))
        return false;
    if (PQntuples(result) != 1)
        return err_set(err, ERR_DATABASE, "pg_stat_activity does not show this session");
    struct pg_identity id = {.pid = (int)pg_number(result, 0, 0), .timeline = (int)pg_number(result, 0, 4),
                             .version = PQserverVersion(pg->conn), .in_recovery = pg_true(result, 0, 3)};
    text_format(id.backend_start, sizeof id.backend_start, "%s", pg_text(result, 0, 1));
    text_format(id.system_identifier, sizeof id.system_identifier, "%s", pg_text(result, 0, 2));
    text_format(id.server_start, sizeof id.server_start, "%s", pg_text(result, 0, 5));
    id.ahead_ms = (before + clock_wall_us()) / 2000 - pg_number(result, 0, 6);
    *ret_identity = id;
    return true;
}

bool pg_cancel(struct pg *pg, struct err *err)
{
    PGcancel *cancel = PQgetCancel(pg->conn);
    if (!cancel)
        return err_set(err, ERR_UNREACHABLE, "the connection is gone: there is nothing to cancel");
    char text[256];
    bool good = PQcancel(cancel, text, sizeof text) == 1;
    PQfreeCancel(cancel);
    if (!good)
        return err_set(err, ERR_UNREACHABLE, "the statement could not be cancelled: %s", text);
    return true;
}

static const char terminate_sql[] =
    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
    " WHERE pid = %d AND backend_start = nullif('%s', '')::timestamptz"
    " AND pg_catalog.pg_postmaster_start_time() = nullif('%s', '')::timestamptz";

bool pg_terminate_backend(struct pg *pg, const struct pg_session *session, int timeout_ms, struct err *err)
{
    char sql[512];
    text_format(sql, sizeof sql, terminate_sql, session->pid, session->backend_start, session->server_start);
    int64_t deadline = clock_mono_ms() + timeout_ms;
    struct pause pause = PAUSE(5, 100);
    for (;;) {
        auto_pgresult PGresult *result = NULL;
        if (!as_login(pg, sql, &result, err))
            return err_prefix(err, "ending the session of backend %d", session->pid);
        if (PQntuples(result) == 0)
            return true;
        if (clock_mono_ms() >= deadline)
            return err_set(err, ERR_TIMEOUT, "backend %d does not end", session->pid);
        poll(NULL, 0, (int)pause_next(&pause));
    }
}

#include "base/log.h"
#include "runner/runner_internal.h"

static void metrics(void *context, struct http_request *request, struct http_response *response)
{
    (void)request;
    const struct runner *runner = context;
    struct buf *out = &response->body;
    static const struct {
        const char *name, *help;
        size_t offset;
    } counters[] = {
#define ROW(field, help) {"greylag_worker_" #field "_total", help, offsetof(struct target_counts, field)}
        ROW(jobs, "Jobs taken from the queue"),
        ROW(applied, "Steps that took effect"),
        ROW(already, "Steps that were in effect already"),
        ROW(failed, "Steps that failed"),
        ROW(drift, "Steps whose migration is applied with another checksum"),
        ROW(refused, "Jobs refused"),
        ROW(fenced, "Fences answered"),
        ROW(blocked, "Times a target was reported as blocked"),
#undef ROW
    };
    response->type = "text/plain; version=0.0.4";
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        buf_addf(out, "# HELP %s %s.\n# TYPE %s counter\n", counters[i].name, counters[i].help, counters[i].name);
        for (size_t k = 0; k < runner->target_count; k++) {
            const char *base = (const char *)target_counts(runner->targets[k]);
            const atomic_uint_fast64_t *value = (const atomic_uint_fast64_t *)(const void *)(base + counters[i].offset);
            buf_addf(out, "%s{service=\"%s\",target=\"%s\"} %llu\n", counters[i].name, runner->audiences[k].service,
                     runner->audiences[k].target, (unsigned long long)atomic_load(value));
        }
    }
    buf_addf(out, "# HELP greylag_worker_quarantined_total Messages that could not be verified or read.\n"
                  "# TYPE greylag_worker_quarantined_total counter\ngreylag_worker_quarantined_total %llu\n",
             (unsigned long long)atomic_load(&runner->quarantined));
    buf_addf(out, "# HELP greylag_worker_info The program.\n# TYPE greylag_worker_info gauge\n"
                  "greylag_worker_info{version=\"%s\"} 1\n", GREYLAG_VERSION);
}

static void text(struct http_response *response, int status, const char *line)
{
    response->status = status;
    response->type = "text/plain";
    buf_adds(&response->body, line);
}

static void healthz(void *context, struct http_request *request, struct http_response *response)
{
    (void)context;
    (void)request;
    text(response, 200, "ok\n");
}

static void readyz(void *context, struct http_request *request, struct http_response *response)
{
    (void)request;
    struct runner *runner = context;
    bool serving = atomic_load(&runner->serving);
    text(response, serving ? 200 : 503, serving ? "ready\n" : "not ready: Kafka or a database cannot be reached\n");
}

static const struct http_route routes[] = {
    {.method = "GET", .pattern = "/metrics", .handle = metrics, .prose = "counters for Prometheus"},
    {.method = "GET", .pattern = "/healthz", .handle = healthz, .prose = "the process lives"},
    {.method = "GET", .pattern = "/readyz", .handle = readyz, .prose = "Kafka and every database can be reached"},
    {.method = NULL},
};

bool runner_serve(struct runner *runner, struct err *err)
{
    if (!runner->settings->listen)
        return true;
    struct http_server_options options = {.address = runner->settings->listen, .routes = routes, .context = runner,
                                          .threads = HTTP_POOL};
    if (!http_server_start(&options, &runner->server, err))
        return false;
    log_info("serving %s", http_server_url(runner->server));
    return true;
}

/* Follows a release until it ends. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "cli/cli_internal.h"
#include "proc/signals.h"

#define WAIT_TERMINAL_MS 400 /* how often elapsed times move on a terminal */
#define WAIT_PLAIN_MS 5000 /* what needs a person is heard of so soon */
#define PACE_PLAIN_MS 1000 /* how often a line for what has changed */
#define AGAIN_MS 500 /* first pause while the coordinator is away */
#define AGAIN_MAX_MS 5000

struct follower {
    const struct cmdline *line;
    const struct cli_watch *watch;
    bool terminal, unreachable;
    struct pause again;
    int64_t deadline_ms; /* 0: none */
    json_int_t change;
    json_t *summary;     /* the last one, owned */
    json_t *hindrances;  /* what was told that stands in its way, owned */
    size_t lines;        /* of the view on the screen */
};

static bool stop_asked(void *context)
{
    (void)context;
    return signals_stop();
}

static struct view_style style_now(void)
{
    struct winsize size = {.ws_row = 0};
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return (struct view_style){.colour = !(no_colour && *no_colour) && !(term && strcmp(term, "dumb") == 0),
                               .width = known ? size.ws_col : 80,
                               .height = known ? size.ws_row : 24,
                               .now_us = clock_wall_us()};
}

/* At once: what is told on standard error then stands in its place, and is not wiped off with it. */
static void clear_view(struct follower *follower)
{
    if (follower->lines)
        printf("\x1b[%zuA\x1b[J", follower->lines);
    fflush(stdout);
    follower->lines = 0;
}

static void draw_view(struct follower *follower)
{
    struct view_style style = style_now();
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    size_t lines = view_lines(follower->summary, &style, &out);
    clear_view(follower);
    cli_print(&out);
    fflush(stdout);
    follower->lines = lines;
}

static void show(struct follower *follower, json_t *summary)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    if (summary && !follower->terminal && !follower->watch->json) {
        view_changes(follower->summary, summary, &out);
        cli_print(&out);
        fflush(stdout);
    }
    if (summary) {
        json_decref(follower->summary);
        follower->summary = summary;
        follower->change = json_number(summary, "change");
    }
    if (follower->terminal && follower->summary)
        draw_view(follower);
}

/* What keeps the fleet from going on is told when it comes, on standard error; the next time when it has changed. */
static void tell_hindrances(struct follower *follower, const json_t *answer)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    json_t *now = view_hindrances(answer, follower->summary, follower->hindrances, &out);
    json_decref(follower->hindrances);
    follower->hindrances = now;
    if (out.len == 0)
        return;
    clear_view(follower);
    cmdline_say(&out);
}

static int64_t wait_ms(const struct follower *follower)
{
    int64_t wait = follower->terminal ? WAIT_TERMINAL_MS : WAIT_PLAIN_MS;
    int64_t left = follower->deadline_ms ? follower->deadline_ms - clock_mono_ms() : wait;
    return left < 0 ? 0 : left < wait ? left : wait;
}

/* One look. False: it failed in a way that asking again does not cure. */
static bool look(struct follower *follower, struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    int64_t wait = wait_ms(follower), pace = follower->watch->json || follower->terminal ? wait : PACE_PLAIN_MS;
    if (follower->terminal && !follower->summary)
        pace = 0;
    auto_free char *path =
        xasprintf("/api/v1/releases/%s/events?after=%lld&wait=%lld&pace=%lld", follower->watch->release,
                  (long long)follower->change, (long long)wait, (long long)pace);
    http_client_set_timeout(follower->watch->client, wait_ms(follower) + 30000);
    if (http_call(follower->watch->client, "GET", path, NULL, NULL, &reply, err)) {
        follower->unreachable = false;
        tell_hindrances(follower, reply.json);
        pause_reset(&follower->again);
        show(follower, json_is_true(json_object_get(reply.json, "unchanged")) ? NULL : json_incref(reply.json));
        return true;
    }
    if (signals_stop() || (err->kind != ERR_UNREACHABLE && err->kind != ERR_TIMEOUT && err->kind != ERR_DATABASE))
        return signals_stop();
    if (!follower->unreachable) {
        clear_view(follower);
        cli_note("%s: %s; trying again\n", follower->line->path, err->text);
    }
    follower->unreachable = true;
    poll(&(struct pollfd){.fd = signals_fd(), .events = POLLIN}, 1, (int)pause_next(&follower->again));
    return true;
}

/* The result of the order that is waited for; NULL: not handled yet. */
static const char *order_result(const struct follower *follower)
{
    size_t i;
    const json_t *order;
    json_array_foreach(json_object_get(follower->summary, "orders"), i, order)
    {
        if (json_number(order, "id") == follower->watch->order && json_number(order, "handledAtUs") > 0)
            return json_text(order, "result");
    }
    return NULL;
}

static bool ended(const struct follower *follower, enum release_state *ret_state)
{
    if (!follower->summary || !release_state_parse(json_text(follower->summary, "state"), ret_state))
        return false;
    return release_state_terminal(*ret_state) && (follower->watch->order == 0 || order_result(follower));
}

static int exit_code_of(const struct cli_watch *watch, enum release_state state)
{
    if (state == watch->wanted)
        return EXIT_CODE_DONE;
    switch (state) {
    case RELEASE_SUCCEEDED:
        return watch->wanted == RELEASE_SUCCEEDED ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
    case RELEASE_ROLLED_BACK:
        return EXIT_CODE_ROLLED_BACK;
    case RELEASE_HALTED:
        return EXIT_CODE_HALTED;
    default: /* cancelled: what was asked for when it was to be taken back, else not */
        return watch->wanted == RELEASE_ROLLED_BACK || watch->wanted == RELEASE_CANCELLED ? EXIT_CODE_DONE
                                                                                           : EXIT_CODE_FAILED;
    }
}

static int tell_end(struct follower *follower, enum release_state state)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    if (follower->watch->json) {
        cli_print_json(follower->summary);
        return exit_code_of(follower->watch, state);
    }
    view_outcome(follower->summary, follower->watch->fleet, &out);
    if (follower->terminal)
        putchar('\n');
    cli_print_text(&out);
    return exit_code_of(follower->watch, state);
}

static int tell_unfinished(const struct follower *follower, const char *why)
{
    if (follower->watch->json && follower->summary)
        cli_print_json(follower->summary);
    auto_buf struct buf out = BUF_INIT(4096);
    buf_addf(&out, "%s: %s. Release %s goes on.\n  greylag release watch %s shows it again.\n", follower->line->path,
             why, follower->watch->release, follower->watch->release);
    cmdline_say(&out);
    return EXIT_CODE_FAILED;
}

static int follow(struct follower *follower)
{
    struct err err = ERR_INIT;
    enum release_state state;
    for (;;) {
        if (!look(follower, &err))
            return cmdline_fail(follower->line, &err);
        if (ended(follower, &state))
            return tell_end(follower, state);
        if (signals_stop())
            return tell_unfinished(follower, "stopped watching");
        if (follower->deadline_ms && clock_mono_ms() >= follower->deadline_ms)
            return tell_unfinished(follower, "the time to wait is over");
    }
}

int cli_watch_release(const struct cmdline *line, const struct cli_watch *watch)
{
    struct err err = ERR_INIT;
    struct follower follower = {.line = line,
                                .watch = watch,
                                .again = PAUSE(AGAIN_MS, AGAIN_MAX_MS),
                                .terminal = !watch->json && isatty(STDOUT_FILENO) == 1,
                                .deadline_ms = watch->timeout_ms > 0 ? clock_mono_ms() + watch->timeout_ms : 0};
    if (signals_fd() < 0 && !signals_catch(&err))
        return cmdline_fail(line, &err);
    http_client_set_stop(watch->client, stop_asked, NULL);
    int code = follow(&follower);
    json_decref(follower.summary);
    json_decref(follower.hindrances);
    return code;
}

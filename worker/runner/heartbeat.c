#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "report/report.h"
#include "runner/runner_internal.h"

#define HEARTBEAT_MS 5000
#define HEARTBEAT_MIN_MS 50 /* two changes within that time share a heartbeat */

void runner_heartbeat(struct runner *runner, bool leaving)
{
    int64_t now = clock_mono_ms();
    if (atomic_exchange(&runner->changed, false) &&
        runner->presence_due_ms > runner->presence_last_ms + HEARTBEAT_MIN_MS)
        runner->presence_due_ms = runner->presence_last_ms + HEARTBEAT_MIN_MS;
    if (now < runner->presence_due_ms && !leaving)
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct presence_target *targets = arena_array(&arena, runner->target_count, sizeof *targets);
    bool serving = runner->ready;
    for (size_t i = 0; i < runner->target_count; i++) {
        target_describe(runner->targets[i], &arena, &targets[i]);
        if (!*targets[i].problem)
            targets[i].problem = runner->bus_problem;
        serving = serving && !*targets[i].problem;
    }
    atomic_store(&runner->serving, serving);
    struct presence presence = {
        .fleet = runner->settings->fleet, .environment = runner->settings->environment, .worker = runner->worker,
        .version = GREYLAG_VERSION, .host = runner->settings->host_, .sent_us = clock_wall_us(),
        .beat = ++runner->beat, .leaving = leaving,
        .untrusted = runner->untrusted,
        .targets = targets, .target_count = runner->target_count,
    };
    struct err err = ERR_INIT;
    if (!presence_publish(runner->producer, runner->presence_topic, &runner->settings->key, &presence, &err) &&
        !runner_troubles(runner)) /* else it is told already */
        runner_problem(runner, err.text);
    runner->presence_last_ms = now;
    runner->presence_due_ms = now + HEARTBEAT_MS;
}

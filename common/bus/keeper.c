#include "bus/keeper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "base/wake.h"
#include "bus/settings.h"
#include "bus/topics.h"

#define LOOK_EVERY_MS 2000
#define AGAIN_MS 100   /* after trouble, then twice that, up to the time above */
#define ANSWER_MS 5000 /* for one look */
#define CLOSE_MS 1000  /* for that to end */

struct kept {
    struct bus_topic topic; /* a copy */
    int partitions;
    bool checked;
};

struct bus_keeper {
    struct bus_settings *settings;
    int replication, wake_fd;
    pthread_t thread;
    pthread_mutex_t mutex; /* over all that follows, but `changes` */
    pthread_cond_t wake;
    struct kept **topics;  /* never fewer; each an allocation of its own */
    size_t count, room;
    struct bus_keeper_state state;
    bool look, stopping;
    atomic_uint_fast64_t changes;
};

/* ---- topics ---- */

static const char *const *settings_copy(const char *const *settings)
{
    size_t count = 0;
    while (settings && settings[count])
        count++;
    const char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(settings[i]);
    return copy;
}

static void kept_free(struct kept *kept)
{
    for (const char *const *s = kept->topic.settings; *s; s++)
        kafka_free_text(*s);
    kafka_free_text((const char *)kept->topic.settings);
    kafka_free_text(kept->topic.name);
    free(kept);
}

static struct kept *find(const struct bus_keeper *keeper, const char *name)
{
    for (size_t i = 0; i < keeper->count; i++)
        if (strcmp(keeper->topics[i]->topic.name, name) == 0)
            return keeper->topics[i];
    return NULL;
}

/* ---- the thread ---- */

static void tell(struct bus_keeper *keeper)
{
    atomic_fetch_add(&keeper->changes, 1);
    wake_signal(keeper->wake_fd);
}

/* What the look has found. */
static void note(struct bus_keeper *keeper, const struct topics_look *look, bool done, const struct err *err)
{
    bool reached = done || (err->kind != ERR_UNREACHABLE && err->kind != ERR_TIMEOUT);
    pthread_mutex_lock(&keeper->mutex);
    bool changed = reached != keeper->state.reached;
    for (size_t i = 0; i < look->count; i++) {
        struct kept *kept = keeper->topics[i];
        changed = changed || (reached && kept->partitions != look->partitions[i]);
        if (reached)
            kept->partitions = look->partitions[i];
        kept->checked = look->checked[i] && kept->partitions;
    }
    if (reached != keeper->state.reached || !keeper->state.since_ms)
        keeper->state.since_ms = clock_mono_ms();
    keeper->state.reached = reached;
    keeper->state.problem = done ? (struct err)ERR_INIT : *err;
    if (changed)
        tell(keeper);
    pthread_mutex_unlock(&keeper->mutex);
}

/* Of all that is wanted now; what is made by this look is counted by the next. False: not all of it is there. */
static bool look_once(struct bus_keeper *keeper, rd_kafka_t *kafka)
{
    pthread_mutex_lock(&keeper->mutex);
    size_t count = keeper->count;
    auto_free struct bus_topic *topics = xcalloc(count + 1, sizeof *topics);
    auto_free int *partitions = xcalloc(count + 1, sizeof *partitions);
    auto_free bool *checked = xcalloc(count + 1, sizeof *checked);
    for (size_t i = 0; i < count; i++) {
        topics[i] = keeper->topics[i]->topic;
        checked[i] = keeper->topics[i]->checked;
    }
    keeper->look = false;
    pthread_mutex_unlock(&keeper->mutex);
    struct topics_look look = {.settings = keeper->settings, .kafka = kafka, .topics = topics, .count = count,
                               .replication = keeper->replication, .partitions = partitions, .checked = checked,
                               .deadline_ms = clock_mono_ms() + ANSWER_MS};
    struct err err = ERR_INIT;
    bool done = count == 0 || topics_settle(&look, &err);
    if (count)
        note(keeper, &look, done, &err);
    for (size_t i = 0; i < count; i++)
        done = done && partitions[i];
    return done;
}

/* False: it is to end. */
static bool pause_for(struct bus_keeper *keeper, int64_t ms)
{
    struct timespec until = clock_mono_after(ms);
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->stopping && !keeper->look)
        if (pthread_cond_timedwait(&keeper->wake, &keeper->mutex, &until))
            break;
    bool go_on = !keeper->stopping;
    pthread_mutex_unlock(&keeper->mutex);
    return go_on;
}

static void *run(void *context)
{
    struct bus_keeper *keeper = context;
    rd_kafka_t *kafka = NULL;
    struct pause again = PAUSE(AGAIN_MS, LOOK_EVERY_MS);
    bool done;
    do {
        struct err err = ERR_INIT;
        if (!kafka && !(kafka = topics_client(keeper->settings, false, &err)))
            note(keeper, &(struct topics_look){.count = 0}, false, &err);
        done = kafka && look_once(keeper, kafka);
        if (done)
            pause_reset(&again);
    } while (pause_for(keeper, done ? LOOK_EVERY_MS : pause_next(&again)));
    if (kafka)
        kafka_close(kafka);
    return NULL;
}

/* ---- what others ask ---- */

bool bus_keeper_open(const struct bus_settings *settings, int replication, int wake_fd, struct bus_keeper **ret_keeper,
                     struct err *err)
{
    struct bus_keeper *keeper = xcalloc(1, sizeof *keeper);
    keeper->settings = kafka_copy(settings);
    keeper->replication = replication;
    keeper->wake_fd = wake_fd;
    pthread_mutex_init(&keeper->mutex, NULL);
    clock_cond_init(&keeper->wake);
    if (pthread_create(&keeper->thread, NULL, run, keeper) == 0) {
        *ret_keeper = keeper;
        return true;
    }
    err_errno(err, "starting a thread");
    kafka_free(keeper->settings);
    free(keeper);
    return false;
}

void bus_keeper_close(struct bus_keeper *keeper)
{
    if (!keeper)
        return;
    pthread_mutex_lock(&keeper->mutex);
    keeper->stopping = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->mutex);
    struct timespec limit = clock_mono_after(CLOSE_MS);
    if (pthread_clockjoin_np(keeper->thread, NULL, CLOCK_MONOTONIC, &limit)) {
        pthread_detach(keeper->thread); /* it waits for a broker: left to itself, with what it works on */
        return;
    }
    for (size_t i = 0; i < keeper->count; i++)
        kept_free(keeper->topics[i]);
    free(keeper->topics);
    kafka_free(keeper->settings);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}

void bus_keeper_want(struct bus_keeper *keeper, const struct bus_topic *topic)
{
    pthread_mutex_lock(&keeper->mutex);
    if (!find(keeper, topic->name)) {
        struct kept *kept = xcalloc(1, sizeof *kept);
        kept->topic = (struct bus_topic){xstrdup(topic->name), topic->partitions, topic->right,
                                         settings_copy(topic->settings)};
        *array_add(keeper->topics, keeper->count, keeper->room) = kept;
        keeper->look = true;
        pthread_cond_signal(&keeper->wake);
    }
    pthread_mutex_unlock(&keeper->mutex);
}

int bus_keeper_partitions(struct bus_keeper *keeper, const char *topic)
{
    pthread_mutex_lock(&keeper->mutex);
    const struct kept *kept = find(keeper, topic);
    int partitions = kept ? kept->partitions : 0;
    pthread_mutex_unlock(&keeper->mutex);
    return partitions;
}

uint64_t bus_keeper_changes(const struct bus_keeper *keeper)
{
    return atomic_load(&keeper->changes);
}

void bus_keeper_look(struct bus_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->look = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->mutex);
}

void bus_keeper_state(struct bus_keeper *keeper, struct bus_keeper_state *ret_state)
{
    pthread_mutex_lock(&keeper->mutex);
    *ret_state = keeper->state;
    pthread_mutex_unlock(&keeper->mutex);
}

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "dev/dev_internal.h"
#include "proc/signals.h"

#define EARLY_MS 3000     /* an end so soon after the start is an early one */
#define EARLY_ENDS_MAX 5  /* in a row, then we give up */
#define GRACE_MS 8000
#define LOG_TAIL 600

/* Shared by the thread and main; what is below the mutex is guarded by it. */
struct dev_watch {
    struct dev *dev;
    pthread_t thread;
    int end_fd; /* main's word that all shall stop */
    pthread_mutex_t mutex;
    bool failed;
    struct err err;
};

/* The last lines of a log, into err's hint. */
static bool ended_badly(const struct dev_process *process, int status, struct err *err)
{
    char text[LOG_TAIL + 1] = "";
    auto_fd int fd = open(process->log, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        off_t size = lseek(fd, 0, SEEK_END);
        ssize_t got = pread(fd, text, LOG_TAIL, size > LOG_TAIL ? size - LOG_TAIL : 0);
        text[got > 0 ? got : 0] = 0;
    }
    err_set(err, ERR_SYSTEM, "%s does not stay up (it ended with exit code %d):\n%s", process->name, status, text);
    return err_hint(err, "its whole log is %s", process->log);
}

static bool start(struct dev_process *process, struct err *err)
{
    unlink(process->ready_file);
    auto_fd int log = open(process->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0)
        return err_errno(err, "%s", process->log);
    const struct child_options options = {.argv = process->argv, .output = log, .error = log};
    process->started_ms = clock_mono_ms();
    return child_start(&options, &process->child, err);
}

/* A program has ended: start it again, unless it has failed to stay up too often. */
static bool restart(struct dev_process *process, int status, struct err *err)
{
    bool early = clock_mono_ms() - process->started_ms < EARLY_MS;
    process->early_ends = early ? process->early_ends + 1 : 0;
    if (process->early_ends >= EARLY_ENDS_MAX || (early && status > 0 && status < 128))
        return ended_badly(process, status, err); /* an exit code of its own is a refusal: no use in trying again */
    fprintf(stderr, "greylag dev: %s ended with exit code %d; starting it again\n", process->name, status);
    return start(process, err);
}

static void fail(struct dev_watch *watch, const struct err *err)
{
    pthread_mutex_lock(&watch->mutex);
    if (!watch->failed)
        watch->err = *err;
    watch->failed = true;
    pthread_mutex_unlock(&watch->mutex);
    signals_raise(); /* whatever main waits for, it is over */
}

static bool start_all(struct dev *dev, struct err *err)
{
    for (size_t i = 0; i < dev->process_count; i++)
        if (!start(&dev->processes[i], err))
            return false;
    return true;
}

/* Until main says so, or a program does not stay up. */
static bool look_after(struct dev_watch *watch, struct err *err)
{
    struct dev *dev = watch->dev;
    auto_free struct pollfd *fds = xcalloc(dev->process_count + 1, sizeof *fds);
    for (;;) {
        fds[0] = (struct pollfd){.fd = watch->end_fd, .events = POLLIN};
        for (size_t i = 0; i < dev->process_count; i++)
            fds[i + 1] = (struct pollfd){.fd = dev->processes[i].child.pidfd, .events = POLLIN};
        if (poll(fds, dev->process_count + 1, -1) < 0 && errno != EINTR)
            return err_errno(err, "poll");
        if (fds[0].revents)
            return true;
        for (size_t i = 0; i < dev->process_count; i++) {
            int status;
            if (fds[i + 1].revents && child_wait(&dev->processes[i].child, 0, &status) &&
                !restart(&dev->processes[i], status, err))
                return false;
        }
    }
}

static void stop_all(struct dev *dev)
{
    for (size_t i = 0; i < dev->process_count; i++) /* all at once, then wait for each */
        child_signal(&dev->processes[i].child, SIGTERM);
    for (size_t i = dev->process_count; i-- > 0;)
        child_stop(&dev->processes[i].child, SIGTERM, GRACE_MS);
}

static void *run(void *argument)
{
    struct dev_watch *watch = argument;
    struct err err = ERR_INIT;
    if (!start_all(watch->dev, &err) || !look_after(watch, &err)) {
        fail(watch, &err);
        struct pollfd end = {.fd = watch->end_fd, .events = POLLIN};
        while (poll(&end, 1, -1) < 0 && errno == EINTR)
            ;
    }
    stop_all(watch->dev);
    return NULL;
}

static void describe(struct dev *dev, struct dev_process *process, const char *program, const char *name,
                     const char *file)
{
    *process = (struct dev_process){
        .name = name, .child = CHILD_INIT, .log = dev_text(dev, "%s/log/%s.log", dev->folder, file),
        .ready_file = dev_text(dev, "%s/%s.ready", dev->folder, file)};
    const char **argv = arena_array(&dev->arena, 6, sizeof *argv);
    argv[0] = dev_text(dev, "%s/%s", dev->programs, program);
    argv[1] = "--config";
    argv[2] = dev_text(dev, "%s/%s.yml", dev->folder, file);
    argv[3] = "--ready-file";
    argv[4] = process->ready_file;
    process->argv = argv;
}

bool dev_processes_start(struct dev *dev, struct err *err)
{
    const struct fleet *fleet = &dev->catalog->fleet;
    dev->processes = arena_array(&dev->arena, fleet->service_count + 1, sizeof *dev->processes);
    describe(dev, &dev->processes[dev->process_count++], "greylag-coordinator", "the coordinator", "coordinator");
    for (size_t i = 0; i < fleet->service_count; i++)
        if (fleet->services[i].target_count > 0)
            describe(dev, &dev->processes[dev->process_count++], "greylag-worker",
                     dev_text(dev, "the worker of %s", fleet->services[i].name),
                     dev_text(dev, "worker-%s", fleet->services[i].name));
    struct dev_watch *watch = xcalloc(1, sizeof *watch);
    watch->dev = dev;
    watch->end_fd = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&watch->mutex, NULL);
    int failed = watch->end_fd < 0 ? errno : pthread_create(&watch->thread, NULL, run, watch);
    if (failed) {
        free(watch);
        errno = failed;
        return err_errno(err, "starting a thread");
    }
    dev->watch = watch;
    return true;
}

bool dev_processes_ok(struct dev *dev, struct err *err)
{
    pthread_mutex_lock(&dev->watch->mutex);
    bool ok = !dev->watch->failed;
    if (!ok && err)
        *err = dev->watch->err;
    pthread_mutex_unlock(&dev->watch->mutex);
    return ok;
}

/* The coordinator's ready file says where it listens. */
static bool read_url(struct dev *dev, struct err *err)
{
    auto_buf struct buf text = BUF_INIT(4096);
    if (!buf_read_file(&text, dev->processes[0].ready_file, err))
        return false;
    json_t *json = json_loadb(buf_text(&text), text.len, 0, NULL);
    const char *url = json_string_value(json_object_get(json, "url"));
    dev->url = url ? dev_text(dev, "%s", url) : NULL;
    json_decref(json);
    return dev->url || err_set(err, ERR_INTERNAL, "%s names no url", dev->processes[0].ready_file);
}

bool dev_processes_wait(struct dev *dev, int64_t timeout_ms, struct err *err)
{
    int64_t deadline = clock_mono_ms() + timeout_ms;
    for (size_t i = 0; i < dev->process_count;) {
        const struct dev_process *process = &dev->processes[i];
        if (access(process->ready_file, R_OK) == 0) {
            i++;
            continue;
        }
        if (!dev_processes_ok(dev, err))
            return false;
        if (signals_stop())
            return err_set(err, ERR_CONFLICT, "interrupted");
        if (clock_mono_ms() > deadline) {
            err_set(err, ERR_TIMEOUT, "%s is not ready after %lld s", process->name, (long long)timeout_ms / 1000);
            return err_hint(err, "its log is %s", process->log);
        }
        poll(&(struct pollfd){.fd = signals_fd(), .events = POLLIN}, 1, 20);
    }
    return read_url(dev, err);
}

void dev_processes_stop(struct dev *dev)
{
    struct dev_watch *watch = dev->watch;
    if (!watch)
        return;
    uint64_t one = 1;
    if (write(watch->end_fd, &one, sizeof one) != (ssize_t)sizeof one)
        abort(); /* an eventfd takes its first number */
    pthread_join(watch->thread, NULL);
    close(watch->end_fd);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
    dev->watch = NULL;
}

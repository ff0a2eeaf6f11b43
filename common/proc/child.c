#include "proc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

extern char **environ;

static size_t name_len(const char *pair)
{
    return strcspn(pair, "=");
}

/* Ours, without the names that `added` sets, then `added`. New array of borrowed strings. */
static char **merged_environment(const char *const *added)
{
    size_t ours = 0, more = 0, count = 0;
    while (environ[ours])
        ours++;
    while (added && added[more])
        more++;
    char **merged = xcalloc(ours + more + 1, sizeof *merged);
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;
        for (size_t k = 0; k < more && !replaced; k++)
            replaced = name_len(added[k]) == name_len(environ[i]) &&
                       strncmp(added[k], environ[i], name_len(added[k]) + 1) == 0;
        if (!replaced)
            merged[count++] = environ[i];
    }
    for (size_t k = 0; k < more; k++)
        memcpy(&merged[count++], &added[k], sizeof *merged);
    return merged;
}

static bool redirect(int from, int to)
{
    return from == to ? fcntl(to, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

/* After fork: async-signal-safe calls only. Never returns. */
static void become(const struct child_options *options, char **argv, char **environment, pid_t parent, int report)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    sigaction(SIGPIPE, &normal, NULL);
    sigaction(SIGTERM, &normal, NULL);
    sigaction(SIGINT, &normal, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int input = options->input ? options->input : open("/dev/null", O_RDONLY);
    bool done = redirect(input, 0) && redirect(options->output ? options->output : 1, 1) &&
                redirect(options->error ? options->error : 2, 2) &&
                (!options->directory || chdir(options->directory) == 0);
    if (done && options->uid)
        done = setgroups(0, NULL) == 0 && setgid(options->gid) == 0 && setuid(options->uid) == 0;
    /* After setuid, which clears it. The parent may have died meanwhile. */
    if (done)
        done = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
    if (done)
        execvpe(argv[0], argv, environment);
    int reason = errno;
    if (write(report, &reason, sizeof reason) != sizeof reason)
        _exit(126);
    _exit(127);
}

bool child_start(const struct child_options *options, struct child *ret_child, struct err *err)
{
    size_t count = 0;
    while (options->argv[count])
        count++;
    auto_free char **argv = xcalloc(count + 1, sizeof *argv);
    memcpy(argv, options->argv, count * sizeof *argv);
    auto_free char **environment = merged_environment(options->environment);
    int report[2];
    if (pipe2(report, O_CLOEXEC))
        return err_errno(err, "pipe");
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(options, argv, environment, parent, report[1]);
    close(report[1]);
    auto_fd int result = report[0];
    if (pid < 0)
        return err_errno(err, "fork");
    int reason = 0;
    ssize_t got = read(result, &reason, sizeof reason);
    if (got == (ssize_t)sizeof reason) {
        waitpid(pid, NULL, 0);
        errno = reason;
        return err_errno(err, "cannot run %s", options->argv[0]);
    }
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return err_errno(err, "pidfd_open");
    }
    *ret_child = (struct child){.pid = pid, .pidfd = pidfd};
    return true;
}

bool child_wait(struct child *child, int timeout_ms, int *ret_status)
{
    if (child->pid <= 0)
        return true;
    int64_t deadline = clock_mono_ms() + timeout_ms;
    struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};
    int left = timeout_ms;
    while (poll(&ended, 1, left) < 0 && errno == EINTR)
        if (timeout_ms >= 0)
            left = deadline > clock_mono_ms() ? (int)(deadline - clock_mono_ms()) : 0;
    int status = 0;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return false;
    if (ret_status)
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    close(child->pidfd);
    *child = (struct child)CHILD_INIT;
    return true;
}

void child_signal(const struct child *child, int signal)
{
    if (child->pid > 0 && kill(-child->pid, signal))
        kill(child->pid, signal);
}

void child_stop(struct child *child, int signal, int grace_ms)
{
    if (child->pid <= 0)
        return;
    child_signal(child, signal ? signal : SIGTERM);
    child_signal(child, SIGCONT);
    if (child_wait(child, grace_ms, NULL))
        return;
    child_signal(child, SIGKILL);
    child_wait(child, -1, NULL);
}

bool child_run(const struct child_options *options, int timeout_ms, int *ret_status, struct err *err)
{
    struct child child = CHILD_INIT;
    if (!child_start(options, &child, err))
        return false;
    if (child_wait(&child, timeout_ms, ret_status))
        return true;
    child_stop(&child, SIGKILL, 0);
    return err_set(err, ERR_TIMEOUT, "%s did not end within %d ms and was killed", options->argv[0], timeout_ms);
}

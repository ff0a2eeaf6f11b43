#include "proc/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_int count;
static int event_fd = -1;

static void handle(int signal)
{
    (void)signal;
    int saved = errno;
    signals_raise();
    errno = saved;
}

bool signals_catch(struct err *err)
{
    if (event_fd < 0)
        event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_fd < 0)
        return err_errno(err, "eventfd");
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction inherited;
    if (sigaction(SIGTERM, &action, NULL) || sigaction(SIGINT, &action, NULL) || sigaction(SIGPIPE, &ignore, NULL) ||
        sigaction(SIGHUP, NULL, &inherited) ||
        (inherited.sa_handler != SIG_IGN && sigaction(SIGHUP, &action, NULL)))
        return err_errno(err, "sigaction");
    return true;
}

bool signals_stop(void)
{
    return atomic_load(&count) > 0;
}

int signals_count(void)
{
    return atomic_load(&count);
}

int signals_fd(void)
{
    return event_fd;
}

void signals_raise(void)
{
    atomic_fetch_add(&count, 1);
    uint64_t one = 1;
    if (event_fd >= 0 && write(event_fd, &one, sizeof one) < 0)
        return; /* the counter is full: it is readable already */
}

#include "proc/crash.h"

#ifdef GREYLAG_CRASHPOINTS
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Whether the `wanted` of the environment ("name" or "name:N") means this point, this time. */
static int hit(const char *wanted, const char *name, int *reached)
{
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 || (wanted[len] != 0 && wanted[len] != ':'))
        return 0;
    int at = wanted[len] == ':' ? (int)strtol(wanted + len + 1, NULL, 10) : 1;
    return ++*reached == at;
}

/* The file holds first, then rest. */
static void rewrite(int fd, const char *first, const char *rest)
{
    char text[4096];
    int len = snprintf(text, sizeof text, "%s%s", first, rest);
    if (pwrite(fd, text, (size_t)len, 0) != len || ftruncate(fd, len) != 0)
        abort();
}

/* The signal that the first order asks for here, or 0. An order with a count is counted down in the file. */
static int obey(int fd, const char *name)
{
    char text[4000], verb[8], point[64], left[100];
    long at = 1;
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = 0;
    if (sscanf(text, "%7s %63[^:\n]:%ld", verb, point, &at) < 2 || strcmp(point, name) != 0)
        return 0;
    const char *end = strchr(text, '\n');
    const char *rest = end ? end + 1 : "";
    snprintf(left, sizeof left, "%s %s:%ld\n", verb, point, at - 1);
    rewrite(fd, at > 1 ? left : "", rest);
    return at > 1 ? 0 : strcmp(verb, "kill") == 0 ? SIGKILL : SIGSTOP;
}

static int ordered(const char *file, const char *name)
{
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    int number = flock(fd, LOCK_EX) == 0 ? obey(fd, name) : 0;
    close(fd);
    return number;
}

void crash_point(const char *name)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static int crashes, freezes;
    pthread_mutex_lock(&mutex);
    int number = ordered(getenv("GREYLAG_CRASH_ORDERS"), name);
    if (hit(getenv("GREYLAG_FREEZE"), name, &freezes))
        number = SIGSTOP;
    if (hit(getenv("GREYLAG_CRASH"), name, &crashes))
        number = SIGKILL;
    pthread_mutex_unlock(&mutex);
    if (number)
        raise(number); /* to this very thread, so that it goes no step further */
}
#else
typedef int crash_points_are_not_built_in;
#endif

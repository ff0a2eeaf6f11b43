/* A clock that is wrong: preloaded (LD_PRELOAD) it sets a program's wall clock forward by AHEAD_S seconds; back where
 * that is negative. The monotonic clock stays. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t which, struct timespec *now)
{
    const char *ahead = getenv("AHEAD_S");
    int failed = (int)syscall(SYS_clock_gettime, which, now);
    if (!failed && which == CLOCK_REALTIME && ahead)
        now->tv_sec += strtol(ahead, NULL, 10);
    return failed;
}

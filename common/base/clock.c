#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

void clock_cond_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec clock_mono_after(int64_t ms)
{
    int64_t us = clock_mono_us() + ms * 1000;
    return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

const char *clock_format(int64_t wall_us, char *text)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char date[24];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, CLOCK_TEXT_SIZE, "%s.%03dZ", date, (int)(wall_us / 1000 % 1000));
    return text;
}

const char *clock_local(int64_t wall_us, char *text)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    if (strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        return clock_format(wall_us, text); /* a zone with a name as long as that */
    return text;
}

const char *clock_duration(int64_t us, char *text)
{
    int64_t s = us / 1000000;
    if (us < 1000000)
        snprintf(text, CLOCK_TEXT_SIZE, "%d ms", (int)(us / 1000));
    else if (s < 60)
        snprintf(text, CLOCK_TEXT_SIZE, "%d.%d s", (int)s, (int)(us / 100000 % 10));
    else if (s < 3600)
        snprintf(text, CLOCK_TEXT_SIZE, "%d min %02d s", (int)(s / 60), (int)(s % 60));
    else
        snprintf(text, CLOCK_TEXT_SIZE, "%lld h %02d min", (long long)(s / 3600), (int)(s / 60 % 60));
    return text;
}

/* Clocks. Deadlines inside a process use the monotonic clock; times that people read or that cross a process
 * boundary are wall-clock microseconds since 1970 (UTC). Pure rooms call neither: they are given `now`. */
#pragma once
#include <pthread.h>
#include <stdint.h>
#include <time.h>

int64_t clock_mono_ms(void); /* milliseconds, never goes back, meaningless outside this process */
int64_t clock_mono_us(void);
/* A condition that is waited for by the monotonic clock, and the moment in `ms` for pthread_cond_timedwait on it. */
void clock_cond_init(pthread_cond_t *condition);
struct timespec clock_mono_after(int64_t ms);
int64_t clock_wall_us(void); /* microseconds since 1970-01-01 UTC */

#define CLOCK_TEXT_SIZE 32
/* "2026-03-01T02:03:04.567Z" into text[CLOCK_TEXT_SIZE]; returns text. */
const char *clock_format(int64_t wall_us, char *text);
/* "2026-03-01 03:03:04 CET", in the zone of whoever reads it, into text[CLOCK_TEXT_SIZE]; returns text. */
const char *clock_local(int64_t wall_us, char *text);
/* "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min" into text[CLOCK_TEXT_SIZE]; returns text. */
const char *clock_duration(int64_t us, char *text);

/* The log of the daemons and of `greylag dev`: one line for each event, on standard error. Libraries never log.
 *
 * A line is `2026-03-01T02:03:04.567Z INFO  worker: text key=value ...`.
 * The level comes from LOG_LEVEL (DEBUG, INFO, WARN, ERROR; any case). Control characters of foreign text are escaped.
 * Never give it a secret. Threads: any. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct err;
void log_init(const char *program); /* borrowed for ever; reads LOG_LEVEL */
bool log_level_parse(const char *text, enum log_level *ret_level);
void log_set_level(enum log_level level);
bool log_on(enum log_level level); /* whether a line of that level would be written */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A trouble that comes back: its last text, and when that was logged. Zeroed at first. Threads: one at a time. */
struct log_repeat {
    char text[1024];
    int64_t at_ms; /* monotonic */
};
/* Whether it is to be logged: it says something else than the last time, or that was every_ms ago. */
bool log_due(struct log_repeat *repeat, const char *text, int64_t every_ms);

#define log_debug(...)                                                                                                 \
    do {                                                                                                               \
        if (log_on(LOG_DEBUG))                                                                                         \
            log_line(LOG_DEBUG, __VA_ARGS__);                                                                          \
    } while (0)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

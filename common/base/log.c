#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
static const char *program_name = "greylag";
static _Atomic int least = LOG_INFO;

bool log_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_init(const char *program)
{
    program_name = program;
    const char *text = getenv("LOG_LEVEL");
    enum log_level level;
    if (!text || !*text)
        return;
    if (log_level_parse(text, &level))
        least = (int)level;
    else
        log_warn("LOG_LEVEL=%s is none of DEBUG, INFO, WARN, ERROR; INFO is used", text);
}

void log_set_level(enum log_level level)
{
    least = (int)level;
}

bool log_on(enum log_level level)
{
    return (int)level >= least;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_on(level))
        return;
    auto_buf struct buf text = BUF_INIT(1 << 20), line = BUF_INIT(1 << 22);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    char time[CLOCK_TEXT_SIZE];
    buf_addf(&line, "%s %-5s %s: ", clock_format(clock_wall_us(), time), names[level], program_name);
    text_add_printable(&line, buf_text(&text), true);
    buf_addc(&line, '\n');
    /* one write for each line: lines of several threads or processes never mix */
    if (write(STDERR_FILENO, buf_text(&line), line.len) < 0)
        return; /* nowhere left to say it */
}

bool log_due(struct log_repeat *repeat, const char *text, int64_t every_ms)
{
    int64_t now_ms = clock_mono_ms();
    char shown[sizeof repeat->text]; /* of a longer text the beginning tells */
    text_format(shown, sizeof shown, "%s", text);
    if (strcmp(shown, repeat->text) == 0 && now_ms - repeat->at_ms < every_ms)
        return false;
    memcpy(repeat->text, shown, sizeof shown);
    repeat->at_ms = now_ms;
    return true;
}

#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static const struct {
    const char *text;
    bool retriable;
} kinds[] = {
#define X(name, text, retriable, prose) {text, retriable},
    ERR_KINDS(X)
#undef X
};

bool err_setv(struct err *err, enum err_kind kind, const char *format, va_list args)
{
    if (!err)
        return false;
    char text[sizeof err->text]; /* the old text may be among the arguments */
    text_formatv(text, sizeof text, format, args);
    *err = (struct err){.kind = kind, .retriable = kinds[kind].retriable};
    memcpy(err->text, text, sizeof text);
    return false;
}

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_setv(err, kind, format, args);
    va_end(args);
    return false;
}

bool err_errno(struct err *err, const char *format, ...)
{
    int code = errno;
    va_list args;
    va_start(args, format);
    err_setv(err, ERR_SYSTEM, format, args);
    va_end(args);
    if (err)
        text_append(err->text, sizeof err->text, ": %s", strerror(code));
    return false;
}

bool err_hint(struct err *err, const char *format, ...)
{
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    text_formatv(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return false;
}

bool err_prefix(struct err *err, const char *format, ...)
{
    if (!err)
        return false;
    char old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    text_formatv(err->text, sizeof err->text, format, args);
    va_end(args);
    text_append(err->text, sizeof err->text, ": %s", old);
    return false;
}

void err_sqlstate(struct err *err, const char *sqlstate)
{
    if (!err || !sqlstate)
        return;
    size_t len = strnlen(sqlstate, sizeof err->sqlstate - 1);
    memcpy(err->sqlstate, sqlstate, len);
    err->sqlstate[len] = '\0';
}

void err_clear(struct err *err)
{
    if (err)
        *err = (struct err)ERR_INIT;
}

const char *err_kind_name(enum err_kind kind)
{
    return kind < ERR_KIND_COUNT ? kinds[kind].text : "unknown";
}

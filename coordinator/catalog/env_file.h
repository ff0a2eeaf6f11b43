/* The file `.env` beside a fleet file: values for ${NAME} in it that the environment does not have. One NAME=value on a
 * line, maybe behind `export`; blank lines and lines that begin with # say nothing; 'as it is', "with \n, \" and \\",
 * or bare, then blanks at its ends and what follows " #" do not count. That is what the many readers of such files
 * agree on; whatever they do not is an error (file and line), as is a name twice. A byte order mark does not count.
 * Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

struct env_value {
    const char *name, *value;
    int line;
};
struct env_file {
    config_getter *get; /* asked first; may be NULL */
    void *context;
    struct env_value *values; /* in the arena, sorted by name */
    size_t count;
};

/* A file that is not there is an empty one. ERR_CONFIG. */
bool env_file_read(const char *path, config_getter *get, void *context, struct arena *arena, struct env_file *ret_file,
                   struct err *err);
/* The same from memory. */
bool env_file_parse(const char *path, const char *text, size_t len, struct arena *arena, struct env_file *ret_file,
                    struct err *err);
/* A config_getter over it; `context` is the struct. */
const char *env_file_get(void *context, const char *name);

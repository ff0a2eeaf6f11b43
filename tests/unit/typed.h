/* Command lines as they are typed, and what they print. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmdline/cmdline.h"

static char *out_text, *err_text; /* of the last one */

static inline void release_texts(void)
{
    free(out_text);
    free(err_text);
    out_text = err_text = NULL;
}

/* A command line of words separated by blanks; keeps what it printed, and returns its exit code. */
static inline int type_into(const struct command *tree, const char *typed)
{
    auto_free char *copy = xstrdup(typed);
    char *words[64], *rest = copy;
    int count = 0;
    for (char *word; (word = strsep(&rest, " ")) && count < 63;)
        words[count++] = word;
    words[count] = NULL;
    FILE *old_out = stdout, *old_err = stderr;
    size_t out_len, err_len;
    release_texts();
    stdout = open_memstream(&out_text, &out_len);
    stderr = open_memstream(&err_text, &err_len);
    int code = cmdline_main(tree, count, words);
    fclose(stdout);
    fclose(stderr);
    stdout = old_out;
    stderr = old_err;
    return code;
}

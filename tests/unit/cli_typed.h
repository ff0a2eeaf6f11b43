/* Commands as they are typed, in a folder of their own; and what they printed. */
#pragma once
#include "cli/cli.h"
#include "crypto/key.h"
#include "unit/root.h"

static char *out_text, *err_text;

static inline void clean_environment(void)
{
    make_root();
    cr_assert_eq(chdir(root), 0);
    unsetenv("GREYLAG_URL");
    unsetenv("GREYLAG_TOKEN");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", root, 1);
    crypto_init();
}

static inline void leave_root(void)
{
    cr_expect_eq(chdir("/"), 0);
    remove_root();
    free(out_text);
    free(err_text);
}

/* Types a command line of words separated by blanks; keeps what it printed. */
static inline int type(const char *typed)
{
    auto_free char *copy = xstrdup(typed);
    char *words[64], *rest = copy;
    int count = 0;
    for (char *word; (word = strsep(&rest, " ")) && count < 63;)
        words[count++] = word;
    words[count] = NULL;
    FILE *old_out = stdout, *old_err = stderr;
    size_t out_len, err_len;
    free(out_text);
    free(err_text);
    stdout = open_memstream(&out_text, &out_len);
    stderr = open_memstream(&err_text, &err_len);
    int code = cmdline_main(cli_root(NULL), count, words);
    fclose(stdout);
    fclose(stderr);
    stdout = old_out;
    stderr = old_err;
    return code;
}

#define EXPECT(typed, wanted)                                                                                          \
    do {                                                                                                               \
        int code_ = type(typed);                                                                                       \
        cr_expect_eq(code_, wanted, "%s: exit code %d\n%s%s", typed, code_, out_text, err_text);                       \
    } while (0)
#define SAYS(where, what) cr_expect(strstr(where, what), "wanted \"%s\" in:\n%s", what, where)

/* Commands of greylag as they are typed, in a folder of their own; and what they printed. */
#pragma once
#include "cli/cli.h"
#include "crypto/key.h"
#include "unit/root.h"
#include "unit/typed.h"

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
    release_texts();
}

static inline int type(const char *typed)
{
    return type_into(cli_root(NULL), typed);
}

#define EXPECT(typed, wanted)                                                                                          \
    do {                                                                                                               \
        int code_ = type(typed);                                                                                       \
        cr_expect_eq(code_, wanted, "%s: exit code %d\n%s%s", typed, code_, out_text, err_text);                       \
    } while (0)
#define SAYS(where, what) cr_expect(strstr(where, what), "wanted \"%s\" in:\n%s", what, where)

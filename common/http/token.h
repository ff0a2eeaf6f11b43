/* Bearer tokens and the file that lists them.
 *
 * The file has one line for each token, "name role digest"; "#" begins a comment. The digest is BLAKE2b-256 (64 hex
 * digits) over the token's text, so that the file does not hold the tokens; a token is 256 bits of chance, which is
 * why a fast hash is enough. Roles are ordered: each may do what the ones before it may.
 * Threads: a token table that is not changed may be read by any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/digest.h"

/*           name      text        prose */
#define TOKEN_ROLES(X)                                                                                             \
    X(VIEWER,   "viewer",   "may read")                                                                            \
    X(OPERATOR, "operator", "may also start, roll back, retry and cancel releases")                                \
    X(ADMIN,    "admin",    "may also enroll and revoke keys of workers")
enum token_role {
#define X(name, text, prose) TOKEN_##name,
    TOKEN_ROLES(X)
#undef X
        TOKEN_ROLE_COUNT
};
const char *token_role_text(enum token_role role); /* borrowed, static */
bool token_role_parse(const char *text, enum token_role *ret_role);

#define TOKEN_NAME_MAX 64
#define TOKEN_TEXT_SIZE 72

struct token {
    char name[TOKEN_NAME_MAX + 1];
    enum token_role role;
    char digest[DIGEST_HEX_SIZE];
};
struct tokens {
    struct token *items; /* owned */
    size_t count;
};

/* Makes a new token: its text for whoever uses it, its line (without newline) for the file. */
void token_make(const char *name, enum token_role role, char ret_text[TOKEN_TEXT_SIZE], struct buf *ret_line);
bool token_name_ok(const char *name); /* letters, digits and "._@-", at most TOKEN_NAME_MAX */

/* ERR_UNTRUSTED: others can read or write the file (hint: chmod 600), or it belongs to somebody else. ERR_CONFIG: a
 * line is wrong, or two have one name; with file and line. */
bool tokens_read(const char *path, struct tokens *ret_tokens, struct err *err);
/* The token with this text, or NULL; takes the same time whichever it is. Borrowed. */
const struct token *tokens_find(const struct tokens *tokens, const char *text);
void tokens_release(struct tokens *tokens);

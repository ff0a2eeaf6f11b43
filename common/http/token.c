#include "http/token.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/id.h"
#include "base/text.h"

static const char *const roles[] = {
#define X(name, text, prose) text,
    TOKEN_ROLES(X)
#undef X
};

const char *token_role_text(enum token_role role)
{
    return role < TOKEN_ROLE_COUNT ? roles[role] : "unknown";
}

bool token_role_parse(const char *text, enum token_role *ret_role)
{
    for (size_t i = 0; i < TOKEN_ROLE_COUNT; i++)
        if (strcmp(roles[i], text) == 0) {
            *ret_role = (enum token_role)i;
            return true;
        }
    return false;
}

bool token_name_ok(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._@-", name[i]))
            return false;
    return len > 0 && len <= TOKEN_NAME_MAX;
}

void token_make(const char *name, enum token_role role, char ret_text[TOKEN_TEXT_SIZE], struct buf *ret_line)
{
    char one[ID_TERM_SIZE], two[ID_TERM_SIZE], hex[DIGEST_HEX_SIZE];
    id_term(one);
    id_term(two);
    text_format(ret_text, TOKEN_TEXT_SIZE, "gl_%s%s", one, two);
    digest_hex(ret_text, strlen(ret_text), hex);
    buf_addf(ret_line, "%s %s %s", name, token_role_text(role), hex);
}

static bool file_private(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        err_errno(err, "cannot read the token file %s", path);
        return err_hint(err, "greylag token NAME --append %s makes it.", path);
    }
    return file_check_private(&st, "the token file", path, err);
}

static bool line_parse(char *text, struct token *ret_token)
{
    char *rest = text, *words[3] = {NULL};
    size_t count = 0;
    for (char *word; (word = strsep(&rest, " \t\r"));) {
        if (!*word)
            continue;
        if (count == 3)
            return false;
        words[count++] = word;
    }
    if (count != 3 || !token_name_ok(words[0]) || !token_role_parse(words[1], &ret_token->role) ||
        !digest_is_hex(words[2]))
        return false;
    text_format(ret_token->name, sizeof ret_token->name, "%s", words[0]);
    text_format(ret_token->digest, sizeof ret_token->digest, "%s", words[2]);
    return true;
}

static bool add_line(struct tokens *tokens, char *text, const char *path, int line, struct err *err)
{
    text[strcspn(text, "#")] = '\0';
    if (text[strspn(text, " \t\r")] == '\0')
        return true;
    struct token token;
    if (!line_parse(text, &token)) {
        err_set(err, ERR_CONFIG, "%s:%d: not a token", path, line);
        return err_hint(err, "A line is \"name role digest\"; \"greylag token\" makes one.");
    }
    for (size_t i = 0; i < tokens->count; i++)
        if (strcmp(tokens->items[i].name, token.name) == 0)
            return err_set(err, ERR_CONFIG, "%s:%d: there are two tokens \"%s\"", path, line, token.name);
    tokens->items = xrealloc(tokens->items, (tokens->count + 1) * sizeof token);
    tokens->items[tokens->count++] = token;
    return true;
}

bool tokens_read(const char *path, struct tokens *ret_tokens, struct err *err)
{
    auto_buf struct buf text = BUF_INIT(1 << 20);
    if (!file_private(path, err) || !buf_read_file(&text, path, err))
        return false;
    struct tokens tokens = {NULL, 0};
    auto_free char *copy = buf_take(&text);
    char *rest = copy;
    int line = 0;
    for (char *next; (next = strsep(&rest, "\n"));)
        if (!add_line(&tokens, next, path, ++line, err)) {
            tokens_release(&tokens);
            return false;
        }
    *ret_tokens = tokens;
    return true;
}

/* Compares all 64 digits, equal or not. */
static bool same_digest(const char *a, const char *b)
{
    unsigned char difference = 0;
    for (size_t i = 0; i < DIGEST_HEX_SIZE - 1; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

const struct token *tokens_find(const struct tokens *tokens, const char *text)
{
    char hex[DIGEST_HEX_SIZE];
    const struct token *found = NULL;
    digest_hex(text, strlen(text), hex);
    for (size_t i = 0; i < tokens->count; i++)
        if (same_digest(tokens->items[i].digest, hex))
            found = &tokens->items[i];
    return found;
}

void tokens_release(struct tokens *tokens)
{
    free(tokens->items);
    *tokens = (struct tokens){NULL, 0};
}

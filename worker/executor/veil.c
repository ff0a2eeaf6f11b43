/* Secrets in what is shown. A message may quote a secret in part (cut off, folded to lower case, torn apart by the
 * parser), so that of those which stand in the step's texts every part of a few characters is hidden. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "executor/executor_internal.h"

#define MASK "***"
#define PART_MIN ((size_t)4) /* characters of a secret that may not be seen together */
#define MESSAGE_BYTES ((size_t)2048) /* more of a message is not kept anywhere */
#define VEILED_MAX ((size_t)1 << 30)

void veil_use(struct veil *veil, const struct placeholder *secret)
{
    veil->used[secret - veil->secrets] = true;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* How much of the secret begins at text, wherever in the secret. */
static size_t common(const char *text, size_t len, const char *secret, size_t secret_len)
{
    size_t longest = 0;
    for (size_t i = 0; i + longest < secret_len; i++) {
        size_t n = 0;
        while (n < len && i + n < secret_len && same(text[n], secret[i + n]))
            n++;
        if (n > longest)
            longest = n;
    }
    return longest;
}

/* How many bytes at `text` have to be hidden. */
static size_t hidden(const struct veil *veil, const char *text, size_t len, bool parts)
{
    size_t most = 0;
    for (size_t i = 0; i < veil->count; i++) {
        const char *secret = veil->secrets[i].value;
        size_t secret_len = strlen(secret), n = 0;
        if (secret_len == 0)
            continue;
        if (!parts || !veil->used[i])
            n = secret_len <= len && memcmp(text, secret, secret_len) == 0 ? secret_len : 0;
        else if ((n = common(text, len, secret, secret_len)) < (secret_len < PART_MIN ? secret_len : PART_MIN))
            n = 0;
        if (n > most)
            most = n;
    }
    return most;
}

static const char *cover(struct veil *veil, const char *text, size_t len, bool parts)
{
    veil->out.ceiling = VEILED_MAX;
    buf_clear(&veil->out);
    bool covered = false; /* parts that follow each other are one */
    for (size_t at = 0; at < len;) {
        size_t n = hidden(veil, text + at, len - at, parts);
        if (n && !covered)
            buf_adds(&veil->out, MASK);
        if (!n)
            buf_addc(&veil->out, text[at]);
        covered = n > 0;
        at += n ? n : 1;
    }
    return buf_text(&veil->out);
}

/* A pg_veil. */
static const char *veil_text(void *context, const char *text, bool message)
{
    struct execution *x = context;
    size_t len = message ? text_cut(text, strnlen(text, 2 * MESSAGE_BYTES), MESSAGE_BYTES) : strlen(text);
    return cover(&x->veil, text, len, message);
}

void veil_session(struct execution *x, bool on)
{
    if (x->veil.count)
        pg_set_veil(ledger_session(x->ledger), on ? veil_text : NULL, x);
}

const char *veil_message(struct execution *x, const char *text)
{
    if (x->veil.count == 0 || !text || !*text)
        return text;
    return arena_strdup(x->arena, veil_text(x, text, true));
}

void veil_error(struct execution *x, struct err *err)
{
    if (x->veil.count == 0)
        return;
    struct err copy = *err;
    text_format(err->text, sizeof err->text, "%s", veil_text(x, copy.text, true));
    text_format(err->hint, sizeof err->hint, "%s", veil_text(x, copy.hint, true));
}

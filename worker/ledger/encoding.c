/* Texts in a database that cannot hold every character (LATIN1, WIN1252, EUC_JP, ...). Greylag's own are UTF-8. What is
 * looked up is kept there as ASCII, and read back as it was; what is for people is kept as it is while the database
 * takes it. SQL_ASCII takes whatever comes. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ledger/ledger_internal.h"

#define BACKSLASH "\\x5c"
#define KEPT_MAX ((size_t)8000) /* bytes of one text in the history */

static bool holds_everything(const struct ledger *ledger)
{
    const char *encoding = pg_parameter(ledger->pg, "server_encoding");
    return strcmp(encoding, "UTF8") == 0 || strcmp(encoding, "SQL_ASCII") == 0;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80 || *text == '\\')
            return false;
    return true;
}

const char *ledger_key(const struct ledger *ledger, const char *text, struct arena *arena)
{
    if (!text || holds_everything(ledger) || is_plain(text))
        return text;
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    while (*text) {
        size_t len = strcspn(text, "\\");
        text_add_ascii(&out, arena_strndup(arena, text, len));
        text += len;
        if (*text == '\\') {
            buf_adds(&out, BACKSLASH);
            text++;
        }
    }
    return arena_strdup(arena, buf_text(&out));
}

/* How many hex digits follow the letter of an escape; 0: it is none. */
static size_t escape_digits(const char *escape)
{
    size_t digits = escape[1] == 'x' ? 2 : escape[1] == 'u' ? 4 : escape[1] == 'U' ? 8 : 0;
    return digits && strspn(escape + 2, "0123456789abcdef") >= digits ? digits : 0;
}

const char *ledger_key_read(const struct ledger *ledger, const char *text, struct arena *arena)
{
    if (holds_everything(ledger) || !strchr(text, '\\'))
        return arena_strdup(arena, text);
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    while (*text) {
        size_t digits = *text == '\\' ? escape_digits(text) : 0;
        char number[9] = "";
        if (digits) {
            memcpy(number, text + 2, digits);
            text_add_character(&out, (uint32_t)strtoul(number, NULL, 16));
            text += 2 + digits;
        } else
            buf_addc(&out, *text++);
    }
    return arena_strdup(arena, buf_text(&out));
}

const char *ledger_prose(const char *text, bool ascii, struct arena *arena)
{
    if (!text || !*text)
        return "";
    auto_buf struct buf whole = BUF_INIT(BUF_MAX);
    auto_free char *cut = xmalloc(KEPT_MAX);
    (ascii ? text_add_ascii : text_add_utf8)(&whole, text);
    text_format(cut, KEPT_MAX, "%s", buf_text(&whole));
    return arena_strdup(arena, cut);
}

bool ledger_untranslatable(const char *sqlstate)
{
    return strcmp(sqlstate, "22P05") == 0 || strcmp(sqlstate, "22021") == 0;
}

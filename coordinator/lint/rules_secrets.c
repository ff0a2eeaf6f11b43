/* Passwords and keys. What is found is never shown. */
#include <regex.h>
#include <string.h>

#include "base/cleanup.h"
#include "lint/rule.h"

#define BEFORE 256 /* bytes in front of the anchor that a pattern may need */
#define BEHIND 1024
#define FILE_HITS_MAX 20 /* more of one kind in one file say nothing new */

/* Searched around `anchor`, in any case; where a pattern has a group, it holds the secret itself. */
static const struct pattern {
    const char *anchor, *expression, *what;
    int group;
} patterns[] = {
    {"AKIA", "(^|[^A-Za-z0-9])(AKIA[0-9A-Z]{16})([^A-Za-z0-9]|$)", "an access key of AWS", 2},
    {"PRIVATE KEY", "-----BEGIN [A-Z ]*PRIVATE KEY-----([[:space:]]|\\\\n)*([A-Za-z0-9+/]{40})", "a private key", 2},
    {"://", "[a-z][a-z0-9+.-]*://[^:/@[:space:]'\"$<{]+:([^@/:[:space:]'\"$<{*]+)@",
     "a connection string with a password", 1},
    {"password=", "(host|dbname|user)=[^'\"]*password=([^'\"[:space:]$<{*;&)]+)", "a connection string with a password",
     2},
    {"password=", "password=([^'\"[:space:]$<{*;&)]+) +[^'\"]*(host|dbname|user)=",
     "a connection string with a password", 1},
    {"ghp_", "ghp_([A-Za-z0-9]{36})", "a token of GitHub", 1},
    {"sk_live_", "sk_live_([A-Za-z0-9]{20})", "a key of Stripe", 1},
};

/* Words that stand for a secret in an example. */
static bool is_example(const char *text, size_t len)
{
    static const char *const words[] = {"pass", "password", "passwd", "pwd", "secret", "example", "changeme", "xxx"};
    auto_free char *copy = xstrndup(text, len);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcasecmp(copy, words[i]) == 0)
            return true;
    }
    return strstr(copy, "EXAMPLE") || copy[strspn(copy, "xX.*")] == '\0';
}

static void scan_pattern(struct scope *scope, const struct pattern *pattern, const char *text)
{
    regex_t compiled;
    regmatch_t groups[4];
    size_t size = strlen(text), hits = 0;
    const char *from = text;
    if (!strcasestr(text, pattern->anchor) || regcomp(&compiled, pattern->expression, REG_EXTENDED | REG_ICASE) != 0)
        return;
    for (const char *at = text; hits < FILE_HITS_MAX && (at = strcasestr(at, pattern->anchor)); at++) {
        const char *begin = at - from > BEFORE ? at - BEFORE : from;
        size_t left = size - (size_t)(at - text), len = (size_t)(at - begin) + (left < BEHIND ? left : BEHIND);
        auto_free char *window = xstrndup(begin, len);
        if (regexec(&compiled, window, COUNT_OF(groups), groups, 0) != 0)
            continue;
        regmatch_t secret = groups[pattern->group];
        from = begin + groups[0].rm_eo;
        if (at < from - 1)
            at = from - 1;
        if (is_example(window + secret.rm_so, (size_t)(secret.rm_eo - secret.rm_so)))
            continue;
        size_t offset = (size_t)(begin - text) + (size_t)secret.rm_so;
        rule_at(scope, LINT_CREDENTIAL, place_in_file(scope->text, offset), "%s stands in the file", pattern->what);
        hits++;
    }
    regfree(&compiled);
}

/* A role made in a DO body, which the parser does not look into. */
static bool sets_password(const char *body)
{
    static const char expression[] =
        "(create|alter)[[:space:]]+(role|user)[[:space:]][^;]*password[[:space:]]+'+[^'$%]+'";
    regex_t compiled;
    if (!strcasestr(body, "password") || regcomp(&compiled, expression, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&compiled, body, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static void scan_facts(struct scope *scope)
{
    for (size_t i = 0; i < scope->facts->count; i++) {
        const struct fact *fact = &scope->facts->items[i];
        bool opaque = fact->kind == FACT_OPAQUE && sets_password(fact->to);
        if (opaque || fact->kind == FACT_PASSWORD)
            rule_at(scope, LINT_CREDENTIAL, placing_find(scope->placing, fact->statement, fact->at),
                    "%s stands in the statement", opaque ? "a role's password" : fact->name);
    }
}

void lint_credential(struct scope *scope)
{
    scan_facts(scope);
    const char *text = scope->text->whole ? scope->text->whole : scope->text->sql;
    for (size_t i = 0; scope->new_file && i < COUNT_OF(patterns); i++)
        scan_pattern(scope, &patterns[i], text);
}

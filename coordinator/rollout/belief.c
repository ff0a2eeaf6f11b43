#include "rollout/belief.h"

#include <string.h>

#include "base/text.h"

static void copy(char to[DIGEST_TEXT_SIZE], const char *digest)
{
    text_format(to, DIGEST_TEXT_SIZE, "%s", digest);
}

void belief_init(struct belief *belief)
{
    *belief = (struct belief){.stale = false};
    contents_digest(NULL, 0, belief->contents);
}

void belief_set(struct belief *belief, const char *contents)
{
    copy(belief->contents, contents);
    belief->stale = false;
}

void belief_ask(struct belief *belief, const char *question, const char *named)
{
    copy(belief->question, question);
    copy(belief->named, named);
}

void belief_send(struct belief *belief)
{
    belief->question[0] = '\0';
}

void belief_change(struct belief *belief)
{
    belief->stale = true;
    belief->question[0] = '\0';
}

void belief_distrust(struct belief *belief)
{
    belief->suspect = true;
    belief->known = false;
}

bool belief_is_answer(const struct belief *belief, const struct fence *answered, int64_t epoch, const char *term)
{
    return belief->question[0] && answered->epoch == epoch && strcmp(answered->term, term) == 0 &&
           strcmp(answered->digest, belief->question) == 0;
}

bool belief_take(struct belief *belief, const char *contents)
{
    bool same = strcmp(contents, belief->named) == 0;
    copy(belief->contents, contents);
    belief->question[0] = '\0';
    belief->stale = belief->suspect = false;
    belief->known = true;
    belief->differed = 0;
    return same;
}

bool belief_hear(struct belief *belief, const char *contents)
{
    bool same = strcmp(belief->contents, contents) == 0;
    belief->differed = same ? 0 : belief->differed + 1;
    if (belief->differed > 1)
        belief_distrust(belief);
    return !belief->known || belief->differed;
}

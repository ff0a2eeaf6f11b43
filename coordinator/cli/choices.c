/* What can be done with a release: rows of one table, by its state, direction and place among the releases. PURE. */
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

enum place { ANYWHERE, NEWEST, EARLIER };
/* WHOLE, PARTLY: how much of it has a way back. OPEN: it does not stand where the way back ends, where going on leads
 * nowhere. KNOWN: no target of it went back in time, which only its own retry or rollback takes note of. LEFTOVERS: it
 * left something behind that nobody has taken up. */
enum given { WHATEVER, WHOLE, PARTLY, OPEN, KNOWN, LEFTOVERS };

#define TO(direction) (1u << DIRECTION_##direction)
#define EITHER (TO(UP) | TO(DOWN) | TO(ADOPT))
#define LEAVE_IT "what is left behind is cleared, or may stay: nobody has to look at it any more"

static const struct choice {
    enum release_state state;
    unsigned directions;
    enum place place;
    enum given given;
    const char *command;
    bool named; /* the release's id follows */
    const char *prose;
} choices[] = {
    {RELEASE_SUCCEEDED, EITHER, ANYWHERE, WHATEVER, "status", false, "what every target holds now"},
    {RELEASE_SUCCEEDED, TO(UP), NEWEST, WHOLE, "down", false, "undo this release"},
    {RELEASE_SUCCEEDED, TO(UP), NEWEST, PARTLY, "down --stop-at-irreversible", false,
     "undo it as far as there is a way back"},
    {RELEASE_SUCCEEDED, TO(UP), EARLIER, WHATEVER, "down --to", true, "undo what came after it"},
    {RELEASE_SUCCEEDED, TO(DOWN) | TO(ADOPT), NEWEST, WHATEVER, "up", false, "apply what is pending"},
    {RELEASE_HALTED, EITHER, ANYWHERE, WHATEVER, "release show", true, "why, and what is applied where"},
    {RELEASE_HALTED, EITHER, NEWEST, OPEN, "release retry", true,
     "go on from where it stands, with the SQL that was accepted, when the cause is gone"},
    {RELEASE_HALTED, TO(UP), NEWEST, OPEN, "release rollback", true,
     "undo what it applied, with the undos that were accepted"},
    {RELEASE_HALTED, TO(UP), ANYWHERE, KNOWN, "up", false, "go forward with the files as they are now"},
    {RELEASE_HALTED, TO(DOWN) | TO(ADOPT), EARLIER, WHATEVER, "up", false, "apply what is pending"},
    {RELEASE_HALTED, TO(DOWN), NEWEST, KNOWN, "up", false, "apply again what was undone, and what a target lost"},
    {RELEASE_HALTED, TO(UP), NEWEST, KNOWN, "down", false,
     "undo what is left with the files as they are now, when an undo was mended"},
    {RELEASE_HALTED, TO(DOWN), ANYWHERE, KNOWN, "down ...", false,
     "the same command again: undo what is left with the files as they are now, when an undo was mended"},
    {RELEASE_HALTED, EITHER, ANYWHERE, WHATEVER, "release leave", true,
     "it may stay as it stands: nobody has to look at it any more"},
    {RELEASE_ROLLED_BACK, EITHER, ANYWHERE, WHATEVER, "release show", true, "every step and decision"},
    {RELEASE_ROLLED_BACK, EITHER, NEWEST, WHATEVER, "up", false, "again, when the cause is gone"},
    {RELEASE_ROLLED_BACK, EITHER, ANYWHERE, LEFTOVERS, "release leave", true, LEAVE_IT},
    {RELEASE_CANCELLED, EITHER, ANYWHERE, WHATEVER, "release show", true, "every step and decision"},
    {RELEASE_CANCELLED, EITHER, NEWEST, WHATEVER, "up", false, "again, when the cause is gone"},
    {RELEASE_CANCELLED, EITHER, ANYWHERE, LEFTOVERS, "release leave", true, LEAVE_IT},
    {RELEASE_RUNNING, EITHER, ANYWHERE, WHATEVER, "release watch", true, "see how it goes on"},
    {RELEASE_RUNNING, TO(UP), ANYWHERE, WHATEVER, "release rollback", true, "take it back"},
    {RELEASE_RUNNING, TO(DOWN) | TO(ADOPT), ANYWHERE, WHATEVER, "release rollback", true, "stop it where it stands"},
    {RELEASE_FENCING, EITHER, ANYWHERE, WHATEVER, "release watch", true, "see how it goes on"},
    {RELEASE_ROLLING_BACK, EITHER, ANYWHERE, WHATEVER, "release watch", true, "see how it goes on"},
};

static bool is_given(enum given given, const json_t *release)
{
    switch (given) {
    case WHOLE: return json_number(release, "irreversible") == 0;
    case PARTLY: return json_number(release, "irreversible") != 0;
    case OPEN: return strcmp(json_text(release, "decidedBy"), "irreversible") != 0;
    case KNOWN: return !json_is_true(json_object_get(release, "rewound"));
    case LEFTOVERS: return json_array_size(json_object_get(release, "leftovers")) > 0;
    case WHATEVER: break;
    }
    return true;
}

static bool fits(const struct choice *choice, enum release_state state, enum direction direction, const json_t *release)
{
    bool newest = json_is_true(json_object_get(release, "latest"));
    bool done = strcmp(choice->command, "release leave") == 0 && json_is_string(json_object_get(release, "leftBy"));
    return choice->state == state && choice->directions & 1u << direction && is_given(choice->given, release) &&
           !done && (choice->place == ANYWHERE || newest == (choice->place == NEWEST));
}

static void add_choice(struct buf *out, const struct choice *choice, const char *id)
{
    int used = (int)strlen(choice->command) + (choice->named ? 1 + (int)strlen(id) : 0);
    buf_addf(out, "  greylag %s%s%s%*s%s\n", choice->command, choice->named ? " " : "", choice->named ? id : "",
             used < 19 ? 21 - used : 2, "", choice->prose);
}

void view_next(const json_t *release, bool shown, struct buf *out)
{
    enum release_state state;
    enum direction direction;
    if (!release_state_parse(json_text(release, "state"), &state) ||
        !direction_parse(json_text(release, "direction"), &direction))
        return;
    size_t told = 0;
    for (size_t i = 0; i < COUNT_OF(choices); i++)
        if (fits(&choices[i], state, direction, release) &&
            !(shown && strcmp(choices[i].command, "release show") == 0)) {
            buf_adds(out, told++ ? "" : "\nWhat can be done:\n");
            add_choice(out, &choices[i], json_text(release, "id"));
        }
}

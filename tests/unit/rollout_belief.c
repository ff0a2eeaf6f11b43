/* Which inventory counts, and when a leader asks. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "rollout/belief.h"

#define TERM "0123456789abcdef0123456789abcdef"
#define OTHER_TERM "fedcba9876543210fedcba9876543210"
#define QUESTION "1111111111111111111111111111111111111111111111111111111111111111"
#define LATER "2222222222222222222222222222222222222222222222222222222222222222"
#define HELD "3333333333333333333333333333333333333333333333333333333333333333"

static struct belief belief;

static void begin(void)
{
    belief_init(&belief);
}

TestSuite(belief, .init = begin);

static bool answers(int64_t epoch, const char *term, const char *question)
{
    const struct fence answered = {.epoch = epoch, .term = term, .digest = question};
    return belief_is_answer(&belief, &answered, 7, TERM);
}

Test(belief, only_an_answer_to_the_open_question_of_this_term_counts)
{
    cr_assert_not(answers(7, TERM, QUESTION), "nothing was asked");
    cr_assert_not(answers(7, TERM, ""), "nothing was asked, and it names nothing");
    belief_ask(&belief, QUESTION, belief.contents);
    static const struct {
        int64_t epoch;
        const char *term, *question;
        bool right;
    } cases[] = {{7, TERM, QUESTION, true},        {6, TERM, QUESTION, false}, {8, TERM, QUESTION, false},
                 {7, OTHER_TERM, QUESTION, false}, {7, "", QUESTION, false},   {7, TERM, LATER, false},
                 {7, TERM, "", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_assert_eq(answers(cases[i].epoch, cases[i].term, cases[i].question), cases[i].right, "case %zu", i);
}

Test(belief, a_question_is_closed_by_what_comes_after_it)
{
    belief_ask(&belief, QUESTION, belief.contents);
    belief_take(&belief, HELD);
    cr_assert_not(answers(7, TERM, QUESTION), "the answer was read once already");
    belief_ask(&belief, QUESTION, belief.contents);
    belief_ask(&belief, LATER, belief.contents);
    cr_assert_not(answers(7, TERM, QUESTION), "another one was asked since");
    cr_assert(answers(7, TERM, LATER));
    belief_send(&belief);
    cr_assert_not(answers(7, TERM, LATER), "a job went out since");
    belief_ask(&belief, LATER, belief.contents);
    belief_change(&belief);
    cr_assert_not(answers(7, TERM, LATER), "outcomes came since");
}

Test(belief, what_the_question_named_need_not_be_stored)
{
    belief_set(&belief, HELD);
    belief_ask(&belief, QUESTION, belief.contents);
    cr_assert(belief_take(&belief, HELD));
    belief_ask(&belief, QUESTION, belief.contents);
    cr_assert_not(belief_take(&belief, LATER));
    cr_assert_str_eq(belief.contents, LATER);
    belief_ask(&belief, QUESTION, "");
    cr_assert_not(belief_take(&belief, LATER), "nothing was named");
}

Test(belief, a_term_begins_with_nothing_known)
{
    belief_set(&belief, HELD);
    cr_assert_not(belief.known);
    cr_assert(belief_hear(&belief, HELD), "a heartbeat that agrees is no answer: ask");
    cr_assert_not(belief.known);
    belief_ask(&belief, QUESTION, belief.contents);
    belief_take(&belief, HELD);
    cr_assert(belief.known);
    cr_assert_not(belief_hear(&belief, HELD));
}

Test(belief, what_contradicts_it_twice_makes_it_unknown)
{
    belief_ask(&belief, QUESTION, belief.contents);
    belief_take(&belief, HELD);
    cr_assert(belief_hear(&belief, LATER));
    cr_assert(belief.known && !belief.suspect, "it may have been sent before the last outcome");
    cr_assert(belief_hear(&belief, LATER));
    cr_assert(!belief.known && belief.suspect);
    belief_ask(&belief, QUESTION, belief.contents);
    belief_take(&belief, LATER);
    cr_assert(belief.known && !belief.suspect);
    belief_distrust(&belief);
    cr_assert(!belief.known && belief_hear(&belief, LATER));
}

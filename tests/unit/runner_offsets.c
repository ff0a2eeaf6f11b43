/* The offset to commit is the lowest below which everything is finished. */
#include <criterion/criterion.h>

#include "runner/offsets.h"

static int64_t moved(struct offsets *offsets)
{
    struct bus_position position;
    return offsets_moved(offsets, &position, 1) ? position.offset : -1;
}

Test(offsets, the_lowest_unfinished_one_holds_the_rest_back)
{
    struct offsets *offsets = offsets_new();
    for (int64_t i = 5; i < 9; i++)
        offsets_add(offsets, "jobs", 0, i, (uint64_t)i);
    cr_assert_eq(moved(offsets), 5);
    cr_assert_eq(moved(offsets), -1, "nothing new");
    cr_assert(offsets_finish(offsets, 6));
    cr_assert(offsets_finish(offsets, 7));
    cr_assert_eq(moved(offsets), -1);
    cr_assert(offsets_finish(offsets, 5));
    cr_assert_eq(moved(offsets), 8);
    cr_assert_not(offsets_finish(offsets, 5));
    cr_assert(offsets_finish(offsets, 8));
    cr_assert_eq(moved(offsets), 9);
    offsets_free(offsets);
}

Test(offsets, a_broker_that_lost_its_data_starts_again)
{
    struct offsets *offsets = offsets_new();
    offsets_add(offsets, "jobs", 0, 100, 1);
    offsets_add(offsets, "jobs", 0, 0, 2);
    cr_assert_not(offsets_finish(offsets, 1), "forgotten");
    cr_assert(offsets_finish(offsets, 2));
    cr_assert_eq(moved(offsets), 1);
    offsets_free(offsets);
}

Test(offsets, a_redelivery_counts_again)
{
    struct offsets *offsets = offsets_new();
    offsets_add(offsets, "jobs", 0, 3, 1);
    offsets_add(offsets, "jobs", 0, 4, 2);
    offsets_add(offsets, "jobs", 0, 3, 3);
    cr_assert_not(offsets_finish(offsets, 1));
    cr_assert(offsets_finish(offsets, 3));
    cr_assert_eq(moved(offsets), 4);
    offsets_free(offsets);
}

Test(offsets, partitions_are_apart)
{
    struct offsets *offsets = offsets_new();
    offsets_add(offsets, "jobs", 0, 3, 1);
    offsets_add(offsets, "jobs", 1, 9, 2);
    cr_assert(offsets_finish(offsets, 2));
    struct bus_position positions[4];
    cr_assert_eq(offsets_moved(offsets, positions, 4), 2);
    cr_assert(positions[0].offset == 3 && positions[1].offset == 10);
    offsets_free(offsets);
}

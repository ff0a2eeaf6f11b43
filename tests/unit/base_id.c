/* Identifiers: their shape, that they differ, and that a message's trace is always the same one. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/id.h"

Test(base_id, ids_sort_by_time_and_differ)
{
    char a[ID_SIZE], b[ID_SIZE];
    id_new(a);
    id_new(b);
    cr_assert_eq(strlen(a), (size_t)ID_SIZE - 1);
    cr_assert_eq(strspn(a, "0123456789abcdefghjkmnpqrstvwxyz"), strlen(a), "%s", a);
    cr_assert_str_neq(a, b);
    cr_assert(strncmp(a, b, 10) <= 0, "%s %s", a, b);
}

Test(base_id, a_message_has_one_trace_as_w3c_writes_it)
{
    char one[ID_TRACEPARENT_SIZE], again[ID_TRACEPARENT_SIZE], other[ID_TRACEPARENT_SIZE];
    id_traceparent("01j0000000000000000000000", one);
    id_traceparent("01j0000000000000000000000", again);
    id_traceparent("01j0000000000000000000001", other);
    cr_assert_eq(strlen(one), (size_t)ID_TRACEPARENT_SIZE - 1);
    cr_assert_eq(strspn(one, "0123456789abcdef-"), strlen(one), "%s", one);
    cr_assert(strncmp(one, "00-", 3) == 0 && one[35] == '-' && strcmp(one + 52, "-01") == 0, "%s", one);
    cr_assert_str_eq(one, again);
    cr_assert_str_neq(one, other);
}

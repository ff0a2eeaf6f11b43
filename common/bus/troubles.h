/* What stands between a program and its brokers, as one set: a broker that cannot be reached or does not let us in, a
 * right that is missing, a topic's setting that is too small. Every client that is opened with these settings notes
 * here what goes wrong and what works again; the program reads one list, for its log and for whoever looks at it.
 *
 * A missing right is named in full: the principal as these properties say who we are, the operation, the resource, and
 * the line of kafka-acls.sh that grants it. Nothing of it is a secret.
 * librdkafka tells the beginning of a trouble and often not its end: one that is not told again in time is over.
 *
 * Ownership: a resource; the settings that it was made of are copied. Threads: any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BUS_TROUBLES_MAX 32 /* more than that are not told */

/* Rights that a client can lack, and how long a denial stands that is not told again: what is denied is asked for again
 * every few seconds for as long as it is needed. A group's is told only once: 0.
 *    name    operation  option     verb            stands_ms */
#define BUS_RIGHTS(X)                                        \
    X(READ,   "Read",    "--topic", "read topic",   12000)   \
    X(WRITE,  "Write",   "--topic", "write topic",  30000)   \
    X(CREATE, "Create",  "--topic", "create topic", 30000)   \
    X(GROUP,  "Read",    "--group", "use group",    0)
enum bus_right {
#define X(name, ...) BUS_RIGHT_##name,
    BUS_RIGHTS(X)
#undef X
        BUS_RIGHT_COUNT
};

struct bus_settings;
struct bus_troubles;
struct bus_trouble {
    char text[640], hint[512]; /* what is wrong, and what mends it */
    int64_t since_us;
};

struct bus_troubles *bus_troubles_new(const struct bus_settings *settings);
void bus_troubles_free(struct bus_troubles *troubles); /* NULL is fine */
/* What stands now, the oldest first. */
size_t bus_troubles_list(struct bus_troubles *troubles, struct bus_trouble list[BUS_TROUBLES_MAX]);
/* What was noted, or is over, and was not handed out here before; false: nothing. For one log. */
bool bus_troubles_news(struct bus_troubles *troubles, struct bus_trouble *ret_trouble, bool *ret_over);

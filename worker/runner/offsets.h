/* Which offset of each partition can be committed: the lowest below which everything is finished.
 *
 * A message is added when it is read and finished when nothing more will come of it; jobs of several targets share a
 * partition and finish in any order. A partition that starts again at a lower offset (a broker that lost its data)
 * forgets what was pending from before. Threads: one (the one that polls). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"

struct offsets;
struct offsets *offsets_new(void);
void offsets_free(struct offsets *offsets);
void offsets_add(struct offsets *offsets, const char *topic, int32_t partition, int64_t offset, uint64_t tag);
/* False: no such tag (finished already, or forgotten). */
bool offsets_finish(struct offsets *offsets, uint64_t tag);
/* Positions that have moved since the last call: at most `max` into ret (topics borrowed). */
size_t offsets_moved(struct offsets *offsets, struct bus_position *ret, size_t max);

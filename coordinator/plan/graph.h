/* A graph of steps: nodes are numbered in the order in which they are preferred, edges say who needs whom. PURE.
 * Everything lives in the arena given. Threads: one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct edge {
    int node;          /* needs ... */
    int needs;         /* ... this one */
    const char *where; /* why: "services/user/V2__x.sql:4", "depends_on"; NULL: one follows the other on its target */
};

struct graph {
    struct arena *arena;
    int nodes;
    struct edge *edges;
    size_t count, room;
};

void graph_reserve(struct graph *graph, size_t edges); /* before the first one: how many there will be, about */
void graph_edge(struct graph *graph, int node, int needs, const char *where);
/* Kahn's algorithm with a heap: of the nodes whose needs are met, the lowest comes first. O((V + E) log V).
 * False when there is a cycle: then *ret_cycle are its edges, each one's `needs` the next one's `node`.
 * Else ret_order[i] is the node at place i; it has room for `nodes`. */
bool graph_order(const struct graph *graph, int *ret_order, const struct edge **ret_cycle, size_t *ret_cycle_len);

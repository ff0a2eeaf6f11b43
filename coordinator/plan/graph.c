#include "plan/graph.h"

#include <string.h>

#include "base/array.h"

void graph_reserve(struct graph *graph, size_t edges)
{
    graph->edges = arena_array(graph->arena, edges, sizeof *graph->edges);
    graph->room = edges;
}

void graph_edge(struct graph *graph, int node, int needs, const char *where)
{
    *arena_add(graph->arena, graph->edges, graph->count, graph->room) = (struct edge){node, needs, where};
}

struct heap {
    int *items;
    int count;
};

static void heap_push(struct heap *heap, int node)
{
    int at = heap->count++;
    for (int up; at > 0 && heap->items[up = (at - 1) / 2] > node; at = up)
        heap->items[at] = heap->items[up];
    heap->items[at] = node;
}

static int heap_pop(struct heap *heap)
{
    int top = heap->items[0], last = heap->items[--heap->count], at = 0;
    for (int child; (child = 2 * at + 1) < heap->count; at = child) {
        if (child + 1 < heap->count && heap->items[child + 1] < heap->items[child])
            child++;
        if (heap->items[child] >= last)
            break;
        heap->items[at] = heap->items[child];
    }
    heap->items[at] = last;
    return top;
}

/* Edges by the node that is needed: followers of n are list[start[n]] to list[start[n + 1] - 1]. */
struct followers {
    int *start;
    int *list;
};

static struct followers index_edges(const struct graph *graph, int *waits)
{
    struct followers f = {.start = arena_array(graph->arena, (size_t)graph->nodes + 2, sizeof(int)),
                          .list = arena_array(graph->arena, graph->count + 1, sizeof(int))};
    for (size_t i = 0; i < graph->count; i++) {
        f.start[graph->edges[i].needs + 2]++;
        waits[graph->edges[i].node]++;
    }
    for (int n = 2; n < graph->nodes + 2; n++)
        f.start[n] += f.start[n - 1];
    for (size_t i = 0; i < graph->count; i++)
        f.list[f.start[graph->edges[i].needs + 1]++] = graph->edges[i].node;
    return f;
}

/* Every node that is left waits for another that is left: going from need to need comes round. */
static void find_cycle(const struct graph *graph, const int *waits, const struct edge **ret_cycle, size_t *ret_len)
{
    size_t nodes = (size_t)graph->nodes;
    const struct edge **need = arena_array(graph->arena, nodes, sizeof *need);
    for (size_t i = graph->count; i-- > 0;) {
        const struct edge *edge = &graph->edges[i];
        bool left = waits[edge->node] > 0 && waits[edge->needs] > 0;
        /* a dependency that somebody wrote tells more than the order on one target */
        if (left && (!need[edge->node] || edge->where))
            need[edge->node] = edge;
    }
    int *seen = arena_array(graph->arena, nodes, sizeof *seen), at = 0;
    while (waits[at] == 0)
        at++;
    for (int step = 1; !seen[at]; step++) {
        seen[at] = step;
        at = need[at]->needs;
    }
    struct edge *cycle = arena_array(graph->arena, nodes, sizeof *cycle);
    size_t len = 0;
    int first = at;
    do {
        cycle[len++] = *need[at];
        at = need[at]->needs;
    } while (at != first);
    *ret_cycle = cycle;
    *ret_len = len;
}

bool graph_order(const struct graph *graph, int *ret_order, const struct edge **ret_cycle, size_t *ret_cycle_len)
{
    size_t nodes = (size_t)graph->nodes;
    int *waits = arena_array(graph->arena, nodes + 1, sizeof *waits);
    struct heap heap = {.items = arena_array(graph->arena, nodes + 1, sizeof(int))};
    struct followers f = index_edges(graph, waits);
    int done = 0;
    for (int n = 0; n < graph->nodes; n++) {
        if (waits[n] == 0)
            heap_push(&heap, n);
    }
    while (heap.count) {
        int node = heap_pop(&heap);
        ret_order[done++] = node;
        for (int i = f.start[node]; i < f.start[node + 1]; i++) {
            if (--waits[f.list[i]] == 0)
                heap_push(&heap, f.list[i]);
        }
    }
    if (done == graph->nodes)
        return true;
    find_cycle(graph, waits, ret_cycle, ret_cycle_len);
    return false;
}

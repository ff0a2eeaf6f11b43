/* The simulation's command line. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "simulation/world.h"

static const struct {
    const char *name, *story;
} plants[] = {
#define X(name, text, story) {text, story},
    PLANTS(X)
#undef X
};

static const char usage[] =
    "usage: simulation [--seconds N] [--seeds N] [--start SEED] | --seed N [--verbose] | --replay N | --plants\n"
    "       [--plant NAME] (with any of them; --list-plants shows the names)\n";

struct result {
    bool whole;
    uint64_t trace;
    int state;
};

static struct result run(uint64_t seed, enum plant plant, bool verbose, bool tell)
{
    struct world *w = xmalloc(sizeof *w);
    world_init(w, seed, plant, verbose);
    struct result result = {.whole = world_run(w)};
    result.trace = w->trace;
    result.state = (int)w->control.rollout.state;
    if (!result.whole && tell)
        printf("seed %" PRIu64 ": %s\n", seed, w->broken);
    if (verbose)
        printf("seed %" PRIu64 ": %s (%s), %lld steps, trace %016" PRIx64 "\n", seed,
               release_state_text(w->control.rollout.state), w->control.rollout.reason, (long long)w->steps, w->trace);
    world_release(w);
    free(w);
    return result;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_many(uint64_t start, double seconds, uint64_t seeds, enum plant plant)
{
    double begin = seconds_now(), end = begin + seconds;
    uint64_t ended[RELEASE_STATE_COUNT] = {0}, done = 0;
    printf("simulation: seeds from %" PRIu64 "\n", start);
    fflush(stdout);
    for (; seeds ? done < seeds : seconds_now() < end; done++) {
        struct result result = run(start + done, plant, false, true);
        if (!result.whole) {
            printf("replay with: simulation --seed %" PRIu64 " --verbose%s%s\n", start + done, plant ? " --plant " : "",
                   plant ? plants[plant].name : "");
            return 1;
        }
        ended[result.state]++;
    }
    printf("%" PRIu64 " seeds simulated, %.0f a minute:", done, (double)done / (seconds_now() - begin) * 60);
    for (int state = 0; state < RELEASE_STATE_COUNT; state++)
        if (ended[state])
            printf(" %s %" PRIu64, release_state_text((enum release_state)state), ended[state]);
    printf("\n");
    return 0;
}

/* Every plant has to be found. */
static int run_plants(uint64_t start, uint64_t limit)
{
    int missed = 0;
    for (int plant = 1; plant < PLANT_COUNT; plant++) {
        uint64_t tried = 0;
        bool found = false;
        for (; !found && tried < limit; tried++)
            found = !run(start + tried, (enum plant)plant, false, false).whole;
        printf("%s %s: %s (%" PRIu64 " seeds)\n", found ? "found" : "NOT FOUND", plants[plant].name,
               plants[plant].story, tried);
        fflush(stdout);
        missed += !found;
    }
    return missed ? 1 : 0;
}

static int run_replay(uint64_t start, uint64_t seeds)
{
    for (uint64_t seed = start; seed < start + seeds; seed++) {
        struct result first = run(seed, PLANT_NONE, false, true), second = run(seed, PLANT_NONE, false, true);
        if (first.trace != second.trace || first.whole != second.whole) {
            printf("seed %" PRIu64 " does not replay: %016" PRIx64 ", %016" PRIx64 "\n", seed, first.trace,
                   second.trace);
            return 1;
        }
    }
    printf("%" PRIu64 " seeds replayed exactly\n", seeds);
    return 0;
}

static int list_plants(void)
{
    for (size_t i = 1; i < COUNT_OF(plants); i++)
        printf("%-22s %s\n", plants[i].name, plants[i].story);
    return 0;
}

static bool plant_find(const char *name, enum plant *ret_plant)
{
    for (size_t i = 0; i < COUNT_OF(plants); i++)
        if (strcmp(plants[i].name, name) == 0) {
            *ret_plant = (enum plant)i;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'}, {"seeds", required_argument, NULL, 'n'},
        {"start", required_argument, NULL, 'b'},   {"seed", required_argument, NULL, 'o'},
        {"verbose", no_argument, NULL, 'v'},       {"plant", required_argument, NULL, 'p'},
        {"plants", no_argument, NULL, 'P'},        {"list-plants", no_argument, NULL, 'l'},
        {"replay", required_argument, NULL, 'r'},  {NULL, 0, NULL, 0}};
    uint64_t start = (uint64_t)time(NULL) * 1000003u, seeds = 0, seed = 0;
    enum plant plant = PLANT_NONE;
    bool verbose = false, one = false;
    double seconds = 30;
    int mode = 's', option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        unsigned long long number = optarg ? strtoull(optarg, NULL, 10) : 0;
        switch (option) {
        case 's': seconds = (double)number; break;
        case 'n': seeds = number; break;
        case 'b': start = number; break;
        case 'o': seed = number; one = true; break;
        case 'v': verbose = true; break;
        case 'r': seeds = number; mode = 'r'; break;
        case 'P': mode = 'P'; break;
        case 'l': return list_plants();
        case 'p':
            if (plant_find(optarg, &plant))
                break;
            fprintf(stderr, "no plant is called %s\n", optarg);
            return 2;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (one)
        return run(seed, plant, verbose, true).whole ? 0 : 1;
    if (mode == 'P')
        return run_plants(1, seeds ? seeds : 20000);
    return mode == 'r' ? run_replay(start, seeds) : run_many(start, seconds, seeds, plant);
}

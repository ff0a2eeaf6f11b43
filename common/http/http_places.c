#include "http/http_places.h"

#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define TOKEN_PLACES 64
#define SLOWEST_BYTES_MS 64 /* 64 kB a second */
#define BODIES_MAX ((size_t)512 << 20)    /* what all bodies together may take */
#define SMALL_BODY_MAX ((size_t)1 << 20)  /* as many of these as there are places */

struct place {
    struct places *places;
    struct place *next, **self; /* oldest first */
    int fd;
    uint64_t token;             /* hash; 0: a stranger's */
    enum place_phase phase;
    int64_t due_ms;             /* 0: it may take as long as it likes */
    bool ended;                 /* shut down, and not yet closed */
    size_t body;                /* bytes of its request's body so far */
    char address[64];
};

struct places {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;
    unsigned count;
    int64_t rest_ms;
    struct place *first, **last;
};

/* How long each phase may take, beside its bytes. */
static int64_t phase_ms(const struct places *places, enum place_phase phase)
{
    static const int64_t times[PLACE_PHASE_COUNT] = {
        [PLACE_HEAD] = 10000, [PLACE_BODY] = 30000, [PLACE_WORKS] = 0, [PLACE_ANSWERS] = 30000};
    return phase == PLACE_RESTS ? places->rest_ms : times[phase];
}

/* ---- ending what is overdue ---- */

static void end(struct place *place)
{
    place->ended = true;
    (void)shutdown(place->fd, SHUT_RDWR);
}

/* Ends what is overdue; when to look again, 0: nothing has a time. */
static int64_t end_overdue(struct places *places, int64_t now_ms)
{
    int64_t next = 0;
    for (struct place *place = places->first; place; place = place->next) {
        if (place->ended || !place->due_ms)
            continue;
        if (place->due_ms <= now_ms)
            end(place);
        else if (!next || place->due_ms < next)
            next = place->due_ms;
    }
    return next;
}

static void *watch(void *context)
{
    struct places *places = context;
    pthread_mutex_lock(&places->lock);
    while (!places->stopping) {
        int64_t now_ms = clock_mono_ms(), next = end_overdue(places, now_ms);
        struct timespec until = clock_mono_after(next - now_ms);
        if (next)
            pthread_cond_timedwait(&places->changed, &places->lock, &until);
        else
            pthread_cond_wait(&places->changed, &places->lock);
    }
    pthread_mutex_unlock(&places->lock);
    return NULL;
}

struct places *places_new(unsigned count, unsigned idle_s)
{
    struct places *places = xcalloc(1, sizeof *places);
    places->count = count;
    places->rest_ms = (int64_t)idle_s * 1000;
    places->last = &places->first;
    pthread_mutex_init(&places->lock, NULL);
    clock_cond_init(&places->changed);
    if (pthread_create(&places->thread, NULL, watch, places) == 0)
        return places;
    pthread_cond_destroy(&places->changed);
    pthread_mutex_destroy(&places->lock);
    free(places);
    return NULL;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    pthread_mutex_lock(&places->lock);
    places->stopping = true;
    pthread_cond_signal(&places->changed);
    pthread_mutex_unlock(&places->lock);
    pthread_join(places->thread, NULL);
    pthread_cond_destroy(&places->changed);
    pthread_mutex_destroy(&places->lock);
    free(places);
}

unsigned places_limit(const struct places *places)
{
    return 2 * places->count;
}

/* ---- who comes and goes ---- */

static bool is_stranger(const struct place *place)
{
    return !place->ended && !place->token;
}

static unsigned strangers_of(const struct places *places, const char *address)
{
    unsigned count = 0;
    for (const struct place *place = places->first; place; place = place->next)
        count += is_stranger(place) && (!address || strcmp(place->address, address) == 0);
    return count;
}

/* Of the address that holds most the one that was opened first and is not being worked on. */
static struct place *who_goes(const struct places *places)
{
    struct place *found = NULL;
    unsigned most = 0;
    for (struct place *place = places->first; place; place = place->next) {
        if (!is_stranger(place) || place->phase == PLACE_WORKS)
            continue;
        unsigned held = strangers_of(places, place->address);
        if (held > most) {
            most = held;
            found = place;
        }
    }
    return found;
}

/* The first of the watched times may have moved. */
static void set_due(struct place *place, enum place_phase phase, size_t bytes)
{
    int64_t ms = phase_ms(place->places, phase);
    place->phase = phase;
    place->due_ms = ms ? clock_mono_ms() + ms + (int64_t)(bytes / SLOWEST_BYTES_MS) : 0;
    pthread_cond_signal(&place->places->changed);
}

static void make_room(struct places *places)
{
    struct place *goes = strangers_of(places, NULL) > places->count / 2 ? who_goes(places) : NULL;
    if (goes)
        end(goes);
}

struct place *places_take(struct places *places, int fd, const struct sockaddr *address)
{
    struct place *place = xcalloc(1, sizeof *place);
    place->places = places;
    place->fd = fd;
    bool six = address && address->sa_family == AF_INET6;
    socklen_t len = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (address)
        (void)getnameinfo(address, len, place->address, sizeof place->address, NULL, 0, NI_NUMERICHOST);
    pthread_mutex_lock(&places->lock);
    place->self = places->last;
    *places->last = place;
    places->last = &place->next;
    set_due(place, PLACE_HEAD, 0);
    make_room(places);
    pthread_mutex_unlock(&places->lock);
    return place;
}

void places_leave(struct place *place)
{
    struct places *places = place->places;
    pthread_mutex_lock(&places->lock);
    *place->self = place->next;
    if (place->next)
        place->next->self = place->self;
    else
        places->last = place->self;
    pthread_mutex_unlock(&places->lock);
    free(place);
}

void place_phase(struct place *place, enum place_phase phase, size_t bytes)
{
    pthread_mutex_lock(&place->places->lock);
    if (phase == PLACE_RESTS)
        place->body = 0;
    set_due(place, phase, bytes);
    pthread_mutex_unlock(&place->places->lock);
}

bool place_body(struct place *place, size_t bytes)
{
    struct places *places = place->places;
    size_t own = 0, others = 0;
    pthread_mutex_lock(&places->lock);
    place->body += bytes;
    for (const struct place *other = places->first; other && place->body > SMALL_BODY_MAX; other = other->next) {
        bool same = other == place || (place->token && other->token == place->token);
        *(same ? &own : &others) += other->body;
    }
    bool fits = own <= (others < BODIES_MAX ? BODIES_MAX - others : 0) / 2;
    if (!fits)
        place->body = 0;
    pthread_mutex_unlock(&places->lock);
    return fits;
}

/* FNV-1a; never 0. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash ? hash : 1;
}

bool place_admit(struct place *place, const char *token)
{
    struct places *places = place->places;
    uint64_t hash = hash_of(token);
    unsigned own = 0, all = 0;
    pthread_mutex_lock(&places->lock);
    for (const struct place *other = places->first; other; other = other->next) {
        own += other != place && other->token == hash;
        all += other != place && other->token != 0;
    }
    bool admitted = own < TOKEN_PLACES && all < places->count;
    if (admitted)
        place->token = hash;
    pthread_mutex_unlock(&places->lock);
    return admitted;
}

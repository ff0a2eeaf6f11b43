#include <pthread.h>

#include "base/clock.h"
#include "bus/settings.h"

#define CLOSE_LIMIT_MS 5000

static void *destroy(void *kafka)
{
    rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

void kafka_close(rd_kafka_t *kafka)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, destroy, kafka)) {
        destroy(kafka);
        return;
    }
    struct timespec limit = clock_mono_after(CLOSE_LIMIT_MS);
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &limit))
        pthread_detach(thread);
}

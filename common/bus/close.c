#include <pthread.h>
#include <time.h>

#include "bus/settings.h"

#define CLOSE_LIMIT_S 5

static void *destroy(void *kafka)
{
    rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

void kafka_close(rd_kafka_t *kafka)
{
    pthread_t thread;
    struct timespec limit;
    if (pthread_create(&thread, NULL, destroy, kafka)) {
        destroy(kafka);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += CLOSE_LIMIT_S;
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &limit))
        pthread_detach(thread);
}

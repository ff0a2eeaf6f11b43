#include "base/pause.h"

int64_t pause_next(struct pause *pause)
{
    int64_t doubled = pause->last_ms < pause->most_ms / 2 ? pause->last_ms * 2 : pause->most_ms;
    pause->last_ms = pause->last_ms ? doubled : pause->first_ms;
    return pause->last_ms;
}

void pause_reset(struct pause *pause)
{
    pause->last_ms = 0;
}

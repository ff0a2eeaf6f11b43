#include "daemon/troubles.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define AGAIN_MS 30000

static void log_one(const struct bus_trouble *trouble)
{
    log_error("%s%s%s", trouble->text, *trouble->hint ? ": " : "", trouble->hint);
}

bool troubles_log(struct troubles *troubles)
{
    struct bus_trouble trouble;
    bool some = false, over;
    while (bus_troubles_news(troubles->bus, &trouble, &over)) {
        if (over)
            log_info("over: %s", trouble.text);
        else
            log_one(&trouble);
        troubles->changed = some = true;
    }
    return some;
}

static bool noted_by_bus(struct troubles *troubles, const struct err *err)
{
    struct bus_trouble list[BUS_TROUBLES_MAX];
    size_t count = bus_troubles_list(troubles->bus, list);
    for (size_t i = 0; i < count; i++)
        if (strstr(err->text, list[i].text))
            return true;
    return false;
}

void troubles_ended(struct troubles *troubles, const struct err *err)
{
    struct bus_trouble *ended = &troubles->ended;
    int64_t now_ms = clock_mono_ms();
    troubles_log(troubles);
    if (noted_by_bus(troubles, err))
        return;
    struct bus_trouble now = {.since_us = clock_wall_us()};
    text_format(now.text, sizeof now.text, "%s", err->text);
    text_format(now.hint, sizeof now.hint, "%s", err->hint);
    bool same = strcmp(ended->text, now.text) == 0;
    if (same && now_ms - troubles->ended_ms < AGAIN_MS)
        return;
    if (!same)
        *ended = now;
    troubles->ended_ms = now_ms;
    troubles->changed = troubles->changed || !same;
    log_one(ended);
}

void troubles_none(struct troubles *troubles)
{
    if (!*troubles->ended.text)
        return;
    troubles->ended = (struct bus_trouble){.text = ""};
    troubles->changed = true;
}

bool troubles_put(struct troubles *troubles, struct store *store, struct err *err)
{
    int64_t now_ms = clock_mono_ms();
    bool due = troubles->some && now_ms - troubles->put_ms >= STORE_TROUBLES_EVERY_MS;
    if (!troubles->changed && !due)
        return true;
    struct bus_trouble list[BUS_TROUBLES_MAX + 1];
    struct store_trouble told[BUS_TROUBLES_MAX + 1];
    size_t count = bus_troubles_list(troubles->bus, list);
    if (*troubles->ended.text)
        list[count++] = troubles->ended;
    for (size_t i = 0; i < count; i++)
        told[i] = (struct store_trouble){list[i].text, list[i].hint, list[i].since_us};
    if (!store_troubles_put(store, troubles->holder, told, count, troubles->changed, err))
        return false;
    troubles->put_ms = now_ms;
    troubles->some = count > 0;
    troubles->changed = false;
    return true;
}

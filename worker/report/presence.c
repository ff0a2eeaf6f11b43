#include "base/cleanup.h"
#include "base/id.h"
#include "report/publish.h"
#include "report/report.h"

bool presence_publish(struct bus_producer *producer, const char *topic, const struct key_secret *key,
                      const struct presence *presence, struct err *err)
{
    char id[ID_SIZE];
    size_t len = 0;
    id_new(id);
    auto_free char *payload = presence_encode(presence, &len);
    struct publication publication = {.type = MESSAGE_PRESENCE, .topic = topic, .key = key->public_key.id, .id = id,
                                      .subject = presence->worker, .worker = presence->worker, .payload = payload,
                                      .len = len, .tag = REPORT_UNWATCHED};
    return publish(producer, key, &publication, err);
}

#include "pg/hosts.h"

#include <string.h>

static size_t count_items(const char *list)
{
    size_t count = list && *list ? 1 : 0;
    for (const char *p = list; count && *p; p++)
        count += *p == ',';
    return count;
}

void pg_hosts_read(const char *conninfo, struct pg_hosts *ret_hosts)
{
    *ret_hosts = (struct pg_hosts){.options = PQconninfoParse(conninfo, NULL)};
    for (const PQconninfoOption *o = ret_hosts->options; o && o->keyword; o++) {
        if (strcmp(o->keyword, "host") == 0)
            ret_hosts->host = o->val;
        else if (strcmp(o->keyword, "hostaddr") == 0)
            ret_hosts->hostaddr = o->val;
        else if (strcmp(o->keyword, "port") == 0)
            ret_hosts->port = o->val;
    }
    size_t names = count_items(ret_hosts->host), addresses = count_items(ret_hosts->hostaddr);
    ret_hosts->count = addresses > names ? addresses : names;
}

void pg_hosts_release(struct pg_hosts *hosts)
{
    PQconninfoFree(hosts->options);
}

const char *pg_hosts_rest(const char *list, size_t from)
{
    if (count_items(list) < 2)
        return list;
    for (; from > 0; from--)
        list = strchr(list, ',') + 1;
    return list;
}

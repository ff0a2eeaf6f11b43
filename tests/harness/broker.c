/* The embedded broker in a process of its own, so that tests can outlive coordinators with it, or take it away.
 *
 *   embedded-broker
 *
 * Prints "127.0.0.1:port" and lives until standard input ends. A line "wipe" there is the total loss of the broker: all
 * it held is gone, and an empty one takes over on the same port; answered by "wiped". "stop" and "start" do it in two
 * steps. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "bus/bus.h"

int bind(int fd, const struct sockaddr *address, socklen_t len);

static in_port_t fixed_port; /* 0: any; network order */

/* librdkafka's mock cluster binds to any free port and cannot be told another. Its call comes here first, and goes to
 * the port that the first broker had, so that clients find the next one. */
int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_in wanted;
    if (fixed_port && address->sa_family == AF_INET && len == sizeof wanted) {
        int on = 1;
        memcpy(&wanted, address, sizeof wanted);
        wanted.sin_port = fixed_port;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        return (int)syscall(SYS_bind, fd, &wanted, sizeof wanted);
    }
    return (int)syscall(SYS_bind, fd, address, len);
}

static struct bus_broker *start(void)
{
    struct bus_broker *broker;
    struct err err = ERR_INIT;
    if (!bus_broker_start(&broker, &err)) {
        fprintf(stderr, "embedded-broker: %s\n", err.text);
        exit(1);
    }
    fixed_port = htons((in_port_t)strtol(strrchr(bus_broker_bootstrap(broker), ':') + 1, NULL, 10));
    return broker;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct bus_broker *broker = start();
    printf("%s\n", bus_broker_bootstrap(broker));
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, "start") != 0) {
            bus_broker_stop(broker);
            broker = NULL;
        }
        if (strcmp(line, "stop") != 0)
            broker = start();
        printf("%s\n", !strcmp(line, "wipe")   ? "wiped"
                       : !strcmp(line, "stop") ? "stopped"
                                               : bus_broker_bootstrap(broker));
    }
    bus_broker_stop(broker);
    return 0;
}

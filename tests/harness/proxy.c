/* A TCP proxy that breaks connections on request, for tests of what happens when the network does.
 *
 *   fault-proxy HOST:PORT
 *
 * Prints the port that it listens on (127.0.0.1), then obeys lines of standard input, each answered by a line; ends
 * with standard input.
 *
 *   pass              forward everything (the start)
 *   refuse            reset all connections, and every new one at once
 *   reset             reset all connections; new ones are fine
 *   stall [up|down]   keep connections open and forward nothing (half-open), one way or both
 *   delay MS          every byte arrives MS milliseconds later
 *   cut up|down N     let N more bytes pass that way, then reset that connection (once)
 *   cut-before TEXT   reset the connection on which the client sends TEXT, before it gets through (once)
 *   cut-after TEXT    forward what holds TEXT to the server, then reset the client; the server sees an end later (once)
 *   to HOST:PORT      connect new connections there instead: for a server that has to know the proxy's port first
 *   count             answers "connections bytes-up bytes-down cuts" since the start */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { UP, DOWN, WAYS };
#define LINKS_MAX 512
#define ROOM ((size_t)256 << 10)

/* What is on its way in one direction, with the time at which its first byte came. */
struct flow {
    unsigned char *data;
    size_t len;
    int64_t since_ms;
    bool ended;
    char tail[128]; /* the last bytes that were seen, to find a text that is split over two reads */
    size_t tail_len;
};
struct link {
    int client, server; /* server first is connecting; -1 client: reset, the server's side drains */
    struct flow flow[WAYS];
};

static struct link links[LINKS_MAX];
static size_t link_count;
static struct sockaddr_storage target;
static socklen_t target_len;
static bool refuse, stalled[WAYS];
static int64_t delay_ms, cut_left[WAYS] = {-1, -1};
static char cut_text[100];
static bool cut_text_after;
static uint64_t connections, bytes[WAYS], cuts;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void reset(int fd)
{
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

static void link_drop(size_t at)
{
    struct link *link = &links[at];
    if (link->client >= 0)
        reset(link->client);
    reset(link->server);
    free(link->flow[UP].data);
    free(link->flow[DOWN].data);
    links[at] = links[--link_count];
}

static void link_accept(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
        return;
    connections++;
    if (refuse || link_count == LINKS_MAX) {
        reset(client);
        return;
    }
    int server = socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server < 0 || (connect(server, (struct sockaddr *)&target, target_len) != 0 && errno != EINPROGRESS)) {
        reset(client);
        if (server >= 0)
            close(server);
        return;
    }
    struct link *link = &links[link_count++];
    *link = (struct link){.client = client, .server = server};
    for (int way = 0; way < WAYS; way++) {
        link->flow[way].data = malloc(ROOM);
        if (!link->flow[way].data)
            abort();
    }
}

/* Whether the client's text of a "cut" has come by with these bytes. */
static bool text_seen(struct flow *flow, const unsigned char *data, size_t len)
{
    static unsigned char window[sizeof flow->tail + ROOM];
    memcpy(window, flow->tail, flow->tail_len);
    memcpy(window + flow->tail_len, data, len);
    size_t total = flow->tail_len + len, keep = total < sizeof flow->tail ? total : sizeof flow->tail;
    bool seen = *cut_text && memmem(window, total, cut_text, strlen(cut_text));
    memcpy(flow->tail, window + total - keep, keep);
    flow->tail_len = seen ? 0 : keep;
    return seen;
}

/* Reads what came one way. False: the link is gone. */
static bool flow_read(struct link *link, int way)
{
    struct flow *flow = &link->flow[way];
    int from = way == UP ? link->client : link->server;
    size_t old = flow->len;
    ssize_t got = recv(from, flow->data + old, ROOM - old, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
        flow->ended = true;
        return true;
    }
    if (old == 0)
        flow->since_ms = now_ms();
    flow->len += (size_t)got;
    if (way == UP && text_seen(flow, flow->data + old, (size_t)got)) {
        cuts++;
        *cut_text = 0;
        if (!cut_text_after)
            return false;
        reset(link->client);
        link->client = -1;
        flow->ended = true; /* the server's end of it is closed when everything is sent */
    }
    return true;
}

/* Sends what is due. False: the link is gone. */
static bool flow_write(struct link *link, int way)
{
    struct flow *flow = &link->flow[way];
    int to = way == UP ? link->server : link->client;
    if (to < 0) { /* the client was cut off: the server's words go nowhere */
        flow->len = 0;
        return !flow->ended;
    }
    size_t len = flow->len;
    bool cut = cut_left[way] >= 0 && (int64_t)len >= cut_left[way];
    if (cut)
        len = (size_t)cut_left[way];
    ssize_t sent = len ? send(to, flow->data, len, MSG_NOSIGNAL) : 0;
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    bytes[way] += (uint64_t)sent;
    memmove(flow->data, flow->data + sent, flow->len - (size_t)sent);
    flow->len -= (size_t)sent;
    if (cut_left[way] >= 0)
        cut_left[way] -= sent;
    if (cut && cut_left[way] == 0) {
        cuts++;
        cut_left[way] = -1;
        return false;
    }
    if (flow->len == 0 && flow->ended)
        shutdown(to, SHUT_WR);
    return true;
}

static bool link_serve(struct link *link, short client_events, short server_events)
{
    short in[WAYS] = {client_events, server_events};
    for (int way = 0; way < WAYS; way++) {
        struct flow *flow = &link->flow[way];
        if ((in[way] & (POLLIN | POLLHUP | POLLERR)) && flow->len < ROOM && !flow->ended && !flow_read(link, way))
            return false;
        if (flow->len > 0 && !stalled[way] && now_ms() - flow->since_ms >= delay_ms && !flow_write(link, way))
            return false;
        if (flow->ended && flow->len == 0 && !flow_write(link, way))
            return false;
    }
    if (link->client < 0) /* after cut-after: gone as soon as everything is with the server */
        return link->flow[UP].len > 0 || !link->flow[DOWN].ended;
    return !(link->flow[UP].ended && link->flow[DOWN].ended);
}

static void drop_all(void)
{
    while (link_count > 0)
        link_drop(link_count - 1);
}

static bool resolve(const char *text)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return false;
    memcpy(&target, found->ai_addr, found->ai_addrlen);
    target_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* Obeys one line and says what to answer. */
static const char *obey(char *line, char *answer, size_t size)
{
    line[strcspn(line, "\n")] = 0;
    char *rest = line, *verb = strsep(&rest, " ");
    if (!rest)
        rest = line + strlen(line);
    if (!strcmp(verb, "pass")) {
        refuse = stalled[UP] = stalled[DOWN] = false;
        delay_ms = 0;
        cut_left[UP] = cut_left[DOWN] = -1;
        *cut_text = 0;
    } else if (!strcmp(verb, "refuse") || !strcmp(verb, "reset")) {
        refuse = !strcmp(verb, "refuse");
        drop_all();
    } else if (!strcmp(verb, "stall")) {
        stalled[UP] = strcmp(rest, "down") != 0;
        stalled[DOWN] = strcmp(rest, "up") != 0;
    } else if (!strcmp(verb, "delay")) {
        delay_ms = strtol(rest, NULL, 10);
    } else if (!strcmp(verb, "cut")) {
        char *number = strchr(rest, ' ');
        cut_left[strncmp(rest, "down", 4) ? UP : DOWN] = number ? strtol(number, NULL, 10) : 0;
    } else if (!strcmp(verb, "cut-before") || !strcmp(verb, "cut-after")) {
        snprintf(cut_text, sizeof cut_text, "%s", rest);
        cut_text_after = !strcmp(verb, "cut-after");
    } else if (!strcmp(verb, "to")) {
        return resolve(rest) ? "ok" : "unknown host";
    } else if (!strcmp(verb, "count")) {
        snprintf(answer, size, "%ju %ju %ju %ju", (uintmax_t)connections, (uintmax_t)bytes[UP], (uintmax_t)bytes[DOWN],
                 (uintmax_t)cuts);
        return answer;
    } else {
        return "unknown";
    }
    return "ok";
}

/* Reads whole lines of standard input. False: it has ended. */
static bool commands_read(void)
{
    static char pending[4096];
    static size_t len;
    ssize_t got = read(0, pending + len, sizeof pending - 1 - len);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    len += (size_t)got;
    pending[len] = 0;
    for (char *end; (end = memchr(pending, '\n', len));) {
        char line[4096], answer[128];
        size_t size = (size_t)(end - pending) + 1;
        memcpy(line, pending, size);
        line[size] = 0;
        memmove(pending, end + 1, len - size + 1);
        len -= size;
        printf("%s\n", obey(line, answer, sizeof answer));
    }
    return true;
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) || listen(fd, 128) ||
        getsockname(fd, (struct sockaddr *)&address, &len)) {
        perror("fault-proxy");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    return fd;
}

/* What to poll for on a link's two sockets; the time until something delayed is due goes into *timeout. */
static void link_poll(const struct link *link, struct pollfd *client, struct pollfd *server, int *timeout)
{
    short wanted[WAYS] = {0, 0}, writes[WAYS] = {0, 0};
    for (int way = 0; way < WAYS; way++) {
        const struct flow *flow = &link->flow[way];
        if (flow->len < ROOM && !flow->ended)
            wanted[way] = POLLIN;
        if (flow->len == 0 || stalled[way])
            continue;
        int64_t due = flow->since_ms + delay_ms - now_ms();
        if (due <= 0)
            writes[way] = POLLOUT;
        else if (*timeout < 0 || due < *timeout)
            *timeout = (int)due;
    }
    *client = (struct pollfd){.fd = link->client, .events = (short)(wanted[UP] | writes[DOWN])};
    *server = (struct pollfd){.fd = link->server, .events = (short)(wanted[DOWN] | writes[UP])};
    if (!client->events)
        client->fd = -1;
    if (!server->events)
        server->fd = -1;
}

int main(int argc, char **argv)
{
    if (argc != 2 || !resolve(argv[1])) {
        fprintf(stderr, "usage: fault-proxy HOST:PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int listener = listen_anywhere();
    for (;;) {
        static struct pollfd fds[2 + 2 * LINKS_MAX];
        int timeout = -1;
        fds[0] = (struct pollfd){.fd = 0, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (size_t i = 0; i < link_count; i++)
            link_poll(&links[i], &fds[2 + 2 * i], &fds[3 + 2 * i], &timeout);
        if (poll(fds, 2 + 2 * link_count, timeout) < 0 && errno != EINTR)
            return 1;
        for (size_t i = link_count; i-- > 0;)
            if (!link_serve(&links[i], fds[2 + 2 * i].revents, fds[3 + 2 * i].revents))
                link_drop(i);
        if (fds[1].revents & POLLIN)
            link_accept(listener);
        if ((fds[0].revents & (POLLIN | POLLHUP)) && !commands_read())
            return 0;
    }
}

#include "proc/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

bool notify_systemd(const char *socket_path, const char *state, struct err *err)
{
    if (!socket_path || !*socket_path)
        return true;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(socket_path);
    if ((socket_path[0] != '/' && socket_path[0] != '@') || len >= sizeof address.sun_path)
        return err_set(err, ERR_CONFIG, "NOTIFY_SOCKET is no path of a socket: %s", socket_path);
    memcpy(address.sun_path, socket_path, len);
    if (socket_path[0] == '@')
        address.sun_path[0] = 0;
    auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
        return err_errno(err, "telling systemd by %s", socket_path);
    return true;
}

bool notify_ready_file(const char *path, const char *text, struct err *err)
{
    auto_free char *temporary = xasprintf("%s.%ld", path, (long)getpid());
    auto_free char *line = xasprintf("%s\n", text);
    auto_fd int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(err, "writing %s", temporary);
    size_t len = strlen(line);
    if (write(fd, line, len) != (ssize_t)len || rename(temporary, path)) {
        err_errno(err, "writing %s", path);
        unlink(temporary);
        return false;
    }
    return true;
}

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

bool file_check_private(const struct stat *st, const char *what, const char *path, struct err *err)
{
    if (st->st_uid != geteuid() && st->st_uid != 0) {
        err_set(err, ERR_UNTRUSTED, "%s %s belongs to user %ld, neither to this user nor to root", what, path,
                (long)st->st_uid);
        return err_hint(err, "chown it to the user that runs this program");
    }
    if ((st->st_mode & 077) == 0)
        return true;
    err_set(err, ERR_UNTRUSTED, "%s %s can be used by others (mode %04o)", what, path, (unsigned)st->st_mode & 07777);
    return err_hint(err, "chmod 600 %s; if others could have read it, make a new one", path);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool file_replace(const char *path, const void *bytes, size_t size, mode_t mode, struct err *err)
{
    auto_free char *beside = xasprintf("%s.XXXXXX", path);
    auto_fd int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "cannot write beside %s", path);
    if (write_all(fd, bytes, size) && fchmod(fd, mode) == 0 && fsync(fd) == 0 && rename(beside, path) == 0)
        return true;
    err_errno(err, "cannot write %s; it is left as it is", path);
    unlink(beside);
    return false;
}

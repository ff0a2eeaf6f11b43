#include "base/file.h"

#include <unistd.h>

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

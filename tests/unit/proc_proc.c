/* Signals, children and readiness. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "proc/child.h"
#include "proc/notify.h"
#include "proc/signals.h"

Test(proc, a_signal_is_a_flag_and_a_readable_descriptor)
{
    struct err err = ERR_INIT;
    cr_assert(signals_catch(&err), "%s", err.text);
    cr_assert_not(signals_stop());
    kill(getpid(), SIGTERM);
    struct pollfd ready = {.fd = signals_fd(), .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, 5000), 1);
    cr_assert(signals_stop());
    cr_assert_eq(poll(&ready, 1, 0), 1, "it stays readable");
    kill(getpid(), SIGINT);
    cr_assert_eq(signals_count(), 2);
}

Test(proc, a_terminal_that_is_closed_asks_to_stop)
{
    struct err err = ERR_INIT;
    cr_assert(signals_catch(&err), "%s", err.text);
    kill(getpid(), SIGHUP);
    cr_assert(signals_stop());
}

Test(proc, who_was_told_to_ignore_that_ignores_it)
{
    struct err err = ERR_INIT;
    signal(SIGHUP, SIG_IGN);
    cr_assert(signals_catch(&err), "%s", err.text);
    kill(getpid(), SIGHUP);
    cr_assert_not(signals_stop());
}

static int run_shell(const char *script, const char *const *environment)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct err err = ERR_INIT;
    int status = -1;
    struct child_options options = {.argv = argv, .environment = environment};
    cr_assert(child_run(&options, 10000, &status, &err), "%s", err.text);
    return status;
}

Test(proc, children_end_with_their_status)
{
    cr_assert_eq(run_shell("exit 7", NULL), 7);
    cr_assert_eq(run_shell("kill -9 $$", NULL), 128 + SIGKILL);
    const char *const environment[] = {"GREYLAG_A=new", NULL};
    setenv("GREYLAG_A", "old", 1);
    setenv("GREYLAG_AB", "other", 1);
    cr_assert_eq(run_shell("test $GREYLAG_A = new -a $GREYLAG_AB = other", environment), 0);
}

Test(proc, a_program_that_is_not_there)
{
    const char *argv[] = {"/no/such/program", NULL};
    struct child child = CHILD_INIT;
    struct err err = ERR_INIT;
    struct child_options options = {.argv = argv};
    cr_assert_not(child_start(&options, &child, &err));
    cr_assert_eq(err.kind, ERR_SYSTEM);
    cr_assert(strstr(err.text, "/no/such/program"), "%s", err.text);
}

Test(proc, a_child_that_ignores_sigterm_is_killed_with_its_group)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    const char *argv[] = {"sh", "-c", "trap '' TERM; echo up; while :; do sleep 60; done", NULL};
    struct child child = CHILD_INIT;
    struct err err = ERR_INIT;
    struct child_options options = {.argv = argv, .output = ends[1]};
    cr_assert(child_start(&options, &child, &err), "%s", err.text);
    close(ends[1]);
    char text[8];
    cr_assert_eq(read(ends[0], text, sizeof text), 3);
    cr_assert_not(child_wait(&child, 0, NULL));
    child_stop(&child, 0, 200);
    cr_assert_eq(child.pid, 0);
    cr_assert_eq(read(ends[0], text, sizeof text), 0, "the whole group is gone");
    child_stop(&child, 0, 0);
}

Test(proc, a_run_has_a_limit)
{
    const char *argv[] = {"sleep", "60", NULL};
    struct err err = ERR_INIT;
    struct child_options options = {.argv = argv};
    cr_assert_not(child_run(&options, 100, NULL, &err));
    cr_assert_eq(err.kind, ERR_TIMEOUT);
}

Test(proc, readiness_by_file_and_datagram)
{
    char folder[] = "/tmp/proc_XXXXXX";
    cr_assert(mkdtemp(folder));
    auto_free char *file = xasprintf("%s/ready", folder);
    auto_free char *path = xasprintf("%s/socket", folder);
    struct err err = ERR_INIT;
    cr_assert(notify_ready_file(file, "127.0.0.1:1234", &err), "%s", err.text);
    auto_buf struct buf text = BUF_INIT(100);
    cr_assert(buf_read_file(&text, file, &err), "%s", err.text);
    cr_assert_str_eq(buf_text(&text), "127.0.0.1:1234\n");
    cr_assert_not(notify_ready_file("/no/such/folder/ready", "x", &err));

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert(notify_systemd(path, "READY=1", &err), "%s", err.text);
    char got[16] = "";
    cr_assert_eq(read(fd, got, sizeof got - 1), 7);
    cr_assert_str_eq(got, "READY=1");
    cr_assert(notify_systemd(NULL, "READY=1", &err));
    cr_assert_not(notify_systemd("relative", "READY=1", &err));
    cr_assert_not(notify_systemd("/no/such/socket", "READY=1", &err));
    unlink(path);
    unlink(file);
    rmdir(folder);
}

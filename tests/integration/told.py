"""What a server says of a step reaches whoever may see the release, with the lines of its file, and no daemon's log.
One fleet of real processes in goose's layout: a WARNING, a failure with DETAIL, a long message that is not ASCII."""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios

from greylag import Stage, expect, scenarios, wait

FLEET = """fleet: told
defaults: {on_failure: halt}
services:
  user: {migrations: user, layout: goose}
environments: {dev: {}}
"""
FIRST = """-- accounts, and who owns them

-- +goose Up
create table account (id int constraint one primary key, owner text);
insert into account values (4711, 'ann');
-- +goose StatementBegin
do $$ begin raise warning '3 accounts have no owner' using hint = 'ask ann'; end $$;
-- +goose StatementEnd
-- +goose Down
drop table account;
"""
SECOND = """-- +goose Up
select 1;

-- +goose StatementBegin
insert into account values (4711, 'bob');
-- +goose StatementEnd
-- +goose Down
select 1;
"""
THIRD = """-- +goose Up
do $$ begin raise exception '%', repeat('\u00e9', 600); end $$;
-- +goose Down
select 1;
"""
HALF = """-- +goose NO TRANSACTION
-- +goose Up
create table half (id int);
{next}
-- +goose Down
drop table half;
"""


def write(stage, **files):
    folder = pathlib.Path(stage.folder / "fleet/user")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.lstrip('_')}.sql").write_text(text)
    (folder.parent / "fleet.yml").write_text(FLEET)
    return folder.parent / "fleet.yml"


def says(result, *wanted):
    for text in wanted:
        expect(text in result.out, f"\"{text}\" is missing in {result}")


def test_what_a_server_says():
    with Stage() as stage:
        stage.fleet(write(stage, _1_first=FIRST))
        stage.everybody()
        warning = "WARNING: 3 accounts have no owner"
        says(stage.greylag("up"), warning, "HINT: ask ann")
        says(stage.greylag("release", "show"), warning, "HINT: ask ann")
        says(stage.greylag("history"), warning)
        expect(warning in stage.release()["steps"][0]["outcome"]["said"]["notices"], str(stage.release()))

        write(stage, _2_second=SECOND)
        failed = [stage.greylag("up", check=4), stage.greylag("release", "show")]
        for result in failed:
            says(result, "user/2_second.sql:5", "23505: duplicate key", "DETAIL: Key (id)=(4711) already exists.",
                 "table public.account, constraint one")
        said = stage.greylag("history", "--json").json()["history"][0]["said"]
        expect(said["constraint"] == "one" and "4711" in said["detail"], str(said))

        write(stage, _2_second=THIRD)
        stage.greylag("up", check=4)
        reason = stage.release()["reason"]
        expect("release retry" in reason and "release rollback" in reason and "\u00e9\u00e9" in reason, reason)
        says(stage.greylag("release", "show"), "P0001: \u00e9\u00e9\u00e9")
        for name, program in stage.programs.items():
            for text in ("4711", "3 accounts", "ask ann"):
                expect(text not in program.log(), f"{name} logged \"{text}\":\n{program.log()}")


def test_what_is_left_behind_is_told_until_somebody_has_seen_to_it():
    with Stage() as stage:
        stage.fleet(write(stage, _1_half=HALF.format(next="select 1 / 0;")))
        stage.fleet_file.write_text(FLEET.replace("halt}", "rollback-release}"))
        stage.everybody()

        def is_told(release, what):
            leave = f"greylag release leave {release}"
            for command in (["health"], ["status"], ["release", "show"]):
                says(stage.greylag(*command, check=None), what, leave)
            stage.greylag("health", check=1)

        says(stage.greylag("up", check=3), "left behind: 1 of 2 statements took effect", "greylag release leave")
        failed = stage.latest()["id"]
        is_told(failed, "1 of 2 statements took effect")
        stage.greylag("release", "leave")
        stage.greylag("health")
        says(stage.greylag("release", "show"), "Left as it stands by tester")
        stage.sql("user", "drop table half")

        write(stage, _1_half=HALF.format(next="select pg_sleep(600);"))
        stage.fleet_file.write_text(FLEET.replace("halt}", "rollback-release}"))
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.sql("user", "select 1 from pg_stat_activity where wait_event = 'PgSleep'"),
             "the second statement to run")
        stage.greylag("release", "rollback", check=None)
        cut = stage.ended()
        is_told(cut["id"], "1 statement outside a transaction took effect and stays")
        stage.sql("user", "drop table half")
        write(stage, _1_half=HALF.format(next="select 1;"))
        stage.greylag("up")
        stage.greylag("health")


def test_what_stands_in_the_way_is_seen_on_a_terminal():
    """It stands above the view, which is drawn anew below it."""
    with Stage() as stage:
        stage.fleet(write(stage, _1_long=HALF.format(next="select pg_sleep(600);")))
        stage.everybody()
        stage.greylag("up", "--no-wait")
        terminal, its = pty.openpty()
        watch = subprocess.Popen(stage.command("release", "watch"), stdin=subprocess.DEVNULL, stdout=its, stderr=its,
                                 env={**os.environ, **stage.environment, "GREYLAG_URL": stage.url,
                                      "GREYLAG_TOKEN": stage.token})
        os.close(its)
        shown = b""

        def shows(pattern):
            nonlocal shown
            shown += os.read(terminal, 4096)
            return re.search(pattern, shown, re.S)

        try:
            wait(lambda: shows(rb"release \w+  running"), lambda: f"the view: {shown}")
            stage.postgres.sql("postgres", 'alter database "user" allow_connections false')
            stage.postgres.sql("postgres", "select pg_terminate_backend(pid) from pg_stat_activity "
                               "where datname = 'user'")
            wait(lambda: shows(rb"user blocked.*release \w+  running"), lambda: f"what stands in the way: {shown}")
            told = re.search(rb"(\x1b\[J|\x1b\[\d+A)[^\x1b]*user blocked([^\x1b]*)", shown)
            expect(told and told.group(1) == b"\x1b[J" and b"release " in told.group(2),
                   f"it is wiped off with the view: {shown}")
        finally:
            watch.kill()
            watch.wait()
            os.close(terminal)


def test_what_is_told_in_passing_fits_into_a_terminal():
    """Fifty columns: each line ends between two words."""
    with Stage() as stage:
        path = write(stage, _1_one=HALF.format(next=""))
        stage.fleet(path)
        stage.everybody()
        for words in (["up"], ["tag", "the-first-of-all"], ["tag", "--delete", "the-first-of-all"],
                      ["release", "create", "1.0.0", "x", "--fleet", str(path)], ["down", "--no-wait"]):
            terminal, its = pty.openpty()
            fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 40, 50, 0, 0))
            done = subprocess.Popen(stage.command(*words), stdin=subprocess.DEVNULL, stdout=its, stderr=its,
                                    env={**os.environ, **stage.environment, "GREYLAG_URL": stage.url,
                                         "GREYLAG_TOKEN": stage.token})
            os.close(its)
            shown = b""
            with contextlib.suppress(OSError):  # that nobody has the terminal open any more
                while more := os.read(terminal, 4096):
                    shown += more
            os.close(terminal)
            expect(done.wait() == 0, f"{words}: {shown}")
            lines = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", shown.decode()).splitlines()
            long = [line for line in lines if len(line) > 50]
            expect(lines and not long, f"{words}: {long}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

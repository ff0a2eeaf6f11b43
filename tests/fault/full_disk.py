"""No space left: under a target and under the control database. Nothing is half done and nothing is taken for a
failure: the worker says `blocked` and waits, the coordinator keeps its state, and both go on when there is space again.

The servers run in a mount namespace of their own, with their data on a small tmpfs, so this needs root."""
import os
import pathlib
import shutil
import subprocess
import sys

import greylag
import walk_fleet
from greylag import Postgres, Stage, expect, wait

SETTINGS = {"resend_after": "2s", "lease": "2s", "fence_again": "300ms"}
SIZE = "160m"


class Small(Postgres):
    """A private cluster with everything on a tmpfs of SIZE; its namespace ends with the helper. `inside` is the way to
    its files from here."""

    def __init__(self, folder):
        folder.mkdir()
        super().__init__(folder / "pg", "autovacuum=off", "wal_keep_size=0", "max_wal_size=32MB", "min_wal_size=32MB",
                         "restart_after_crash=on",
                         within=["unshare", "--mount", "--propagation", "private", "sh", "-c",
                                 f'mount -t tmpfs -o size={SIZE},mode=755 none "$0" && exec "$@"', str(folder)])
        self.inside = pathlib.Path(f"/proc/{self.helper.process.pid}/root{folder}")

    def fill(self):
        """Until nothing fits any more, not a single page."""
        file = os.open(self.inside / "ballast", os.O_WRONLY | os.O_CREAT)
        size = 1 << 20
        while size:
            try:
                os.write(file, b"\0" * size)
            except OSError:
                size //= 2
        os.close(file)

    def empty(self):
        (self.inside / "ballast").unlink()


def possible():
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def grows(name):
    """A migration that needs some MB."""
    return (f"CREATE TABLE {name} (id bigint, filling text);\nALTER TABLE {name} ALTER filling SET STORAGE PLAIN;\n"
            f"INSERT INTO {name} SELECT n, repeat('x', 1000) FROM generate_series(1, 8000) n;", f"DROP TABLE {name};")


def test_under_a_target():
    if not possible():
        return "needs root and unshare"
    with Stage() as stage:
        small = Small(stage.folder / "small")
        stage.closing.append(small)
        small.create("user")
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.coordinator(settings=SETTINGS)
        for service in ("auth", "crm"):
            stage.worker(service)
        worker = stage.worker("user", conninfo=small.conninfo("user"), more='listen: "127.0.0.1:0"\n')
        stage.reporting()
        stage.greylag("up")
        walk_fleet.write(stage.folder / "fleet", {"user": {"3_growing": grows("growing")},
                                                  "crm": {"2_after": ("CREATE TABLE after_it (id int);",
                                                                      "DROP TABLE after_it;")}})
        small.fill()
        stage.greylag("up", "--no-wait")
        wait(lambda: "No space left" in worker.log() or "could not" in worker.log() or "53100" in worker.log(),
             lambda: f"the worker to notice:\n{worker.log()}")
        wait(lambda: "o space left" in str(stage.greylag("release", "show")) + str(stage.greylag("status")),
             lambda: f"the operator to be told: {stage.greylag('release', 'show')}{stage.greylag('status')}")
        expect(stage.release()["state"] == "running", f"{stage.release()['state']}: {stage.release()['reason']}")
        small.empty()
        release = stage.ended(90)
        expect(release["state"] == "succeeded", f"{release['state']}: {release['reason']}\n{worker.log()}")
        expect(small.sql("user", "select count(*) from growing") == "8000", "the table is not whole")
        ups = small.sql("user", "select migration, count(*) from greylag.history where kind = 'applied' group by 1 "
                                "having count(*) > 1")
        expect(ups == "", f"applied more than once: {ups}")


def test_under_the_control_database():
    if not possible():
        return "needs root and unshare"
    with Stage() as stage:
        small = Small(stage.folder / "small")
        stage.closing.append(small)
        small.create("control")
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        coordinator = stage.coordinator(settings=SETTINGS, conninfo=small.conninfo("control"))
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        stage.greylag("up")
        part = {"auth": {"4_slow": ("SELECT pg_sleep(3);", "SELECT 1;")}}
        part["auth"].update({f"{n}_step": (f"CREATE TABLE step_{n} (id int);", f"DROP TABLE step_{n};")
                             for n in range(5, 305)})
        walk_fleet.write(stage.folder / "fleet", part)
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.postgres.sql("auth", "select count(*) from pg_stat_activity where query like "
                                                "'%pg_sleep(3)%' and pid <> pg_backend_pid()") != "0",
             "the step to run")
        small.fill()
        wait(lambda: "o space left" in coordinator.log(),
             lambda: f"the coordinator to notice:\n{coordinator.log()[-3000:]}")
        expect(coordinator.running(), coordinator.log()[-3000:])
        wait(lambda: stage.applied("auth")[-1][0] == "304", "the worker to go on with the job it has")
        small.empty()
        release = stage.ended(120)
        expect(release["state"] == "succeeded", f"{release['state']}: {release['reason']}")
        for target in ("auth",):
            twice = stage.postgres.sql(target, "select migration, count(*) from greylag.history where kind = 'applied' "
                                               "group by 1 having count(*) > 1")
            expect(twice == "", f"{target}: applied more than once: {twice}")
        twice = small.sql("control", "select request, count(*) from greylag.inbox where verdict = 'accepted' group by "
                                     "1 having count(*) > 1")
        expect(twice == "", f"outcomes accepted twice: {twice}")
        done = stage.greylag("up")
        expect("Nothing is pending" in done.out, f"{done}")


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

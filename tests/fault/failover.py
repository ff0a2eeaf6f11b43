# long
"""Servers as production has them. PostgreSQL fails over in the middle of a release: a standby is promoted and the
primary is gone, under a target and under the control database, with synchronous replication and without; everybody has
both hosts in the connection string. A role that may do nothing but own its schemas."""
import contextlib
import os
import re
import subprocess
import sys
import threading

import walk_fleet
from greylag import Postgres, Stage, expect, scenarios, wait

SETTINGS = {"resend_after": "2s", "fence_again": "300ms", "lease": "2s", "fence_limit": "60s"}


class Pair:
    """A primary and its hot standby."""

    def __init__(self, folder, synchronous):
        folder.mkdir()
        folder.chmod(0o755)
        self.primary = Postgres(folder / "a", "autovacuum=off")
        self.stack = contextlib.ExitStack()
        self.stack.callback(self.primary.close)
        (folder / "b").mkdir()
        server = self.primary.bin / "pg_basebackup"
        as_server = []
        if os.geteuid() == 0:
            as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            subprocess.run(["chown", "postgres:postgres", str(folder / "b")], check=True)
        subprocess.run([*as_server, server, "-D", str(folder / "b/data"), "-R", "--no-sync", "-c", "fast", "-d",
                        self.primary.base], check=True, cwd="/", capture_output=True)
        self.standby = Postgres(folder / "b", "autovacuum=off")
        self.stack.callback(self.standby.close)
        if synchronous:
            self.primary.sql("postgres", "alter system set synchronous_standby_names = '*'")
            self.primary.sql("postgres", "select pg_reload_conf()")
        self.synchronous = synchronous

    def close(self):
        self.stack.close()

    def conninfo(self, database):
        ports = [re.search(r"port=(\d+)", server.base).group(1) for server in (self.primary, self.standby)]
        return (f"host=127.0.0.1,127.0.0.1 port={','.join(ports)} user=postgres dbname={database} "
                f"target_session_attrs=read-write")

    def caught_up(self):
        lsn = self.primary.sql("postgres", "select pg_current_wal_lsn()")
        wait(lambda: self.standby.sql("postgres", f"select pg_last_wal_replay_lsn() >= '{lsn}'") == "t",
             "the standby to have replayed everything")

    def fall_behind(self):
        """From now on the standby gets nothing."""
        self.standby.sql("postgres", "alter system set primary_conninfo = ''")
        self.standby.sql("postgres", "select pg_reload_conf()")
        wait(lambda: self.primary.sql("postgres", "select count(*) from pg_stat_replication") == "0",
             "the standby to be cut off")

    def fail_over(self):
        self.primary.kill()
        self.standby.sql("postgres", "select pg_promote()")
        expect(self.standby.sql("postgres", "select pg_is_in_recovery()") == "f", "no promotion")


SLOW = {"auth": {"4_before": ("CREATE TABLE before_it (id int);", "DROP TABLE before_it;"),
                 "5_slow": ("CREATE TABLE slow (id int); SELECT pg_sleep(3);", "DROP TABLE slow;"),
                 "6_after": ("CREATE TABLE after_it (id int);", "DROP TABLE after_it;")}}


def begin(stage, pair, control=False):
    """The first release; in the second auth sleeps in its second step."""
    stage.closing.append(pair)
    pair.primary.create("control" if control else "auth")
    stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
    stage.coordinator(settings=SETTINGS, conninfo=pair.conninfo("control") if control else None)
    for service in stage.services:
        stage.worker(service, conninfo=pair.conninfo("auth") if service == "auth" and not control else None)
    stage.reporting()
    stage.greylag("up")
    walk_fleet.write(stage.folder / "fleet", SLOW)


def sleeps(server):
    wait(lambda: server.sql("auth", "select count(*) from pg_stat_activity where wait_event = 'PgSleep'") != "0",
         "the step to run")


def each_once(server):
    found = server.sql("auth", "select migration || ' ' || count(*) from greylag.history where kind = 'applied' "
                               "group by migration order by 1").splitlines()
    expect(found == [f"{n} 1" for n in range(1, 7)], f"applied: {found}")
    expect(server.sql("auth", "select count(*) from pg_class where relname in ('before_it', 'slow', 'after_it')") ==
           "3", "not every table is there")


def target_in_the_middle(synchronous):
    """The release halts and says so, since nobody but a person can tell whether the standby has all; retry goes on from
    what it has."""
    with Stage() as stage:
        pair = Pair(stage.folder / "pair", synchronous)
        begin(stage, pair)
        if not synchronous:
            pair.caught_up()
            pair.fall_behind()
        stage.greylag("up", "--no-wait")
        sleeps(pair.primary)
        pair.fail_over()
        release = stage.ended()
        expect(release["state"] == "halted" and "rewound" in release["reason"] and "timeline 2" in release["reason"],
               f"{release['state']}: {release['reason']}")
        expect(pair.standby.sql("auth", "select count(*) from pg_class where relname = 'before_it'") ==
               ("1" if synchronous else "0"), "the standby has not what it should have")
        stage.greylag("release", "retry", "latest")
        each_once(pair.standby)
        done = stage.greylag("up")
        expect("Nothing is pending" in done.out, f"{done}")


def test_a_target_in_the_middle_of_a_release():
    target_in_the_middle(True)


def test_a_target_in_the_middle_of_a_release_onto_a_standby_that_lags():
    target_in_the_middle(False)


def test_a_target_between_releases_onto_a_standby_that_lags():
    """What it has lost is pending again."""
    with Stage() as stage:
        pair = Pair(stage.folder / "pair", False)
        begin(stage, pair)
        pair.caught_up()
        pair.fall_behind()
        stage.greylag("up")
        pair.fail_over()
        def pending():
            target = next(t for t in stage.get("/api/v1/status")["targets"] if t["target"] == "auth")
            return target["known"] and target["applied"] == 3
        wait(pending, lambda: f"what is there to be known: {stage.greylag('status', check=None)}")
        done = stage.greylag("up", check=4)
        expect("rewound" in done.out + done.err and "release retry" in done.out + done.err, f"{done}")
        stage.greylag("release", "retry", "latest")
        each_once(pair.standby)


def control_in_the_middle(synchronous):
    """Goes on by itself. A standby that lags has never heard of the release: what it did is read from the targets, and
    whoever waits for it is not left alone."""
    with Stage() as stage:
        pair = Pair(stage.folder / "pair", synchronous)
        begin(stage, pair, control=True)
        if not synchronous:
            pair.caught_up()
            pair.fall_behind()
        waiting = threading.Thread(target=lambda: told.append(stage.greylag("up", check=None)))
        told = []
        waiting.start()
        sleeps(stage.postgres)
        pair.fail_over()
        waiting.join(120)
        expect(told, "who waits for the release does not end")
        if synchronous:
            expect(told[0].code == 0, f"{told[0]}")
        else:
            expect(told[0].code != 0 and "there is no release" in told[0].err, f"{told[0]}")
        stage.reporting()
        done = stage.greylag("up")
        each_once(stage.postgres)
        health = stage.greylag("health", check=None)
        expect(health.code == 0, f"{health}")


def test_the_control_database_in_the_middle_of_a_release():
    control_in_the_middle(True)


def test_the_control_database_in_the_middle_of_a_release_onto_a_standby_that_lags():
    control_in_the_middle(False)


def test_a_worker_leaves_while_its_server_waits_for_a_standby_that_is_gone():
    """The fence that an operator's rollback asks for cannot be committed; a restart is no failure."""
    with Stage() as stage:
        pair = Pair(stage.folder / "pair", True)
        begin(stage, pair)
        stage.greylag("up", "--no-wait")
        sleeps(pair.primary)
        pair.standby.stop()
        def waits(what):
            wait(lambda: pair.primary.sql("auth", "select count(*) from pg_stat_activity where wait_event = 'SyncRep' "
                                                  f"and query like '%{what}%'") != "0", f"{what} to be waited for")
        waits("step_begin")
        wait(lambda: "synchronous standby" in stage.greylag("health", check=None).out,
             lambda: f"health to name the standby: {stage.greylag('health', check=None)}")
        stage.greylag("release", "rollback", "latest", "--no-wait")
        waits("fence_raise")
        worker = stage.programs["worker-auth"]
        worker.stop(30)
        pair.standby.start()
        worker.start()
        release = stage.ended()
        expect(release["state"] == "rolled back", f"{release['state']}: {release['reason']}")
        tables = pair.primary.sql("auth", "select count(*) from pg_class where relname in ('before_it', 'slow')")
        expect(tables == "0", "the release has left something")


def test_a_role_without_any_right_beyond_its_own_schemas():
    """As managed services give them: no CREATE on the database, nothing in public, sessions of others are not seen. Up,
    a release that goes back, and a successor that ends its frozen predecessor's session."""
    with Stage() as stage:
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.sql("auth", "create role bare login; revoke all on database auth from public; "
                          "grant connect on database auth to bare; revoke all on schema public from public; "
                          "create schema app authorization bare; create schema greylag authorization bare")
        conninfo = stage.postgres.conninfo("auth").replace("user=postgres", "user=bare")
        conninfo += " options='-c search_path=app'"
        stage.coordinator(settings=SETTINGS)
        for service in stage.services:
            stage.worker(service, conninfo=conninfo if service == "auth" else None, more="lease: 2s\n")
        stage.reporting()
        stage.greylag("up")
        first = stage.dump("auth")
        walk_fleet.write(stage.folder / "fleet", walk_fleet.SECOND)
        stage.greylag("up", check=3)
        expect(stage.dump("auth") == first, "the release that went back has left something")
        for path in (stage.folder / "fleet/crm").glob("[23]_*"):
            path.unlink()
        stage.sql("auth", "create table app.nap as select 55 as long; grant select on app.nap to bare")
        walk_fleet.write(stage.folder / "fleet", {"auth": {
            "6_slow": ("CREATE TABLE slow (id int); SELECT pg_sleep(long) FROM nap;", "DROP TABLE slow;")}})
        stage.greylag("up", "--no-wait")
        sleeps(stage.postgres)
        stage.programs["worker-auth"].freeze()
        frozen = stage.sql("auth", "update app.nap set long = 0; select clock_timestamp()")
        stage.worker("auth", name="successor", conninfo=conninfo, more="lease: 2s\n")
        release = stage.ended()
        expect(release["state"] == "succeeded", f"{release['state']}: {release['reason']}")
        ran = stage.sql("auth", f"select count(*), min(started_at) > '{frozen}' from greylag.history where kind = "
                                "'applied' and migration = '6'")
        expect(ran == "1|t", f"the successor did not run it, or not once: {ran}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

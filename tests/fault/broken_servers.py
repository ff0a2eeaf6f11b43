# long
"""Databases and brokers that cannot be reached: at the start of coordinator and worker, and going away in the middle of
a release. What is said names the server and what to do; what runs goes on when the server is back."""
import re
import subprocess

import greylag
import walk_fleet
from greylag import Failed, Postgres, Stage, expect, wait

SETTINGS = {"resend_after": "2s", "lease": "2s", "fence_again": "300ms"}
SLOW = {"auth": {"4_slow": ("SELECT pg_sleep(2);\nCREATE TABLE slow (id int);", "DROP TABLE slow;")},
        "user": {"3_after": ("CREATE TABLE after_slow (id int);", "DROP TABLE after_slow;")}}


def begin(stage, **more):
    stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
    stage.coordinator(settings=SETTINGS, **more)


def change(program, old, new):
    """The program's file with something changed; the old text."""
    path = program.command[-1]
    text = open(path).read()
    expect(old in text, f"no {old} in {path}")
    open(path, "w").write(text.replace(old, new))
    return text


def says(program, *texts):
    wait(lambda: all(text in program.log() for text in texts),
         lambda: f"{program.name} to say {texts}:\n{program.log()[-2000:]}")


def told(stage):
    return str(stage.greylag("status", check=None)) + str(stage.greylag("release", "show", check=None))


def restarted(stage, name):
    stage.programs[name].start()
    stage.programs[name].ready()


def test_no_control_database_at_the_start():
    """The coordinator waits for it, says so once, answers requests with what is wrong, and leads when it is there."""
    with Stage() as stage:
        begin(stage, start=False)
        coordinator = stage.programs["coordinator"]
        change(coordinator, stage.database, "late")
        coordinator.start()
        coordinator.ready()
        says(coordinator, 'control database', 'database "late" does not exist', "create the database")
        told = stage.greylag("status", check=None)
        expect(told.code == 1 and "control database" in told.err and "late" in told.err, f"status: {told}")
        stage.postgres.create("late")
        says(coordinator, "leading in epoch 1")
        expect(coordinator.log().count("does not exist") < 6, "the same trouble fills the log")
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        stage.greylag("up")


def test_no_target_database_at_the_start():
    """The worker says so in its log and to the coordinator, and is ready when the database is there."""
    with Stage() as stage:
        begin(stage)
        for service in ("user", "crm"):
            stage.worker(service)
        worker = stage.worker("auth", start=False)
        change(worker, "dbname=auth", "dbname=late")
        worker.start()
        says(worker, 'target auth', 'database "late" does not exist', "create the database")
        wait(lambda: 'database "late" does not exist' in stage.greylag("status", check=None).out,
             "status to say what is wrong with the target")
        done = stage.greylag("up", "--no-wait", check=None, limit=60)
        expect(done.code == 1 and "auth" in done.err, f"up without a target: {done}")
        stage.postgres.create("late")
        says(worker, "target auth: ready")
        stage.reporting()
        stage.greylag("up")


def test_no_broker_at_the_start():
    with Stage() as stage:
        begin(stage, start=False)
        coordinator = stage.programs["coordinator"]
        port = stage.broker.bootstrap
        stage.broker.helper.say("stop")
        coordinator.start()
        coordinator.ready()
        workers = [stage.worker(service, ready=False) for service in stage.services]
        says(coordinator, "kafka", port, "bootstrap.servers")
        says(workers[0], port, "bootstrap.servers")
        told = stage.greylag("health", check=None)
        expect(told.code == 1, f"health: {told}")
        stage.broker.helper.say("start")
        for worker in workers:
            worker.ready()
        stage.reporting()
        stage.greylag("up")


def test_servers_that_go_away_in_the_middle():
    """The broker, the targets' server, the control database: each is stopped while a step runs, and the release goes on
    when it is back."""
    control = None
    with Stage() as stage:
        control = Postgres(stage.folder / "control", "autovacuum=off")
        stage.closing.append(control)
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.coordinator(settings=SETTINGS, conninfo=control.conninfo())
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        stage.greylag("up")
        for number, name, down, up in ((4, "broker", lambda: stage.broker.helper.say("stop"),
                                        lambda: stage.broker.helper.say("start")),
                                       (5, "targets", stage.postgres.kill, stage.postgres.start),
                                       (6, "control", control.kill, control.start)):
            part = {"auth": {f"{number}_slow": ("SELECT pg_sleep(1);\n" f"CREATE TABLE slow_{name} (id int);",
                                                f"DROP TABLE slow_{name};")},
                    "user": {f"{number}_after": (f"CREATE TABLE after_{name} (id int);", f"DROP TABLE after_{name};")}}
            walk_fleet.write(stage.folder / "fleet", part)
            stage.greylag("up", "--no-wait")
            wait(lambda: stage.postgres.sql("auth", "select count(*) from pg_stat_activity where query like "
                                                    "'%pg_sleep(1)%' and pid <> pg_backend_pid()") != "0",
                 "the step to run")
            down()
            if name == "control":
                told = stage.greylag("status", check=None)
                expect(told.code == 1 and "control database" in told.err, f"status without a control database: {told}")
            up()
            expect(stage.ended(120)["state"] == "succeeded", f"{name}: {stage.release()}")
            for target in ("auth", "user"):
                expect([row[0] for row in stage.applied(target)].count(str(number)) == 1,
                       f"{name}: {target} has {stage.applied(target)}")
        for program in stage.programs.values():
            expect(program.running(), f"{program.name} ended:\n{program.log()[-2000:]}")


def test_a_target_whose_database_is_dropped():
    """In the middle of a release: the step is never counted as done or failed, and runs when an empty database is there
    again and somebody says to go on."""
    with Stage() as stage:
        begin(stage)
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        stage.greylag("up")
        stage.programs["worker-crm"].freeze()
        walk_fleet.write(stage.folder / "fleet", {"crm": {"2_stage": walk_fleet.SECOND["crm"]["2_stage"]}})
        stage.greylag("up", "--no-wait")
        stage.postgres.sql("postgres", "drop database crm with (force)")
        stage.programs["worker-crm"].thaw()
        says(stage.programs["worker-crm"], 'database "crm" does not exist')
        wait(lambda: "does not exist" in told(stage), lambda: f"the operator to be told: {told(stage)}")
        expect(stage.release()["state"] == "running", f"{stage.release()['state']}")
        stage.postgres.create("crm")
        # the new, empty database is one that went back in time: nothing runs on it until a person says so
        release = stage.ended()
        expect(release["state"] == "halted" and "crm" in release["reason"], f"{release['state']}: {release['reason']}")


def test_a_target_that_is_read_only():
    """As a standby is: nothing is recorded, nothing failed, the worker says `blocked` and why, and goes on
    afterwards."""
    with Stage() as stage:
        begin(stage)
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        stage.greylag("up")
        stage.postgres.sql("postgres",
                           "alter database user set default_transaction_read_only = on".replace("user", '"user"'))
        stage.programs["worker-user"].stop()
        restarted(stage, "worker-user")
        walk_fleet.write(stage.folder / "fleet", SLOW)
        stage.greylag("up", "--no-wait")
        says(stage.programs["worker-user"], "read-only")
        wait(lambda: "read-only" in told(stage), lambda: f"the operator to be told: {told(stage)}")
        expect(stage.release()["state"] == "running", stage.release()["state"])
        stage.postgres.sql("postgres", 'set default_transaction_read_only = off; alter database "user" reset '
                                       'default_transaction_read_only')
        stage.postgres.sql("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'user'")
        expect(stage.ended()["state"] == "succeeded", f"{stage.release()}")


def test_a_wrong_password():
    """A server that asks for one: the error says so, and never shows what was given."""
    with Stage() as stage:
        begin(stage)
        for service in ("user", "crm"):
            stage.worker(service)
        stage.postgres.sql("postgres", "create role guarded login superuser password 'right-one'")
        hba = stage.postgres.folder / "data/pg_hba.conf"
        hba.write_text("host all guarded all scram-sha-256\n" + hba.read_text())
        stage.postgres.sql("postgres", "select pg_reload_conf()")
        worker = stage.worker("auth", start=False,
                              conninfo=stage.postgres.conninfo("auth").replace("user=postgres",
                                                                               "user=guarded password=wrong-one"))
        worker.start()
        says(worker, "password authentication failed", "correct user and password")
        wait(lambda: "password authentication failed" in stage.greylag("status", check=None).out, "status to say so")
        worker.stop()
        expect("wrong-one" not in worker.log() and "wrong-one" not in stage.greylag("status", check=None).out,
               "the password is shown")
        change(worker, "wrong-one", "right-one")
        worker.start()
        worker.ready()
        stage.reporting()
        stage.greylag("up")
        expect("right-one" not in worker.log(), "the password is in the log")


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

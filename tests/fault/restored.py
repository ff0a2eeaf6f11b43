# long
"""Databases that come back from a backup: the control database in the middle of a release (restored over itself, into
another database, as a copy of the server's files), a target, and a control database whose release had halted.

What has to hold: the end state is right, nothing is applied twice, nothing runs on what a lost future has undone."""
import contextlib
import shutil
import subprocess
import sys

import walk_fleet
from greylag import Postgres, Stage, expect, scenarios, wait

SETTINGS = {"resend_after": "2s", "fence_again": "300ms", "lease": "2s", "fence_limit": "60s"}
SECOND = {service: dict(walk_fleet.SECOND[service]) for service in ("auth", "user")}
SECOND["crm"] = {"2_stage": walk_fleet.SECOND["crm"]["2_stage"]}
TARGETS = ("auth", "user", "crm")


def dump(postgres, database):
    return subprocess.run([postgres.bin / "pg_dump", "-d", postgres.conninfo(database)], check=True,
                          capture_output=True,
                          text=True).stdout


def restore(postgres, database, text):
    """pg_dump's text into a database of this name, dropped and made anew."""
    postgres.sql("postgres", f'drop database if exists "{database}" with (force)')
    postgres.create(database)
    load(postgres, database, text)


def load(postgres, database, text):
    done = subprocess.run([postgres.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", postgres.conninfo(database)],
                          input=text, capture_output=True, text=True)
    expect(done.returncode == 0, f"restore of {database}: {done.stderr}")


def begin(stage, conninfo=None):
    stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
    stage.coordinator(settings=SETTINGS, conninfo=conninfo and conninfo(stage))
    for service in stage.services:
        stage.worker(service)
    stage.reporting()
    stage.greylag("up")


def half_way(stage):
    """The second release: auth and user have applied, crm's worker is gone with its job."""
    walk_fleet.write(stage.folder / "fleet", SECOND)
    stage.programs["worker-crm"].freeze()
    stage.greylag("up", "--no-wait")
    def look():
        states = [step["state"] for step in stage.release()["steps"] if step["service"] != "crm"]
        return states and all(state == "applied" for state in states)
    wait(look, lambda: f"auth and user to apply: {stage.greylag('release', 'show', check=None)}")
    stage.programs["worker-crm"].kill()


def states(stage):
    return {target: (stage.postgres.dump(target), stage.applied(target), stage.history(target)) for target in TARGETS}


def rolled_back(stage):
    """The lost future: an operator takes the release back."""
    stage.greylag("release", "rollback", "latest", "--no-wait")
    stage.programs["worker-crm"].start().ready()
    release = stage.ended()
    expect(release["state"] == "rolled back", f"the release ended {release['state']}: {release['reason']}")


def restart(stage):
    """Starts the coordinator again, which has to notice."""
    coordinator = stage.programs["coordinator"]
    before = len(coordinator.log())
    coordinator.start()
    coordinator.ready()
    wait(lambda: "went back in time" in coordinator.log()[before:],
         lambda: f"the coordinator to notice; its log:\n{coordinator.log()[before:]}")


def check_nothing_new(stage, before, release):
    """The release of the backup ends as it did in the future that was lost, and no target has done anything more."""
    ended = stage.ended()
    expect(ended["id"] == release["id"] and ended["state"] == "rolled back",
           f"release {ended['id']} ended {ended['state']}: {ended['reason']}")
    for target, (schema, applied, history) in states(stage).items():
        expect(schema == before[target][0], f"{target}: the schema changed after the restore")
        expect(applied == before[target][1], f"{target}: {before[target][1]} was applied, now {applied}")
        expect(history == before[target][2], f"{target}: its history went on: {history}")
    # and the fleet goes on: the same release again succeeds, each migration once
    stage.reporting()
    stage.greylag("up")
    for target in TARGETS:
        found = [migration for migration, _ in stage.applied(target)]
        wanted = [n.split("_")[0] for part in (walk_fleet.FIRST, SECOND) for n in part[target]]
        expect(sorted(found) == sorted(wanted), f"{target} has {found}, not {wanted}")


def lost_rollback(back_up, put_back, **more):
    """A backup in the middle of a release, a rollback afterwards, and the backup comes back."""
    with Stage() as stage:
        begin(stage, **more)
        first = {target: stage.postgres.dump(target) for target in TARGETS}
        half_way(stage)
        backup = back_up(stage)
        rolled_back(stage)
        before, release = states(stage), stage.release()
        for target in TARGETS:
            expect(before[target][0] == first[target], f"{target} is not what it was before the release")
        stage.programs["coordinator"].kill()
        put_back(stage, backup)
        restart(stage)
        check_nothing_new(stage, before, release)


def test_control_database_restored_over_itself():
    def put_back(stage, backup):
        stage.postgres.sql(stage.database, "drop schema greylag cascade")
        load(stage.postgres, stage.database, backup)
    lost_rollback(lambda stage: dump(stage.postgres, stage.database), put_back)


def test_control_database_restored_row_by_row():
    """Even the tables are the same ones: only their rows come back."""
    def back_up(stage):
        return subprocess.run([stage.postgres.bin / "pg_dump", "--data-only", "--disable-triggers", "-d",
                               stage.postgres.conninfo(stage.database)], check=True, capture_output=True,
                              text=True).stdout

    def put_back(stage, backup):
        tables = stage.postgres.sql(stage.database, "select string_agg(format('greylag.%I', tablename), ', ') from "
                                                    "pg_tables where schemaname = 'greylag'")
        stage.postgres.sql(stage.database, f"truncate {tables}")
        load(stage.postgres, stage.database, backup)
    lost_rollback(back_up, put_back)


def test_control_database_restored_into_another_one():
    def put_back(stage, backup):
        other = stage.database + "-restored"
        restore(stage.postgres, other, backup)
        config = stage.folder / "coordinator.yml"
        config.write_text(config.read_text().replace(f"dbname={stage.database}", f"dbname={other}"))
        stage.database = other
    lost_rollback(lambda stage: dump(stage.postgres, stage.database), put_back)


def test_control_database_restored_as_a_copy_of_its_files():
    """Nothing in the database tells: the targets' fences do."""
    with contextlib.ExitStack() as stack:
        control = []

        def own_server(stage):
            control.append(stack.enter_context(contextlib.closing(Postgres(stage.folder / "control",
                                                                           "autovacuum=off"))))
            control[0].create("control")
            return control[0].conninfo("control")

        def files(stage):
            return next((stage.folder / "control").rglob("PG_VERSION")).parent

        def copy(source, to):
            shutil.rmtree(to, ignore_errors=True)
            subprocess.run(["cp", "-a", str(source), str(to)], check=True)

        def back_up(stage):
            stage.programs["coordinator"].kill()
            control[0].stop()
            copy(files(stage), stage.folder / "copy")
            control[0].start()
            coordinator = stage.programs["coordinator"].start()
            coordinator.ready()
            return stage.folder / "copy"

        def put_back(stage, backup):
            at = files(stage)
            control[0].stop()
            copy(backup, at)
            control[0].start()
        lost_rollback(back_up, put_back, conninfo=own_server)


def test_control_database_restored_before_a_halted_release_was_taken_back():
    """The backup knows a halted release; in the lost future it was rolled back. `retry` must not build on that."""
    with Stage() as stage:
        begin(stage)
        fleet = stage.folder / "fleet"
        text = (fleet / "fleet.yml").read_text()
        walk_fleet.write(fleet, walk_fleet.SECOND)
        (fleet / "fleet.yml").write_text(text.replace("lock_timeout: 2s", "on_failure: halt, lock_timeout: 2s"))
        stage.greylag("up", check=4)
        backup = dump(stage.postgres, stage.database)
        stage.greylag("release", "rollback", "latest")
        before, release = states(stage), stage.release()
        stage.programs["coordinator"].kill()
        stage.postgres.sql(stage.database, "drop schema greylag cascade")
        load(stage.postgres, stage.database, backup)
        restart(stage)
        expect(stage.release()["state"] == "halted", f"the release is {stage.release()['state']}")
        stage.greylag("release", "retry", "latest", check=3)
        ended = stage.release()
        expect(ended["id"] == release["id"], "another release")
        for target, now in states(stage).items():
            expect(now == before[target], f"{target} changed after the restore")


def test_target_restored_from_an_older_backup():
    with Stage() as stage:
        begin(stage)
        older = dump(stage.postgres, "auth")
        walk_fleet.write(stage.folder / "fleet", {"auth": walk_fleet.SECOND["auth"]})
        stage.greylag("up")
        restore(stage.postgres, "auth", older)
        held = stage.applied("auth")
        walk_fleet.write(stage.folder / "fleet", {"auth": {"6_audit": ("CREATE TABLE audit (id int);",
                                                                       "DROP TABLE audit;")},
                                                  "user": walk_fleet.SECOND["user"]})
        # what it holds now is asked for, so that the plan has what is lost as well
        def pending():
            target = next(t for t in stage.greylag("status", "--json").json()["targets"] if t["target"] == "auth")
            return target["known"] and target["applied"] == len(held)
        wait(pending, lambda: f"the restored target to be known: {stage.greylag('status', check=None)}")
        done = stage.greylag("up", check=4)
        release = stage.release()
        print(f"# {release['reason']}")
        expect("rewound" in release["reason"] and "release retry" in release["reason"],
               f"the reason: {release['reason']}")
        expect("release retry" in done.out + done.err, f"what can be done is not said: {done}")
        expect("greylag up  " not in done.out and "greylag down" not in done.out, f"these lead nowhere: {done}")
        expect(stage.applied("auth") == held, "something ran on the restored target")
        expect(len(stage.applied("user")) == 2, "something ran on user, which depends on it")
        stage.greylag("release", "retry", "latest")
        found = [migration for migration, _ in stage.applied("auth")]
        expect(sorted(found) == ["1", "2", "3", "4", "5", "6"], f"auth has {found}")
        twice = stage.postgres.sql("auth", "select request from greylag.history group by 1 having count(*) > 1")
        expect(twice == "", f"outcomes twice: {twice}")


def test_target_replaced_by_an_empty_one_while_its_worker_was_away():
    """Nothing is pending is said by those who hold it alone: not for a worker that has left, nor from before it did."""
    with Stage() as stage:
        begin(stage)
        held = stage.applied("auth")
        worker = stage.programs["worker-auth"]
        worker.stop()
        restore(stage.postgres, "auth", "")
        away = stage.greylag("up", "--dry-run", check=1)
        expect("auth/auth: no worker reports it" in away.err, f"of a target that is away: {away}")
        worker.start().ready()
        back = stage.greylag("up", "--dry-run")
        expect(f"{len(held)} steps to apply" in back.out, f"an empty database: {back}")


def test_target_that_lost_earlier_releases_in_the_middle_of_one():
    """The open release cannot bring back what earlier ones did; after its rollback, the next one does."""
    with Stage() as stage:
        begin(stage)
        older = dump(stage.postgres, "crm")
        walk_fleet.write(stage.folder / "fleet", {"crm": SECOND["crm"]})
        stage.greylag("up")
        walk_fleet.write(stage.folder / "fleet", {"auth": SECOND["auth"], "crm": {
            "4_notes": ("CREATE TABLE notes (stage text);", "DROP TABLE notes;")}})
        worker = stage.programs["worker-crm"]
        worker.freeze()
        stage.greylag("up", "--no-wait")
        wait(lambda: len(stage.applied("auth")) == 5, "auth to apply")
        worker.kill()
        restore(stage.postgres, "crm", older)
        worker.start()
        release = stage.ended()
        print(f"# {release['reason']}")
        expect(release["state"] == "halted" and "release rollback" in release["reason"],
               f"{release['state']}: {release['reason']}")
        expect(stage.applied("crm") and len(stage.applied("crm")) == 1, "something ran on the restored target")
        stage.greylag("release", "rollback", "latest", check=None)
        wait(lambda: stage.latest().get("state") == "rolled back",
             lambda: f"the release to be rolled back: {stage.greylag('release', 'show', check=None)}")
        expect(len(stage.applied("auth")) == 3, f"auth has {stage.applied('auth')}")
        stage.greylag("up")
        for target, wanted in (("auth", "12345"), ("user", "12"), ("crm", "124")):
            found = "".join(migration for migration, _ in stage.applied(target))
            expect(found == wanted, f"{target} has {found}, not {wanted}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

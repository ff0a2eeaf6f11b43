"""`down --to RELEASE`: everything that later releases did is undone, and the fleet is what it was after that
release. And a `down` of what one target may have: nothing is undone under it."""
import sys

import walk_fleet
from greylag import Stage, expect, scenarios, wait

THIRD = {"auth": {"6_audit": ("CREATE TABLE audit (id int);", "DROP TABLE audit;")}}
SECOND = {"auth": walk_fleet.SECOND["auth"], "user": walk_fleet.SECOND["user"]}
TARGETS = ("auth", "user", "crm")


def test_back_to_the_end_of_a_release():
    with Stage() as stage:
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.everybody()
        stage.greylag("up")
        first = stage.release()["id"]
        schemas = {target: stage.postgres.dump(target) for target in TARGETS}
        for part in (SECOND, THIRD):
            walk_fleet.write(stage.folder / "fleet", part)
            stage.greylag("up")
        last = stage.release()["id"]
        nothing = stage.greylag("down", "--to", last)
        expect("nothing to undo" in nothing.out, f"after the newest release there is nothing: {nothing}")
        shown = stage.greylag("down", "--to", first, "--dry-run")
        expect("4 steps to undo" in shown.out, f"the plan: {shown}")
        stage.greylag("down", "--to", first)
        for target in TARGETS:
            expect(stage.postgres.dump(target) == schemas[target], f"{target} is not what it was after {first}")
            found = [migration for migration, _ in stage.applied(target)]
            expect(found == walk_fleet.APPLIED[target], f"{target} has {found}")
        options = stage.release()["options"]
        expect(options["backTo"] == first, f"what was asked for: {options}")
        gone = stage.greylag("down", "--to", last)
        expect("nothing to undo" in gone.out and "[gone-since]" in gone.out + gone.err,
               f"what was in effect then and is no more is named: {gone}")
        stage.greylag("up")
        again = stage.greylag("down", "--to", last)
        expect("nothing to undo" in again.out and "gone-since" not in again.out + again.err,
               f"down and up since, and nothing is to be undone: {again}")


LOST = "fleet: lost\nservices:\n  low: {migrations: low}\n  high: {migrations: high}\n"
LOST_FILES = {
    "low/1_one.up.sql": "CREATE TABLE one (n int);", "low/1_one.down.sql": "DROP TABLE one;",
    "high/1_two.up.sql": "-- Dependencies: low:1\nSELECT pg_advisory_xact_lock(7); CREATE TABLE two (n int);",
    "high/1_two.down.sql": "DROP TABLE two;"}


def begin_high(stage):
    """A release whose step on `high` waits in its transaction; its worker."""
    stage.fleet(stage.write(LOST, LOST_FILES), services={"low": ["low"], "high": ["high"]})
    stage.everybody(fence_limit="1s")
    stage.postgres.sql("high", "SELECT pg_advisory_lock(7)")
    stage.greylag("up", "--no-wait")
    wait(lambda: stage.postgres.sql("high", "SELECT count(*) FROM pg_locks WHERE NOT granted") == "1", "the step")
    return stage.programs["worker-high"]


def test_what_a_lost_target_holds_is_not_known():
    """Its worker stands still while its step commits: nothing that this step needs is undone before it has told."""
    with Stage() as stage:
        worker = begin_high(stage)
        worker.freeze()
        stage.postgres.sql("high", "SELECT pg_advisory_unlock(7)")
        wait(lambda: stage.postgres.sql("high", "SELECT to_regclass('two')") == "two", "the step to be committed")
        stage.greylag("release", "rollback", check=4)
        refused = stage.greylag("down", "--dry-run")
        unknown = "high/high: what it holds is not known yet"
        expect(unknown in refused.out + refused.err, f"a down is planned: {refused}")
        alone = stage.greylag("down", "--service", "low", "--dry-run")
        expect(unknown in alone.out + alone.err, f"low alone goes back: {alone}")
        worker.thaw()
        stage.reporting()
        alone = stage.greylag("down", "--service", "low", "--dry-run", check=6)
        expect("[needed]" in alone.err, f"low alone goes back under high: {alone}")
        stage.greylag("down")
        expect(stage.applied("low") == [] and stage.applied("high") == [], "both are undone")


def test_a_second_worker_answers_when_the_frozen_one_is_over():
    """What the frozen one's session has begun may still be committed: that is ended first."""
    fleet = "fleet: beside\nservices:\n  high: {migrations: high}\n"
    files = {"high/1_two.up.sql": "SELECT pg_advisory_xact_lock(7); CREATE TABLE two (n int);",
             "high/1_two.down.sql": "DROP TABLE two;"}
    with Stage() as stage:
        stage.fleet(stage.write(fleet, files), services={"high": ["high"]})
        stage.coordinator(settings={"fence_limit": "1s"})
        frozen = stage.worker("high", more="lease: 10s\n")
        stage.reporting()
        stage.postgres.sql("high", "SELECT pg_advisory_lock(7)")
        stage.greylag("up", "--no-wait")
        session = wait(lambda: stage.postgres.sql("high", "SELECT pid FROM pg_locks WHERE NOT granted"), "the step")
        frozen.freeze()
        stage.greylag("release", "rollback", check=4)
        stage.worker("high", name="worker-high-2", more="lease: 10s\n", ready=False)
        stage.reporting()
        there = stage.postgres.sql("high", f"SELECT count(*) FROM pg_stat_activity WHERE pid = {session}")
        expect(there == "0", "what high holds is told while a step there may still be committed")


def test_a_squash_is_not_undone_with_the_release_of_its_last_part():
    fleet = "fleet: squash\nservices:\n  low: {migrations: low}\n"
    one = {f"low/{n}_{table}.{way}.sql": f"{word} {table}{more};" for n, table in enumerate("xyz", 1)
           for way, word, more in (("up", "CREATE TABLE", " (n int)"), ("down", "DROP TABLE", ""))}
    with Stage() as stage:
        stage.fleet(stage.write(fleet, one), services={"low": ["low"]})
        stage.everybody()
        stage.greylag("up", "--target", "low=2")
        stage.greylag("up")
        last = stage.release()["id"]
        folder = stage.folder / "fleet/low"
        for way in ("up", "down"):
            texts = [path.read_text() for path in sorted(folder.glob(f"*.{way}.sql"))]
            for path in folder.glob(f"[12]_*.{way}.sql"):
                path.unlink()
            (folder / f"3_z.{way}.sql").write_text("\n".join(texts))
        stage.greylag("repair", "--yes")
        for words in (["--release", last], []):
            refused = stage.greylag("down", *words, check=6)
            expect("(a squash)" in refused.err, f"down {words}: {refused}")
        stage.greylag("down", "--service", "low", "--steps", "1")
        expect(stage.applied("low") == [], "as it was told to")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

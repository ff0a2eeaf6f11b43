# long
# label: real-input
"""Real migrations of real projects (uaa, concourse, lemmy), on the embedded broker and on real Apache Kafka: a release
that succeeds, one that fails and is undone, dumps equal to references made without greylag, and undos that do not work.

The files are other people's work and not part of this project: where ../shared/fleets is missing this is skipped."""
import os
import shutil

import greylag
from greylag import Embedded, Kafka, Stage, expect

FLEETS = greylag.SOURCE.parent / "shared/fleets"
FLEET = """fleet: open
defaults: {lock_timeout: 5s, statement_timeout: 5min}
services:
  uaa: {migrations: uaa, layout: flyway}
  concourse: {migrations: concourse, layout: golang-migrate, duplicate_versions: by-name, depends_on: [uaa]}
  lemmy: {migrations: lemmy, layout: diesel, depends_on: [concourse]}
environments: {dev: {}}
"""
ALONE = """fleet: open
services:
  concourse: {migrations: concourse, layout: golang-migrate, duplicate_versions: by-name}
environments: {dev: {}}
"""
SERVICES = {"uaa": ["uaa"], "concourse": ["concourse"], "lemmy": ["lemmy"]}


def lemmy(number):
    """The version of lemmy's folder number `number`, from 1: its name up to the first "_", without dashes."""
    return sorted(p.name for p in (FLEETS / "lemmy").iterdir())[number - 1].split("_")[0].replace("-", "")


def reference(name):
    return greylag.steady((FLEETS / "reference" / f"{name}.sql").read_text())


def same(found, wanted, what):
    if found != wanted:
        import difflib
        lines = list(difflib.unified_diff(wanted.splitlines(), found.splitlines(), "wanted", "found", lineterm="", n=1))
        raise greylag.Failed(f"{what} differs:\n" + "\n".join(lines[:40]))


def walk(broker):
    with Stage(broker) as stage:
        folder = stage.folder / "fleet"
        folder.mkdir()
        for service in SERVICES:
            shutil.copytree(FLEETS / service, folder / service)
        (folder / "fleet.yml").write_text(FLEET)
        stage.fleet(folder / "fleet.yml", services=SERVICES)
        stage.everybody()

        refused = stage.greylag("up", "--target", "concourse=1747084615", "--target", f"lemmy={lemmy(245)}", check=None)
        expect(refused.code not in (0, 3, 4) and "irreversible" in str(refused),
               f"a plan without a way back must be accepted explicitly: {refused}")
        for target in SERVICES:
            expect(stage.applied(target) == [] if has_ledger(stage, target) else True, f"{target} was touched")

        first = stage.greylag("up", "--accept-irreversible", "--target", "concourse=1747084615",
                              "--target", f"lemmy={lemmy(245)}")
        print(f"# first release: {first.out.strip().splitlines()[-1] if first.out.strip() else ''}", flush=True)
        counts = {t: len(stage.applied(t)) for t in SERVICES}
        expect(counts == {"uaa": 89, "concourse": 142, "lemmy": 245}, f"applied: {counts}")
        before = {t: stage.postgres.dump(t) for t in SERVICES}

        failed = stage.greylag("up", "--accept-irreversible", "--target", f"lemmy={lemmy(248)}", check=3)
        expect("smoosh" in str(failed) or "000016" in str(failed), f"what failed is not named: {failed}")
        for target in SERVICES:
            same(stage.postgres.dump(target), before[target], f"{target} after the rollback")
        undone = [row for row in stage.history("concourse") if row[1] == "down"]
        expect(len(undone) == 7, f"concourse's undos: {undone}")
        expect(len([row for row in stage.history("lemmy") if row[1] == "down"]) == 2, "lemmy's undos")
        last, first = undo_times(stage, "lemmy")[1], undo_times(stage, "concourse")[0]
        expect(last < first, f"lemmy's two are undone before concourse's seven: {last} is not before {first}")

        stage.greylag("up", "--accept-irreversible", "--target", f"lemmy={lemmy(247)}")
        for target, name in (("uaa", "uaa"), ("concourse", "concourse"), ("lemmy", "lemmy-247")):
            same(stage.postgres.dump(target), reference(name), target)

        halted = stage.greylag("down", "--service", "lemmy", "--steps", "5", check=4)
        release = stage.release()
        expect("000012" in str(halted) and "000012" in release["reason"], f"which undo failed is not named: {halted}")
        expect(len(stage.applied("lemmy")) == 244, f"lemmy has {len(stage.applied('lemmy'))} applied")
        markers = stage.postgres.sql("lemmy", "select count(*) from greylag.progress")
        expect(markers == "0", f"{markers} statements are half done")


def undo_times(stage, target):
    """When the first undo began and the last one ended (one server, one clock)."""
    row = stage.postgres.sql(target, "select extract(epoch from min(started_at)), extract(epoch from max(finished_at)) "
                                     "from greylag.history where direction = 'down' and kind = 'applied'")
    return tuple(map(float, row.split("|")))


def has_ledger(stage, target):
    return stage.postgres.sql(target, "select count(*) from pg_namespace where nspname = 'greylag'") == "1"


def alone(broker):
    """concourse alone goes back as far as it can."""
    with Stage(broker) as stage:
        folder = stage.folder / "fleet"
        folder.mkdir()
        shutil.copytree(FLEETS / "concourse", folder / "concourse")
        (folder / "fleet.yml").write_text(ALONE)
        stage.fleet(folder / "fleet.yml", services={"concourse": ["concourse"]})
        stage.everybody()
        stage.greylag("up", "--accept-irreversible")
        expect(len(stage.applied("concourse")) == 149, "149 are applied")
        refused = stage.greylag("down", "--all", check=None)
        expect(refused.code not in (0, 3, 4), f"a step without a way back is refused before anything starts: {refused}")
        expect(len(stage.applied("concourse")) == 149, "149 are still applied")
        done = stage.greylag("down", "--all", "--stop-at-irreversible", check=None)
        left = len(stage.applied("concourse"))
        print(f"# down --all --stop-at-irreversible: exit {done.code}, {149 - left} undone, {left} left", flush=True)
        expect(done.code == 0, f"it ends where the way back does: {done}")
        expect(stage.release()["state"] == "succeeded", stage.release()["state"])
        expect(left == 111, f"the undo of 1606489231 holds only a comment, and 110 are below it: {left} are left")


FOUR = """fleet: open
services:
  uaa: {migrations: uaa}
  concourse: {migrations: concourse, duplicate_versions: by-name, depends_on: [uaa]}
  lemmy: {migrations: lemmy, depends_on: [concourse]}
  hatchet: {migrations: hatchet}
environments: {dev: {}}
"""


def four(broker):
    """All of them as one fleet; each layout is recognised by itself. What hatchet looks like afterwards is compared
    with the real goose in tests/tools/goose.py."""
    services = {**SERVICES, "hatchet": ["hatchet"]}
    with Stage(broker) as stage:
        folder = stage.folder / "fleet"
        folder.mkdir()
        for service in services:
            shutil.copytree(FLEETS / service, folder / service)
        (folder / "fleet.yml").write_text(FOUR)
        stage.fleet(folder / "fleet.yml", services=services)
        stage.everybody()
        stage.greylag("up", "--accept-irreversible", "--target", f"lemmy={lemmy(247)}")
        counts = {t: len(stage.applied(t)) for t in services}
        wanted = {"uaa": 89, "concourse": 149, "lemmy": 247, "hatchet": len(list((FLEETS / "hatchet").glob("*.sql")))}
        expect(counts == wanted, f"applied: {counts}, not {wanted}")
        for target, name in (("uaa", "uaa"), ("concourse", "concourse"), ("lemmy", "lemmy-247")):
            same(stage.postgres.dump(target), reference(name), target)


def missing():
    return None if FLEETS.is_dir() else "../shared/fleets is not there"


def no_kafka():
    return missing() or os.environ.get("GREYLAG_NO_KAFKA")


def test_fleet_on_the_embedded_broker():
    return missing() or walk(Embedded)


def test_concourse_alone_on_the_embedded_broker():
    return missing() or alone(Embedded)


def test_four_layouts_as_one_fleet():
    return missing() or four(Embedded)


def test_fleet_on_kafka():
    return no_kafka() or walk(Kafka)


def test_concourse_alone_on_kafka():
    return no_kafka() or alone(Kafka)


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

"""`down --to RELEASE`: everything that later releases did is undone, and the fleet is what it was after that
release."""
import sys

import walk_fleet
from greylag import Stage, expect, scenarios

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


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

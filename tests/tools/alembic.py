"""Alembic: greylag plans its revisions from what fleet.yml declares, and takes over what the real tool has applied."""
import sys

import beside
import tools
from greylag import expect, scenarios


def test_order():
    """The planned order is one that Alembic takes: no revision drags another one with it that has not had its turn."""
    if why := tools.missing("alembic"):
        return why
    with beside.fleet("alembic", ["course"]) as stage:
        steps = stage.greylag("plan", "--offline", "--json", check=None).json()["steps"]
        alembic, whole = (tools.Alembic(stage.postgres, name, stage.folder / "fleet/course")
                          for name in ("one-by-one", "whole"))
        whole.up()
        done = set()
        for step in steps:
            version = step["migration"]
            alembic.run("upgrade", version)
            done.add(version)
            expect(set(alembic.applied()) <= done, f"{version} brought more: {alembic.applied()}")
        expect(len(steps) == len(list((stage.folder / "fleet/course/versions").glob("*.py"))), f"{len(steps)} steps")
        beside.same(*(beside.dump(stage.postgres, each.database, each.tables) for each in (alembic, whole)),
                    "one by one")
        beside.same(alembic.record(), whole.record(), "the record")


def test_import():
    """Of two heads, then of one that stands for everything: a head that another one depends on has no row."""
    if why := tools.missing("alembic"):
        return why
    with beside.fleet("alembic", ["course"]) as stage:
        alembic = tools.Alembic(stage.postgres, "course", stage.folder / "fleet/course")
        for head in ("a0000000b003", "c0000000d001"):
            alembic.run("upgrade", head)
        stage.everybody()
        stage.greylag("import", "--yes")
        first = [f"1a2b3c4d5e0{n}" for n in (1, 2, 3, 4)] + [f"a0000000b00{n}" for n in (1, 2, 3)] + ["c0000000d001"]
        expect(taken(stage) == sorted(first), f"taken over: {taken(stage)}")
        history = stage.history("course")
        stage.greylag("import", "--yes")
        expect(stage.history("course") == history, "it was taken over twice")
        refused = stage.greylag("up", "--accept-irreversible", check=None)
        expect(refused.code == 6 and "Alembic" in str(refused), f"greylag does not run them: {refused}")
        alembic.up()
        expect(alembic.applied() == ["9f00000000a3"], f"its rows: {alembic.applied()}")
        stage.greylag("import", "--yes")
        expect(len(taken(stage)) == 20, f"taken over in the end: {taken(stage)}")
        expect("nothing" in stage.greylag("up").out.lower(), "all of it is on record")


def taken(stage):
    return sorted(migration for migration, _ in stage.applied("course"))


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

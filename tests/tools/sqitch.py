# long
"""Sqitch: two projects in one database, the second standing on the first, against the real tool."""
import sys

import beside
import greylag
import tools
from greylag import Stage, expect, scenarios

CHANGES = greylag.SOURCE / "tests/unit/golden/sqitch-changes.txt"
TARGETS = {"identity": ["identity"], "shop": ["shop"]}


def test_fleet():
    if why := tools.missing("sqitch"):
        return why
    with beside.fleet("sqitch", TARGETS) as stage:
        folder = stage.folder / "fleet"
        stage.postgres.create("bookshop")
        stage.coordinator()
        for service in TARGETS:
            stage.worker(service, conninfo=stage.postgres.conninfo("bookshop"))
        stage.reporting()
        projects = {service: tools.Sqitch(stage.postgres, "reference", folder / service) for service in TARGETS}
        both = beside.Comparison(stage, projects, {service: "bookshop" for service in TARGETS})
        for project in projects.values():
            project.up()
        stage.greylag("up", "--accept-irreversible")
        both.dumps_are_the_same("after all of it")
        histories_are_the_same(stage, projects)
        projects["shop"].back(5)
        stage.greylag("down", "--service", "shop", "--steps", 5)
        both.dumps_are_the_same("after the way back")
        histories_are_the_same(stage, projects)


def test_change_ids():
    """tests/unit/golden/sqitch-changes.txt says what this tool records."""
    if why := tools.missing("sqitch"):
        return why
    with Stage() as stage:
        for service in TARGETS:
            project = tools.Sqitch(stage.postgres, "changes", beside.FLEETS / "sqitch" / service)
            project.up()
        rows = project.rows("select project, change, change_id, script_hash from sqitch.changes order by project, "
                            "committed_at")
        known = [line for line in CHANGES.read_text().splitlines() if not line.startswith("#")]
        beside.same("\n".join(known), "\n".join("\t".join(row) for row in rows), CHANGES.name)


def histories_are_the_same(stage, projects):
    """Both targets have their rows in one table: it is asked for each."""
    for service, project in projects.items():
        rows = stage.postgres.sql("bookshop", "select a.migration from greylag.applied a join greylag.target t on t.id "
                                              "= a.target_id "
                                              f"where t.target = '{service}' order by a.position")
        beside.same("\n".join(map(plain, rows.splitlines())), "\n".join(project.applied()), f"the history of {service}")


def plain(change):
    """A change that was reworked has the number of its form behind its name."""
    return change.split("#")[0]


def test_import():
    return tools.missing("sqitch") or beside.adopt("sqitch", "identity", tools.Sqitch, 6, found=plain)


def agrees(sqitch):
    said = str(sqitch.run("status"))
    expect("Nothing to deploy (up-to-date)" in said, f"status: {said}")
    sqitch.run("verify")


def one_more(folder):
    with open(folder / "sqitch.plan", "a") as plan:
        plan.write("one_more [users] 2025-01-01T00:00:00Z Kim <kim@example.org> # One more\n")
    for name, text in (("deploy", "create table one_more (id int);"), ("revert", "drop table one_more;")):
        (folder / name / "one_more.sql").write_text(f"BEGIN;\n{text}\nCOMMIT;\n")


def test_mirror():
    return tools.missing("sqitch") or beside.mirror("sqitch", "identity", tools.Sqitch, agrees, one_more, back=2)


def test_leaving():
    return tools.missing("sqitch") or beside.leave("sqitch", "identity", tools.Sqitch, agrees, one_more)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

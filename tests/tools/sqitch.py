"""Sqitch: two projects in one database, the second standing on the first, against the real tool."""
import sys

import tools
from greylag import scenarios

TARGETS = {"identity": ["identity"], "shop": ["shop"]}


def test_fleet():
    if why := tools.missing("sqitch"):
        return why
    with tools.fleet("sqitch", TARGETS) as stage:
        folder = stage.folder / "fleet"
        stage.postgres.create("bookshop")
        stage.coordinator()
        for service in TARGETS:
            stage.worker(service, conninfo=stage.postgres.conninfo("bookshop"))
        stage.reporting()
        projects = {service: tools.Sqitch(stage.postgres, "reference", folder / service) for service in TARGETS}
        both = tools.Comparison(stage, projects, {service: "bookshop" for service in TARGETS})
        for project in projects.values():
            project.up()
        stage.greylag("up", "--accept-irreversible")
        both.dumps_are_the_same("after all of it")
        histories_are_the_same(stage, projects)
        projects["shop"].back(5)
        stage.greylag("down", "--service", "shop", "--steps", 5)
        both.dumps_are_the_same("after the way back")
        histories_are_the_same(stage, projects)


def histories_are_the_same(stage, projects):
    """Both targets have their rows in one table: it is asked for each."""
    for service, project in projects.items():
        found = stage.postgres.sql("bookshop", f"select migration from greylag.applied where target = '{service}' order by position")
        tools.same(found, "\n".join(project.applied()), f"the history of {service}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

"""greylag beside the real migration tools, on the hand-written fleets of tests/fleets.

A fleet is applied by its layout's own tool on one database and by greylag on another: dumps and histories must be the
same. What a tool keeps for itself is left out of the dump. Then the changes of side: greylag takes over what a tool has
begun, and a tool goes on where greylag kept its record for it."""
import contextlib
import difflib
import functools
import re
import shutil
import subprocess

import greylag
from greylag import Failed, Stage, expect

FLEETS = greylag.SOURCE / "tests/fleets"


def dump(postgres, database, tables=(), schemas=(), rows=True):
    """Schema, rights and rows, without greylag's own and without those of tools."""
    text = subprocess.run(
        [postgres.bin / "pg_dump", "--no-owner", "--exclude-schema=greylag", *([] if rows else ["--schema-only"]),
         *(f"--exclude-table={table}" for table in tables), *(f"--exclude-schema={schema}" for schema in schemas),
         "-d", postgres.conninfo(database)], check=True, capture_output=True, text=True).stdout
    return greylag.steady(text)


def same(found, wanted, what):
    if found != wanted:
        lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), "the tool", "greylag", lineterm="", n=2)
        raise Failed(f"{what} differs:\n" + "\n".join(list(lines)[:60]))


class Comparison:
    """A fleet on a stage: `tools` = {service: its tool, on a database beside the service's own target}."""

    def __init__(self, stage, tools, targets=None):
        """`targets`: {service: database}, where it is not the target's own name."""
        self.stage, self.tools = stage, tools
        self.targets = targets or {service: service for service in tools}

    def dumps_are_the_same(self, when, rows=True):
        for service, tool in self.tools.items():
            found, wanted = (dump(self.stage.postgres, database, tool.tables, tool.schemas, rows)
                             for database in (self.targets[service], tool.database))
            same(found, wanted, f"{service} {when}")

    def histories_are_the_same(self, wanted=str, found=str):
        """`wanted`, `found`: how a version of the tool, of greylag, is written to be compared."""
        for service, tool in self.tools.items():
            have = [found(migration) for migration, _ in self.stage.applied(service)][-tool.remembers:]
            want = [wanted(version) for version in tool.applied()]
            same("\n".join(have), "\n".join(want), f"the history of {service}")


@contextlib.contextmanager
def fleet(layout, services, environment=None):
    """A stage with a copy of a fleet of tests/fleets, its coordinator and workers ready. `services`: their names, each
    with one target of that name."""
    with Stage(environment=environment) as stage:
        folder = stage.folder / "fleet"
        shutil.copytree(FLEETS / layout, folder)
        stage.fleet(folder / "fleet.yml", services={service: [service] for service in services})
        stage.greylag = functools.partial(stage.greylag, limit=120)
        yield stage


def compare(layout, tools, back=None, folders=None, wanted=str, found=str, more=None):
    """The whole of a fleet up, and then so many steps back in each service, by its tool and by greylag.

    `tools`: {service: what makes its tool, of (postgres, database, folder)}; `back`: {service: steps}; `folders`: where
    a service's is not of its name; `wanted`, `found`: how versions of the tool, of greylag, are written to be compared;
    `more(stage, comparison)` goes on from there."""
    with fleet(layout, tools) as stage:
        made = {service: make(stage.postgres, service + "-reference",
                              stage.folder / "fleet" / (folders or {}).get(service, service))
                for service, make in tools.items()}
        stage.everybody()
        both = Comparison(stage, made)
        for tool in made.values():
            tool.up()
        stage.greylag("up", "--accept-irreversible")
        both.dumps_are_the_same("after all of it")
        both.histories_are_the_same(wanted, found)
        for service, steps in (back or {}).items():
            made[service].back(steps)
            stage.greylag("down", "--service", service, "--steps", steps)
        if back:
            both.dumps_are_the_same("after the way back")
            both.histories_are_the_same(wanted, found)
        if more:
            more(stage, both)


def adopt(layout, service, make, first, wanted=str, found=str, options="", ignore=(), more=None):
    """The tool applies the first so many, greylag takes that over and does the rest: the database is then the same as
    one where the tool did everything. `options`: lines of the service in fleet.yml; `ignore`: tables that may
    differ."""
    only = ("--service", service)
    with fleet(layout, [service]) as stage:
        folder = stage.folder / "fleet" / service
        add_lines(stage, service, options)
        tool, whole = make(stage.postgres, service, folder), make(stage.postgres, "reference", folder)
        tool.part(first)
        whole.up()
        stage.everybody()
        before = dump(stage.postgres, service)
        refused = stage.greylag("up", "--accept-irreversible", *only, check=None)
        expect(refused.code not in (0, 3, 4) and "import" in str(refused),
               f"a history that nobody took over: {refused}")
        stage.greylag("import", "--yes", *only)
        same(dump(stage.postgres, service), before, "what was taken over")
        taken = [found(migration) for migration, _ in stage.applied(service)]
        expect(taken[-tool.remembers:] == [wanted(version) for version in tool.applied()], f"taken over: {taken}")
        history = stage.history(service)
        stage.greylag("import", "--yes", *only)
        expect(stage.history(service) == history, f"it was taken over twice: {stage.history(service)[len(history):]}")
        stage.greylag("up", "--accept-irreversible", *only)
        tables = (*tool.tables, *ignore)
        same(dump(stage.postgres, service, tables, tool.schemas),
             dump(stage.postgres, "reference", tables, tool.schemas), "the rest")
        if more:
            more(stage, tool, whole)


def mirror(layout, service, make, agrees, one_more, options="", ignore=(), back=0):
    """greylag does everything and keeps the tool's record beside its own: it is what the tool itself would have
    written;
    the tool agrees, and goes on. `agrees(tool)` asks it; `one_more(folder)` adds a migration that makes the table
    `one_more`; `back`: so many steps, by both, before that."""
    only = ("--service", service)
    with fleet(layout, [service]) as stage:
        folder = stage.folder / "fleet" / service
        add_lines(stage, service, "    mirror_history: true\n" + options)
        tool, alone = make(stage.postgres, service, folder), make(stage.postgres, "reference", folder)
        alone.up()
        stage.everybody()
        stage.greylag("up", "--accept-irreversible", *only)
        same(tool.record(), alone.record(), "the record")
        agrees(tool)
        if back:
            stage.greylag("down", "--service", service, "--steps", back)
            alone.back(back)
            same(tool.record(), alone.record(), "the record after the way back")
            tool.up()
            alone.up()
        hand_back(stage, service, tool, alone, agrees, one_more, ignore)


def hand_back(stage, service, tool, alone, agrees, one_more, ignore):
    """The tool goes on from the record that greylag kept, and greylag from what the tool did."""
    one_more(tool.folder)
    for each in (tool, alone):
        each.up()
    expect(tool.sql("select count(*) from one_more") == "0", "the tool went on")
    tables = (*tool.tables, *ignore)
    same(dump(stage.postgres, service, tables, tool.schemas),
         dump(stage.postgres, "reference", tables, tool.schemas), "in the end")
    agrees(tool)
    stage.greylag("import", "--yes", "--service", service)
    expect("nothing" in stage.greylag("up", "--service", service).out.lower(),
           "the tool's last one is taken over as well")


def leave(layout, service, make, agrees, one_more, options="", ignore=(), late=None):
    """greylag does everything and keeps no record but its own. Then mirror_history is switched on, and a repair writes
    the tool's record as the tool itself would have; it agrees, and goes on. The arguments are those of mirror();
    `late`: the version up to which the record is not kept, while the rest is."""
    only = ("--service", service)
    with fleet(layout, [service]) as stage:
        folder = stage.folder / "fleet" / service
        add_lines(stage, service, options)
        tool, alone = make(stage.postgres, service, folder), make(stage.postgres, "reference", folder)
        alone.up()
        stage.everybody()
        stage.greylag("up", "--accept-irreversible", *only, *(("--target", f"{service}={late}") if late else ()))
        add_lines(stage, service, "    mirror_history: true\n")
        if late:
            stage.greylag("up", "--accept-irreversible", *only)
        applied = stage.applied(service)
        shown = stage.greylag("repair", "--dry-run", *only)
        expect("into the record of its own tool" in shown.out, f"a repair lists what is missing: {shown}")
        stage.greylag("repair", "--yes", *only)
        same(tool.record(), alone.record(), "the record")
        expect(stage.applied(service) == applied, f"our own record stays as it is: {stage.applied(service)}")
        again = stage.greylag("repair", "--yes", *only)
        expect("nothing to record" in again.out and tool.record() == alone.record(), f"twice without harm: {again}")
        agrees(tool)
        hand_back(stage, service, tool, alone, agrees, one_more, ignore)


def refuse(layout, service, make, spoil, word):
    """A record that a person has to look at is not taken over. `spoil(stage, tool)` makes it; `word` must be said."""
    only = ("--service", service)
    with fleet(layout, [service]) as stage:
        tool = make(stage.postgres, service, stage.folder / "fleet" / service)
        spoil(stage, tool)
        stage.everybody()
        refused = stage.greylag("import", "--yes", *only, check=None)
        expect(refused.code not in (0, 3, 4) and word in str(refused), f"it must say {word!r}: {refused}")
        expect(stage.postgres.sql(service, "select count(*) from greylag.applied") == "0", "something was taken over")


def add_lines(stage, service, lines):
    """Options of a service; its line in fleet.yml may be in flow style."""
    text = stage.fleet_file.read_text()
    flow = re.search(rf"^  {service}: {{(.*)}}$", text, re.M)
    if flow:
        block = "".join(f"    {part.strip()}\n" for part in re.split(r", (?![^\[{]*[\]}])", flow[1]))
        text = text.replace(flow[0] + "\n", f"  {service}:\n{block}")
    stage.fleet_file.write_text(text.replace(f"  {service}:\n", f"  {service}:\n{lines}"))


def number(version):
    """Versions that are numbers, whatever stands before them: 0007 is 7."""
    return str(int(re.match(r"\d+", version).group()))

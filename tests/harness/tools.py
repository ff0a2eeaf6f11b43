"""The real migration tools, started on databases of a test, and the fleets of tests/fleets.

A fleet is applied by its layout's own tool on one database of a service and by greylag on another; both dumps and both
histories must be the same. What a tool keeps for itself is left out of the dump. tests/harness/tools installs them; a
scenario of a tool that cannot be installed is skipped, with the reason."""
import contextlib
import difflib
import functools
import os
import pathlib
import re
import shutil
import subprocess

import greylag
from greylag import Failed, Stage, expect

FLEETS = greylag.SOURCE / "tests/fleets"
INSTALLER = greylag.SOURCE / "tests/harness/tools"
PLACE = pathlib.Path(os.environ.get("GREYLAG_TOOLS") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "greylag/tools")
LIMIT = 120  # seconds that one call of a tool may take


@functools.cache
def folder_of(tool):
    listed = subprocess.run([INSTALLER, "list"], check=True, capture_output=True, text=True).stdout
    return PLACE / "-".join(next(line for line in listed.splitlines() if line.startswith(tool + " ")).split())


def missing(tool):
    """None where a tool can be used, else why not. Installs it unless tests/run has just tried that."""
    folder = folder_of(tool)
    if not (folder / "complete").exists() and "GREYLAG_TOOLS_FETCHED" not in os.environ:
        subprocess.run([INSTALLER, "fetch", tool], check=False, stdout=subprocess.DEVNULL)
    if (folder / "complete").exists():
        return None
    why = folder / "why"
    return f"{tool} cannot be installed: {why.read_text().strip() if why.exists() else 'it was not tried'}"


class Tool:
    """A tool on one database. `folder`: the service's migrations. Subclasses say how it is called, and what its own
    tables are, without which a database is dumped."""

    name = None
    tables = ()  # patterns of pg_dump
    schemas = ()
    remembers = 0  # how many of the last versions it knows; 0: all

    def __init__(self, postgres, database, folder):
        self.postgres, self.database, self.folder = postgres, database, folder
        postgres.create(database)
        self.port = re.search(r"port=(\d+)", postgres.base).group(1)
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def command(self, *arguments):
        raise NotImplementedError

    def environment(self):
        return {}

    def run(self, *arguments, check=0):
        """Its result, with what it said on both outputs. `check`: the exit code that is expected, None: any."""
        done = greylag.Result(subprocess.run(
            [str(part) for part in self.command(*arguments)], capture_output=True, text=True, timeout=LIMIT,
            cwd=self.folder, stdin=subprocess.DEVNULL, env={**os.environ, **self.environment()}))
        if check is not None:
            expect(done.code == check, f"{self.name} {' '.join(map(str, arguments))}: expected exit {check}, got {done}")
        return done

    @property
    def program(self):
        return folder_of(self.name) / "bin" / self.name

    def sql(self, text):
        return self.postgres.sql(self.database, text)

    def rows(self, text):
        return [tuple(row.split("|")) for row in self.sql(text).splitlines()]

    # ---- what all of them can do: up, so many back, and what they say is applied ----

    def up(self):
        raise NotImplementedError

    def back(self, steps):
        raise NotImplementedError

    def applied(self):
        """Versions, in the order in which they were applied, as greylag names them."""
        raise NotImplementedError


class Flyway(Tool):
    name = "flyway"
    table = "flyway_schema_history"
    tables = ("flyway_schema_history", "schema_version")
    placeholders = {}

    def command(self, *arguments):
        # The lock that its own documentation advises against with CONCURRENTLY would wait for ever.
        return [self.program, f"-url=jdbc:postgresql://127.0.0.1:{self.port}/{self.database}", "-user=postgres", "-password=x",
                "-skipCheckForUpdate", "-color=never", "-postgresql.transactional.lock=false", f"-table={self.table}",
                f"-locations=filesystem:{self.folder}",
                *(f"-placeholders.{name}={value}" for name, value in self.placeholders.items()), *arguments]

    def up(self, *options):
        self.run(*options, "migrate")

    def applied(self):
        rows = self.rows(f"select coalesce(version, ''), description from {self.table} where type = 'SQL' order by installed_rank")
        return [version or "R " + description for version, description in rows]


class Goose(Tool):
    name = "goose"
    tables = ("goose_db_version", "goose_db_version_id_seq")

    def command(self, *arguments):
        return [self.program, "-dir", self.folder, "postgres",
                f"host=127.0.0.1 port={self.port} user=postgres dbname={self.database}", *arguments]

    def up(self):
        self.run("up")

    def back(self, steps):
        for _ in range(steps):
            self.run("down")

    def applied(self):
        return [row for row, in self.rows("select version_id from goose_db_version where version_id > 0 order by id")]


class GolangMigrate(Tool):
    name = "golang-migrate"
    tables = ("schema_migrations",)
    remembers = 1

    def command(self, *arguments):
        return [self.program, "-path", self.folder, "-database", self.url, *arguments]

    def up(self):
        self.run("up")

    def back(self, steps):
        self.run("down", steps)

    def applied(self):
        return [row for row, in self.rows("select version from schema_migrations where not dirty")]


class Dbmate(Tool):
    name = "dbmate"
    tables = ("schema_migrations",)

    def command(self, *arguments):
        return [self.program, "--url", self.url, "-d", self.folder, "--no-dump-schema", *arguments]

    def up(self):
        self.run("up")

    def back(self, steps):
        for _ in range(steps):
            self.run("down")

    def applied(self):
        """It keeps no order; that of its files is the order of their names."""
        known = {row for row, in self.rows("select version from schema_migrations")}
        names = sorted(path.name for path in pathlib.Path(self.folder).glob("*.sql"))
        return [version for version in (re.match(r"\d+", name).group() for name in names) if version in known]


class Sqitch(Tool):
    """One project of a database; others stand in the same registry."""

    name = "sqitch"
    schemas = ("sqitch",)

    def environment(self):
        return {"SQITCH_FULLNAME": "Tester", "SQITCH_EMAIL": "tester@example.org", "SQITCH_USERNAME": "postgres"}

    def command(self, verb, *arguments):
        return [self.program, "--quiet" if verb in ("deploy", "revert") else "--no-pager", verb,
                f"db:pg://postgres@127.0.0.1:{self.port}/{self.database}", *arguments]

    def up(self):
        self.run("deploy", "--verify")

    def back(self, steps):
        self.run("revert", "--to", f"@HEAD^{steps}", "-y")

    def applied(self):
        return [row for row, in self.rows(f"select change from sqitch.changes where project = '{self.folder.name}' "
                                          "order by committed_at")]


class Liquibase(Tool):
    name = "liquibase"
    tables = ("databasechangelog", "databasechangeloglock")

    def command(self, *arguments):
        return [self.program, f"--search-path={self.folder}", "--show-banner=false", "--changelog-file=root.xml",
                f"--url=jdbc:postgresql://127.0.0.1:{self.port}/{self.database}", "--username=postgres", "--password=x",
                *arguments]

    def up(self):
        self.run("update")

    def back(self, steps):
        self.run("rollback-count", f"--count={steps}")

    def applied(self):
        return ["::".join(row) for row in
                self.rows("select filename, id, author from databasechangelog order by orderexecuted")]


class Alembic(Tool):
    name = "alembic"
    tables = ("alembic_version",)

    def environment(self):
        return {"DATABASE_URL": f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/{self.database}",
                "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *arguments):
        return [self.program, "-c", self.folder / "alembic.ini", *arguments]

    def up(self):
        self.run("upgrade", "heads")

    def applied(self):
        return [row for row, in self.rows("select version_num from alembic_version order by 1")]


class Psql(Tool):
    """Layouts that no tool is needed for: whoever has them runs their files one after the other."""

    name = "psql"

    def __init__(self, postgres, database, folder, steps):
        """`steps`: [(version, text of up, text of down)], in their order; a text may be a path."""
        super().__init__(postgres, database, folder)
        self.steps, self.done = steps, []

    def command(self, *arguments):
        return [self.postgres.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.postgres.conninfo(self.database), *arguments]

    def play(self, text):
        if isinstance(text, pathlib.Path):
            return self.run("-f", text)
        file = self.postgres.folder.parent / f"{self.database}.sql"
        file.write_text(text)
        return self.run("-f", file)

    def up(self):
        for step in self.steps[len(self.done):]:
            self.play(step[1])
            self.done.append(step[0])

    def back(self, steps):
        for _ in range(steps):
            version = self.done.pop()
            self.play(next(down for name, _, down in self.steps if name == version))

    def applied(self):
        return self.done


# ---- comparing ----

def dump(postgres, database, tables=(), schemas=()):
    """Schema, rights and rows, without greylag's own and without those of tools."""
    text = subprocess.run(
        [postgres.bin / "pg_dump", "--no-owner", "--exclude-schema=greylag",
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

    def dumps_are_the_same(self, when):
        for service, tool in self.tools.items():
            found = dump(self.stage.postgres, self.targets[service], tool.tables, tool.schemas)
            same(found, dump(self.stage.postgres, tool.database, tool.tables, tool.schemas), f"{service} {when}")

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
        yield stage


def compare(layout, tools, back=None, folders=None, wanted=str, found=str, more=None):
    """The whole of a fleet up, and then so many steps back in each service, by its tool and by greylag.

    `tools`: {service: what makes its tool, of (postgres, database, folder)}; `back`: {service: steps}; `folders`: where a
    service's is not of its name; `wanted`, `found`: how versions of the tool, of greylag, are written to be compared;
    `more(stage, comparison)` goes on from there."""
    with fleet(layout, tools) as stage:
        made = {service: make(stage.postgres, service + "-reference", stage.folder / "fleet" / (folders or {}).get(service, service))
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


def number(version):
    """Versions that are numbers, whatever stands before them: 0007 is 7."""
    return str(int(re.match(r"\d+", version).group()))

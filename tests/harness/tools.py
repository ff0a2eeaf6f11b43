"""The real migration tools, started on databases of a test.

tests/harness/tools installs them; a scenario of a tool that cannot be installed is skipped, with the reason."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import greylag
from greylag import expect

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
            expect(done.code == check,
                   f"{self.name} {' '.join(map(str, arguments))}: expected exit {check}, got {done}")
        return done

    @property
    def program(self):
        return folder_of(self.name) / "bin" / self.name

    def sql(self, text):
        return self.postgres.sql(self.database, text)

    def rows(self, text):
        return [tuple(row.split("|")) for row in self.sql(text).splitlines()]

    def record(self):
        """Its own record, without what differs between runs, to be compared with another one of it."""
        raise NotImplementedError

    # ---- what all of them can do: up, so many back, and what they say is applied ----

    def up(self):
        raise NotImplementedError

    def part(self, steps):
        """The first so many."""
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
        return [self.program, f"-url=jdbc:postgresql://127.0.0.1:{self.port}/{self.database}", "-user=postgres",
                "-password=x",
                "-skipCheckForUpdate", "-color=never", "-postgresql.transactional.lock=false", f"-table={self.table}",
                f"-locations=filesystem:{self.folder}",
                *(f"-placeholders.{name}={value}" for name, value in self.placeholders.items()), *arguments]

    def up(self, *options):
        self.run(*options, "migrate")

    def part(self, steps):
        versions = sorted((found[1] for path in self.folder.rglob("V*")
                           if (found := re.match(r"V([\d._]+?)(__.*)?\.sql$", path.name, re.I))),
                          key=lambda version: [int(number) for number in re.findall(r"\d+", version)])
        self.up(f"-target={versions[steps - 1]}")

    def record(self):
        return self.sql(f"select version, description, type, script, checksum, success from {self.table} "
                        "where type <> 'SCHEMA' order by installed_rank")

    def back(self, steps):
        """Not in the edition that everybody has."""

    def applied(self):
        rows = self.rows(f"select coalesce(version, ''), description from {self.table} where type like 'SQL%' order by "
                         f"installed_rank")
        return [version or "R " + description for version, description in rows]


class Goose(Tool):
    name = "goose"
    tables = ("goose_db_version", "goose_db_version_id_seq")

    def command(self, *arguments):
        return [self.program, "-dir", self.folder, "postgres",
                f"host=127.0.0.1 port={self.port} user=postgres dbname={self.database}", *arguments]

    def up(self):
        self.run("up")

    def part(self, steps):
        for _ in range(steps):
            self.run("up-by-one")

    def back(self, steps):
        for _ in range(steps):
            self.run("down")

    def record(self):
        return self.sql("select version_id, is_applied from goose_db_version order by id")

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

    def part(self, steps):
        self.run("up", steps)

    def back(self, steps):
        self.run("down", steps)

    def record(self):
        return self.sql("select version, dirty from schema_migrations")

    def applied(self):
        return [row for row, in self.rows("select version from schema_migrations where not dirty")]


class Dbmate(Tool):
    name = "dbmate"
    tables = ("schema_migrations",)

    def command(self, *arguments):
        return [self.program, "--url", self.url, "-d", self.folder, "--no-dump-schema", *arguments]

    def up(self):
        self.run("up")

    def part(self, steps):
        """It has no word for that: the rest is hidden from it."""
        whole = self.folder
        with tempfile.TemporaryDirectory() as folder:
            for path in sorted(whole.glob("*.sql"), key=lambda path: path.name)[:steps]:
                shutil.copy(path, folder)
            self.folder = pathlib.Path(folder)
            self.up()
        self.folder = whole

    def back(self, steps):
        for _ in range(steps):
            self.run("down")

    def record(self):
        return self.sql("select version from schema_migrations order by version")

    def applied(self):
        """It keeps no order; that of its files is the order of their names."""
        known = {row for row, in self.rows("select version from schema_migrations")}
        names = sorted(path.name for path in pathlib.Path(self.folder).glob("*.sql"))
        return [version for version in (re.match(r"\d+", name).group() for name in names) if version in known]


class Diesel(Tool):
    name = "diesel"
    tables = ("__diesel_schema_migrations",)

    def command(self, *arguments):
        return [self.program, "migration", "--migration-dir", self.folder, "--database-url", self.url, *arguments]

    def up(self):
        self.run("run")

    def part(self, steps):
        """It has no word for that: the rest is hidden from it."""
        whole = self.folder
        with tempfile.TemporaryDirectory() as folder:
            for path in sorted(whole.iterdir(), key=diesel_version)[:steps]:
                shutil.copytree(path, pathlib.Path(folder) / path.name)
            self.folder = pathlib.Path(folder)
            self.up()
        self.folder = whole

    def back(self, steps):
        self.run("revert", "-n", steps)

    def record(self):
        return self.sql("select version from __diesel_schema_migrations order by version")

    def applied(self):
        """As their order is: that of versions."""
        rows = self.rows('select version from __diesel_schema_migrations order by version collate "C"')
        return [row for row, in rows]


def diesel_version(path):
    """By the folder's name up to the first "_", dashes dropped, compared as text (migrations_internals: lib.rs)."""
    return path.name.split("_")[0].replace("-", "")


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

    def part(self, steps):
        self.run("deploy", "--verify", "--to", f"@ROOT~{steps - 1}" if steps > 1 else "@ROOT")

    def record(self):
        """Of its project: changes, what they need, tags; and that something was deployed."""
        mine = f"project = '{self.folder.name}'"
        return "\n".join(self.sql(text) for text in (
            f"select project, uri from sqitch.projects where {mine}",
            f"select change, change_id, script_hash, note, planned_at, planner_name, planner_email from sqitch.changes "
            f"where {mine} "
            "order by committed_at",
            f"select c.change, d.type, d.dependency, d.dependency_id from sqitch.dependencies d join sqitch.changes c "
            f"using (change_id) "
            f"where {mine} order by c.committed_at, d.dependency",
            f"select tag, tag_id, change_id, note, planned_at, planner_name from sqitch.tags where {mine} order by tag",
            f"select event, change, requires, conflicts, tags from sqitch.events where {mine} order by committed_at"))

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

    def part(self, steps):
        self.run("update-count", f"--count={steps}")

    def record(self):
        """Without the sums: Liquibase fills in one where it finds none."""
        return self.sql("select orderexecuted, id, author, filename, exectype, description, comments, tag, contexts, "
                        "labels "
                        "from databasechangelog order by orderexecuted")

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

    def record(self):
        return self.sql("select version_num from alembic_version order by 1")

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
        return [self.postgres.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.postgres.conninfo(self.database),
                *arguments]

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

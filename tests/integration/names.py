"""The same text runs once on a database, whatever it is called: services, files, fleets and control databases that get
another name, on one PostgreSQL server that stays, with `greylag dev`."""
# long
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from greylag import BUILD, Postgres, expect, scenarios, wait

TEXTS = ["CREATE TABLE t (n int);\nINSERT INTO t VALUES (1);\n", "INSERT INTO t VALUES (2);\n",
         "INSERT INTO t VALUES (3);\n"]


class Place:
    """A server, and a folder for fleets on it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="greylag-names-"))
        self.folder.chmod(0o755)
        self.postgres = Postgres(self.folder / "pg", "autovacuum=off")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fleet(self, text, **services):
        """`services`: {folder: [(file name, SQL)]}."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "fleet.yml").write_text(text)
        for service, files in services.items():
            (folder / service).mkdir()
            for name, sql in files:
                (folder / service / f"{name}.up.sql").write_text(sql)
                (folder / service / f"{name}.down.sql").write_text(f"SELECT '{name}';\n")
        return folder / "fleet.yml"

    def dev(self, fleet, check=0):
        """Applies what is pending; what it says."""
        done = subprocess.run([BUILD / "bin/greylag", "dev", str(fleet), "--exit", "--postgres",
                               self.postgres.conninfo()], capture_output=True, text=True, timeout=300,
                              stdin=subprocess.DEVNULL)
        said = done.stdout + done.stderr
        expect(done.returncode == check, f"exit {done.returncode}, not {check}: {said}")
        return said

    def talk(self, fleet, *commands):
        """Everything is started and nothing applied; then these commands: (exit code, *arguments). What they say."""
        ready, said = self.folder / "ready", []
        ready.unlink(missing_ok=True)
        with open(self.folder / "dev.log", "w", encoding="utf-8") as log:
            dev = subprocess.Popen([BUILD / "bin/greylag", "dev", str(fleet), "--no-up", "--ready-file", str(ready),
                                    "--postgres", self.postgres.conninfo()], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
        try:
            wait(lambda: ready.exists() or dev.poll() is not None, lambda: (self.folder / "dev.log").read_text(), 120)
            at = json.loads(ready.read_text())
            for code, command, *arguments in commands:
                done = subprocess.run([BUILD / "bin/greylag", command, *arguments, "--fleet", str(fleet)],
                                      capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                                      env={**os.environ, "GREYLAG_URL": at["url"], "GREYLAG_TOKEN": at["token"]})
                said.append(done.stdout + done.stderr)
                expect(done.returncode == code,
                       f"{command} {arguments}: exit {done.returncode}, not {code}: {said[-1]}")
        finally:
            dev.send_signal(signal.SIGINT)
            dev.wait(60)
        return said

    def has(self, rows, applied):
        """How many rows the texts have inserted, and what is on record, by fleet and service."""
        found = self.postgres.sql("user", "SELECT count(*) FROM t")
        expect(found == str(rows), f"{found} rows in t, not {rows}")
        found = self.postgres.sql("user", "SELECT string_agg(t.fleet || '/' || t.service || ':' || a.migration, ' ' "
                                          "ORDER BY t.fleet, t.service, a.position) FROM greylag.applied a "
                                          "JOIN greylag.target t ON t.id = a.target_id")
        expect(found == applied, f"on record: {found}, not {applied}")


FLEET = "fleet: {0}\nservices:\n  {1}: {{migrations: m, targets: [user]}}\n"


def files(*numbers):
    return [(f"{n}_t", TEXTS[i]) for i, n in enumerate(numbers)]


def test_names_that_change():
    with Place() as place:
        place.dev(place.fleet(FLEET.format("case", "user"), m=files(1, 2)))
        place.has(2, "case/user:1 case/user:2")

        print("# padded with zeros, it is the same version")
        said = place.dev(place.fleet(FLEET.format("case", "user"), m=files("000001", "000002")))
        expect("ahead" not in said, said)
        place.has(2, "case/user:1 case/user:2")

        print("# renamed, it is refused by name, and taken over")
        renamed = place.fleet(FLEET.format("case", "accounts"), m=files(1, 2, 3))
        said = place.dev(renamed, check=6)
        expect("1 (1 of case/dev/user/user), 2 (2 of case/dev/user/user)" in said and "greylag import" in said, said)
        place.has(2, "case/user:1 case/user:2")
        shown, _, again, *_ = place.talk(
            renamed, (0, "import", "--dry-run"), (0, "import", "--yes"), (0, "import", "--yes"), (0, "up"),
            (0, "down", "--service", "accounts", "--steps", "2"), (0, "up"))
        expect("from 2 of case/dev/user/user" in shown, shown)
        expect("nothing to record" in again, again)
        place.has(5, "case/accounts:1 case/accounts:2 case/accounts:3") # 2 and 3 ran once more: they were undone

        print("# an applied file that was renumbered after a merge")
        renumbered = place.fleet(FLEET.format("case", "accounts"), m=files(1, 2, 4))
        said = place.dev(renumbered, check=6)
        expect("4 (3 of case/dev/accounts/user)" in said, said)
        place.talk(renumbered, (0, "import", "--yes"), (0, "up"))
        place.has(5, "case/accounts:1 case/accounts:2 case/accounts:4")

        print("# another fleet, with a control database of its own")
        place.postgres.sql("postgres", 'ALTER DATABASE "greylag-control" RENAME TO earlier')
        other = place.fleet(FLEET.format("other", "people"), m=files(1, 2, 4))
        said = place.dev(other, check=6)
        expect("of case/dev/accounts/user" in said, said)
        place.talk(other, (0, "import", "--yes"), (0, "up"))
        place.has(5, "other/people:1 other/people:2 other/people:4")


def test_two_services_on_one_database():
    """Each has its record; what both begin with is meant so in one release, and is refused when it comes later."""
    both = ("fleet: both\nservices:\n  user: {migrations: user}\n  bill: {migrations: bill, depends_on: [user]}\n"
            "dev: {targets: {bill: {database: user}}}\n")
    same = ("1_same", "CREATE TABLE IF NOT EXISTS t (n int);\n")
    mine, its, late = (("2_own", "INSERT INTO t VALUES (1);\n"), ("2_own", "INSERT INTO t VALUES (2);\n"),
                       ("3_late", "INSERT INTO t VALUES (3);\n"))
    with Place() as place:
        place.dev(place.fleet(both, user=[same, mine], bill=[same, its]))
        place.has(2, "both/bill:1 both/bill:2 both/user:1 both/user:2")
        place.dev(place.fleet(both, user=[same, mine, late], bill=[same, its]))
        said = place.dev(place.fleet(both, user=[same, mine, late], bill=[same, its, late]), check=6)
        expect("bill on bill: 1 pending migration is applied in that database already" in said, said)
        place.has(3, "both/bill:1 both/bill:2 both/user:1 both/user:2 both/user:3")


def test_a_target_that_was_replaced_is_asked_first():
    """`plan` does not say from memory that nothing is pending either."""
    with Place() as place:
        fleet = place.fleet(FLEET.format("case", "user"), m=files(1))
        place.dev(fleet)
        said, = place.talk(fleet, (0, "plan"))
        expect("Nothing is pending." in said, said)
        place.postgres.sql("postgres", 'DROP DATABASE "user" WITH (FORCE)')
        place.postgres.sql("postgres", 'CREATE DATABASE "user"')
        said, = place.talk(fleet, (0, "plan"))
        expect("1 step to apply" in said, said)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

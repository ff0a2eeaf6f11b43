# long
"""PostgreSQL of other versions: the worker's own tests, non-transactional steps and their repair among them; a fleet
forward, back and down; another tool's record taken over; the demo's two releases; and a real fleet."""
import os
import shutil
import subprocess
import sys
import tempfile

import greylag
import versions
import walk_fleet
from greylag import BUILD, SOURCE, Postgres, Stage, expect

PROGRAMS = ["unit_executor_transaction", "unit_executor_outside", "unit_executor_units", "unit_executor_session",
            "unit_executor_copy", "unit_executor_kinds", "unit_executor_recorded", "unit_executor_foreign",
            "unit_executor_elsewhere", "unit_ledger_fence", "integration_worker"]
OWNERS = """CREATE TABLE owners (id int PRIMARY KEY); CREATE TABLE pets (id int);
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (2, false);"""


def programs(postgres):
    """The worker's tests, on this server."""
    environment = {**os.environ, "GREYLAG_TEST_POSTGRES": postgres.base}
    for name in PROGRAMS:
        done = subprocess.run([BUILD / "tests" / name, "--tap=-", "--quiet"], capture_output=True, text=True,
                              env=environment)
        bad = [line for line in done.stdout.splitlines() if line.startswith("not ok")]
        print(f"# {name}: {sum(line.startswith('ok') for line in done.stdout.splitlines())} tests", flush=True)
        expect(done.returncode == 0, f"{name}: {bad}\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def forward_back_and_down(postgres):
    with Stage(postgres=postgres) as stage:
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.everybody()
        stage.greylag("up")
        before = {target: stage.dump(target) for target in stage.services}
        walk_fleet.write(stage.folder / "fleet", walk_fleet.SECOND)
        stage.greylag("up", check=3)
        for target, dump in before.items():
            expect(stage.dump(target) == dump, f"{target} is not what it was before")
        stage.greylag("down", "--all")
        for target in stage.services:
            expect(not stage.applied(target), f"{target} is not empty")


def taken_over(postgres):
    """golang-migrate's record says 2: the third is applied, and the first two are not run again."""
    with Stage(postgres=postgres) as stage:
        folder = stage.folder / "fleet"
        (folder / "pets").mkdir(parents=True)
        (folder / "fleet.yml").write_text("fleet: pets\nservices:\n  pets: {migrations: pets, layout: golang-migrate}\n"
                                          "environments: {dev: {}}\n")
        for name, text in (("1_owners", "CREATE TABLE owners (id int PRIMARY KEY);"),
                           ("2_pets", "CREATE TABLE pets (id int);"), ("3_name", "ALTER TABLE pets ADD name text;")):
            (folder / f"pets/{name}.up.sql").write_text(text)
        stage.fleet(folder / "fleet.yml", services={"pets": ["pets"]})
        stage.sql("pets", OWNERS)
        stage.everybody()
        stage.greylag("import", "--service", "pets", "--yes")
        stage.greylag("up", "--accept-irreversible")
        found = [migration for migration, _ in stage.applied("pets")]
        expect(found == ["1", "2", "3"], f"applied: {found}")


def demo(postgres):
    """`greylag dev` on this server: the first release succeeds, the second goes back."""
    with tempfile.TemporaryDirectory(prefix="greylag-demo-") as folder:
        for release, code in (("release-1", 0), ("release-2", 3)):
            shutil.copytree(SOURCE / "deploy/demo" / release, folder, dirs_exist_ok=True)
            done = subprocess.run([BUILD / "bin/greylag", "dev", f"{folder}/fleet.yml", "--exit", "--postgres",
                                   postgres.base], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            expect(done.returncode == code,
                   f"{release}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def real_fleet(folder):
    """concourse's 149 migrations up and down, where its files are. Not lemmy's, of which one is refused by 13 and
    another one by all before 16; and its reference dumps need a pg_dump as new as the server."""
    done = subprocess.run([sys.executable, SOURCE / "tests/integration/real_input.py",
                           "concourse_alone_on_the_embedded_broker"],
                          capture_output=True, text=True, env={**os.environ, "GREYLAG_POSTGRES_BIN": folder})
    print("".join(f"# {line}\n" for line in done.stdout.splitlines()), end="", flush=True)
    expect(done.returncode == 0, f"the real fleet: {done.stdout[-3000:]}{done.stderr[-2000:]}")


def scenario(version, folder):
    os.environ["GREYLAG_POSTGRES_BIN"] = folder  # for every server that is started from here
    with Stage() as stage:
        shown = stage.postgres.sql("postgres", "show server_version")
        expect(shown.startswith(version.removesuffix(".0")), f"this is {shown}")
        for part in (programs, forward_back_and_down, taken_over, demo):
            part(stage.postgres)
    real_fleet(folder)


versions.scenarios(globals(), "postgres", scenario)

if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

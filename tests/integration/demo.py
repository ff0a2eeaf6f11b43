"""`greylag dev` and the demo's fleet: the first release succeeds, the second fails at deals and everything goes back;
with the data mended it passes; `down` empties the databases again. Nothing of dev stays behind, however it ends."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import greylag
from greylag import BUILD, SOURCE, Failed, expect, wait

DEMO = SOURCE / "deploy/demo"
DATABASES = ["auth", "tenant", "contacts", "accounts", "deals", "custom-objects", "leads", "activities-eu",
             "activities-us", "analytics", "workflow"]


class Dev:
    """A `greylag dev` under test, in a folder of its own that is also its TMPDIR."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gd-", dir="/tmp"))
        self.folder.chmod(0o755)
        shutil.copytree(DEMO / "release-1", self.folder / "fleet")
        self.fleet = self.folder / "fleet/fleet.yml"
        self.ready_file = self.folder / "ready"
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [BUILD / "bin/greylag", "dev", self.fleet, "--ready-file", self.ready_file, *options], stdout=self.log,
            stderr=self.log, stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(self.folder)},
            preexec_fn=greylag.die_with_parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self):
        return (self.folder / "log").read_text(errors="replace")

    def ready(self):
        def look():
            if self.process.poll() is not None:
                raise Failed(f"dev ended with {self.process.returncode}:\n{self.output()}")
            return self.ready_file.exists() and json.loads(self.ready_file.read_text())
        self.facts = wait(look, lambda: f"dev to be ready:\n{self.output()}", 120)
        return self.facts

    def greylag(self, *arguments):
        return subprocess.run([BUILD / "bin/greylag", *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120,
                              env={**os.environ, "GREYLAG_URL": self.facts["url"],
                                   "GREYLAG_TOKEN": self.facts["token"]})

    def conninfo(self, database):
        return re.sub(r"dbname=\S+", f"dbname={database}", self.facts["postgres"])

    def dump(self, database):
        text = subprocess.run(["pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--exclude-schema=greylag",
                               "-d", self.conninfo(database)], check=True, capture_output=True, text=True).stdout
        return re.sub(r"^\\(un)?restrict .*\n", "", text, flags=re.M)

    def dumps(self):
        return {database: self.dump(database) for database in DATABASES}

    def sql(self, database, text):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(database), "-c", text],
                              capture_output=True, text=True)
        expect(done.returncode == 0, done.stderr)
        return done.stdout.strip()

    def second_release(self):
        shutil.copytree(DEMO / "release-2", self.folder / "fleet", dirs_exist_ok=True)

    def children(self):
        """Processes whose command line or working folder is of this dev."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.folder) in line and int(entry.name) != self.process.pid:
                found.append(f"{entry.name} {line}")
        return found


def test_first_release_succeeds_the_second_goes_back_and_passes_once_the_data_is_mended():
    with Dev() as dev:
        expect(dev.ready()["exitCode"] == 0, dev.output())
        before = dev.dumps()
        expect("CREATE TABLE public.deals" in before["deals"], "the first release made the tables")
        dev.second_release()
        done = dev.greylag("up", "--fleet", dev.fleet)
        expect(done.returncode == 3, f"exit 3 (rolled back) was expected: {done}")
        expect("000006" in done.stdout and "23514" in done.stdout, f"it names the step and the reason: {done.stdout}")
        release = json.loads(dev.greylag("release", "show", "latest", "--json").stdout)
        expect(release["state"] == "rolled back", release["state"])
        after = dev.dumps()
        for database in DATABASES:
            expect(before[database] == after[database], f"{database} is not what it was")
        expect(dev.sql("tenant", "select percentage from feature_flags where name = 'deal-forecast'") == "0",
               "what was updated is back as well")
        dev.sql("deals", "update deals set closed_on = expected_on where stage = 'won' and closed_on is null")
        done = dev.greylag("up", "--fleet", dev.fleet)
        expect(done.returncode == 0, f"with the data mended it passes: {done}")
        expect("chk_deals_won_is_closed" in dev.dump("deals"), "the constraint is there")
        done = dev.greylag("up", "--fleet", dev.fleet)
        expect(done.returncode == 0, f"nothing is pending: {done}")
        done = dev.greylag("down", "--all", "--fleet", dev.fleet)
        expect(done.returncode == 0, f"all of it goes back: {done}")
        for database in DATABASES:
            expect("CREATE TABLE" not in dev.dump(database), f"{database} is empty again")


def test_exit_gives_the_release_s_exit_code_and_leaves_nothing():
    with Dev("--exit") as dev:
        code = dev.process.wait(120)
        expect(code == 0, f"exit {code}:\n{dev.output()}")
        expect("succeeded" in dev.output(), dev.output())
        expect(not dev.children(), f"left: {dev.children()}")
        expect(not list(dev.folder.glob("greylag-dev-*")), "the temporary folder is gone")
    with Dev("--exit") as dev:
        dev.process.kill()  # the first one starts with release 1 alone: start over with both
        dev.process.wait()
        dev.second_release()
        again = subprocess.run([BUILD / "bin/greylag", "dev", dev.fleet, "--exit"], capture_output=True, text=True,
                               stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, "TMPDIR": str(dev.folder)})
        expect(again.returncode == 3, f"exit 3 was expected: {again}")


def test_a_killed_dev_takes_its_programs_with_it():
    with Dev("--no-up") as dev:
        dev.ready()
        expect(len(dev.children()) >= 12, f"coordinator, workers, server: {dev.children()}")
        dev.process.kill()
        wait(lambda: not dev.children(), lambda: f"its programs to end: {dev.children()}", 20)


def test_a_killed_worker_is_started_again():
    with Dev("--no-up") as dev:
        dev.ready()
        victim = [int(line.split()[0]) for line in dev.children() if "worker-deals.yml" in line][0]
        os.kill(victim, signal.SIGKILL)
        wait(lambda: "the worker of deals ended" in dev.output(), "dev to say so")
        done = dev.greylag("up", "--fleet", dev.fleet)
        expect(done.returncode == 0, f"the release succeeds: {done}")
        dev.process.send_signal(signal.SIGINT)
        expect(dev.process.wait(60) == 0, dev.output())
        expect(not dev.children(), f"left: {dev.children()}")
        expect(not list(dev.folder.glob("greylag-dev-*")), "the temporary folder is gone")


def test_what_is_wrong_is_said_before_anything_starts():
    with Dev("--no-up") as dev:
        dev.process.kill()
        dev.process.wait()
        dev.fleet.write_text(dev.fleet.read_text() + "colour: blue\n")
        done = subprocess.run([BUILD / "bin/greylag", "dev", dev.fleet], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        expect(done.returncode == 2, f"exit 2 was expected: {done}")
        expect(re.search(r"fleet\.yml:\d+:\d+", done.stderr), f"file, line and column: {done.stderr}")
        large = dev.folder / "large"
        (large / "a").mkdir(parents=True)
        (large / "fleet.yml").write_text("fleet: large\nservices: {a: {migrations: a}}\n")
        (large / "a/V1__large.sql").write_text("--" + "x" * (5 << 20) + "\nSELECT 1;\n")
        done = subprocess.run([BUILD / "bin/greylag", "dev", large / "fleet.yml", "--exit", "--accept-irreversible"],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        expect(done.returncode != 0 and "V1__large.sql" in done.stderr and "--kafka" in done.stderr,
               f"more than the embedded broker keeps: {done}")


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

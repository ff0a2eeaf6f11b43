# long
"""Every crash point of coordinator and worker: killed there and restarted; and frozen there, while a second process
takes over and the first one wakes up later. Each point is visited in three passes:

  forward   a release that succeeds
  failing   a second release, up to the step of crm that fails
  back      its rollback

After each pass, and in the end, the databases must be as they are without a crash: each migration applied once, each
outcome accepted once, and after the rollback every schema what it was before the release.

    crash_walk.py [kill|freeze] [POINT...]     some of them"""
import concurrent.futures
import contextlib
import fcntl
import itertools
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time

import greylag
import walk_fleet
from greylag import Embedded, Failed, Postgres, Stage, expect, wait

TEXT = (greylag.SOURCE / "common/proc/crash_points.def").read_text()
POINTS = re.findall(r'X\("([a-z.]+)", +"(coordinator|worker)"', TEXT)
MODES = ("kill", "freeze")
PASSES = ("forward", "failing", "back")
SETTINGS = {"resend_after": "2s", "fence_again": "300ms", "lease": "2s", "fence_limit": "2min"}
LIMIT = 300  # for one pass, on a machine that has other things to do
AT_ONCE = 10
NUMBERS = itertools.count(1)

# Passes that cannot come by a point, and why.
UNREACHABLE = {
    ("store.release.before", "back"): "a rollback is no new release",
    ("store.release.after", "back"): "a rollback is no new release",
    ("executor.failed", "forward"): "no step of this release fails",
    ("executor.failed", "back"): "no undo of this release fails",
}
# Only a new leader comes by here: the one before it dies first.
ELECTION = ("lease.taken", "lease.won")
SERVICES = tuple(walk_fleet.SERVICES)


class Broker(Embedded):
    """Many of them run at once: less hurried than one alone."""

    properties = {**Embedded.properties, "fetch.wait.max.ms": "100", "session.timeout.ms": "3000"}


class Walk:
    """One point in one mode (None: no crash at all), on a stage of its own in a shared cluster."""

    def __init__(self, mode, point, program, postgres, broker=Broker):
        self.mode, self.point, self.program = mode, point, program
        self.postgres = self.control_server = postgres
        self.broker = broker
        number = next(NUMBERS)
        self.prefix, self.name = f"w{number}-", f"walk{number}"
        # whose orders: the coordinators', or the workers' of one service
        self.victims = "coordinator" if program == "coordinator" else "crm" if point == "executor.failed" else "auth"
        self.held = self.victims == "coordinator"  # by auth, until the first job is under way
        self.reached, self.trouble = [], None
        self.release = None  # the newest one that was accepted
        self.over = threading.Event()

    def __str__(self):
        return f"{self.mode} {self.program} at {self.point}" if self.mode else "without a crash"

    def run(self):
        """What the databases hold in the end, for comparison with a run without a crash."""
        with Stage(self.broker, postgres=self.postgres, prefix=self.prefix) as stage:
            self.stage = stage
            self.begin()
            try:
                self.forward()
                first = self.state()
                self.failing()
                self.back()
                self.acknowledged()
                return first, self.state()
            finally:
                self.over.set()
                self.watcher.join()

    # ---- the stage ----

    def stand_in(self):
        """Who has a second one to take over."""
        return self.victims if self.mode == "freeze" else None

    def begin(self):
        stage = self.stage
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST, name=self.name),
                    services=walk_fleet.SERVICES)
        self.control_server.create(stage.database)
        conninfo = self.control_server.conninfo(stage.database)
        self.members = {group: [] for group in ("coordinator", *SERVICES)}
        self.add("coordinator", stage.coordinator(settings=SETTINGS, start=False, conninfo=conninfo))
        for service in SERVICES:
            self.add(service, stage.worker(service, start=False, more="lease: 2s\n"))
        if self.stand_in() == "coordinator":
            self.add("coordinator", stage.coordinator(name="second", settings=SETTINGS, start=False, conninfo=conninfo))
        elif self.stand_in():
            self.add(self.victims, stage.worker(self.victims, name="second", start=False, more="lease: 2s\n"))
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()
        for program in stage.programs.values():
            program.ready(LIMIT)
        stage.reporting(LIMIT)

    def add(self, group, program):
        program.environment["GREYLAG_CRASH_ORDERS"] = str(self.orders(group))
        program.start()
        self.members[group].append(program)

    def watch(self):
        """Restarts whoever was killed."""
        while not self.over.wait(0.05):
            for program in self.stage.programs.values():
                code = program.process.poll()
                if code == -9:
                    program.start()
                elif code is not None and self.trouble is None:
                    self.trouble = f"{program.name} ended with {code}"
            self.tend()

    def tend(self):
        """For others, who do something at the points."""

    # ---- orders ----

    def orders(self, group):
        return self.stage.folder / f"{group}.orders"

    def order(self, group, *lines):
        with open(self.orders(group), "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write("".join(line + "\n" for line in lines))

    def pending(self, group):
        path = self.orders(group)
        return path.read_text() if path.exists() else ""

    def until(self, condition, what, limit=LIMIT, every=0.02):
        def look():
            expect(self.trouble is None, self.trouble)
            return condition()
        return wait(look, what, limit, every)

    def arm(self):
        if self.mode:
            self.order(self.victims, *(["kill store.batch.after"] if self.point in ELECTION else []),
                       f"{self.mode} {self.point}")

    def strike(self, where):
        """Waits until the point was reached; a frozen one sleeps until somebody else has taken over."""
        if not self.mode:
            return
        self.until(lambda: not self.pending(self.victims), f"{self.point} to be reached ({where})")
        self.reached.append(where)

    def stopped(self, group):
        return next((program for program in self.members[group] if program.stopped()), None)

    def taken_over(self):
        """Coordinators: waits until the other one leads, then the frozen one wakes up."""
        if self.mode != "freeze" or self.victims != "coordinator":
            return
        frozen = self.until(lambda: self.stopped("coordinator"), "the coordinator to stand still")
        other = next(p for p in self.members["coordinator"] if p is not frozen)
        self.until(lambda: epoch(other) > epoch(frozen), f"{other.name} to lead")
        self.wake(frozen)

    def wake(self, frozen):
        """It must find out that it is out of date, and change nothing."""
        before = [(self.stage.applied(t), self.stage.history(t)) for t in SERVICES] if frozen in self.quiet() else None
        size, led = len(frozen.log()), led_last(frozen)
        since = self.control("select clock_timestamp()")
        frozen.thaw()
        if not frozen.serves:
            self.until(lambda: self.control(f"select 1 from greylag.workers where worker like '{frozen.name}-%' and "
                                            f"last_seen > '{since}'"), f"{frozen.name} to be heard again", every=0.25)
        elif led:
            self.until(lambda: len(frozen.log()) > size, f"{frozen.name} to notice that it does not lead")
        if before:
            now = [(self.stage.applied(t), self.stage.history(t)) for t in SERVICES]
            expect(now == before, f"{frozen.name} woke up and changed {before} to {now}")

    def quiet(self):
        """Who must change nothing on waking up: everybody when nothing is under way, and auth while crm stands
        still."""
        ended = self.stage.latest().get("state") in ("succeeded", "rolled back")
        return [p for group in ("coordinator", *SERVICES) if ended or (group == "auth" and self.stopped("crm"))
                for p in self.members[group]]

    def wake_workers(self):
        if self.mode == "freeze" and self.victims != "coordinator":
            frozen = self.until(lambda: self.stopped(self.victims), "the worker to stand still")
            self.wake(frozen)

    # ---- the passes ----

    def forward(self):
        if self.held:
            self.order("auth", "freeze executor.before")
        if self.point not in ELECTION and (self.point, "forward") not in UNREACHABLE:
            self.arm()
        self.up(walk_fleet.FIRST)
        if self.held:
            # a first time around acceptance, and once more with the job under way
            self.until(lambda: self.stopped("auth"), "auth to begin")
            again = self.point in ELECTION
            if not again and not self.pending("coordinator"):
                self.strike("forward, at acceptance")
                self.taken_over()
                again = not self.point.startswith("store.release")
            if again:
                self.arm()
            self.stopped("auth").thaw()
        if (self.point, "forward") not in UNREACHABLE:
            if not (self.held and self.point.startswith("store.release")):
                self.strike("forward")
                self.taken_over()
        self.ended("succeeded")
        if (self.point, "forward") not in UNREACHABLE:
            self.wake_workers()
        self.check_once()

    def failing(self):
        self.before = {t: self.stage.dump(t) for t in SERVICES}
        self.stage.reporting(LIMIT)  # who stands still from here on cannot tell a new leader what it holds
        walk_fleet.write(self.stage.folder / "fleet", walk_fleet.SECOND, name=self.name)
        if self.victims == "crm":
            self.arm()
            self.up(walk_fleet.SECOND)
            self.strike("failing")
            return
        self.order("crm", "freeze executor.failed")
        if self.point not in ELECTION:
            self.arm()
        self.unlocked("auth", "crm")
        self.up(walk_fleet.SECOND)
        if self.point not in ELECTION:
            self.strike("failing")
            self.taken_over()
        self.until(lambda: self.stopped("crm"), "crm to fail")
        if self.victims == "auth":
            self.wake_workers()

    def back(self):
        if self.victims == "crm":
            self.ended("rolled back")
            self.wake_workers()
        else:
            armed = (self.point, "back") not in UNREACHABLE
            if armed:
                self.arm()
            self.unlocked("auth")
            self.stopped("crm").thaw()
            if armed:
                self.strike("back")
                self.taken_over()
            self.ended("rolled back")
            if armed:
                self.wake_workers()
        for target, dump in self.before.items():
            expect(self.stage.dump(target) == dump, f"{target} is not what it was before the release")
        self.check_once()

    def unlocked(self, *services):
        """Workers give an idle target's lock back after a while; a job takes it anew. The point is armed already: who
        takes the lock in between comes by it."""
        if self.point == "ledger.locked":
            for service in services:
                self.until(lambda s=service: not self.pending(self.victims) or
                           self.stage.sql(s, "select pid from greylag.lease") == "0",
                           f"the lock of {service} to be given back", every=0.3)

    def up(self, part):
        """`up` until a release is accepted; its caller tries again when a coordinator falls or stands still under
        it."""
        stage = self.stage
        walk_fleet.write(stage.folder / "fleet", part, name=self.name)
        known = self.release  # not asked for here: who could answer may just have been killed
        said = ""
        def ask():
            nonlocal said
            with contextlib.suppress(greylag.subprocess.TimeoutExpired):
                done = stage.greylag("up", "--no-wait", "--json", check=None, limit=15)
                said = str(done)
            release = self.stage.latest().get("id", known)
            return release != known and release
        self.release = self.until(ask, lambda: f"a release to be accepted: {said}", every=0.3)

    def ended(self, wanted):
        def look():
            release = self.stage.latest()
            return release.get("state") in greylag.ENDS and release
        release = self.until(look, lambda: "the release to end: "
                             f"{self.stage.greylag('release', 'show', 'latest', check=None)}", every=0.25)
        expect(release["id"] == self.release, f"another release: {release['id']}, not {self.release}")
        expect(release["state"] == wanted, f"the release ended {release['state']}: {release.get('reason')}")

    # ---- what must hold ----

    def control(self, text):
        return self.control_server.sql(self.stage.database, text)

    def state(self):
        """Comparable between runs: schemas, histories without ids and times, steps as the coordinator tells them."""
        stage = self.stage
        histories = {t: stage.sql(t, "select migration, direction, kind from greylag.history order by position")
                     for t in SERVICES}
        steps = self.control("select r.direction, p.service, p.migration, s.leg, s.direction, s.state from "
                             "greylag.steps s "
                             "join greylag.plan_steps p on p.release = s.release and p.ordinal = s.plan_step "
                             "join greylag.releases r on r.id = s.release order by r.accepted_at, s.ordinal")
        return {t: stage.dump(t) for t in SERVICES}, histories, steps

    def check_once(self):
        stage = self.stage
        for service, wanted in walk_fleet.APPLIED.items():
            found = [migration for migration, _ in stage.applied(service)]
            expect(sorted(found) == sorted(wanted), f"{service} has {found}, not {wanted}")
            twice = stage.sql(service, "select request, count(*) from greylag.history group by 1 having count(*) > 1")
            expect(twice == "", f"{service}: requests with two outcomes: {twice}")
            twice = stage.sql(service, "select release, migration, direction, count(*) from greylag.history "
                                       "where kind = 'applied' group by 1, 2, 3 having count(*) > 1")
            expect(twice == "", f"{service}: applied more than once: {twice}")
        self.in_order()
        twice = self.control("select request, count(*) from greylag.inbox where verdict = 'accepted' "
                             "group by 1 having count(*) > 1")
        expect(twice == "", f"outcomes accepted twice: {twice}")

    def in_order(self):
        """auth, then user, then crm; and the way back the other way around."""
        spans = {}
        for service in SERVICES:
            for row in self.stage.sql(service, "select release, direction, extract(epoch from min(started_at)), "
                                               "extract(epoch from max(finished_at)) from greylag.history "
                                               "where kind = 'applied' group by 1, 2").splitlines():
                release, direction, start, end = row.split("|")
                spans.setdefault((release, direction), {})[service] = (float(start), float(end))
        for (release, direction), span in spans.items():
            order = [s for s in (SERVICES if direction == "up" else SERVICES[::-1]) if s in span]
            for first, then in zip(order, order[1:]):
                expect(span[first][1] <= span[then][0], f"release {release} {direction}: {then} began before {first} "
                                                        f"ended")

    def acknowledged(self):
        """Nothing is left to be told: every outcome is acknowledged at the target."""
        for service in SERVICES:
            self.until(lambda s=service: self.stage.sql(s, "select (select max(position) from greylag.history) = "
                                                           "(select through from greylag.acknowledged)") == "t",
                       f"all outcomes of {service} to be acknowledged", every=0.3)


def epoch(coordinator):
    """The last one in which it led, by its log; 0: none yet."""
    found = re.findall(r"leading in epoch (\d+)", coordinator.log())
    return int(found[-1]) if found else 0


def led_last(coordinator):
    """Whether the last that it said of leading is that it leads."""
    text = coordinator.log()
    return text.rfind("leading in epoch") > max(text.rfind("standing by"), text.rfind(" is lost"))


def run_all(walks, at_once=AT_ONCE):
    """TAP; the number of failures. The first walk is the one without a crash, which the others are compared with."""
    print(f"1..{len(walks)}", flush=True)
    failed, wanted = 0, None
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        runs = {pool.submit(timed, walk): walk for walk in walks}
        reference = next(run for run, walk in runs.items() if not walk.mode)
        for number, run in enumerate(concurrent.futures.as_completed(runs), 1):
            walk, error = runs[run], run.exception()
            if not error:
                wanted = wanted or reference.exception() is None and reference.result()[0]
                if run.result()[0] != wanted:
                    error = f"the end is not the same as without a crash:\n{run.result()[0]}\ninstead of\n{wanted}"
            failed += error is not None
            print(f"{'not ok' if error else 'ok'} {number} - {walk}", flush=True)
            print(f"# {run.result()[1]:.1f} s; reached: {', '.join(walk.reached)}" if not error else
                  "\n".join(f"# {line}" for line in f"{type(error).__name__} {error}".splitlines()), flush=True)
    for (point, part), why in UNREACHABLE.items():
        if any(walk.point == point for walk in walks):
            print(f"# {point} cannot be reached in the pass {part}: {why}")
    print(f"# all in {time.monotonic() - started:.0f} s")
    return failed


def timed(walk):
    started = time.monotonic()
    return walk.run(), time.monotonic() - started


@contextlib.contextmanager
def cluster():
    """A PostgreSQL that many stages share."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="greylag-walk-"))
    folder.chmod(0o755)
    try:
        with contextlib.closing(Postgres(folder / "pg", "autovacuum=off")) as postgres:
            yield postgres
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    chosen = [argument for argument in sys.argv[1:] if argument not in MODES]
    unknown = set(chosen) - {name for name, _ in POINTS}
    if unknown:
        sys.exit(f"no such point: {', '.join(sorted(unknown))}")
    modes = [mode for mode in MODES if mode in sys.argv[1:]] or MODES
    with cluster() as postgres:
        walks = [Walk(None, "", "", postgres)]
        walks += [Walk(mode, name, program, postgres) for mode in modes for name, program in POINTS
                  if not chosen or name in chosen]
        failed = run_all(walks)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

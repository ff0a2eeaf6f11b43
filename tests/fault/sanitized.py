# long
# label: sanitized
"""Under AddressSanitizer and UndefinedBehaviorSanitizer: two coordinators and their workers, while many people use the
whole interface at once (plans and releases are asked for, keys enrolled and revoked, targets forgotten, tags given and
taken away), releases go forward, back and down, and leaders are frozen and killed. No sanitizer has a word to say, and
whoever is asked to leave does."""
import concurrent.futures
import json
import threading
import urllib.error
import urllib.request

import walk_fleet
from greylag import Stage, expect, scenarios, wait

SETTINGS = {"lease": "3s", "resend_after": "2s", "fence_again": "300ms"}
READS = ("/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/health", "/api/v1/applied", "/api/v1/history",
         "/api/v1/workers", "/api/v1/imports", "/api/v1/tags", "/api/v1/retention", "/api/v1/releases",
         "/api/v1/releases?limit=1", "/api/v1/releases/latest", "/api/v1/releases/latest/events?timeout=1s",
         "/api/v1/releases/nobody", "/api/v1/%ff%00", "/nowhere")
WRITES = (("/api/v1/imports", {"targets": ["auth/new1", "auth/new2", "nobody/none"]}),
          ("/api/v1/imports", {"targets": ["auth/auth", "user/user"]}),
          ("/api/v1/tags", {"name": "now", "release": "latest"}),
          ("/api/v1/plans", {"fleet": {}}), ("/api/v1/status", {"fleet": {}}), ("/api/v1/releases", {}),
          ("/api/v1/blobs/missing", {"digests": ["00"] * 50}), ("/api/v1/retention", {"keepMs": 86400000}),
          ("/api/v1/workers", {"key": "none"}), ("/api/v1/releases/latest/retry", {}))
TAKEN_AWAY = ("/api/v1/tags/now", "/api/v1/targets/auth/new1", "/api/v1/targets/old/old", "/api/v1/workers/passing")
PEOPLE = 6


class Crowd:
    """Asks every coordinator everything, until it is told that it is over."""

    def __init__(self, stage, coordinators):
        self.stage, self.coordinators = stage, coordinators
        self.fleet, self.releasing = None, threading.Lock()  # plans and releases of it are asked for, once it is known
        self.over, self.answers = threading.Event(), {}
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(PEOPLE)
        self.people = [self.pool.submit(self.person, number) for number in range(PEOPLE)]

    def calls(self, number):
        """(method, path, body). Each person's own key is enrolled, and taken away by whoever comes to it."""
        passing = {"key": self.stage.public(f"passing-{number}"), "name": "passing",
                   "targets": ["auth/new1", "old/old"]}
        calls = [("GET", path, None) for path in READS] + [("POST", path, body) for path, body in WRITES]
        calls += [("DELETE", path, None) for path in TAKEN_AWAY] + [("POST", "/api/v1/workers", passing)]
        if self.fleet:
            calls += [("POST", f"/api/v1/{what}", self.fleet) for what in ("plans", "status")]
        return calls

    def release(self, fleet):
        """From now on everybody asks for a release of it; None: nobody does any more."""
        with self.releasing:
            self.fleet = fleet

    def person(self, number):
        while not self.over.is_set():
            calls = self.calls(number)
            for at in range(len(calls)):
                method, path, body = calls[(at * (2 * number + 1) + number) % len(calls)]
                for coordinator in self.coordinators:
                    if self.over.is_set():
                        return
                    self.ask(coordinator, method, path, body)
            with self.releasing:
                if self.fleet:
                    self.ask(self.coordinators[number % 2], "POST", "/api/v1/releases", self.fleet)

    def ask(self, coordinator, method, path, body):
        try:
            request = urllib.request.Request(coordinator.url() + path, json.dumps(body).encode() if body else None,
                                             {"Authorization": f"Bearer {self.stage.token}",
                                              "Content-Type": "application/json"}, method=method)
            with urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            error.read()
            status = error.code
        except Exception as error:  # it was killed, or stands still
            status = type(error).__name__
        with self.lock:
            self.answers[status] = self.answers.get(status, 0) + 1

    def end(self):
        self.over.set()
        for person in self.people:
            person.result()
        print(f"# answers: {dict(sorted(self.answers.items(), key=str))}")
        expect(not any(isinstance(s, int) and s == 500 for s in self.answers), f"500: {self.answers}")
        expect(self.answers.get(200, 0) > 100, f"hardly an answer: {self.answers}")


def check(stage):
    for program in stage.programs.values():
        words = [line for line in program.log().splitlines()
                 if "ERROR: AddressSanitizer" in line or "runtime error:" in line]
        expect(not words, f"{program.name}: {words}")
        expect(program.running(), f"{program.name} has ended:\n{program.log()[-3000:]}")


def test_two_coordinators_and_everybody_at_once():
    with Stage() as stage:
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        first = stage.coordinator("first", settings=SETTINGS)
        second = stage.coordinator("second", settings=SETTINGS)
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        crowd = Crowd(stage, [first, second])
        try:
            stage.greylag("up")
            fleet, options = stage.postgres.sql(stage.database,
                                                "SELECT fleet, options FROM greylag.releases").split("|")
            crowd.release({"fleet": json.loads(fleet), "options": json.loads(options)})
            walk_fleet.write(stage.folder / "fleet", walk_fleet.SECOND)
            for frozen, other in ((first, second), (second, first)):
                led = other.log().count("leading in epoch")
                if "leading in epoch" in frozen.log() or led == 0:
                    frozen.freeze()
                    wait(lambda: other.log().count("leading in epoch") > led, f"{other.name} to lead")
                    frozen.thaw()
                stage.reporting()
                stage.greylag("up", check=3)
                check(stage)
            first.kill()
            first.start()
            first.ready()
            stage.reporting()
            crowd.release(None)
            stage.greylag("down", "--all")
            for target in stage.services:
                expect(not stage.applied(target), f"{target} is not empty")
        finally:
            crowd.end()
        check(stage)
        for program in stage.programs.values():
            program.stop()
            words = [line for line in program.log().splitlines() if "Sanitizer" in line]
            expect(not words, f"{program.name}, in the end: {words}\n{program.log()[-4000:]}")


if __name__ == "__main__":
    scenarios(__import__("__main__"))

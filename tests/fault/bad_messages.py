"""Messages that nobody should believe, put on the topics by a real producer while releases run: damaged, cut, too
large, signed by a stranger or by the wrong worker, out of date. They are counted and quarantined; nothing is applied,
no decision is made on them, and the release ends as it would have without."""
import base64
import hashlib
import json
import subprocess
import time
import urllib.request

import greylag
import walk_fleet
from greylag import Failed, Stage, expect, wait

WIRE = greylag.BUILD / "bin/wire"


class Attack:
    """A stage whose fleet has done its first release, and the wire beside it."""

    def __init__(self, settings=None):
        self.stage = Stage()
        try:
            self.begin(settings or {"resend_after": "2s"})
        except BaseException:
            self.stage.tell()
            self.stage.close()
            raise

    def begin(self, settings):
        stage = self.stage
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.coordinator(settings=settings)
        for service in stage.services:
            stage.worker(service, more='listen: "127.0.0.1:0"\n')
        stage.reporting()
        stage.greylag("up")

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.stage.__exit__(*arguments)

    def topic(self, name):
        return f"greylag.walk.dev.{name}"

    def send(self, topic, key, payload, *options, check=True):
        done = subprocess.run([WIRE, "send", self.stage.broker.bootstrap, self.topic(topic), key, *map(str, options)],
                              input=payload if isinstance(payload, bytes) else payload.encode(), capture_output=True)
        expect(done.returncode == 0 or not check, f"wire: {done.stderr.decode()}")
        return int(done.stdout or 0)

    def messages(self, topic):
        """[(key, bytes)] of everything that lies there."""
        raw = subprocess.run([WIRE, "read", self.stage.broker.bootstrap, self.topic(topic)], check=True,
                             capture_output=True).stdout
        found = []
        while raw:
            head, raw = raw.split(b"\n", 1)
            _, _, key, length = head.decode().split(" ")
            found.append((key, raw[:int(length)]))
            raw = raw[int(length) + 1:]
        return found

    def message(self, topic, key, kind=None):
        """The newest one of a target: (envelope, payload as a dictionary)."""
        for found, envelope in reversed(self.messages(topic)):
            payload = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
            if found.endswith(f"/{key}") and kind in (None, payload.get("kind")):
                return envelope, payload
        raise Failed(f"{topic} has no message of {key}")

    def metric(self, who, name):
        program = self.stage.programs[who]
        url = self.stage.url if who == "coordinator" else program.ready_file.read_text().strip()
        for line in urllib.request.urlopen(url + "/metrics").read().decode().splitlines():
            if line.split("{")[0].split(" ")[0] == name:
                return int(float(line.split(" ")[-1]))
        raise Failed(f"{who} has no metric {name}")

    def quarantined(self, who):
        return self.metric(who, f"greylag_{who.split('-')[0]}_quarantined_total")

    def wait_quarantined(self, who, at_least):
        wait(lambda: self.quarantined(who) >= at_least, lambda: f"{who} to quarantine {at_least}: "
                                                                f"{self.quarantined(who)}")

    def heartbeats(self, target):
        """[(key, envelope, beat)] of those that lie there and name the target."""
        found = []
        for key, envelope in self.messages("presence"):
            payload = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
            if any(one["target"] == target for one in payload["targets"]):
                found.append((key, envelope, payload["beat"]))
        return found

    def another_term(self):
        coordinator, epoch = self.stage.programs["coordinator"], self.stage.get("/api/v1/health")["leader"]["epoch"]
        coordinator.kill()
        coordinator.start()
        coordinator.ready()
        wait(lambda: self.stage.get("/api/v1/health")["leader"]["epoch"] > epoch, "another term")

    def say_again(self, heartbeats):
        """A message behind them is told: they were read before it, and what came of them is committed. What is sent
        before the new leader reads is never read."""
        name = heartbeats[0][0]
        def read():
            for key, envelope, _ in heartbeats:
                self.send("presence", key, envelope)
            self.send("presence", name, b"{}")
            return self.stage.postgres.sql(self.stage.database, f"SELECT 1 FROM greylag.strangers WHERE key = '{name}'")
        wait(read, "the old heartbeats to be read")

    def contents(self):
        return {t: (self.stage.applied(t), self.stage.history(t), self.fence(t)) for t in self.stage.services}

    def fence(self, target):
        return self.stage.postgres.sql(target, "select epoch, sequence, term from greylag.fence")

    def alive(self):
        for program in self.stage.programs.values():
            expect(program.running(), f"{program.name} ended:\n{program.log()[-2000:]}")

    def second_release(self, wanted="rolled back"):
        before = {t: self.stage.postgres.dump(t) for t in self.stage.services}
        walk_fleet.write(self.stage.folder / "fleet", walk_fleet.SECOND)
        done = self.stage.greylag("up", check=None)
        expect(done.code == 3 and self.stage.release()["state"] == wanted, f"the second release: {done}")
        for target, dump in before.items():
            expect(self.stage.postgres.dump(target) == dump, f"{target} is not what it was")
        self.alive()


FLOODED = {"auth": {"6_flood": ("CREATE TABLE flood AS SELECT 1 AS id;\nSELECT pg_sleep(2);", "DROP TABLE flood;")},
        "user": {"6_flood": ("CREATE TABLE flood AS SELECT 1 AS id;", "DROP TABLE flood;")}}


def test_damaged_envelopes_while_a_release_runs():
    """Bits flipped and ends cut off, of real messages, on every topic (every single bit:
    tests/unit/proto_envelope.c)."""
    with Attack() as attack:
        stage = attack.stage
        job, _ = attack.message("jobs.auth", "auth")
        events = [attack.message("events", target, "finished")[0] for target in stage.services]
        control, _ = attack.message("control", "auth")
        before = {who: attack.quarantined(who) for who in ("coordinator", "worker-auth")}
        walk_fleet.write(stage.folder / "fleet", FLOODED)
        stage.greylag("up", "--no-wait")
        jobs = attack.send("jobs.auth", "auth", job, "--bits", 23) + attack.send("jobs.auth", "auth", job, "--cuts", 11)
        jobs += attack.send("control", "auth", control, "--bits", 23)
        jobs += attack.send("control", "auth", control, "--cuts", 11)
        reports = sum(attack.send("events", "auth", event, *damage) for event in events
                      for damage in (("--bits", 23), ("--cuts", 11)))
        reports += attack.send("presence", "nobody", events[0], "--bits", 23) + attack.send("events", "auth", b"{}") + \
            attack.send("events", "auth", b"\xff\0\xff" * 50)
        expect(jobs > 1000 and reports > 1000, f"only {jobs} and {reports} were sent")
        expect(stage.ended()["state"] == "succeeded", f"the release: {stage.release()}")
        attack.wait_quarantined("worker-auth", before["worker-auth"] + jobs)
        attack.wait_quarantined("coordinator", before["coordinator"] + reports)
        expect(attack.quarantined("worker-auth") == before["worker-auth"] + jobs, "more was quarantined than was sent")
        for target in ("auth", "user"):
            expect([row[0] for row in stage.applied(target)].count("6") == 1, f"{target}: {stage.applied(target)}")
        expect(len(stage.history("auth")) == 4 and len(stage.history("user")) == 3,
               f"{stage.history('auth')}, {stage.history('user')}")
        log = stage.programs["coordinator"].log() + stage.programs["worker-auth"].log()
        expect("quarantine" in log and "offset" in log and log.count("quarantine") < 100,
               "the log says nothing of it, or too much")
        attack.alive()


def foreign(attack, payload):
    """The same job with other SQL, above the fence in force."""
    job = json.loads(json.dumps(payload))
    job["fence"]["sequence"] += 5
    job["requests"] = [{**job["requests"][0], "request": "01foreign.0.1", "migration": "66",
                        "sql": "CREATE TABLE stolen (id int);\n",
                        "checksum": "f" * 64}]
    job["requests"][0]["checksum"] = hashlib.blake2b(job["requests"][0]["sql"].encode(), digest_size=32).hexdigest()
    return json.dumps(job)


def test_a_job_signed_by_somebody_else():
    with Attack() as attack:
        stage = attack.stage
        before = attack.contents()
        _, payload = attack.message("jobs.auth", "auth")
        fence = {**payload, "kind": "fence", "expiresUs": int((time.time() + 3600) * 1e6), "positions": [],
                 "release": payload["release"]}
        fence["fence"] = {**payload["fence"], "epoch": 7, "sequence": 50}
        sent = attack.quarantined("worker-auth")
        for signer in ("stranger", "worker-auth", "worker-user"):
            key = stage.key(signer)
            sent += attack.send("jobs.auth", "auth", foreign(attack, payload), "--sign", key, "job")
            sent += attack.send("control", "auth", foreign(attack, payload), "--sign", key, "job")
            sent += attack.send("control", "auth", json.dumps(fence), "--sign", key, "control")
        attack.wait_quarantined("worker-auth", sent)
        expect(attack.contents() == before, "something was applied, or fenced")
        expect(stage.postgres.sql("auth", "select to_regclass('stolen') is null") == "t", "foreign SQL ran")
        attack.second_release()
        # the same job with the coordinator's own signature would have run: it is the signature that was missing
        epoch, sequence, term = attack.fence("auth").split("|")
        payload["fence"] = {"epoch": int(epoch), "term": term, "sequence": int(sequence), "digest": ""}
        attack.send("jobs.auth", "auth", foreign(attack, payload), "--sign", stage.key("coordinator"), "job")
        wait(lambda: stage.postgres.sql("auth", "select to_regclass('stolen') is null") == "f",
             "the job that is well signed to run")


def failed_report(attack, release):
    """A report of a failure, as the worker would send it for the job that is open now."""
    _, job = attack.message("jobs.auth", "auth")
    expect(job["release"] == release, "the job is of another release")
    request = job["requests"][0]
    fence = {**job["fence"], "digest": "a" * 64}
    outcome = {"id": request["request"] + "/1/failed", "request": request["request"], "release": release,
               "direction": "up", "kind": "failed",
               "migration": request["migration"], "checksum": request["checksum"], "attempt": 1, "position": 99,
               "sequence": fence["sequence"], "startedUs": 1, "finishedUs": 2, "sqlstate": "42P01", "message": "forged",
               "line": 1,
               "left": "", "detail": ""}
    return json.dumps({"version": 1, "kind": "finished", "audience": job["audience"], "id": "01forged",
                       "worker": "forger",
                       "sentUs": int(time.time() * 1e6), "release": release, "fence": fence, "inForce": fence,
                       "refusal": "stale",
                       "message": "", "outcomes": [outcome], "applied": []})


# A step that lasts until the test says so.
UNTIL_GO = """DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'go') LOOP PERFORM pg_sleep(0.05); END LOOP;
END $$;
"""


def unhealthy(stage, what):
    """Whether `greylag health` fails and names it, and `greylag status` begins with that."""
    health, status = stage.greylag("health", check=None), stage.greylag("status", check=None)
    return health.code == 1 and what in health.out and "a person" in status.out.split("\n")[0] and what in status.out


def test_events_of_keys_that_are_not_enrolled():
    """A failure that a stranger, or another target's worker, reports rolls nothing back; neither does one whose key was
    revoked. With a new key the worker is believed again, and what it did meanwhile is not done twice."""
    with Attack() as attack:
        stage = attack.stage
        walk_fleet.write(stage.folder / "fleet", {"auth": {"6_slow": (UNTIL_GO + "CREATE TABLE slow (id int);",
                                                                      "DROP TABLE slow;")}})
        stage.greylag("up", "--no-wait")
        release = stage.release()["id"]
        wait(lambda: attack.message("jobs.auth", "auth")[1]["release"] == release, "the job to be sent")
        sent = attack.quarantined("coordinator")
        # only the keys that may speak for the bus's key are tried: the other worker writes under its own
        for signer, key, why in (("stranger", "auth/auth", "is by a trusted key"),
                                 ("worker-user", "user/user", "is not enrolled for auth/auth")):
            def again():
                attack.send("events", key, failed_report(attack, release), "--sign", stage.key(signer), "report")
                return why in stage.programs["coordinator"].log()
            again()
            sent += 1
            attack.wait_quarantined("coordinator", sent)
            wait(again, f"the log to say that it {why}")
            sent = attack.quarantined("coordinator")
        stage.greylag("workers", "revoke", stage.public("worker-auth"))
        wait(lambda: attack.quarantined("coordinator") > sent, "messages of the revoked key to be quarantined")
        stage.postgres.sql("auth", "CREATE TABLE go ()")
        wait(lambda: stage.applied("auth")[-1][0] == "6", "the worker to apply the step")
        sent = attack.quarantined("coordinator")
        wait(lambda: attack.quarantined("coordinator") > sent, "the worker's outcome to be quarantined")
        wait(lambda: unhealthy(stage, "stranger"), "health to tell of messages that no enrolled key has signed")
        expect(stage.release()["state"] == "running", f"the release was ended by a revoked key: "
                                                      f"{stage.release()['state']}")
        told = stage.greylag("workers", "enroll", stage.public("worker-auth"), "--target", "auth/auth", check=None)
        expect(told.code == 1 and "was revoked" in told.err and "keygen" in told.err,
               f"enrolling a revoked key: {told}")
        worker = stage.programs["worker-auth"]
        worker.stop()
        stage.greylag("workers", "enroll", stage.public("another"), "--target", "auth/auth", "--name", "another")
        settings = stage.folder / "worker-auth.yml"
        right = settings.read_text().replace(str(stage.key("worker-auth")), str(stage.key("another")))
        settings.write_text(right.replace(stage.public("coordinator"), stage.public("stranger")))
        worker.start()
        wait(lambda: unhealthy(stage, "auth/auth distrusted"), "health to tell of a worker that knows another key")
        worker.stop()
        settings.write_text(right)
        worker.start()
        expect(stage.ended()["state"] == "succeeded", f"{stage.release()}")


def test_yesterdays_control_messages():
    """Well signed, but expired: ignored. The same one with time left is in force."""
    with Attack() as attack:
        stage = attack.stage
        before = attack.contents()
        _, job = attack.message("jobs.auth", "auth")
        fence = {"version": 1, "kind": "fence", "audience": job["audience"],
                 "fence": {**job["fence"], "sequence": job["fence"]["sequence"] + 1},
                 "expects": 0, "release": job["release"], "positions": []}
        def send(seconds):
            attack.send("control", "auth", json.dumps({**fence, "expiresUs": int((time.time() + seconds) * 1e6)}),
                        "--sign",
                        stage.key("coordinator"), "control")
        reports = attack.metric("worker-auth", "greylag_worker_fenced_total")
        send(-86400)
        # what was sent after it has been read: an inventory with time left
        inventory = {**fence, "kind": "inventory", "release": "", "expiresUs": int((time.time() + 60) * 1e6)}
        count = sum(1 for key, _ in attack.messages("events"))
        attack.send("control", "auth", json.dumps(inventory), "--sign", stage.key("coordinator"), "control")
        wait(lambda: sum(1 for key, _ in attack.messages("events")) > count, "the inventory that was asked for")
        expect(attack.contents() == before and attack.metric("worker-auth", "greylag_worker_fenced_total") == reports,
               "a fence of yesterday was taken")
        send(60)
        wait(lambda: attack.fence("auth") != before["auth"][2], "the fence that has time left")
        attack.second_release()


def test_what_was_said_before_said_again():
    """Every report, inventory and heartbeat that was ever sent is put there again, in its order, after a part of what
    they speak of was taken back: nobody believes anything of it, and the next releases do what is right."""
    with Attack() as attack:
        stage = attack.stage
        coordinator = stage.programs["coordinator"]
        coordinator.stop()  # a term that believes nothing is told everything: these inventories list what is there
        stage.postgres.sql(stage.database, "DELETE FROM greylag.applied")
        coordinator.start()
        coordinator.ready()
        stage.reporting()
        stage.greylag("down", "--service", "auth", "--steps", "2")
        held = {target: [version for version, _ in stage.applied(target)] for target in stage.services}

        def believed():
            rows = stage.get("/api/v1/applied")["targets"]
            return {target: [one["migration"] for one in rows.get(f"{target}/{target}", [])] for target in held}
        wait(lambda: believed() == held, lambda: f"what is there to be believed: {believed()}, {held}")
        old = [(topic, key, envelope) for topic in ("events", "presence") for key, envelope in attack.messages(topic)]
        counts = {name: attack.metric("coordinator", f"greylag_coordinator_{name}_total")
                  for name in ("reports", "quarantined")}
        kinds = [json.loads(base64.b64decode(json.loads(envelope)["payload"])).get("kind") for *_, envelope in old]
        listed = [one for *_, envelope in old for one in json.loads(base64.b64decode(json.loads(envelope)["payload"]))
                  .get("applied", [])]
        expect(listed, "no inventory lists anything: there is nothing wrong to believe")
        expect("inventory" in kinds and {"outcomes", "finished"} & set(kinds), f"nothing to replay: {kinds}")
        for topic, key, envelope in old:
            attack.send(topic, key, envelope)
        reports = sum(1 for topic, *_ in old if topic == "events")
        wait(lambda: attack.metric("coordinator", "greylag_coordinator_reports_total") >= counts["reports"] + reports,
             "the coordinator to have read them")
        expect(attack.metric("coordinator", "greylag_coordinator_quarantined_total") == counts["quarantined"],
               "what was signed well was quarantined: it was to be read, and passed over")
        expect(believed() == held, f"believed is {believed()}, there is {held}")
        known = {t["target"]: t["known"] for t in stage.get("/api/v1/status")["targets"]}
        expect(all(known.values()), f"what targets hold is not known any more: {known}")
        stage.greylag("up")
        expect(len(stage.applied("auth")) == len(held["auth"]) + 2, f"{stage.applied('auth')} after up")
        attack.second_release()


def test_heartbeats_of_a_worker_that_is_gone_said_again():
    """Somebody without a key puts them there again, before a leader that has not heard them: they prove no life."""
    with Attack() as attack:
        stage, worker = attack.stage, attack.stage.programs["worker-auth"]
        worker.stop()
        def seen():
            return stage.postgres.sql(stage.database, "SELECT t.last_seen, w.leaving FROM greylag.targets t JOIN "
                                      "greylag.workers w USING (worker) WHERE t.target = 'auth'")
        wait(lambda: seen().endswith("|t"), lambda: f"its leave to be stored: {seen()}")
        gone = seen()
        attack.another_term()
        attack.say_again(attack.heartbeats("auth"))
        expect(seen() == gone, f"it lives again: {gone}, {seen()}")
        worker.start()
        wait(lambda: seen().endswith("|f"), "the worker, when it is back")
        attack.second_release()


def test_heartbeats_of_a_worker_that_was_killed_said_again():
    """It took no leave, and the leader was killed with it: each that was heard is stored soon, not only what is worth
    telling people."""
    with Attack() as attack:
        stage = attack.stage
        def stored():
            return stage.postgres.sql(stage.database, "SELECT w.beat, t.last_seen FROM greylag.targets t JOIN "
                                      "greylag.workers w USING (worker) WHERE t.target = 'auth'").split("|")
        last = attack.heartbeats("auth")[-1][2]
        for beat in range(last + 1, last + 4):
            wait(lambda: attack.heartbeats("auth")[-1][2] >= beat, f"heartbeat {beat}")
            wait(lambda: int(stored()[0]) >= beat, lambda: f"heartbeat {beat} to be stored, {stored()[0]} is", limit=4)
        stage.programs["worker-auth"].kill()
        wait(lambda: int(stored()[0]) == attack.heartbeats("auth")[-1][2], "its last one to be stored", limit=4)
        attack.another_term()
        gone = stored()
        attack.say_again(attack.heartbeats("auth"))
        expect(stored() == gone, f"it lives again: {gone}, {stored()}")


def test_a_message_of_another_version_said_again():
    """A worker of another version has left one on the topic, and somebody without a key puts it there again: a release
    whose worker speaks this version is not halted by it. One whose worker does not is, and says so."""
    with Attack() as attack:
        stage = attack.stage
        kind = "application/vnd.greylag.report.v2+json"
        def again():
            attack.send("events", "auth/auth", json.dumps({"version": 2}), "--sign", stage.key("worker-auth"), kind)
        walk_fleet.write(stage.folder / "fleet", {"auth": {"6_slow": (UNTIL_GO + "CREATE TABLE slow (id int);",
                                                                      "DROP TABLE slow;")}})
        stage.greylag("up", "--no-wait")
        release = stage.release()["id"]
        wait(lambda: attack.message("jobs.auth", "auth")[1]["release"] == release, "the job to be sent")
        again()
        wait(lambda: "message of version 2" in stage.programs["coordinator"].log(), "the log to tell of it")
        expect(stage.release()["state"] == "running", f"it halted the release: {stage.release()}")
        stage.programs["worker-auth"].stop()
        again()
        expect(stage.ended()["state"] == "halted", f"{stage.release()}")
        expect("another version" in stage.release()["reason"], f"{stage.release()}")


def test_a_message_of_70_mb():
    """The embedded broker takes it, and drops some of what lay before it: jobs and events alike. Nothing is missed:
    both ends live, nobody takes it for a message, and the next release runs. (Real Kafka refuses it:
    tests/integration/kafka.py. What intake says of such a size: `intake.what_is_larger_than_a_report_may_be`.)"""
    with Attack() as attack:
        large = b"x" * 70_000_000
        before = {who: attack.quarantined(who) for who in ("worker-auth", "coordinator")}
        for topic in ("jobs.auth", "events"):
            old = {message for _, message in attack.messages(topic)}
            expect(attack.send(topic, "auth/auth", large) == 1, f"{topic} did not take it")
            left = old & {message for _, message in attack.messages(topic)}
            expect(len(left) < len(old), f"{topic} still holds all {len(old)} that lay before it")
        attack.second_release()
        after = {who: attack.quarantined(who) for who in before}
        expect(all(after[who] - before[who] <= 1 for who in before), f"quarantined {before}, then {after}")


def test_an_inventory_that_no_target_can_hold():
    """An enrolled key answers a question with one migration twice: that cannot be stored, and no term ends by it."""
    with Attack() as attack:
        stage = attack.stage
        epoch = stage.get("/api/v1/health")["leader"]["epoch"]
        believed = stage.get("/api/v1/applied")["targets"]["auth/auth"]
        stage.programs["worker-auth"].freeze()
        before = len(attack.messages("control"))
        request = urllib.request.Request(stage.url + "/api/v1/imports", b'{"targets": ["auth/auth"]}',
                                         {"Authorization": f"Bearer {stage.token}"})
        urllib.request.urlopen(request).close()
        wait(lambda: len(attack.messages("control")) > before, "the question")
        envelope, question = attack.message("control", "auth", "inventory")
        asked = base64.b64decode(json.loads(envelope)["payload"])
        row = {"migration": "1", "checksum": "a" * 64, "request": "other.1.1", "release": "other"}
        line = f"1\0{'a' * 64}\0other.1.1\n".encode()
        _, report = attack.message("events", "auth")
        report.update(kind="inventory", release="", outcomes=[], applied=[row, row],
                      contents=hashlib.blake2b(line * 2, digest_size=32).hexdigest(),
                      fence={**question["fence"], "digest": hashlib.blake2b(asked, digest_size=32).hexdigest()})
        heard = attack.metric("coordinator", "greylag_coordinator_reports_total")
        attack.send("events", "auth/auth", json.dumps(report), "--sign", stage.key("worker-auth"), "report")
        wait(lambda: attack.metric("coordinator", "greylag_coordinator_reports_total") > heard, "it to be read")
        stage.programs["worker-auth"].thaw()
        stage.reporting()
        expect(stage.get("/api/v1/applied")["targets"]["auth/auth"] == believed, "it was believed")
        attack.second_release()
        now = stage.get("/api/v1/health")["leader"]["epoch"]
        expect(now == epoch, f"epoch {epoch} -> {now}: {stage.programs['coordinator'].log()[-1500:]}")


def test_one_key_that_tells_of_later_leaders():
    """A worker's key says of its own target, again and again, that another leader came after this one: that ends one
    term, and no more of them; other targets' releases succeed, and what needs a person is said."""
    with Attack() as attack:
        stage = attack.stage
        def epoch():
            return stage.get("/api/v1/health")["leader"].get("epoch") or 0
        _, report = attack.message("events", "user")
        def say(number):
            report.update(id=f"later-{number}", kind="inventory", release="", outcomes=[], applied=[],
                          inForce={"epoch": epoch() + 1, "term": "0" * 32, "sequence": 1, "digest": "0" * 64})
            attack.send("events", "user/user", json.dumps(report), "--sign", stage.key("worker-user"), "report")
        before = epoch()
        say(0)
        wait(lambda: epoch() > before + 1, "the first to be followed")
        began = epoch()
        for number in range(1, 6):
            heard = attack.metric("coordinator", "greylag_coordinator_reports_total")
            say(number)
            wait(lambda: attack.metric("coordinator", "greylag_coordinator_reports_total") > heard, "it to be read")
        log = stage.programs["coordinator"].log()
        print(f"# epoch {before} -> {began} -> {epoch()}")
        expect(epoch() == began, f"terms ended:\n{log[-1500:]}")
        expect("once more" in log and "user/user" in log, log[-1500:])
        attack.second_release()
        expect(epoch() == began, f"terms ended:\n{log[-1500:]}")


def test_what_the_control_database_does_not_take():
    """Something in a message that nobody thought of: the term ends at it, and so does the next, which takes them one by
    one; then the message stays behind, and releases go on. Of a heartbeat nothing hangs: it ends no term."""
    with Attack() as attack:
        stage = attack.stage
        _, report = attack.message("events", "user", "finished")
        stage.postgres.sql(stage.database, "ALTER TABLE greylag.inbox ADD CHECK (release <> 'poison')")
        coordinator = stage.programs["coordinator"]
        for number, release in enumerate(["other"] * 10 + ["poison"] + ["other"] * 10):
            report.update(id=f"{release}-{number}", release=release,
                          outcomes=[{**report["outcomes"][0], "id": f"{release}-{number}", "release": release}])
            attack.send("events", "user/user", json.dumps(report), "--sign", stage.key("worker-user"), "report")
        wait(lambda: "is passed over" in coordinator.log(), lambda: "it to stay behind:\n" + coordinator.log()[-999:])
        wait(lambda: "leading in" in coordinator.log().split("is passed over")[-1], "the next term")
        said = coordinator.log().count("is passed over")
        epoch = stage.get("/api/v1/health")["leader"]["epoch"]
        stage.postgres.sql(stage.database, "ALTER TABLE greylag.targets ADD CHECK (problem <> 'poison')")
        beats = "greylag_coordinator_heartbeats_total"
        heard = attack.metric("coordinator", beats)
        wait(lambda: attack.metric("coordinator", beats) > heard, "heartbeats to be read")
        name, envelope, beat = attack.heartbeats("user")[-1]
        heartbeat = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
        heartbeat.update(beat=beat + 2)
        heartbeat["targets"][0].update(problem="poison")
        attack.send("presence", name, json.dumps(heartbeat), "--sign", stage.key("worker-user"), "presence")
        wait(lambda: "is left out" in coordinator.log(), lambda: "it to be left out:\n" + coordinator.log()[-999:])
        attack.second_release()
        now = stage.get("/api/v1/health")["leader"]["epoch"]
        expect(now == epoch, f"epoch {epoch} -> {now}: {coordinator.log()[-1500:]}")
        expect(said == coordinator.log().count("is passed over") == 1, coordinator.log()[-1500:])


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

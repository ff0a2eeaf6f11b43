"""A leader's longest turn beside its lease, where something is large or away (the case `turn` of tests/bench/run)."""
import json
import re
import subprocess
import time
import urllib.request

import greylag
from greylag import Stage, expect, wait

LEASE_MS = 5000


def write(stage, files, targets):
    """One service `app` of golang-migrate's files."""
    folder = stage.folder / "fleet"
    (folder / "app").mkdir(parents=True)
    for number, text in enumerate(files, 1):
        (folder / "app" / f"{number}_m.up.sql").write_text(text)
        (folder / "app" / f"{number}_m.down.sql").write_text("SELECT 1;\n")
    (folder / "fleet.yml").write_text("fleet: turn\nservices:\n  app: {migrations: app, layout: golang-migrate, "
                                      f"targets: [{', '.join(targets)}]}}\n")
    stage.fleet(folder / "fleet.yml", services={"app": targets})


def leader(stage):
    return (stage.get("/api/v1/health") or {}).get("leader") or {}


def figures(stage):
    """Longest turn and longest work between two looks at the lease, in ms; peak memory in MiB; the epoch."""
    request = urllib.request.Request(stage.url + "/metrics", headers={"Authorization": f"Bearer {stage.token}"})
    with urllib.request.urlopen(request) as answer:
        metrics = answer.read().decode()
    status = open(f"/proc/{stage.programs['coordinator'].process.pid}/status").read()
    return (*(int(re.search(rf"longest_{name}_milliseconds (\d+)", metrics)[1]) for name in ("turn", "work")),
            int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024, leader(stage).get("epoch"))


def show(name, stage, epoch, took=""):
    turn, work, memory, now = figures(stage)
    print(f"  {name:<42} longest turn {turn:5} ms, longest work {work:5} ms, lease {LEASE_MS} ms; "
          f"peak {memory} MiB; epoch {epoch} -> {now} {took}", flush=True)


def large_jobs(broker, count, kib):
    text = "CREATE TABLE one (n int);\n" + ("-- " + "x" * 97 + "\n") * (kib * 1024 // 101)
    with Stage(broker) as stage:
        write(stage, [text], [f"t{i}" for i in range(count)])
        stage.everybody()
        epoch = wait(lambda: leader(stage).get("epoch"), "a leader")
        stage.greylag("up", "--no-wait")
        release = stage.ended(600)
        expect(release["state"] == "succeeded", release["reason"])
        took = (release["endedAtUs"] - release["acceptedAtUs"]) / 1e6
        show(f"{count} jobs of {kib} KiB", stage, epoch, f"{took:.1f} s")


def junk(broker):
    """Each message has the signatures of eight strangers."""
    with Stage(broker) as stage:
        write(stage, ["CREATE TABLE one (n int);\n"], ["app"])
        stage.services.update({f"s{i}": [f"t{i}"] for i in range(20)})
        stage.coordinator()
        stage.services = {"app": ["app"]}
        stage.worker("app")
        stage.reporting()
        epoch = leader(stage)["epoch"]
        wire, topic = greylag.BUILD / "bin/wire", f"greylag.{stage.name}.dev.events"

        def send(key, body, *options):
            subprocess.run([wire, "send", stage.broker.bootstrap, topic, key, *map(str, options)], input=body,
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for i in range(8):
            send("junk", b"x" * 1500, "--sign", stage.key(f"stranger-{i}"), "report")
        raw = subprocess.run([wire, "read", stage.broker.bootstrap, topic], capture_output=True, check=True).stdout
        signed = [json.loads(line) for line in raw.split(b"\n") if b"payload" in line][-8:]
        signed[0]["signatures"] = [envelope["signatures"][0] for envelope in signed]
        for key in ("app/app", "app", "junk"):
            send(key, json.dumps(signed[0]).encode(), "--times", 400)
        stage.greylag("up")
        show("1,200 messages that nobody signed", stage, epoch)


def start(broker, name, rows):
    """A coordinator starts that knows what these rows say."""
    with Stage(broker) as stage:
        write(stage, ["CREATE TABLE one (n int);\n"], ["app"])
        coordinator = stage.coordinator()
        epoch = wait(lambda: leader(stage).get("epoch"), "a leader")
        coordinator.stop()
        stage.postgres.sql(stage.database, rows)
        began = time.monotonic()
        coordinator.start()
        coordinator.ready()
        wait(lambda: coordinator.log().count("leading in epoch") == 2, "the next term")
        took = time.monotonic() - began
        stage.worker("app")
        stage.greylag("up")
        show(name, stage, epoch, f"leads after {took:.1f} s")


def away(broker):
    """Kafka answers nobody for eight seconds, while a step runs."""
    with Stage(broker) as stage:
        write(stage, ["SELECT pg_sleep(12);\n", "CREATE TABLE two (n int);\n"], ["app"])
        stage.everybody()
        epoch = leader(stage)["epoch"]
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.sql("app", "select 1 from pg_stat_activity where wait_event = 'PgSleep'"), "the step to run")
        stage.broker.helper.say("kill" if broker.name == "kafka" else "stop")
        time.sleep(8)  # what is measured
        stage.broker.helper.say("start")
        expect(stage.ended(300)["state"] == "succeeded", "the release")
        show("the broker away for 8 s", stage, epoch)


TARGETS = """INSERT INTO greylag.targets (service, target, known) SELECT '{service}', 't' || i, true
    FROM generate_series(1, {targets}) i;
INSERT INTO greylag.applied (service, target, migration, checksum, request, release)
SELECT '{service}', 't' || i, 'V' || m, repeat('a', 64), 'r.' || m || '.1', 'r'
    FROM generate_series(1, {targets}) i, generate_series(1, {applied}) m"""


def all_of_it(broker):
    large_jobs(broker, 100, 1000)
    large_jobs(broker, 5, 31000)
    junk(broker)
    start(broker, "200 services", TARGETS.format(service="s' || i || '", targets=200, applied=10))
    start(broker, "2,000 targets with 100 migrations each", TARGETS.format(service="s", targets=2000, applied=100))
    away(broker)

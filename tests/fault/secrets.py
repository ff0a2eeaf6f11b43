"""Secrets stay where they are: passwords of databases, of the broker, and tokens, planted and looked for in every log
at LOG_LEVEL=DEBUG, in the process list, in every message on every topic, and in what people are shown. The same logs do
show SQL, locks and timings."""
import base64
import json
import pathlib
import subprocess

import greylag
import walk_fleet
from greylag import Stage, expect, wait

PLANTED = {"control": "planted-control-7c1d", "target": "planted-target-92ae", "kafka": "planted-kafka-0b5f",
           "placeholder": "planted-placeholder-4e11"}
# What the worker alone can fill in: a step that applies, and one that fails on it, so that PostgreSQL quotes it.
WITH_SECRET = {"auth": {"6_vault": ("CREATE TABLE vault AS SELECT '${vault_key}'::text AS key;", "DROP TABLE vault;")},
               "crm": {"3_unique_codes": ("SELECT 1;\nSELECT '${VAULT_KEY}'::integer;", "SELECT 1;")}}


def with_password(conninfo, password):
    return f"{conninfo} password={password}"


def write(stage, *parts):
    path = walk_fleet.write(stage.folder / "fleet", *parts)
    text = path.read_text().replace("[user]}", "[user], secret_placeholders: [vault_key]}")
    path.write_text(text)
    return path


def begin(stage):
    stage.fleet(write(stage, walk_fleet.FIRST), services=walk_fleet.SERVICES)
    stage.broker.properties = {**stage.broker.properties, "ssl.key.password": PLANTED["kafka"]}
    stage.coordinator(settings={"resend_after": "2s"}, conninfo=with_password(stage.postgres.conninfo(stage.database),
                                                                              PLANTED["control"]))
    for service in stage.services:
        stage.worker(service, conninfo=with_password(stage.postgres.conninfo(service), PLANTED["target"]),
                     more=f"placeholders: {{vault_key: {PLANTED['placeholder']}}}\n")
    stage.reporting()
    PLANTED["token"] = stage.token


def process_list(stage):
    return "\n".join(pathlib.Path(f"/proc/{program.process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                     for program in stage.programs.values())


def messages(stage):
    text = ""
    for topic in ("jobs.auth", "jobs.user", "jobs.crm", "events", "control", "presence"):
        raw = subprocess.run([greylag.BUILD / "bin/wire", "read", stage.broker.bootstrap, f"greylag.walk.dev.{topic}"],
                             check=True,
                             capture_output=True).stdout.decode(errors="replace")
        for line in raw.splitlines():
            text += line + "\n"
            if line.startswith("{"):
                text += base64.b64decode(json.loads(line)["payload"]).decode() + "\n"
    expect("CREATE TABLE accounts" in text, "the messages hold no job")
    return text


def shown(stage):
    return "".join(str(stage.greylag(*command, check=None)) for command in (
        ("status",), ("history",), ("health",), ("workers", "list"), ("release", "show", "--json"),
        ("release", "list", "--json"), ("status", "--json")))


def control_database(stage):
    return subprocess.run([stage.postgres.bin / "pg_dump", "--data-only", "-d",
                           stage.postgres.conninfo(stage.database)], check=True,
                          capture_output=True, text=True).stdout


def test_planted_secrets_are_nowhere():
    with Stage(environment={"LOG_LEVEL": "DEBUG"}) as stage:
        begin(stage)
        stage.greylag("up")
        write(stage, walk_fleet.SECOND, WITH_SECRET)
        expect(stage.greylag("up", check=None).code == 3, "the second release was not rolled back")
        message = stage.sql("crm", "select message from greylag.history where kind = 'failed'")
        expect(message == 'invalid input syntax for type integer: "***"', f"crm failed with {message}")
        processes = process_list(stage)
        stage.postgres.kill() # errors of lost connections are texts, too
        wait(lambda: all("lost" in p.log() or "refused" in p.log() for p in stage.programs.values()),
             "everybody to notice")
        stage.greylag("status", check=None)
        stage.postgres.start()
        wait(lambda: stage.greylag("health", check=None).code == 0, "everybody to be back")
        places = {"the process list": processes, "the messages": messages(stage), "what people are shown": shown(stage),
                  "the control database": control_database(stage)}
        for program in stage.programs.values():
            places[f"the log of {program.name}"] = program.log()
        for place, text in places.items():
            for kind, secret in PLANTED.items():
                expect(secret not in text,
                       f"{kind}'s secret is in {place}:\n" + "\n".join(line for line in text.splitlines()
                                                                       if secret in line)[:800])
        worker, coordinator = stage.programs["worker-auth"].log(), stage.programs["coordinator"].log()
        for text in ("sql ", "lock ", "time=", "DEBUG"):
            expect(text in worker, f"the worker's log at DEBUG shows no {text}")
        for text in ("sql ", " us", "DEBUG"):
            expect(text in coordinator, f"the coordinator's log at DEBUG shows no {text}")


def test_a_secret_in_a_wrong_setting_is_not_repeated():
    """Passwords with special characters end up in hosts and ports when they are not encoded."""
    with Stage() as stage:
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        secret = "pl@nted/secret:1"
        for conninfo in (f"postgresql://user:{secret}@127.0.0.1/db", f"host=127.0.0.1 password='{secret}",
                         f"host=127.0.0.1 password={secret} what"):
            for program, file in (("greylag-coordinator", stage.coordinator(start=False, conninfo=conninfo)),
                                  ("greylag-worker", stage.worker("auth", start=False, conninfo=conninfo))):
                done = subprocess.run(file.command, capture_output=True, text=True, timeout=30)
                expect(done.returncode == 2 and "nted" not in done.stderr and "connection string" in done.stderr,
                       f"{program}: {done}")


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

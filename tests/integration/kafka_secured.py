# long
# label: kafka
"""Kafka as a company has it: it asks who is there (passwords, certificates), and lets everybody do only what they
have to. What keeps greylag out is named, by its logs and by whoever is asked; the rights that the documents name are
enough."""
import os
import re
import subprocess
import threading

import greylag
from greylag import SecuredKafka, Stage, expect, wait

FLEET = """fleet: {name}
services:
  auth: {{migrations: auth, layout: golang-migrate}}
environments: {{dev: {{}}}}
"""
ACL = re.compile(r"kafka-acls\.sh --bootstrap-server (\S+) --command-config \S+ --add --allow-principal ('[^']*'|\S+) "
                 r"--operation (\w+) --(topic|group) ([\w.-]+)")


def missing():
    return os.environ.get("GREYLAG_NO_KAFKA")


def rights(name, coordinator, worker, create=True):
    """What docs/operations.md says."""
    base = f"greylag.{name}.dev."
    made = [f"add {coordinator} {right} topic {base}*" for right in ("create", "describe")] if create else []
    return made + [f"add {coordinator} write topic {base}jobs.*", f"add {coordinator} write topic {base}control",
                   f"add {coordinator} read topic {base}events", f"add {coordinator} read topic {base}presence",
                   f"add {worker} read topic {base}jobs.auth", f"add {worker} read topic {base}control",
                   f"add {worker} write topic {base}events", f"add {worker} write topic {base}presence",
                   f"add {worker} read group {base}worker.*"]


def fleet(stage, name):
    """A fleet of one service and one migration, under a name (and so topics) of its own."""
    folder = stage.folder / name
    (folder / "auth").mkdir(parents=True)
    (folder / "fleet.yml").write_text(FLEET.format(name=name))
    (folder / "auth/1_accounts.up.sql").write_text(f"CREATE TABLE {name}_accounts (id int);")
    (folder / "auth/1_accounts.down.sql").write_text(f"DROP TABLE {name}_accounts;")
    stage.fleet(folder / "fleet.yml", services={"auth": ["auth"]})
    stage.sql("auth", "drop schema if exists greylag cascade")


def end(stage):
    for program in stage.programs.values():
        program.kill()
        program.log_file.unlink(missing_ok=True)
    stage.programs.clear()


def attention(stage):
    health = stage.get("/api/v1/health")
    return health["attention"] if health else []


def told(stage, text):
    """The detail of what needs a person that has this text."""
    return next((item["detail"] for item in attention(stage) if text in item["detail"]), None)


def ways_in(broker):
    return {"scram": lambda user: broker.secret(user, "SASL_SSL", "SCRAM-SHA-512"),
            "plain": lambda user: broker.secret(user, "SASL_PLAINTEXT", "PLAIN"),
            "certificate": broker.certificate}


def up_and_down(stage, kafka):
    stage.coordinator(kafka=kafka("coordinator"))
    stage.worker("auth", kafka=kafka("worker"))
    stage.reporting()
    stage.greylag("up")
    expect(len(stage.applied("auth")) == 1, "one migration is applied")
    stage.greylag("down")
    expect(not stage.applied("auth"), "nothing is applied")
    wait(lambda: stage.greylag("health", check=None).code == 0,
         lambda: f"all to be well: {stage.greylag('health', check=None)}")


def test_exactly_the_documented_rights_on_every_way_in():
    """With passwords and with certificates; and where somebody else has made the topics."""
    if missing():
        return missing()
    with Stage(SecuredKafka) as stage:
        for name, kafka in ways_in(stage.broker).items():
            who = [f"User:CN={user},O=greylag" if name == "certificate" else f"User:{user}"
                   for user in ("coordinator", "worker")]
            fleet(stage, name)
            stage.broker.acl(rights(name, *who))
            up_and_down(stage, kafka)
            for program in stage.programs.values():
                expect("uthorization" not in program.log() and "may not" not in program.log(),
                       f"{program.name} was let in and complains: {program.log()}")
            end(stage)
        fleet(stage, "made")
        other, worker = stage.coordinator(), stage.worker("auth", ready=False)  # as those who may do everything
        wait(lambda: "inventory of" in other.log(), lambda: f"the topics to be made: {other.log()} {worker.log()}")
        end(stage)
        stage.broker.acl(rights("made", "User:coordinator", "User:worker", create=False))
        wait(lambda: stage.postgres.sql(stage.database, "select 1 from greylag.lease where expires_at < now()"),
             "the one who made them to be gone")
        up_and_down(stage, ways_in(stage.broker)["plain"])


def test_what_keeps_greylag_out_is_named():
    if missing():
        return missing()
    with Stage(SecuredKafka) as stage:
        broker = stage.broker
        scram, plain = (ways_in(broker)[name]("coordinator") for name in ("scram", "plain"))
        certificate = broker.certificate("coordinator")
        wrong = {
            "a wrong password": ({**scram, "sasl.password": "guessed"}, "sasl.password"),
            "a wrong password in plain text": ({**plain, "sasl.password": "guessed"}, "sasl.password"),
            "a wrong mechanism": ({**scram, "sasl.mechanism": "PLAIN"}, "sasl.mechanism"),
            "an authority that is not the broker's": ({**scram, "ssl.ca.location": str(broker.tls / "other-ca.pem")},
                                                      "ssl.ca.location"),
            "plain text to TLS": ({"bootstrap.servers": broker.listeners["SASL_SSL"]}, "security.protocol"),
            "plain text to SASL": ({"bootstrap.servers": broker.listeners["SASL_PLAINTEXT"]}, "security.protocol"),
            "TLS to plain text": ({**certificate, "bootstrap.servers": broker.bootstrap}, "security.protocol"),
            "no certificate": ({"bootstrap.servers": broker.listeners["SSL"], "security.protocol": "SSL",
                                "ssl.ca.location": str(broker.tls / "ca.pem")}, "ssl.certificate.location"),
            "a certificate of somebody else's authority": (
                {**certificate, "ssl.certificate.location": str(broker.tls / "stranger.crt"),
                 "ssl.key.location": str(broker.tls / "stranger.key")}, "ssl.certificate.location"),
            "another host than the certificate's": (  # this name of 127.0.0.1 stands in no certificate
                {**certificate, "bootstrap.servers": broker.listeners["SSL"].replace("127.0.0.1", "127.1")},
                "advertised.listeners"),
            "a certificate out of date": ({**certificate, "bootstrap.servers": broker.listeners["STALE"]}, "in date"),
            "a password where none is asked for": ({**plain, "bootstrap.servers": broker.bootstrap},
                                                   "security.protocol"),
            "TLS with a password to a port without": (
                {**scram, "bootstrap.servers": broker.listeners["SASL_PLAINTEXT"]}, "does not speak TLS"),
            "nobody there": ({"bootstrap.servers": "127.0.0.1:9"}, "is a broker running"),
        }
        fleet(stage, "kept")
        for name, (properties, named) in wrong.items():
            coordinator = stage.coordinator(kafka=properties)
            worker = stage.worker("auth", kafka=properties, ready=False)
            wait(lambda: named in coordinator.log() and told(stage, named),
                 lambda: f"{name}: health to name {named}: {attention(stage)}\n{coordinator.log()[-2000:]}", 30)
            health = stage.greylag("health", check=1)
            status = stage.greylag("status", check=0)
            for said in (health.out, status.out):
                expect(named in said, f"{name}: {named} is not named: {said}")
            wait(lambda: named in worker.log(), lambda: f"{name}: the worker to name {named}: {worker.log()}", 30)
            for program in (coordinator, worker):
                lines = [line for line in program.log().splitlines() if named in line]
                print(f"# {name}: {lines[0]}", flush=True)
                expect(len(lines) <= 3, f"{name}: told {len(lines)} times by {program.name}: {program.log()}")
                expect("guessed" not in program.log(), f"{name}: the password is logged by {program.name}")
            end(stage)


class Advised:
    """Grants what health and the workers' logs say is missing, with the lines that they name, until nothing is."""

    def __init__(self, stage):
        self.stage, self.granted = stage, []

    def texts(self):
        yield from (item["detail"] for item in attention(self.stage))
        yield from (program.log() for program in self.stage.programs.values() if not program.serves)

    def step(self):
        for text in self.texts():
            for _, principal, operation, kind, name in ACL.findall(text):
                line = f"add {principal} {operation.lower()} {kind} {name}"
                if line not in self.granted:
                    print(f"# {line}", flush=True)
                    self.stage.broker.acl([line])
                    self.granted.append(line)


def test_every_missing_right_is_named_with_the_line_that_grants_it():
    """From no rights at all to a release that succeeds, by doing what is said, with no program started anew; and what
    was said is no more than what is needed."""
    if missing():
        return missing()
    with Stage(SecuredKafka) as stage:
        fleet(stage, "advised")
        kafka = ways_in(stage.broker)["scram"]
        advised = Advised(stage)
        stage.coordinator(kafka=kafka("coordinator"))
        stage.worker("auth", kafka=kafka("worker"), ready=False)

        def known():
            advised.step()
            status = stage.get("/api/v1/status")
            return status and any(t["known"] for t in status["targets"])
        wait(known, lambda: f"the target to be known: {advised.granted} {attention(stage)}", 120, every=0.2)
        stage.broker.acl(["remove User:coordinator write topic greylag.advised.dev.jobs.auth",
                          "add User:coordinator describe topic greylag.advised.dev.jobs.auth"])
        advised.granted.remove("add User:coordinator write topic greylag.advised.dev.jobs.auth")
        followed = stage.folder / "followed"
        with open(followed, "w") as out:
            up = subprocess.Popen(stage.command("up"), stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "GREYLAG_URL": stage.url, "GREYLAG_TOKEN": stage.token})
            wait(lambda: "jobs.auth" in followed.read_text(),
                 lambda: f"who follows the release to be told: {followed.read_text()} {attention(stage)}", 30)
            expect(stage.greylag("health", check=None).code == 1, "health is red while a job cannot be sent")

            def ended():
                advised.step()
                return up.poll() is not None
            wait(ended, lambda: f"the release to end: {followed.read_text()}", 120, every=0.2)
        expect(up.returncode == 0, followed.read_text())
        wait(lambda: stage.greylag("health", check=None).code == 0,
             lambda: f"all to be well: {stage.greylag('health', check=None)}")
        base = "greylag.advised.dev."
        needed = {f"add User:coordinator create topic {base}{topic}"
                  for topic in ("events", "control", "presence", "jobs.auth")}
        needed |= {line.replace("jobs.*", "jobs.auth") for line in rights("advised", "User:coordinator", "User:worker")
                   if "add User:coordinator create" not in line and " describe " not in line and " group " not in line}
        granted = {line for line in advised.granted if " group " not in line}
        expect(granted == needed, f"not needed: {granted - needed}; not said: {needed - granted}")
        expect(len(advised.granted) == len(granted) + 1, f"one group: {advised.granted}")


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

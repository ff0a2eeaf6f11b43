# long
# label: kafka
"""Three brokers of real Apache Kafka, whose topics have a company's prefix, restarted one by one, and one or two of
them away: what runs is not cut, the leader stays, and releases go on."""
import os
import re
import threading
import time

import greylag
from greylag import Stage, ThreeKafkas, expect, wait

SERVICES = {"auth": None, "shop": "auth", "mail": "shop"}  # and what each depends on
GATE = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$;"


def missing():
    return os.environ.get("GREYLAG_NO_KAFKA")


class Fleet:
    """Three services that wait for each other, two targets each; on one target the first step runs until the scenario
    lets it end."""

    def __init__(self, stage):
        self.stage = stage
        self.targets = {service: [f"{service}-a", f"{service}-b"] for service in SERVICES}
        lines, files = ["fleet: three", "services:"], {}
        for service, needs in SERVICES.items():
            depends = f", depends_on: [{needs}]" if needs else ""
            lines.append(f"  {service}: {{migrations: {service}, layout: golang-migrate, "
                         f"targets: [{', '.join(self.targets[service])}]{depends}}}")
            files[f"{service}/1_one.up.sql"] = "SELECT nextval('tries');\n" + GATE
            files[f"{service}/1_one.down.sql"] = "SELECT setval('tries', 1, false);"
            files[f"{service}/2_two.up.sql"] = "CREATE TABLE two (n int);"
            files[f"{service}/2_two.down.sql"] = "DROP TABLE two;"
        stage.topic_prefix = "topic_prefix: acme.db-\n"
        stage.fleet(stage.write("\n".join(lines) + "\n", files), services=self.targets)
        for target in self.every():
            stage.sql(target, "create sequence tries; create table gate ()")
            if target != "auth-a":
                stage.sql(target, "insert into gate default values")
        stage.everybody(lease="5s", resend_after="3s", replication="3")
        self.epoch = self.leader()["epoch"]

    def every(self):
        return [target for targets in self.targets.values() for target in targets]

    def leader(self):
        return (self.stage.get("/api/v1/health") or {}).get("leader") or {}

    def begun_once(self):
        tries = {target: self.stage.sql(target, "select last_value from tries") for target in self.every()}
        expect(set(tries.values()) == {"1"}, f"each step is begun once: {tries}")

    def begin(self):
        self.stage.greylag("up", "--no-wait")
        wait(lambda: self.stage.sql("auth-a", "select 1 from pg_stat_activity where wait_event = 'PgSleep'"),
             "the step to run")

    def goes_on(self):
        """Lets the step end: the rest follows, once."""
        self.stage.sql("auth-a", "insert into gate default values")
        release = self.stage.ended(120)
        expect(release["state"] == "succeeded", f"{release['state']}: {release.get('reason')}")
        self.begun_once()

    def is_well(self):
        """In the same term, and the logs have not much to say."""
        stage, said = self.stage, self.said()
        print(f"# {len(said)} warnings, epoch {self.epoch} -> {self.leader().get('epoch')}")
        expect(self.leader().get("epoch") == self.epoch, "another term began:\n" + "\n".join(said))
        expect(len(said) < 30, "the logs are filled:\n" + "\n".join(said))
        wait(lambda: stage.greylag("health", check=None).code == 0,
             lambda: f"all to be well: {stage.greylag('health', check=None)}")

    def said(self):
        return [f"{program.name}: {line}" for program in self.stage.programs.values()
                for line in program.log().splitlines() if re.search(" (WARN|ERROR) ", line)]


def again(broker, nodes):
    for node in nodes:
        broker.say("stop", node)
        broker.say("start", node)


def test_restarted_one_by_one():
    """Two while a step runs, the third while one release follows the other."""
    if missing():
        return missing()
    with Stage(ThreeKafkas) as stage:
        fleet = Fleet(stage)
        fleet.begin()
        again(stage.broker, (1, 2))
        fleet.goes_on()
        restart = threading.Thread(target=again, args=(stage.broker, (3,)))
        restart.start()
        took = []
        while restart.is_alive() or len(took) % 2 or not took:
            began = time.monotonic()
            stage.greylag("up" if len(took) % 2 else "down")
            took.append(time.monotonic() - began)
        fleet.begun_once()
        print(f"# {len(took)} releases while one restarted, the longest {max(took):.1f} s")
        fleet.is_well()


def test_below_min_insync_replicas():
    """One of three is away, and `events` has to have all of its copies: the step ends unheard of, its worker tells, and
    the release goes on when the third is back."""
    if missing():
        return missing()
    with Stage(ThreeKafkas) as stage:
        fleet = Fleet(stage)
        fleet.begin()
        stage.topic("acme.db-greylag.three.dev.events", "set", "min.insync.replicas=3", "max.message.bytes=67108864")
        stage.broker.say("kill", 3)
        stage.sql("auth-a", "insert into gate default values")
        wait(lambda: stage.sql("auth-a", "select 1 from greylag.history"), "the step to end, unheard of")
        wait(lambda: "dev.events takes no message" in stage.greylag("health", check=None).out,
             lambda: f"health to tell: {stage.greylag('health', check=None)}")
        expect("dev.events takes no message" in stage.greylag("status").out, "status does not tell")
        stage.broker.say("start", 3)
        fleet.goes_on()
        fleet.is_well()


def test_two_of_three_are_away():
    """Nothing can be written, and nobody can say which broker does what: the step ends unheard of, `health` tells, and
    the release goes on when they are back."""
    if missing():
        return missing()
    with Stage(ThreeKafkas) as stage:
        fleet = Fleet(stage)
        fleet.begin()
        for node in (1, 2):
            stage.broker.say("kill", node)
        wait(lambda: "unsent" in stage.greylag("health", check=None).out,
             lambda: f"health to tell: {stage.greylag('health', check=None)}")
        stage.sql("auth-a", "insert into gate default values")
        wait(lambda: stage.sql("auth-a", "select 1 from greylag.history"), "the step to end, unheard of")
        stage.broker.say("launch", 1)
        stage.broker.say("start", 2)
        fleet.goes_on()
        fleet.is_well()


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

# long
# label: kafka
"""Real Apache Kafka that limps, by what administrators do and what brokers and networks suffer, while a step runs: the
step is not cut, the release goes on by itself, the leader stays, and the log says it once."""
import os
import random
import re
import string

import greylag
from greylag import FarKafka, Kafka, Stage, expect, wait

ALL = ("events", "control", "presence", "jobs.app")


def missing():
    return os.environ.get("GREYLAG_NO_KAFKA")


class Limp:
    """A release of a long step, whose end this scenario decides, and two behind it."""

    def __init__(self, stage):
        self.stage = stage
        folder = stage.folder / "fleet"
        (folder / "app").mkdir(parents=True)
        texts = ["SELECT nextval('tries');\nDO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP "
                 "PERFORM pg_sleep(0.1); END LOOP; END $$;\n",
                 "CREATE TABLE two (n int);\n", "CREATE TABLE three (n int);\n"]
        for number, text in enumerate(texts, 1):
            self.add(number, text)
        (folder / "fleet.yml").write_text("fleet: limp\nservices:\n  app: {migrations: app, "
                                          "layout: golang-migrate}\n")
        stage.fleet(folder / "fleet.yml", services={"app": ["app"]})
        stage.sql("app", "create sequence tries; create table gate ()")
        # more partitions are found by every client within a second, not within 30
        stage.broker.properties = {**stage.broker.properties, "topic.metadata.refresh.interval.ms": "1000"}
        stage.everybody(lease="5s", resend_after="3s")
        self.epoch = self.leader().get("epoch")

    def add(self, number, text):
        for way, sql in (("up", text), ("down", "SELECT 1;\n")):
            (self.stage.folder / f"fleet/app/{number}_m.{way}.sql").write_text(sql)

    def begin(self):
        stage = self.stage
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.sql("app", "select 1 from pg_stat_activity where wait_event = 'PgSleep'"), "the step to run")

    def leader(self):
        return (self.stage.get("/api/v1/health") or {}).get("leader") or {}

    def topic(self, name, *words):
        self.stage.topic(f"greylag.limp.dev.{name}", *words)

    def goes_on(self, what):
        """Lets the step end: the rest follows, once and in the same term."""
        stage = self.stage
        stage.sql("app", "insert into gate default values")
        release = stage.ended(180)
        tries = stage.sql("app", "select last_value from tries")
        print(f"# {what}: {release['state']}, begun {tries} times")
        expect(release["state"] == "succeeded", f"{release['state']}: {release.get('reason')}")
        expect(tries == "1", f"the step was begun {tries} times")
        self.is_well()

    def is_well(self):
        """In the same term, what the worker has said is acknowledged, and the log has not much to say."""
        stage = self.stage
        log = stage.programs["coordinator"].log()
        said = [line for line in log.splitlines() if re.search(" (WARN|ERROR) ", line)]
        print(f"# epoch {self.epoch} -> {self.leader().get('epoch')}, {len(said)} warnings")
        expect(self.leader().get("epoch") == self.epoch, f"another term:\n{log[-3000:]}")
        wait(lambda: not stage.sql("app", "select 1 from greylag.history where position > "
                                          "coalesce((select through from greylag.acknowledged), 0)"),
             "the worker to hear that its outcomes are known")
        expect(len(said) < 20, "the log is filled:\n" + "\n".join(said))


def limp(what, trouble):
    if missing():
        return missing()
    with Stage(Kafka) as stage:
        one = Limp(stage)
        one.begin()
        trouble(one)
        one.goes_on(what)


def quiet(one):
    """Heartbeats came through again: the coordinator reads what the worker says."""
    seen = one.stage.get("/api/v1/status")["targets"][0]["lastSeenUs"]
    wait(lambda: one.stage.get("/api/v1/status")["targets"][0]["lastSeenUs"] > seen, "a heartbeat", 120)


def test_retention_compaction_and_partitions_are_changed():
    def trouble(one):
        for name in ALL:
            one.topic(name, "set", "cleanup.policy=compact,delete", "retention.ms=1000", "segment.ms=1000",
                      "max.message.bytes=67108864")
            one.topic(name, "partitions", 70 if name == "events" else 3)
        quiet(one)
    return limp("retention, compaction, partitions", trouble)


def test_topics_are_deleted():
    def trouble(one):
        for name in ALL:
            one.topic(name, "delete")
        quiet(one)
    return limp("topics deleted", trouble)


def test_the_broker_comes_back_with_an_empty_disk():
    def trouble(one):
        one.stage.broker.wipe()
        quiet(one)
    return limp("an empty disk", trouble)


def test_far_away_and_with_a_quota():
    """An answer takes 400 ms; then one job is far more than a client may write, and what follows waits for 15 s."""
    if missing():
        return missing()
    with Stage(FarKafka) as stage:
        one = Limp(stage)
        one.begin()
        stage.broker.proxy.say("delay 200")
        one.goes_on("far away")
        stage.broker.quota(4000)
        noise = "".join(random.Random(4).choices(string.ascii_letters, k=80000))
        one.add(4, f"CREATE TABLE four (n int); -- {noise}\n")
        stage.greylag("up")
        one.add(5, "CREATE TABLE five (n int);\n")
        stage.greylag("up", "--no-wait")
        wait(lambda: "unsent" in stage.greylag("health", check=None).out,
             lambda: f"health to tell what waits: {stage.greylag('health', check=None)}")
        stage.broker.quota(None)  # what the broker holds back already comes later all the same
        expect(stage.ended(120)["state"] == "succeeded", f"with a quota: {stage.latest()}")
        wait(lambda: stage.greylag("health", check=None).code == 0,
             lambda: f"all to be well: {stage.greylag('health', check=None)}")
        one.is_well()


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

# long
# label: kafka
"""The same fleet on real Apache Kafka: forward and back, the broker killed or wiped in the middle, a migration larger
than the broker's own limit for messages."""
import os
import subprocess
import time

import greylag
import walk_fleet
from greylag import Kafka, Stage, expect, wait

SETTINGS = {"resend_after": "2s", "fence_again": "300ms"}


def missing():
    return os.environ.get("GREYLAG_NO_KAFKA")


def begin(stage, *more):
    stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST, *more), services=walk_fleet.SERVICES)
    stage.everybody(**SETTINGS)


def slow(seconds):
    """A migration of auth that takes so long."""
    return {"auth": {"4_slow": (f"SELECT pg_sleep({seconds}); CREATE TABLE slow ();", "DROP TABLE slow;")}}


def applied_as(stage, more=None):
    for service, wanted in walk_fleet.APPLIED.items():
        found = [migration for migration, _ in stage.applied(service)]
        expect(found == wanted + (more or {}).get(service, []), f"{service} has {found}")
        twice = stage.postgres.sql(service, "select request from greylag.history group by 1 having count(*) > 1")
        expect(twice == "", f"{service}: requests with two outcomes: {twice}")


def go_on_after(trouble):
    """Starts a release whose first service takes 4 s, makes trouble meanwhile, and waits for its success."""
    with Stage(Kafka) as stage:
        begin(stage, slow(4))
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.postgres.sql("postgres", "select 1 from pg_stat_activity where query like '%pg_sleep(4)%' "
                                                    "and state = 'active' and pid <> pg_backend_pid() limit 1"),
             "the slow migration to run")
        trouble(stage.broker)
        release = stage.ended(120)
        expect(release["state"] == "succeeded", f"{release['state']}: {release.get('reason')}")
        applied_as(stage, {"auth": ["4"]})


def restart(broker):
    broker.kill()
    time.sleep(1)  # part of the trouble: nobody answers for a while
    broker.start()


def test_a_release_goes_forward_and_the_next_one_back():
    if missing():
        return missing()
    with Stage(Kafka) as stage:
        begin(stage)
        stage.greylag("up")
        before = {t: stage.postgres.dump(t) for t in stage.services}
        walk_fleet.write(stage.folder / "fleet", walk_fleet.SECOND)
        stage.greylag("up", check=3)
        for target, dump in before.items():
            expect(stage.postgres.dump(target) == dump, f"{target} is not what it was before")
        applied_as(stage)


def test_a_migration_larger_than_the_broker_s_own_limit():
    """max.message.bytes of a broker is 1 MiB; greylag's topics say more."""
    if missing():
        return missing()
    with Stage(Kafka) as stage:
        rows = "".join(f"INSERT INTO large VALUES ({n}, '{'x' * 200}');\n" for n in range(20000))
        begin(stage, {"auth": {"4_large": ("CREATE TABLE large (id int, fill text);\n" + rows, "DROP TABLE large;")}})
        stage.greylag("up")
        expect(stage.postgres.sql("auth", "select count(*) from large") == "20000", "all rows are there")


def test_a_message_of_70_mb_is_refused_by_the_broker():
    """greylag's topics take 64 MiB; what is larger does not get in, and nobody is disturbed."""
    if missing():
        return missing()
    with Stage(Kafka) as stage:
        begin(stage)
        for topic in ("jobs.auth", "events"):
            sent = subprocess.run([greylag.BUILD / "bin/wire", "send", stage.broker.bootstrap,
                                   f"greylag.walk.dev.{topic}", "auth"],
                                  input=b"x" * 70_000_000, capture_output=True)
            said = sent.stderr.decode()
            print(f"# {topic}: {said.strip()}", flush=True)
            expect(sent.returncode != 0 and "large" in said.lower(), f"{topic} took 70 MB: {said}")
        stage.greylag("up")
        applied_as(stage)


def test_each_topic_whose_limit_is_too_small_is_named_with_the_line_that_raises_it():
    """As somebody else has made them: with the broker's own limit, and compacted."""
    if missing():
        return missing()
    with Stage(Kafka) as stage:
        begin(stage)
        topics = [f"greylag.walk.dev.{name}" for name in ("jobs.auth", "events")]
        lines = [f"kafka-configs.sh --bootstrap-server {stage.broker.bootstrap} --command-config admin.properties "
                 f"--alter --topic {topic} --add-config max.message.bytes=67108864" for topic in topics]
        stage.programs["coordinator"].stop()
        for topic in topics:
            stage.topic(topic, "set", "cleanup.policy=compact")
        stage.programs["coordinator"].start().ready()
        wait(lambda: all(line in stage.greylag("health", check=None).out for line in lines),
             lambda: f"health to name both: {stage.greylag('health', check=None)}")
        for topic in topics:
            stage.topic(topic, "set", "cleanup.policy=compact", "max.message.bytes=67108864")
        wait(lambda: stage.greylag("health", check=None).code == 0,
             lambda: f"all to be well: {stage.greylag('health', check=None)}")
        stage.greylag("up")
        applied_as(stage)


def test_the_broker_is_killed_in_the_middle():
    return missing() or go_on_after(restart)


def test_the_broker_loses_all_its_data_in_the_middle():
    return missing() or go_on_after(lambda broker: broker.wipe())


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

# long
"""Who leads, and for how long: a leader's turn ends well before its lease, whatever is large or away; who reaches no
broker lets others lead; and a change of leaders cuts nothing that runs."""
import contextlib
import re
import socket
import subprocess
import threading
import time
import urllib.request

import greylag
from greylag import Stage, expect, wait

AWAY = {"bootstrap.servers": "127.0.0.1:1"}


def write(stage, services, targets=None):
    """A fleet of {service: [SQL, ...]}."""
    folder = stage.folder / "fleet"
    lines = ["fleet: lead", "services:"]
    for service, files in services.items():
        (folder / service).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(files, 1):
            (folder / service / f"{number}_m.up.sql").write_text(text)
            (folder / service / f"{number}_m.down.sql").write_text("SELECT 1;\n")
        names = (targets or {}).get(service, [service])
        lines.append(f"  {service}: {{migrations: {service}, layout: golang-migrate, targets: [{', '.join(names)}]}}")
    (folder / "fleet.yml").write_text("\n".join(lines) + "\n")
    stage.fleet(folder / "fleet.yml", services={s: (targets or {}).get(s, [s]) for s in services})


def leader(stage):
    return (stage.get("/api/v1/health") or {}).get("leader") or {}


def leads(stage, limit=greylag.LIMIT):
    return wait(lambda: leader(stage).get("valid") and leader(stage)["epoch"], "a leader", limit)


def longest(stage, name="turn"):
    """Milliseconds of a leader's longest turn, or of the longest work between two looks at its lease."""
    request = urllib.request.Request(stage.url + "/metrics", headers={"Authorization": f"Bearer {stage.token}"})
    with urllib.request.urlopen(request) as answer:
        return int(re.search(rf"longest_{name}_milliseconds (\d+)", answer.read().decode())[1])


def test_a_coordinator_without_a_broker_lets_a_healthy_one_lead():
    """It never takes the lease, says why once, and leads as soon as it can and nobody else does."""
    with Stage() as stage:
        write(stage, {"app": ["CREATE TABLE one (n int);"]})
        cut_off = stage.coordinator("cut-off", settings={"lease": "15s"}, kafka=AWAY)
        wait(lambda: "127.0.0.1:1" in cut_off.log(), lambda: "the reason to be said: " + cut_off.log())
        expect(not leader(stage).get("valid"), f"nobody leads: {leader(stage)}")
        healthy = stage.coordinator("healthy", settings={"lease": "15s"})
        began = time.monotonic()
        wait(lambda: "leading in epoch 1" in healthy.log(), lambda: "the healthy one to lead:\n" + healthy.log())
        print(f"# the healthy one led after {time.monotonic() - began:.1f} s; a lease is 15 s")
        stage.worker("app")
        stage.reporting()
        stage.greylag("up", url=healthy.url())
        expect("leading" not in cut_off.log(), cut_off.log())
        expect(len(cut_off.log().splitlines()) < 10, f"it fills its log:\n{cut_off.log()}")


def test_a_broker_that_is_away_changes_no_leader_and_cuts_no_step():
    """For longer than two leases, while a step runs and before another one is sent."""
    with Stage() as stage:
        write(stage, {"app": ["SELECT nextval('tries');\nSELECT pg_sleep(12);\n", "CREATE TABLE two (n int);\n"]})
        stage.sql("app", "create sequence tries")
        stage.everybody(lease="2s")
        epoch = leads(stage)
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.sql("app", "select 1 from pg_stat_activity where wait_event = 'PgSleep'"), "the step to run")
        stage.broker.helper.say("stop")
        coordinator = stage.programs["coordinator"]
        wait(lambda: re.search("WARN|ERROR", coordinator.log()), "the trouble to be said")
        time.sleep(5)  # part of the trouble: nobody answers for so long
        stage.broker.helper.say("start")
        release = stage.ended()
        tries = stage.sql("app", "select last_value from tries")
        print(f"# epoch {epoch} -> {leader(stage).get('epoch')}, begun {tries} times, longest turn {longest(stage)} ms")
        expect(release["state"] == "succeeded" and tries == "1", f"{release['state']}, begun {tries} times")
        expect(leader(stage).get("epoch") == epoch, "another term began")
        said = [line for line in coordinator.log().splitlines() if " WARN " in line or " ERROR " in line]
        expect(len(said) < 12, "the same trouble fills the log:\n" + "\n".join(said))


def test_a_start_with_many_services_and_targets_leads_at_once():
    """2,000 targets in 200 services, 20 migrations each: one term, and no unit of work longer than the lease."""
    with Stage() as stage:
        write(stage, {"app": ["CREATE TABLE one (n int);"]})
        coordinator = stage.coordinator(settings={"lease": "2s"})
        epoch = leads(stage)
        coordinator.stop()
        stage.postgres.sql(stage.database, """
            INSERT INTO greylag.targets (service, target, known)
            SELECT 'svc' || i % 200, 't' || i, true FROM generate_series(1, 2000) i;
            INSERT INTO greylag.applied (service, target, migration, checksum, request, release)
            SELECT 'svc' || i % 200, 't' || i, 'V' || m, repeat('a', 64), 'r.' || m || '.1', 'r'
            FROM generate_series(1, 2000) i, generate_series(1, 20) m""")
        coordinator.start()
        coordinator.ready()
        wait(lambda: coordinator.log().count("leading in epoch") == 2, lambda: "the next term:\n" + coordinator.log())
        stage.worker("app")
        stage.greylag("up")
        print(f"# epoch {epoch} -> {leader(stage)['epoch']}, longest turn {longest(stage)} ms, "
              f"longest work {longest(stage, 'work')} ms")
        expect(leader(stage)["epoch"] == epoch + 1, coordinator.log())


BEHIND = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec -= 3600;
    return code;
}
"""


def test_a_coordinator_whose_clock_is_an_hour_behind_is_heard():
    """Workers pass over what has expired: every question had, and no target was ever known, while all looked well."""
    with Stage() as stage:
        shim = stage.folder / "behind.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", shim, "-ldl"], input=BEHIND, text=True,
                       check=True)
        write(stage, {"app": ["CREATE TABLE one (n int);"]})
        late = stage.coordinator(environment={"LD_PRELOAD": str(shim)})
        stage.worker("app")
        stage.reporting()
        stage.greylag("up")
        wait(lambda: stage.sql("app", "select coalesce((select through from greylag.acknowledged), 0) >= "
                                      "(select max(position) from greylag.history)") == "t",
             "the outcome to be acknowledged")
        expect(re.search("clock is 3[56]\d\d s behind the control database's", late.log()), late.log())


def test_a_target_that_was_forgotten_is_asked_when_it_is_back():
    """In the same term: what it holds now is known, and releases go on."""
    with Stage() as stage:
        write(stage, {"app": ["CREATE TABLE one (n int);"]})
        stage.everybody()
        epoch = leads(stage)
        worker = stage.programs["worker-app"]
        worker.stop()

        def forgotten():
            stage.postgres.sql(stage.database, "UPDATE greylag.targets SET last_seen = now() - interval '1 hour'")
            return stage.greylag("targets", "forget", "app/app", check=None).code == 0
        wait(forgotten, "it to be forgotten")
        worker.start()
        stage.reporting()
        stage.greylag("up")
        expect(leader(stage)["epoch"] == epoch, f"epoch {epoch} -> {leader(stage)}")


def test_a_new_leader_adopts_the_step_that_runs():
    """The leader is killed; the next one waits for the step, believes its outcome, and sends the rest."""
    with Stage() as stage:
        write(stage, {"app": ["SELECT nextval('tries');\nSELECT pg_sleep(12);\n", "CREATE TABLE two (n int);\n"]})
        stage.sql("app", "create sequence tries")
        stage.everybody(lease="2s", fence_limit="8s")
        epoch = leads(stage)
        stage.coordinator("standby", settings={"lease": "2s", "fence_limit": "8s"})
        stage.greylag("up", "--no-wait")
        wait(lambda: stage.sql("app", "select 1 from pg_stat_activity where wait_event = 'PgSleep'"), "the step to run")
        stage.programs["coordinator"].kill()
        wait(lambda: leader(stage).get("epoch", 0) > epoch, "another leader")
        release = stage.ended()
        tries = stage.sql("app", "select last_value from tries")
        rows = [decision["row"] for decision in release["decisions"]]
        print(f"# begun {tries} times; {rows}")
        expect(release["state"] == "succeeded" and tries == "1", f"{release['state']}, begun {tries} times: {rows}")
        expect("takeover" in rows and "fence-limit" not in rows, f"{rows}")


def test_who_cannot_take_a_higher_epoch_tries_less_and_less_often():
    """A target has a fence that its leader never issued; and the control database, where that has to be written down
    before a higher epoch is taken, refuses it for a while."""
    with Stage() as stage:
        write(stage, {"app": ["CREATE TABLE one (n int);"]})
        stage.everybody(lease="2s")
        stage.greylag("up")
        epoch = leads(stage)
        stage.postgres.sql(stage.database, """
            CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON greylag.lease FOR EACH ROW
              WHEN (new.restored OR new.epoch <> old.epoch) EXECUTE FUNCTION public.refuse()""")
        stage.programs["worker-app"].stop()
        stage.sql("app", "update greylag.fence set epoch = epoch + 5, term = repeat('a', 32)")
        stage.programs["worker-app"].start()
        coordinator = stage.programs["coordinator"]
        wait(lambda: "not now" in coordinator.log(), lambda: "the refusal:\n" + coordinator.log())
        time.sleep(5)  # what is counted is how often it tries in that time
        tries = stage.postgres.sql(stage.database, "select xact_rollback from pg_stat_database "
                                                   "where datname = current_database()")
        lines = len(coordinator.log().splitlines())
        print(f"# {lines} lines of log, {tries} transactions refused")
        expect(lines < 60 and int(tries) < 60, f"{lines} lines, {tries} refused; {coordinator.log()[-1500:]}")
        stage.postgres.sql(stage.database, "DROP TRIGGER refuse ON greylag.lease")
        wait(lambda: "went back in time, every target is asked" in coordinator.log(),
             lambda: "a higher epoch, in which everybody is asked:\n" + coordinator.log()[-3000:])
        expect(leader(stage).get("epoch", 0) > epoch + 5, f"{leader(stage)}")
        wait(lambda: stage.greylag("up", check=None).code == 0, "nothing to be pending")


def test_large_jobs_go_out_as_the_bus_takes_them():
    """Not all in one turn, in the term in which they began, and in bounded memory."""
    large = "CREATE TABLE one (n int);\n" + ("-- " + "x" * 97 + "\n") * 10000
    larger = "CREATE TABLE two (n int);\n" + ("-- " + "x" * 97 + "\n") * 90000
    targets = {"app": [f"a{i}" for i in range(30)], "big": ["b0", "b1"]}
    with Stage() as stage:
        write(stage, {"app": [large], "big": [larger]}, targets)
        stage.everybody(lease="15s", resend_after="60s")
        epoch = leads(stage)
        stage.greylag("up", "--no-wait")
        release = stage.ended(120)
        status = open(f"/proc/{stage.programs['coordinator'].process.pid}/status").read()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024
        sent = [decision["detail"] for decision in release["decisions"] if decision["row"] == "send"]
        print(f"# {release['state']}; epoch {epoch} -> {leader(stage)['epoch']}, longest turn {longest(stage)} ms, "
              f"longest work {longest(stage, 'work')} ms, peak {peak} MiB; {sent}")
        expect(release["state"] == "succeeded" and leader(stage)["epoch"] == epoch, stage.programs["coordinator"].log())
        expect(len(sent) > 3 and not any(detail.startswith("0 ") for detail in sent), f"{sent}")
        expect(peak < 400, f"{peak} MiB")


def test_large_jobs_reach_their_worker_on_the_embedded_broker():
    """It loses a message of more than 5 MiB behind another one of the same partition: jobs are packed, so that those
    that people have are smaller there. None has to be sent again."""
    large = "CREATE TABLE one (n int);\n" + ("-- " + "x" * 97 + "\n") * 90000
    with Stage() as stage:
        write(stage, {"app": [large]}, {"app": [f"t{i}" for i in range(6)]})
        stage.everybody(lease="15s")
        epoch = leads(stage)
        stage.greylag("up", "--no-wait")
        release = stage.ended()
        rows = [decision["row"] for decision in release["decisions"]]
        print(f"# {release['state']}; epoch {epoch} -> {leader(stage)['epoch']}, longest turn {longest(stage)} ms; "
              f"{rows}")
        expect(release["state"] == "succeeded" and "job-silent" not in rows, f"{release['state']}: {rows}")


def test_a_control_database_that_is_far_away_changes_no_leader():
    """Each of its answers comes 80 ms later, and so does what is stored there: a commit stays shorter than a lease."""
    text = "CREATE TABLE one (n int);\n" + ("-- " + "x" * 97 + "\n") * 3000
    with Stage() as stage:
        write(stage, {"app": [text]}, {"app": [f"t{i}" for i in range(24)]})
        conninfo = stage.postgres.conninfo(stage.database)
        port = re.search(r"port=(\d+)", conninfo)[1]
        proxy = greylag.Helper([greylag.BUILD / "bin/fault-proxy", f"127.0.0.1:{port}"])
        stage.closing.append(proxy)
        stage.coordinator(settings={"lease": "4s", "resend_after": "60s"},
                          conninfo=conninfo.replace(f"port={port}", f"port={proxy.first}"))
        stage.worker("app")
        stage.reporting()
        epoch = leads(stage)
        proxy.say("delay 40")
        stage.greylag("up", "--no-wait")
        release = stage.ended(120)
        print(f"# {release['state']}; epoch {epoch} -> {leader(stage)['epoch']}, longest turn {longest(stage)} ms, "
              f"longest work {longest(stage, 'work')} ms")
        expect(release["state"] == "succeeded" and leader(stage)["epoch"] == epoch, stage.programs["coordinator"].log())


class Narrow:
    """A way to `port` on which what is sent there goes at so many bytes a second; answers come at once."""

    def __init__(self, port, pace):
        self.port, self.pace, self.begun, self.sent = port, pace, time.monotonic(), 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.first = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", int(self.port)))
                for source, to, narrow in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self.carry, args=(source, to, narrow), daemon=True).start()

    def carry(self, source, to, narrow):
        with contextlib.suppress(OSError):
            while data := source.recv(16 << 10):
                if narrow:
                    time.sleep(self.turn(len(data)))  # the width of the way
                to.sendall(data)
        for end in (source, to):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def turn(self, size):
        """How long it is until so many bytes are through behind all that were sent before."""
        with self.lock:
            now = time.monotonic()
            self.begun = max(self.begun, now) + size / self.pace
            return self.begun - now

    def close(self):
        self.listener.close()


def test_a_narrow_way_to_the_control_database_changes_no_leader():
    """What was small and quick says nothing of how long large jobs take: the next turn makes no more for it."""
    text = "CREATE TABLE one (n int);\n" + ("-- " + "x" * 97 + "\n") * 8000
    with Stage() as stage:
        write(stage, {"app": [text]}, {"app": [f"t{i}" for i in range(12)]})
        conninfo = stage.postgres.conninfo(stage.database)
        port = re.search(r"port=(\d+)", conninfo)[1]
        narrow = Narrow(port, 1500000)
        stage.closing.append(narrow)
        stage.coordinator(settings={"lease": "4s", "resend_after": "60s"},
                          conninfo=conninfo.replace(f"port={port}", f"port={narrow.first}"))
        stage.worker("app")
        stage.reporting()
        epoch = leads(stage)
        stage.greylag("up", "--no-wait")
        release = stage.ended(120)
        print(f"# {release['state']}; epoch {epoch} -> {leader(stage)['epoch']}, longest turn {longest(stage)} ms, "
              f"longest work {longest(stage, 'work')} ms")
        expect(release["state"] == "succeeded" and leader(stage)["epoch"] == epoch, stage.programs["coordinator"].log())


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

"""A coordinator that is killed after it has accepted a release and before it has said so: `up` asks again under the
same key, and there is one release."""
import contextlib
import json
import random
import socket
import sys
import threading
import urllib.error
import urllib.request

import walk_fleet
from greylag import Stage, expect, scenarios

SETTINGS = {"resend_after": "2s", "lease": "2s"}


def free_port():
    """Below those that the kernel gives to clients: it must still be free after a restart."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def stage_with_port(stage):
    stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
    coordinator = stage.coordinator(settings=SETTINGS, start=False)
    config = stage.folder / "coordinator.yml"
    config.write_text(config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
    return coordinator


def releases(stage):
    return stage.postgres.sql(stage.database, "select id, state from greylag.releases").splitlines()


def test_up_survives_a_coordinator_killed_after_the_release_was_accepted():
    with Stage() as stage:
        coordinator = stage_with_port(stage)
        coordinator.start({"GREYLAG_CRASH": "store.release.after"})
        coordinator.ready()
        for service in stage.services:
            stage.worker(service)
        stage.reporting()
        over = threading.Event()
        def again():
            coordinator.process.wait()
            coordinator.start()
            over.wait() # what a thread has started dies with it
        watcher = threading.Thread(target=again, daemon=True)
        watcher.start()
        done = stage.greylag("up")
        expect("asking again" in done.err, f"the lost answer is not told: {done}")
        expect(len(releases(stage)) == 1, f"not one release: {releases(stage)}")
        expect(stage.release()["state"] == "succeeded", f"the release is {stage.release()['state']}")
        for target, wanted in walk_fleet.APPLIED.items():
            found = [migration for migration, _ in stage.applied(target)]
            expect(found == wanted, f"{target} has {found}")
        over.set()


def post(stage, url, body, key):
    request = urllib.request.Request(url + "/api/v1/releases", json.dumps(body).encode(), method="POST", headers={
        "Authorization": "Bearer " + stage.token, "Content-Type": "application/json", "Idempotency-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.load(reply), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def test_the_same_key_on_another_coordinator_and_after_the_end():
    with Stage() as stage:
        stage.fleet(walk_fleet.write(stage.folder / "fleet", walk_fleet.FIRST), services=walk_fleet.SERVICES)
        stage.everybody(**SETTINGS)
        stage.greylag("up")
        walk_fleet.write(stage.folder / "fleet", {"auth": walk_fleet.SECOND["auth"]})
        stage.greylag("up")
        stage.greylag("down")
        other = stage.coordinator(name="other", settings=SETTINGS)
        fleet = json.loads(stage.postgres.sql(stage.database, "select fleet from greylag.releases order by accepted_at "
                                                              "desc limit 1"))
        body = {"fleet": fleet, "options": {"direction": "up"}}
        status, first, _ = post(stage, stage.programs["coordinator"].url(), body, "mine")
        expect(status == 201, f"{status} {first}")
        stage.ended()
        for url in (other.url(), stage.programs["coordinator"].url()):
            status, second, headers = post(stage, url, body, "mine")
            expect(status == 201 and second["release"] == first["release"], f"{status} {second}")
            expect(second["steps"] == first["steps"] and second["digest"] == first["digest"], f"{second}")
            expect(headers["Idempotency-Replayed"] == "true", f"{headers}")
        status, refused, _ = post(stage, other.url(), {**body, "reason": "another"}, "mine")
        expect(status == 422, f"another request under the key: {status} {refused}")
        expect(len(releases(stage)) == 4, f"{releases(stage)}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

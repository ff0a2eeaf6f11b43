# long
"""The ground goes away under a release: the broker loses all its data, a target's PostgreSQL or the control database is
killed (-9) and comes back. Always at a moment that is known: somebody stands still at a crash point while it happens,
and then goes on. In the same three passes as the crash walk, with the same ends.

    outages.py [WORD...]     those whose description has all the words"""
import sys

import crash_walk
from crash_walk import Walk, cluster, run_all
from greylag import expect


class Outage(Walk):
    """`group` is frozen at `point`, something happens, and it goes on; up to `times` in each pass."""

    def __init__(self, what, group, point, postgres, times=1, broker=crash_walk.Broker):
        super().__init__("freeze", point, "coordinator" if group == "coordinator" else "worker", postgres, broker)
        self.what, self.victims, self.times, self.held = what, group, times, group == "coordinator"

    def __str__(self):
        return f"{self.what} while the {self.program} is at {self.point}" + (" (again and again)"
                                                                             if self.times > 1 else "")

    def stand_in(self):
        return None  # who is frozen goes on itself

    def arm(self):
        self.hits = 0
        self.order(self.victims, *[f"freeze {self.point}"] * self.times)

    def tend(self):
        frozen = self.stopped(self.victims)
        if not frozen or self.trouble:
            return
        try:
            self.happen()
            self.hits += 1
        except Exception as error:  # of the watching thread: told by the other
            self.trouble = str(error)
        frozen.thaw()

    def strike(self, where):
        self.until(lambda: self.hits, f"{self.point} to be reached ({where})")
        self.reached.append(where)

    def happen(self):
        raise NotImplementedError

    def taken_over(self):
        pass

    def wake_workers(self):
        pass


class Wipe(Outage):
    """The total loss of the broker."""

    def __init__(self, group, point, postgres, times=1, broker=crash_walk.Broker):
        super().__init__("the broker is wiped", group, point, postgres, times, broker)

    def happen(self):
        self.stage.broker.wipe()


class UnreadJob(Wipe):
    """The broker acknowledges what the coordinator sends, and is wiped before the worker reads it."""

    def __init__(self, postgres, broker=crash_walk.Broker):
        super().__init__("coordinator", "relay.sent", postgres, broker=broker)
        self.held = False

    def __str__(self):
        return super().__str__() + ", nothing is read by the worker"

    def arm(self):
        super().arm()
        self.members["auth"][0].freeze()

    def happen(self):
        super().happen()
        self.members["auth"][0].thaw()


class UnreadReport(Wipe):
    """The broker acknowledges a report, and is wiped before the coordinator reads it."""

    def __init__(self, postgres, broker=crash_walk.Broker):
        super().__init__("auth", "report.sent", postgres, broker=broker)

    def __str__(self):
        return super().__str__() + ", nothing is read by the coordinator"

    def arm(self):
        self.hits, self.blind = 0, False
        self.order("auth", "freeze report.before", "freeze report.sent")

    def happen(self):
        coordinator = self.members["coordinator"][0]
        if not self.blind:
            self.blind = True
            coordinator.freeze()
            self.hits -= 1  # this was only the way there
            return
        super().happen()
        coordinator.thaw()

    def strike(self, where):
        self.until(lambda: self.hits > 0, f"{self.point} to be reached ({where})")
        self.reached.append(where)


class Killed(Outage):
    """A PostgreSQL of this stage alone is killed and started again: the targets', or the control database's."""

    def __init__(self, which, group, point, postgres):
        super().__init__({"target": "the targets' PostgreSQL is killed",
                          "control": "the control database is killed"}[which],
                         group, point, postgres)
        self.which = which

    def run(self):
        with cluster() as own:
            if self.which == "target":
                self.postgres = own
            else:
                self.control_server = own
            self.own = own
            return super().run()

    def happen(self):
        self.own.kill()
        self.own.start()

    def acknowledged(self):
        """What the targets noted of acknowledgements may be lost with them; a new worker tells those outcomes again."""
        if self.which == "target":
            for service in crash_walk.SERVICES:
                self.members[service][0].kill()
        super().acknowledged()


def every_one(postgres):
    return [
        Walk(None, "", "", postgres),
        Wipe("auth", "executor.before", postgres, times=3),
        Wipe("auth", "admission.received", postgres),
        Wipe("auth", "report.before", postgres, times=3),
        Wipe("auth", "report.sent", postgres),
        UnreadJob(postgres),
        UnreadReport(postgres),
        Wipe("coordinator", "relay.sent", postgres),
        Wipe("coordinator", "intake.received", postgres),
        Wipe("coordinator", "store.batch.after", postgres, times=3),
        Killed("target", "auth", "ledger.fenced", postgres),
        Killed("target", "auth", "executor.before", postgres),
        Killed("target", "auth", "executor.after", postgres),
        Killed("target", "auth", "executor.mark.after", postgres),
        Killed("control", "coordinator", "store.batch.before", postgres),
        Killed("control", "coordinator", "store.batch.after", postgres),
        Killed("control", "coordinator", "relay.sent", postgres),
        Killed("control", "auth", "executor.before", postgres),
    ]


def main():
    with cluster() as postgres:
        walks = [walk for walk in every_one(postgres) if not walk.mode or
                 all(word in str(walk) for word in sys.argv[1:])]
        failed = run_all(walks)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

# long
# label: kafka
"""A few points of the crash walk, and its broker's data wiped, on real Apache Kafka (all of them run on the embedded
broker). Those that only kill and freeze share one node."""
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile

from crash_walk import Walk, cluster, run_all
from greylag import Kafka
from outages import UnreadJob, UnreadReport, Wipe

CHOSEN = [("kill", "relay.sent", "coordinator"), ("kill", "store.batch.after", "coordinator"),
          ("kill", "executor.after", "worker"), ("kill", "report.sent", "worker"),
          ("freeze", "relay.before", "coordinator"), ("freeze", "executor.before", "worker")]


def main():
    if os.environ.get("GREYLAG_NO_KAFKA"):
        print(f"1..0 # SKIP {os.environ['GREYLAG_NO_KAFKA']}")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="greylag-kafka-"))
    try:
        with cluster() as postgres, contextlib.closing(Kafka(folder / "broker")) as broker:
            walks = [Walk(None, "", "", postgres, broker)]
            walks += [Walk(mode, point, program, postgres, broker) for mode, point, program in CHOSEN]
            walks += [Wipe("auth", "executor.before", postgres, broker=Kafka), UnreadJob(postgres, broker=Kafka),
                      UnreadReport(postgres, broker=Kafka)]
            failed = run_all(walks, at_once=5)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

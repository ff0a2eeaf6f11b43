# long
"""Apache Kafka of other versions: a fleet forward and back, a release during which the broker is killed, one during
which it loses everything, and a migration larger than the broker's own limit; what tests/integration/kafka.py plays."""
import os
import subprocess
import sys

import greylag
import versions
from greylag import SOURCE, expect

SCENARIOS = ["a_release_goes_forward_and_the_next_one_back", "a_migration_larger_than_the_broker_s_own_limit",
             "the_broker_is_killed_in_the_middle", "the_broker_loses_all_its_data_in_the_middle"]


def scenario(version, _):
    done = subprocess.run([sys.executable, SOURCE / "tests/integration/kafka.py", *SCENARIOS], capture_output=True,
                          text=True, env={**os.environ, "GREYLAG_KAFKA_VERSION": version})
    print("".join(f"# {line}\n" for line in done.stdout.splitlines()), end="", flush=True)
    expect(done.returncode == 0, f"Kafka {version}: {done.stderr[-3000:]}")


versions.scenarios(globals(), "kafka", scenario)

if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

# long
"""Flyway: the hand-written fleet against the real tool."""
import sys

import tools
from greylag import scenarios

PLACEHOLDERS = {"region": "eu-central", "default_slots": "12", "Owner": "Dr. O'Hara"}  # as fleet.yml has them


class Flyway(tools.Flyway):
    placeholders = PLACEHOLDERS


def test_fleet():
    return tools.missing("flyway") or tools.compare("flyway", {"clinic": Flyway})


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

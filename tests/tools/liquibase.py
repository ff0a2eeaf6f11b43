"""Liquibase's formatted SQL: the hand-written fleet against the real tool."""
import sys

import tools
from greylag import scenarios


def test_fleet():
    return tools.missing("liquibase") or tools.compare("liquibase", {"stock": tools.Liquibase}, {"stock": 8})


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

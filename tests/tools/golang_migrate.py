"""golang-migrate: the hand-written fleet against the real tool."""
import sys

import tools
from greylag import scenarios


def test_fleet():
    return tools.missing("golang-migrate") or tools.compare(
        "golang-migrate", {"invoice": tools.GolangMigrate}, {"invoice": 9}, wanted=tools.number, found=tools.number)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

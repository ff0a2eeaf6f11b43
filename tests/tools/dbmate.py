"""dbmate: the hand-written fleet against the real tool."""
import sys

import tools
from greylag import scenarios


def test_fleet():
    return tools.missing("dbmate") or tools.compare("dbmate", {"ticket": tools.Dbmate}, {"ticket": 8})


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

"""dbmate: the hand-written fleet against the real tool."""
import sys

import beside
import tools
from greylag import expect, scenarios


def test_fleet():
    return tools.missing("dbmate") or beside.compare("dbmate", {"ticket": tools.Dbmate}, {"ticket": 8})


def test_import():
    return tools.missing("dbmate") or beside.adopt("dbmate", "ticket", tools.Dbmate, 9)


def agrees(dbmate):
    said = str(dbmate.run("status"))
    expect("Pending: 0" in said, f"status: {said}")


def one_more(folder):
    (folder / "99_one_more.sql").write_text(
        "-- migrate:up\ncreate table one_more (id int);\n-- migrate:down\ndrop table one_more;\n")


def test_mirror():
    return tools.missing("dbmate") or beside.mirror("dbmate", "ticket", tools.Dbmate, agrees, one_more, back=3)


def test_leaving():
    return tools.missing("dbmate") or beside.leave("dbmate", "ticket", tools.Dbmate, agrees, one_more)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

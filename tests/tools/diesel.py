"""Diesel: the hand-written fleet against the real tool."""
import sys

import beside
import tools
from greylag import expect, scenarios


def dashless(version):
    return version.replace("-", "")


def test_fleet():
    return tools.missing("diesel") or beside.compare("diesel", {"garden": tools.Diesel}, {"garden": 7}, found=dashless)


def test_import():
    return tools.missing("diesel") or beside.adopt("diesel", "garden", tools.Diesel, 9, found=dashless)


def agrees(diesel):
    said = str(diesel.run("list"))
    expect("[ ]" not in said and said.count("[X]") == len(list(diesel.folder.iterdir())), f"list: {said}")
    expect("false" in str(diesel.run("pending")), "nothing is pending")


def one_more(folder):
    (folder / "2025-01-01-000000_one_more").mkdir()
    for name, text in (("up", "create table one_more (id int);\n"), ("down", "drop table one_more;\n")):
        (folder / "2025-01-01-000000_one_more" / f"{name}.sql").write_text(text)


def test_mirror():
    return tools.missing("diesel") or beside.mirror("diesel", "garden", tools.Diesel, agrees, one_more, back=3)


def test_leaving():
    return tools.missing("diesel") or beside.leave("diesel", "garden", tools.Diesel, agrees, one_more)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

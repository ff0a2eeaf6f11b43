# long
"""goose: the hand-written fleet, and hatchet's real one, against the real goose."""
import shutil
import sys

import beside
import greylag
import tools
from greylag import Stage, expect, scenarios

HATCHET = greylag.SOURCE.parent / "shared/fleets/hatchet"
FLEET = """fleet: hatchet
defaults: {lock_timeout: 5s, statement_timeout: 5min}
services:
  hatchet: {migrations: hatchet, layout: goose}
environments: {dev: {}}
"""


def test_fleet():
    return tools.missing("goose") or beside.compare("goose", {"parcel": tools.Goose}, {"parcel": 8},
                                                   wanted=beside.number, found=beside.number)


def in_capitals(folder, copy):
    """This version of goose knows its annotations as they are documented; later ones, and greylag, take any case."""
    shutil.copytree(folder, copy)
    for path in copy.glob("*.sql"):
        text = path.read_text()
        path.write_text(text.replace("-- +goose no transaction", "-- +goose NO TRANSACTION"))
    return copy


def test_hatchet():
    """Its partitions are named after the day: the reference is made in the same run. It inserts random numbers."""
    if not HATCHET.is_dir():
        return "../shared/fleets is not there"
    if why := tools.missing("goose"):
        return why
    with Stage() as stage:
        folder = stage.folder / "fleet"
        shutil.copytree(HATCHET, folder / "hatchet")
        (folder / "fleet.yml").write_text(FLEET)
        stage.fleet(folder / "fleet.yml", services={"hatchet": ["hatchet"]})
        stage.everybody()
        goose = tools.Goose(stage.postgres, "reference", in_capitals(folder / "hatchet", stage.folder / "for-goose"))
        goose.up()
        stage.greylag("up", "--accept-irreversible")
        both = beside.Comparison(stage, {"hatchet": goose})
        both.dumps_are_the_same("after all of it", rows=False)
        both.histories_are_the_same(beside.number, beside.number)


def test_import():
    return tools.missing("goose") or beside.adopt("goose", "parcel", tools.Goose, 11, beside.number, beside.number)


def agrees(goose):
    said = str(goose.run("status"))
    expect("Pending" not in said and said.count(".sql") == len(list(goose.folder.iterdir())), f"status: {said}")


def one_more(folder):
    (folder / "20250101000000_one_more.sql").write_text(
        "-- +goose Up\nCREATE TABLE one_more (id int);\n-- +goose Down\nDROP TABLE one_more;\n")


def test_mirror():
    return tools.missing("goose") or beside.mirror("goose", "parcel", tools.Goose, agrees, one_more, back=3)


def test_leaving():
    return tools.missing("goose") or beside.leave("goose", "parcel", tools.Goose, agrees, one_more)


def test_leaving_with_half_of_the_record():
    """What is written later comes before what was written first: goose goes back from its last row."""
    return tools.missing("goose") or beside.leave("goose", "parcel", tools.Goose, agrees, one_more, late="00005")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

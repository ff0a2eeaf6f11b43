"""golang-migrate: the hand-written fleet against the real tool."""
import re
import sys

import beside
import tools
from greylag import expect, scenarios


def test_fleet():
    return tools.missing("golang-migrate") or beside.compare(
        "golang-migrate", {"invoice": tools.GolangMigrate}, {"invoice": 9}, wanted=beside.number, found=beside.number)


def test_import():
    return tools.missing("golang-migrate") or beside.adopt(
        "golang-migrate", "invoice", tools.GolangMigrate, 11, beside.number, beside.number)


def test_import_of_a_dirty_state():
    def spoil(stage, migrate):
        migrate.part(5)
        bad = migrate.folder / "6_index_open_invoices.up.sql"
        kept = bad.read_text()
        bad.write_text("create index concurrently idx_nothing on nothing (nobody);")
        migrate.run("up", 1, check=1)
        bad.write_text(kept)
        expect(migrate.record() == "6|t", f"it is dirty: {migrate.record()}")

    return tools.missing("golang-migrate") or beside.refuse(
        "golang-migrate", "invoice", tools.GolangMigrate, spoil, "did not end well")


def agrees(migrate):
    newest = max(int(path.name.split("_")[0]) for path in migrate.folder.glob("*.up.sql"))
    said = str(migrate.run("version"))
    expect(re.search(rf"^{newest}$", said, re.M), f"version: {said}")
    expect("no change" in str(migrate.run("up")), "it has nothing to do")


def one_more(folder):
    (folder / "20250101000000_one_more.up.sql").write_text("create table one_more (id int);\n")
    (folder / "20250101000000_one_more.down.sql").write_text("drop table one_more;\n")


def test_mirror():
    return tools.missing("golang-migrate") or beside.mirror(
        "golang-migrate", "invoice", tools.GolangMigrate, agrees, one_more, back=4)


def test_leaving():
    return tools.missing("golang-migrate") or beside.leave(
        "golang-migrate", "invoice", tools.GolangMigrate, agrees, one_more)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

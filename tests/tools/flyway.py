# long
"""Flyway: the hand-written fleet against the real tool, and the checksums that unit tests know."""
import sys

import beside
import greylag
import tools
from greylag import Stage, expect, scenarios

PLACEHOLDERS = {"region": "eu-central", "default_slots": "12", "Owner": "Dr. O'Hara"}  # as fleet.yml has them


class Flyway(tools.Flyway):
    placeholders = PLACEHOLDERS


def plain(migration):
    """Repeatable ones have no version: greylag names them after their file."""
    return "R " + migration[3:].replace("_", " ") if migration.startswith("R__") else migration


CHECKSUMS = greylag.SOURCE / "tests/unit/golden/flyway-checksums.txt"


def test_fleet():
    return tools.missing("flyway") or beside.compare("flyway", {"clinic": Flyway}, found=plain)


def test_checksums():
    """tests/unit/golden/flyway-checksums.txt says what this tool writes."""
    if why := tools.missing("flyway"):
        return why
    rows = [line.split("\t") for line in CHECKSUMS.read_text().splitlines() if not line.startswith("#")]
    with Stage() as stage:
        folder = stage.folder / "files"
        folder.mkdir()
        for number, (_, data, kind, _) in enumerate(rows, 1):
            name = f"V{number}__x.sql" if kind == "V" else f"R__{number}.sql"
            (folder / name).write_bytes(bytes.fromhex(data) if data != "-" else b"")
        flyway = tools.Flyway(stage.postgres, "checksums", folder)
        flyway.placeholders = {"word": "Goose", "umlaut": "ü", "lines": "select 1;\n-- two"}
        flyway.up()
        known = dict(flyway.rows("select coalesce(version, description), checksum from flyway_schema_history"))
        found = "\n".join(f"{known[str(number)]} {row[3]}" for number, row in enumerate(rows, 1))
        beside.same("\n".join(f"{row[0]} {row[3]}" for row in rows), found, CHECKSUMS.name)


# Callbacks note how often each program ran.
JOURNAL = ("deploy_journal", "deploy_journal_n_seq")


class RenamedFlyway(Flyway):
    """The table's name in older versions, and in many that were never renamed."""

    table = "schema_version"


def test_import():
    return tools.missing("flyway") or beside.adopt("flyway", "clinic", Flyway, 12, found=plain, ignore=JOURNAL)


def test_import_of_a_renamed_table():
    return tools.missing("flyway") or beside.adopt("flyway", "clinic", RenamedFlyway, 12, found=plain, ignore=JOURNAL)


def test_import_after_a_baseline():
    """What is below the baseline's version counts as applied, and is not."""
    if why := tools.missing("flyway"):
        return why
    with beside.fleet("flyway", ["clinic"]) as stage:
        flyway = Flyway(stage.postgres, "clinic", stage.folder / "fleet/clinic")
        other = Flyway(stage.postgres, "other", flyway.folder)
        other.part(8)
        tables = stage.folder / "tables.sql"
        tables.write_text(beside.dump(stage.postgres, "other", flyway.tables))
        tools.Psql(stage.postgres, "clinic", flyway.folder, []).run("-f", tables)
        flyway.run("-baselineVersion=2.1", "-baselineDescription=as it was", "baseline")
        flyway.up("-target=3.1")
        stage.everybody()
        stage.greylag("import", "--yes")
        stage.greylag("up", "--accept-irreversible")
        other.up()
        found, wanted = (beside.dump(stage.postgres, name, (*flyway.tables, *JOURNAL)) for name in ("clinic", "other"))
        beside.same(found, wanted, "after baseline and import")


def test_import_of_a_failed_state():
    def spoil(stage, flyway):
        flyway.part(6)
        bad = flyway.folder / "schema/V2.0.1__index_patients.sql"
        kept = bad.read_text()
        bad.write_text("create index concurrently idx_nothing on nothing (nobody);")
        flyway.run("migrate", check=None) # its exit code does not say so
        bad.write_text(kept)
        expect("|f" in flyway.record(), f"a row says that it failed: {flyway.record()}")

    return tools.missing("flyway") or beside.refuse("flyway", "clinic", Flyway, spoil, "did not end well")


def test_import_of_an_altered_file():
    """The file is not what Flyway's checksum was made of."""
    def spoil(stage, flyway):
        flyway.part(6)
        (flyway.folder / "schema/V1.2__add__rooms.sql").write_text("create table rooms (number int);")

    return tools.missing("flyway") or beside.refuse("flyway", "clinic", Flyway, spoil, "1.2")


def agrees(flyway):
    said = str(flyway.run("info"))
    expect("Pending" not in said and "Outdated" not in said and said.count("Success") >= 24, f"info: {said}")
    expect("Successfully validated" in str(flyway.run("validate")), "validate")


def one_more(folder):
    (folder / "V99999999999999999999999999.1__one_more.sql").write_text("create table one_more (id int);\n")


def test_mirror():
    return tools.missing("flyway") or beside.mirror("flyway", "clinic", Flyway, agrees, one_more, ignore=JOURNAL)


def test_leaving():
    return tools.missing("flyway") or beside.leave("flyway", "clinic", Flyway, agrees, one_more, ignore=JOURNAL)


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text + "\n")


def test_baseline_migration():
    """An empty database begins with the newest B; one that holds something never sees it."""
    if why := tools.missing("flyway"):
        return why
    with Stage() as stage:
        folder = stage.folder / "fleet/stock"
        (stage.folder / "fleet").mkdir()
        (stage.folder / "fleet/fleet.yml").write_text(
            "fleet: baselines\nservices:\n  stock: {migrations: stock, layout: flyway, mirror_history: true, targets: "
            "[old, new]}\n"
            "environments: {dev: {}}\n")
        write(folder, V1__a="create table a (i integer);", V2__b="create table b (i integer);")
        stage.fleet(stage.folder / "fleet/fleet.yml", services={"stock": ["old", "new"]})
        references = {name: tools.Flyway(stage.postgres, name + "-reference", folder) for name in ("old", "new")}
        stage.everybody()
        references["old"].up()
        stage.greylag("up", "--accept-irreversible", "--on", "old")
        write(folder, B1__first="create table a (i integer, nobody integer);", V3__c="create table c (i integer);",
              B2__all="create table a (i integer); create table b (i integer); create table baseline ();")
        for flyway in references.values():
            flyway.up()
        stage.greylag("up", "--accept-irreversible")
        for name, flyway in references.items():
            found = tools.Flyway(stage.postgres, name, folder)
            beside.same(beside.dump(stage.postgres, name, flyway.tables),
                        beside.dump(stage.postgres, name + "-reference", flyway.tables), name)
            beside.same(found.record(), flyway.record(), f"the record of {name}")
            found.run("validate")


def test_undo_with_a_mirror():
    """Flyway forgets what greylag took back."""
    if why := tools.missing("flyway"):
        return why
    with beside.fleet("flyway", ["clinic"]) as stage:
        folder = stage.folder / "fleet/clinic"
        for path in folder.rglob("R__*.sql"):
            path.unlink()
        (folder / "callbacks/afterMigrate__refresh.sql").unlink()
        beside.add_lines(stage, "clinic", "    mirror_history: true\n")
        stage.everybody()
        stage.greylag("up", "--accept-irreversible")
        stage.greylag("down", "--service", "clinic", "--steps", 3)
        flyway = Flyway(stage.postgres, "clinic", folder)
        said = str(flyway.run("info"))
        expect(said.count("Pending") == 3, f"three are pending again: {said}")
        flyway.run("validate", "-ignoreMigrationPatterns=*:pending")
        flyway.up()
        expect("Pending" not in str(flyway.run("info")), "it went on")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

# long
"""Flyway: the hand-written fleet against the real tool, and the checksums that unit tests know."""
import sys

import greylag
import tools
from greylag import Stage, scenarios

PLACEHOLDERS = {"region": "eu-central", "default_slots": "12", "Owner": "Dr. O'Hara"}  # as fleet.yml has them


class Flyway(tools.Flyway):
    placeholders = PLACEHOLDERS


CHECKSUMS = greylag.SOURCE / "tests/unit/golden/flyway-checksums.txt"


def test_fleet():
    return tools.missing("flyway") or tools.compare("flyway", {"clinic": Flyway})


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
        tools.same("\n".join(f"{row[0]} {row[3]}" for row in rows), found, CHECKSUMS.name)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

"""Layouts whose files anybody can run with psql, one after the other: Diesel, metadata, timestamp and service."""
import re
import sys

import beside
import tools
from greylag import scenarios


def by_name(text):
    """A version as a list of numbers."""
    return [int(part) for part in re.findall(r"\d+", text)]


def diesel_steps(folder):
    version = tools.diesel_version
    return [(version(path), path / "up.sql", path / "down.sql") for path in sorted(folder.iterdir(), key=version)]


def metadata_steps(folder):
    """The section below "-- UP", and the one below "-- DOWN"."""
    steps = []
    for path in sorted(folder.glob("*.sql"), key=lambda path: by_name(path.name)):
        _, up, down = re.match(r"(.*?^-- UP$)(.*?)(?:^-- DOWN$(.*))?\Z", path.read_text(), re.M | re.S).groups()
        steps.append((re.match(r"V?(\d+_\d{3}|[\d.]+)_", path.name).group(1), up, down))
    return steps


def timestamp_steps(folder):
    """The names' order over all folders; what leads back lies in rollback under the same name."""
    found = [path for path in folder.glob("*/*.sql") if path.parent.name != "rollback"]
    return [(re.match(r"\d+_\d+", path.name).group(), path, folder / "rollback" / path.name)
            for path in sorted(found, key=lambda path: path.name)]


def psql(steps):
    return lambda postgres, database, folder: tools.Psql(postgres, database, folder, steps(folder))


def test_diesel():
    beside.compare("diesel", {"garden": psql(diesel_steps)}, {"garden": 7},
                   found=lambda version: version.replace("-", ""))


def test_metadata():
    beside.compare("metadata", {"member": psql(metadata_steps), "fee": psql(metadata_steps)}, {"fee": 5, "member": 4})


def test_timestamp_and_service():
    services = ("auth", "user", "crm")
    beside.compare("timestamp", {name: psql(timestamp_steps) for name in services}, {"crm": 4, "auth": 3, "user": 1},
                  {name: f"{name}-service" for name in services})


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

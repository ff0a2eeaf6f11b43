# long
"""Liquibase's formatted SQL: the hand-written fleet against the real tool."""
import sys

import beside
import tools
from greylag import expect, scenarios


def test_fleet():
    return tools.missing("liquibase") or beside.compare("liquibase", {"stock": tools.Liquibase}, {"stock": 8})


def test_import():
    return tools.missing("liquibase") or beside.adopt("liquibase", "stock", tools.Liquibase, 12)


def agrees(liquibase):
    expect("is up to date" in str(liquibase.run("status")), "status")
    liquibase.run("validate")


def one_more(folder):
    (folder / "changes/006_one_more.sql").write_text(
        "--liquibase formatted sql\n--changeset kim:one-more\ncreate table one_more (id int);\n"
        "--rollback drop table one_more;\n")


def test_mirror():
    return tools.missing("liquibase") or beside.mirror("liquibase", "stock", tools.Liquibase, agrees, one_more, back=2)


def test_leaving():
    return tools.missing("liquibase") or beside.leave("liquibase", "stock", tools.Liquibase, agrees, one_more)


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

"""Flyway's kinds as a fleet of real processes: repeatables through releases, a rollback and downs; callbacks; a
baseline on an empty database and on one that holds something; placeholders; a range between two services."""
# long
import sys

from greylag import Stage, expect, scenarios, wait

SERVICES = {"auth": ["auth"], "shop": ["shop"]}
FLEET = """fleet: kinds
defaults: {lock_timeout: 2s, statement_timeout: 60s}
services:
  auth: {migrations: auth, layout: flyway, placeholders: {word: hello}}
  shop: {migrations: shop, layout: flyway, depends_on: [auth]}
environments: {dev: {}}
"""
FIRST = {
    "auth/V1__people.sql": "CREATE TABLE people (id int); CREATE TABLE log (what text);",
    "auth/U1__people.sql": "DROP TABLE people CASCADE; DROP TABLE log;",
    "auth/V2__name.sql": "ALTER TABLE people ADD COLUMN name text DEFAULT '${word}';",
    "auth/U2__name.sql": "ALTER TABLE people DROP COLUMN name;",
    "auth/R__names.sql": "CREATE OR REPLACE VIEW names AS SELECT 1 AS version, '${word}' AS word;",
    "auth/afterMigrate.sql": "INSERT INTO log VALUES ('after');",
    "auth/beforeEachMigrate.sql": "SELECT 1;",
    "shop/V1__carts.sql": "CREATE TABLE carts (id int);",
    "shop/U1__carts.sql": "DROP TABLE carts;",
}


def view(version):
    return {"auth/R__names.sql": f"CREATE OR REPLACE VIEW names AS SELECT {version} AS version, '${{word}}' AS word;"}


def write(stage, files):
    return stage.write(FLEET, files)


def begin(stage, files):
    stage.fleet(write(stage, files), services=SERVICES)
    stage.everybody()


def version(stage):
    return stage.sql("auth", "SELECT version || ' ' || word FROM names").strip()


def after(stage):
    return stage.sql("auth", "SELECT count(*) FROM log").strip()


def ids(stage, target):
    return [migration for migration, _ in stage.applied(target)]


def test_a_view_through_releases():
    with Stage() as stage:
        begin(stage, FIRST)
        refused = stage.greylag("up", check=None)
        expect(refused.code != 0 and "no way back" in refused.err, f"a first text has no way back: {refused}")
        stage.greylag("up", "--accept-irreversible")
        expect(version(stage) == "1 hello", version(stage))
        expect(after(stage) == "1", "afterMigrate ran once")
        held = ids(stage, "auth")
        expect(held[:2] == ["1", "2"] and len(held) == 3, f"callbacks are not on the record: {held}")
        first = stage.release()["id"]
        again = stage.greylag("up")
        expect("Nothing is pending" in again.out and after(stage) == "1", f"nothing pending, no callbacks: {again}")
        # a release that changes the view, and fails elsewhere
        write(stage, {**view(2), "shop/V2__bad.sql": "SELECT 1/0;", "shop/U2__bad.sql": "SELECT 1;"})
        shown = stage.greylag("up", "--dry-run")
        expect(f"replaces the text of {first}" in shown.out, f"what it replaces: {shown}")
        stage.greylag("up", check=3)
        expect(version(stage) == "1 hello", f"the earlier text is in effect again: {version(stage)}")
        expect(ids(stage, "auth") == held, f"{ids(stage, 'auth')}")
        write(stage, {"shop/V2__bad.sql": "SELECT 1;"})
        stage.greylag("up")
        expect(version(stage) == "2 hello", version(stage))
        write(stage, view(3))
        stage.greylag("up")
        expect(version(stage) == "3 hello", version(stage))
        # back, one release and then two
        stage.greylag("down")
        expect(version(stage) == "2 hello", f"down brings the earlier text: {version(stage)}")
        stage.greylag("up")
        expect(version(stage) == "3 hello", version(stage))
        stage.greylag("down", "--to", first)
        expect(version(stage) == "1 hello", f"over several releases in one step: {version(stage)}")
        expect(len(stage.greylag("history", "--json").json()["history"]) > 10, "history")
        stage.greylag("down", "--all")
        expect(ids(stage, "auth") == [] and ids(stage, "shop") == [], "everything is off the record")
        stage.greylag("up", "--accept-irreversible")
        expect(version(stage) == "3 hello", "the view runs again")


def test_an_earlier_text_comes_back_as_it_was():
    """Its placeholders have changed since, and one that it needs is gone."""
    def fleet(stage, placeholders):
        path = stage.folder / "fleet" / "fleet.yml"
        path.write_text(FLEET.replace("{word: hello}", placeholders))
    bad = {"shop/V2__bad.sql": "SELECT 1/0;", "shop/U2__bad.sql": "SELECT 1;"}
    with Stage() as stage:
        begin(stage, FIRST)
        stage.greylag("up", "--accept-irreversible")
        write(stage, {**bad, "auth/R__names.sql": "CREATE OR REPLACE VIEW names AS SELECT 2 AS version, '${other}' AS "
                                                  "word;",
                      "auth/V2__name.sql": FIRST["auth/V2__name.sql"]})
        fleet(stage, "{word: bye, other: new}")
        stage.greylag("up", check=3)
        expect(version(stage) == "1 hello", f"as it was, not with the new value: {version(stage)}")
        write(stage, {"auth/R__names.sql": "CREATE OR REPLACE VIEW names AS SELECT 2 AS version, 'x'::text AS word;",
                      "shop/V2__bad.sql": "SELECT 1;"})
        fleet(stage, "{word: bye}")
        stage.greylag("up")
        expect(version(stage) == "2 x", version(stage))
        stage.greylag("down")
        expect(version(stage) == "1 hello", f"a later release goes down: {version(stage)}")


CHANGESET = """--liquibase formatted sql
--changeset ann:1
CREATE TABLE people (id int);
--rollback DROP TABLE people;
--changeset ann:view runOnChange:true
CREATE OR REPLACE VIEW names AS SELECT {version} AS version FROM people;
--rollback DROP VIEW names;
--changeset ann:2
CREATE TABLE more (id int);
--rollback DROP TABLE more;
"""


def test_a_changeset_that_runs_on_change_stands_in_its_place():
    fleet_text = FLEET.replace("layout: flyway, placeholders: {word: hello}", "layout: liquibase")

    def put(stage, version, **files):
        folder = write(stage, {"auth/changes.sql": CHANGESET.format(version=version), **files}).parent
        (folder / "fleet.yml").write_text(fleet_text)
        return folder / "fleet.yml"

    def views(stage):
        return stage.sql("auth", "SELECT count(*) FROM pg_views WHERE viewname = 'names'").strip()

    with Stage() as stage:
        stage.fleet(put(stage, 1, **{"shop/V1__bad.sql": "SELECT 1/0;", "shop/U1__bad.sql": "SELECT 1;"}),
                    services=SERVICES)
        stage.everybody()
        stage.greylag("up", "--service", "auth", "--target", "changes.sql::1::ann")
        expect(views(stage) == "0", "--target limits it")
        stage.greylag("up", check=3)
        expect(views(stage) == "0" and len(ids(stage, "auth")) == 1, f"its own rollback ran: {ids(stage, 'auth')}")
        put(stage, 1, **{"shop/V1__bad.sql": "SELECT 1;"})
        stage.greylag("up")
        put(stage, 2)
        stage.greylag("up")
        expect([i.split("::")[1] for i in ids(stage, "auth")] == ["1", "2", "view"], f"{ids(stage, 'auth')}")
        shown = stage.greylag("down", "--service", "auth", "--steps", "1", "--dry-run")
        expect("earlier" not in shown.out, f"{shown}")
        stage.greylag("down", "--service", "auth", "--steps", "1")
        expect(views(stage) == "0" and len(ids(stage, "auth")) == 2, f"what ran last is gone: {ids(stage, 'auth')}")
        stage.greylag("up")
        put(stage, 3)
        stage.greylag("up")
        stage.greylag("down")
        expect(views(stage) == "1" and len(ids(stage, "auth")) == 3, "down of a release brings the earlier text")
        stage.greylag("down", "--all")
        expect(ids(stage, "auth") == [] and views(stage) == "0", "everything is undone")


PLAN = """%syntax-version=1.0.0
%project=auth

users 2024-01-01T00:00:00Z Ann <ann@example.org> # users
@v1 2024-01-01T00:00:01Z Ann <ann@example.org> # first
more [users] 2024-01-02T00:00:00Z Ann <ann@example.org> # more
last 2024-01-03T00:00:00Z Ann <ann@example.org> # last
"""


def test_tags_of_a_plan_up_and_down():
    files = {"auth/sqitch.plan": PLAN}
    for name in ("users", "more", "last"):
        files[f"auth/deploy/{name}.sql"] = f"BEGIN; CREATE TABLE {name} (id int); COMMIT;"
        files[f"auth/revert/{name}.sql"] = f"BEGIN; DROP TABLE {name}; COMMIT;"
    with Stage() as stage:
        path = write(stage, files)
        path.write_text("fleet: kinds\nservices: {auth: {migrations: auth}}\nenvironments: {dev: {}}\n")
        stage.fleet(path, services={"auth": ["auth"]})
        stage.everybody()
        stage.greylag("up", "--target", "auth=@v1")
        expect(ids(stage, "auth") == ["users"], f"{ids(stage, 'auth')}")
        stage.greylag("up")
        stage.greylag("down", "--to", "auth=@v1")
        expect(ids(stage, "auth") == ["users"], f"back to the tag: {ids(stage, 'auth')}")
        unknown = stage.greylag("down", "--to", "auth=@v2", check=None)
        expect(unknown.code == 6 and "know no tag @v2" in unknown.err, f"{unknown}")
        unknown = stage.greylag("baseline", "--service", "auth", "--version", "@v2", "--dry-run", check=None)
        expect(unknown.code == 6 and "know no tag @v2" in unknown.err, f"{unknown}")
        stage.greylag("down", "--all")
        stage.greylag("baseline", "--service", "auth", "--version", "@v1", "--yes")
        expect(ids(stage, "auth") == ["users"], f"recorded up to the tag: {ids(stage, 'auth')}")


def test_a_worker_that_is_killed_on_the_way_back():
    with Stage() as stage:
        begin(stage, FIRST)
        stage.greylag("up", "--accept-irreversible")
        stage.sql("shop", "CREATE TABLE gate AS SELECT true AS closed")
        write(stage, {**view(2), "shop/V2__slow.sql": "DO $$ BEGIN WHILE (SELECT closed FROM gate) LOOP "
                      "PERFORM pg_sleep(0.05); END LOOP; END $$; SELECT 1/0;",
                      "shop/U2__slow.sql": "SELECT 1;"})
        stage.greylag("up", "--no-wait")
        wait(lambda: any(step["service"] == "shop" and step["state"] == "sent"
                         for step in stage.latest().get("steps", [])),
             "the report of the new view")
        worker = stage.programs["worker-auth"]
        worker.kill()
        stage.sql("shop", "UPDATE gate SET closed = false")
        wait(lambda: stage.latest().get("state") == "rolling back", "the way back")
        expect(version(stage) == "2 hello", "its worker is gone")
        worker.start()
        release = stage.ended()
        expect(release["state"] == "rolled back" and version(stage) == "1 hello",
               f"{release['state']}: {version(stage)}")
        skipped = [step for step in release["steps"] if step["leg"] == 1 and step["state"] == "skipped"]
        expect(any(step["kind"] == "callback" for step in skipped), f"a callback is not undone: {skipped}")


def test_a_baseline_where_nothing_is_and_where_something_is():
    files = {**FIRST, "auth/B2__all.sql": "CREATE TABLE people (id int, name text); CREATE TABLE log (what text);",
             "auth/V3__age.sql": "ALTER TABLE people ADD COLUMN age int;",
             "auth/U3__age.sql": "ALTER TABLE people DROP COLUMN age;"}
    with Stage() as stage:
        begin(stage, {**FIRST, **{name: text for name, text in files.items() if "B2" not in name}})
        stage.greylag("up", "--accept-irreversible", "--target", "auth=1")
        write(stage, files)
        stage.greylag("up", "--accept-irreversible")
        expect([i for i in ids(stage, "auth") if i[0].isdigit()] == ["1", "2", "3"], f"{ids(stage, 'auth')}")
    with Stage() as stage:
        begin(stage, files)
        shown = stage.greylag("up", "--dry-run", "--accept-irreversible")
        expect("baseline" in shown.out, f"{shown}")
        stage.greylag("up", "--accept-irreversible")
        held = ids(stage, "auth")
        expect("1" not in held and "2" not in held[1:] and "3" in held and len(held) == 3, f"{held}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

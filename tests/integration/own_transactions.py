"""Files that end transactions themselves, and steps outside a transaction whose worker is killed in the middle, on a
fleet of real processes."""
import sys

from greylag import Stage, expect, scenarios, wait

FLEET = """fleet: own
defaults: {lock_timeout: 2s, statement_timeout: 60s}
services:
  golang: {migrations: golang}
  flyway: {migrations: flyway}
environments: {dev: {}}
"""
SERVICES = {"golang": ["golang"], "flyway": ["flyway"]}
FILES = {
    "golang/1_two.up.sql": "BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT;",
    "golang/1_two.down.sql": "BEGIN;\nDELETE FROM t;\nCOMMIT;\nDROP TABLE t;",
    "golang/2_enum.up.sql": "CREATE TYPE k AS ENUM ('a');",
    "golang/2_enum.down.sql": "DROP TYPE k;",
    "golang/3_value.up.sql": "COMMIT;\nALTER TYPE k ADD VALUE 'b';",
    "golang/3_value.down.sql": "SELECT 1;",
    "golang/4_fill.up.sql": "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 2..3 LOOP "
                            "INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$;",
    "golang/4_fill.down.sql": "DROP PROCEDURE fill;",
    "golang/5_call.up.sql": "CALL fill();",
    "golang/5_call.down.sql": "DELETE FROM t WHERE a > 1;",
    "flyway/V1__tail.sql": "CREATE TABLE t (a int);\nCOMMIT;",
    "flyway/U1__tail.sql": "DROP TABLE t;",
    "flyway/V2__behind.sql": "-- Transaction: false\nBEGIN;\nCREATE TABLE u (a int);\nCOMMIT;\n"
                             "DO $$ BEGIN INSERT INTO u VALUES (1); COMMIT; INSERT INTO u VALUES (2); END $$;",
    "flyway/U2__behind.sql": "DROP TABLE u;",
}


def write(stage, files):
    return stage.write(FLEET, files)


def begin(stage, files):
    stage.fleet(write(stage, files), services=SERVICES)
    stage.everybody()


def test_they_run_as_their_tools_run_them():
    with Stage() as stage:
        begin(stage, FILES)
        said = stage.greylag("validate")
        expect("transaction" not in said.out + said.err, f"nothing to be said about them: {said}")
        stage.greylag("up")
        held = stage.sql("golang", "SELECT (SELECT string_agg(a::text, ' ' ORDER BY a) FROM t) || 'b'::k").strip()
        expect(held == "1 2 3b", f"golang holds {held}")
        held = stage.sql("flyway", "SELECT (SELECT count(*) FROM t) || ' ' || count(*) FROM u").strip()
        expect(held == "0 2", f"flyway holds {held}")
        stage.greylag("down")
        left = stage.sql("golang", "SELECT count(*) FROM pg_class WHERE relname = 't'").strip()
        expect(left == "0" and stage.applied("golang") == [], "the way back")


def killed(stage, holds):
    """A release whose worker is killed in its second statement, and starts again; as it ended."""
    write(stage, {"golang/6_slow.up.sql": f"-- Transaction: false\n{holds};\nSELECT pg_sleep(1.5);\n"
                                          "CREATE TABLE made AS SELECT current_setting('work_mem') AS w;",
                  "golang/6_slow.down.sql": "DROP TABLE IF EXISTS made, ids;"})
    stage.greylag("up", "--no-wait")
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    wait(lambda: stage.sql("golang", asleep).strip() == "1", "the second statement")
    worker = stage.programs["worker-golang"]
    worker.kill()
    worker.start()
    return stage.ended()


def test_a_killed_worker_goes_on_where_the_session_can_be_had_again():
    with Stage() as stage:
        begin(stage, FILES)
        stage.greylag("up")
        release = killed(stage, "CREATE TEMP TABLE ids (x int)")
        said = stage.greylag("release", "show", check=None).out
        expect(release["state"] != "succeeded" and "temporary table ids" in said, f"{release['state']}: {said}")
        expect("1 of 3 statements took effect and stay" in said, f"what stays: {said}")
        release = killed(stage, "SET work_mem = '3MB'")
        expect(release["state"] == "succeeded", f"{release['state']}: {stage.greylag('release', 'show').out}")
        held = stage.sql("golang", "SELECT w FROM made").strip()
        expect(held == "3MB", f"the setting of the old session is {held}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

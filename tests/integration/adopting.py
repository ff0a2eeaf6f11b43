"""Databases that other tools migrated come onto greylag's record as they are: import, baseline, repair; twice without
harm, with killed programs, and while somebody changes the other tool's record by hand."""
# long
import pathlib
import signal
import sys
import zlib

from greylag import BUILD, Stage, expect, scenarios, wait

SERVICES = {"user": ["user-eu", "user-us"], "deals": ["deals"]}
FLEET = """fleet: adopt
defaults: {lock_timeout: 2s, statement_timeout: 60s}
services:
  user: {migrations: user, layout: flyway, targets: [user-eu, user-us]}
  deals: {migrations: deals, layout: golang-migrate}
environments: {dev: {}}
"""
USER = ["CREATE TABLE users (id bigint PRIMARY KEY);\n", "ALTER TABLE users ADD COLUMN mail text;\n",
        "CREATE INDEX users_mail ON users (mail);\n", "ALTER TABLE users ADD COLUMN born date;\n"]
DEALS = ["CREATE TABLE deals (id bigint PRIMARY KEY);\n", "ALTER TABLE deals ADD COLUMN title text;\n",
         "ALTER TABLE deals ADD COLUMN stage text;\n"]
# flyway-core: JdbcTableSchemaHistory and the PostgreSQL createTable script; golang-migrate: postgres.go,
# ensureVersionTable
FLYWAY = """CREATE TABLE flyway_schema_history (
    installed_rank int NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY, version varchar(50),
    description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int,
    installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL,
    success boolean NOT NULL)"""
MIGRATE = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"


def flyway_checksum(text):
    number = zlib.crc32("".join(text.splitlines()).encode())
    return number - (1 << 32) if number >= 1 << 31 else number


def write(folder, user=USER, deals=DEALS):
    folder = pathlib.Path(folder)
    for service in SERVICES:
        (folder / service).mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(user, 1):
        (folder / "user" / f"V{number}__step_{number}.sql").write_text(text)
        (folder / "user" / f"U{number}__step_{number}.sql").write_text(f"-- back from {number}\nSELECT {number};\n")
    for number, text in enumerate(deals, 1):
        (folder / "deals" / f"{number}_step.up.sql").write_text(text)
    (folder / "fleet.yml").write_text(FLEET)
    return folder / "fleet.yml"


def flyway_row(stage, target, number, success=True):
    stage.sql(target, f"INSERT INTO flyway_schema_history VALUES ({number}, '{number}', 'step {number}', 'SQL', "
                      f"'V{number}__step_{number}.sql', {flyway_checksum(USER[number - 1])}, 'flyway', now(), 5, "
                      f"{success})")


def migrated(stage, upto=3, deals=2):
    """As Flyway and golang-migrate leave them."""
    for target in SERVICES["user"]:
        stage.sql(target, FLYWAY)
        for number in range(1, upto + 1):
            stage.sql(target, USER[number - 1])
            flyway_row(stage, target, number)
    stage.sql("deals", MIGRATE)
    for number in range(1, deals + 1):
        stage.sql("deals", DEALS[number - 1])
    stage.sql("deals", f"INSERT INTO schema_migrations VALUES ({deals}, false)")


def begin(stage, **options):
    stage.fleet(write(stage.folder / "fleet", **options), services=SERVICES)


def ids(stage, target):
    return [migration for migration, _ in stage.applied(target)]


def test_a_tool_that_ran_after_the_targets_were_looked_at():
    """The plan is made from what they reported while they were empty."""
    with Stage() as stage:
        begin(stage)
        stage.everybody()
        wait(lambda: "7" in str(stage.greylag("up", "--dry-run", "--accept-irreversible")), "all targets to report")
        migrated(stage)
        refused = stage.greylag("up", "--accept-irreversible", check=None)
        expect(refused.code == 3 and "says that it is applied, and nothing is on record here" in str(refused),
               f"what is in effect is not applied again: {refused}")
        expect("differs from what is applied: flyway's record" in stage.release()["reason"] or
               "golang-migrate's record" in stage.release()["reason"], stage.release()["reason"])
        expect(ids(stage, "user-eu") == ids(stage, "deals") == [], "nothing is on record")
        stage.greylag("import", "--yes")
        stage.greylag("up", "--accept-irreversible")
        expect(ids(stage, "user-eu") == ["1", "2", "3", "4"] and ids(stage, "deals") == ["1", "2", "3"], "it went on")


def test_import_then_up_then_back():
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        before = {target: stage.dump(target) for targets in SERVICES.values() for target in targets}
        stage.everybody()
        refused = stage.greylag("up", check=6)
        expect("foreign-history" in refused.err and "greylag import" in refused.err,
               f"up without a record of its own: {refused}")
        shown = stage.greylag("import", "--dry-run")
        for words in ("flyway", "public.flyway_schema_history", "3 rows", "reported", "8 steps to record",
                      "Nothing was recorded"):
            expect(words in shown.out, f"{words}: {shown}")
        expect(ids(stage, "user-eu") == [], "a dry run records nothing")
        asked = stage.greylag("import", check=2)
        expect("--yes" in asked.err, f"nobody is there to be asked: {asked}")
        stage.greylag("import", "--yes", "--reason", "coming over")
        for target in SERVICES["user"]:
            expect(ids(stage, target) == ["1", "2", "3"], f"{target}: {stage.applied(target)}")
        expect(ids(stage, "deals") == ["1", "2"], f"{stage.applied('deals')}")
        for target, dump in before.items():
            expect(stage.dump(target) == dump, f"nothing ran on {target}")
        details = stage.sql("user-eu", "select detail from greylag.history order by position").splitlines()
        wanted = f"flyway public.flyway_schema_history checksum crc32:{flyway_checksum(USER[0])}"
        expect(details[0] == wanted, f"the history keeps {details[0]}, not {wanted}")
        again = stage.greylag("import", "--yes")
        expect("nothing to record" in again.out, f"twice without harm: {again}")
        none = stage.greylag("down")
        expect("nothing that a release ran" in none.out, f"an import is not undone by the way: {none}")
        release = stage.release()["id"]
        refused = stage.greylag("down", "--release", release, check=None)
        expect(refused.code != 0 and "could be undone" in refused.err, f"{refused}")
        stage.greylag("tag", "came-over")
        listed = stage.greylag("tag", "--json").json()["tags"]
        expect([tag["release"] for tag in listed] == [release], f"{listed}")
        stage.greylag("up", "--accept-irreversible")
        expect(ids(stage, "user-us") == ["1", "2", "3", "4"] and ids(stage, "deals") == ["1", "2", "3"],
               "up goes on from there")
        stage.greylag("down", "--to", "came-over", "--service", "user")
        expect(ids(stage, "user-us") == ["1", "2", "3"], f"back to the tag: {stage.applied('user-us')}")
        stage.greylag("down", "--service", "user", "--steps", "1")
        expect(ids(stage, "user-us") == ["1", "2"], "what was imported can be undone by number")


def test_a_record_in_another_schema():
    """It is found where the worker's search_path leads, and kept there."""
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        for target in SERVICES["user"]:
            stage.sql(target, "CREATE SCHEMA records; ALTER TABLE flyway_schema_history SET SCHEMA records")
        only = ("--service", "user")
        stage.everybody()
        nothing = stage.greylag("import", "--yes", *only)
        expect("no-history" in nothing.out and "`schema:`" in nothing.out, f"{nothing}")
        worker = stage.programs["worker-user"]
        worker.stop()
        path = stage.folder / "worker-user.yml"
        path.write_text(path.read_text().replace("service: user,", 'service: user, schema: "public, records",'))
        worker.start().ready()
        stage.greylag("import", "--yes", *only)
        text = stage.fleet_file.read_text()
        stage.fleet_file.write_text(text.replace("{migrations: user,", "{migrations: user, mirror_history: true,"))
        stage.greylag("up", "--accept-irreversible", *only)
        for target in SERVICES["user"]:
            rows = stage.sql(target, "select string_agg(version, ' ' order by installed_rank), "
                             "to_regclass('public.flyway_schema_history') is null from records.flyway_schema_history")
            expect(rows == "1 2 3 4|t", rows)


def test_what_is_not_in_order_is_refused():
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        flyway_row(stage, "user-us", 4, success=False)
        stage.sql("user-eu", "UPDATE flyway_schema_history SET checksum = 5 WHERE installed_rank = 2")
        stage.sql("deals", "UPDATE schema_migrations SET dirty = true")
        stage.everybody()
        refused = stage.greylag("import", "--yes", check=6)
        for words in ("user-us", "flyway repair", "its record says 5", "golang-migrate", "migrate force"):
            expect(words in refused.err, f"{words}: {refused}")
        expect(stage.latest() == {}, "no release was made")
        stage.sql("user-us", "DELETE FROM flyway_schema_history WHERE NOT success")
        stage.sql("user-eu", f"UPDATE flyway_schema_history SET checksum = {flyway_checksum(USER[1])} WHERE "
                             f"installed_rank = 2")
        stage.sql("deals", "UPDATE schema_migrations SET dirty = false")
        stage.greylag("import", "--yes")
        expect(ids(stage, "user-us") == ["1", "2", "3"], "the same records, put right")
        flyway_row(stage, "user-us", 4)
        stage.sql("user-us", USER[3])
        stage.greylag("import", "--yes")
        expect(ids(stage, "user-us") == ["1", "2", "3", "4"] and ids(stage, "user-eu") == ["1", "2", "3"],
               "only what is missing")


def test_a_worker_that_does_not_answer_is_named():
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        stage.everybody()
        stage.programs["worker-deals"].freeze()
        late = stage.greylag("import", "--yes", "--patience", "2s", check=1)
        expect("deals/deals has not said yet" in late.err and "workers list" in late.err, f"{late}")
        stage.greylag("import", "--yes", "--service", "user")
        expect(ids(stage, "user-eu") == ["1", "2", "3"], "the others can be imported meanwhile")
        stage.programs["worker-deals"].thaw()
        stage.greylag("import", "--yes")
        expect(ids(stage, "deals") == ["1", "2"], "and the late one later")


def held(stage, program, order):
    """The program obeys the order (crash.h) at a crash point; False: this build has none."""
    orders = stage.folder / f"{program.name}.orders"
    orders.write_text(order + "\n")
    program.environment["GREYLAG_CRASH_ORDERS"] = str(orders)
    return orders


def has_crash_points():
    return b"admission.received" in (BUILD / "bin/greylag-worker").read_bytes()


def test_a_row_that_goes_by_hand_in_between():
    if not has_crash_points():
        return "this build has no crash points"
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        stage.coordinator()
        for service in SERVICES:
            worker = stage.worker(service, start=False)
            if service == "user":
                held(stage, worker, "freeze admission.received")
            worker.start().ready()
        stage.reporting()
        stage.greylag("import", "--yes", "--no-wait", "--on", "user-eu")
        worker = stage.programs["worker-user"]
        wait(worker.stopped, "the worker to hold the job")
        stage.sql("user-eu", "DELETE FROM flyway_schema_history WHERE version = '2'")
        worker.thaw()
        release = stage.ended()
        expect(release["state"] == "halted" and "give the command again" in release["reason"], f"{release['reason']}")
        expect(ids(stage, "user-eu") == ["1"], "what came before it stays recorded")
        stage.greylag("import", "--yes", "--on", "user-eu")
        expect(ids(stage, "user-eu") == ["1", "3"], f"{stage.applied('user-eu')}")


def test_killed_in_the_middle():
    if not has_crash_points():
        return "this build has no crash points"
    points = {"worker-user": ("executor.after:3", "report.before"),
              "coordinator": ("store.release.after", "store.batch.after")}
    for name, places in points.items():
        for place in places:
            killed_at(name, place)


def killed_at(name, place):
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        stage.coordinator(start=False)
        for service in SERVICES:
            stage.worker(service, start=False, more="lease: 2s\n")
        victim = stage.programs[name]
        orders = held(stage, victim, "")
        for program in stage.programs.values():
            program.start().ready()
        stage.reporting()
        orders.write_text(f"kill {place}\n")
        stage.greylag("import", "--yes", "--no-wait", check=None)
        wait(lambda: victim.process.poll() == -signal.SIGKILL, f"{name} to die at {place}")
        victim.start().ready()
        stage.reporting()
        if not stage.latest():
            stage.greylag("import", "--yes")
        release = stage.ended()
        expect(release["state"] == "succeeded", f"{name} killed at {place}: {release['state']}: {release['reason']}")
        for target in SERVICES["user"]:
            expect(ids(stage, target) == ["1", "2", "3"], f"{place}: {stage.applied(target)}")
            kinds = stage.history(target)
            expect(len(kinds) == 3 and all(kind[1:] == ("adopt", "applied") for kind in kinds),
                   f"{place}: once each: {kinds}")


def test_baseline_and_a_file_from_a_database():
    with Stage() as stage:
        begin(stage)
        for target in SERVICES["user"]:
            for text in USER[:2]:
                stage.sql(target, text)
        stage.everybody()
        usage = stage.greylag("baseline", "--service", "user", check=2)
        expect("--version" in usage.err, f"{usage}")
        stage.greylag("baseline", "--service", "user", "--version", "2.0", "--yes")
        for target in SERVICES["user"]:
            expect(ids(stage, target) == ["1", "2"], f"{stage.applied(target)}")
        stage.greylag("up", "--service", "user", "--accept-irreversible")
        expect(ids(stage, "user-eu") == ["1", "2", "3", "4"], "up goes on from the baseline")
        where = stage.postgres.conninfo("user-eu")
        secret = stage.greylag("baseline", "--service", "user", "--from-database", "--database", where + " password=x",
                               check=2)
        expect("process list" in secret.err, f"{secret}")
        taken = stage.greylag("baseline", "--service", "deals", "--from-database", "--database", where, check=6)
        expect("has migrations already" in taken.err, f"{taken}")
        made = stage.greylag("baseline", "--service", "user", "--from-database", "--database", where, "--json").json()
        expect(made["version"] == "4", f"{made}")
        text = (stage.folder / "fleet" / made["files"][0]).read_text()
        expect(text.startswith("-- The baseline of service user: made from the schema of") and
               "CREATE TABLE public.users" in text
               and "set_config" not in text and "greylag." not in text and "\\restrict" not in text, text)
        again = stage.greylag("baseline", "--service", "user", "--from-database", "--database", where, check=2)
        expect("exists already" in again.err, f"{again}")
        stage.greylag("validate")
        stage.postgres.create("fresh")
        stage.postgres.sql("fresh", "BEGIN;" + text + "COMMIT")
        expect(stage.postgres.dump("fresh") == stage.dump("user-eu"), "what begins with the file is the same")
        stage.postgres.leave({"fresh"})


def test_repair_lists_each_change():
    with Stage() as stage:
        begin(stage)
        migrated(stage)
        stage.everybody()
        stage.greylag("import", "--yes")
        imported = stage.release()["id"]
        changed = ["-- a comment more\n" + USER[0]] + USER[1:2]
        for path in (stage.folder / "fleet/user").glob("*3__*"):
            path.unlink()
        write(stage.folder / "fleet", user=changed)
        drift = stage.greylag("up", check=6)
        expect("drift" in drift.err, f"{drift}")
        shown = stage.greylag("repair", "--dry-run", "--service", "user")
        expect("->" in shown.out and "forget" in shown.out and "4 steps to record" in shown.out, f"{shown}")
        stage.greylag("repair", "--realign", "--yes", "--reason", "comments")
        expect(ids(stage, "user-eu") == ["1", "2", "3"], "realigned, in its place")
        whose = stage.sql("user-eu", "select distinct release from greylag.applied").splitlines()
        told = {row["release"] for row in stage.get("/api/v1/applied")["targets"]["user/user-eu"]}
        expect(whose == [imported] and told == {imported}, f"still the import's: {whose}, {told}")
        stage.greylag("repair", "--yes")
        expect(ids(stage, "user-eu") == ["1", "2"], "forgotten")
        shown = stage.greylag("repair", "--yes")
        expect("nothing to record" in shown.out, f"{shown}")
        releases = stage.greylag("release", "list", "--json").json()["releases"]
        expect([(r["direction"], r["note"]) for r in releases[:2]] == [("adopt", ""), ("adopt", "comments")],
               f"{releases}")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

"""A database that was never migrated with files gets a first one: in every layout it is read back, stands for the
databases that are there, and brings an empty one to the same schema."""
import sys

from greylag import Stage, expect, scenarios

# What a dump can hold that a layout's own reader could stumble over.
SCHEMA = """
CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('it''s fine', 'bad; really');
CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE TABLE users (id bigserial PRIMARY KEY, email email NOT NULL, mood mood DEFAULT 'it''s fine',
                    made timestamptz DEFAULT now(), lower_email text GENERATED ALWAYS AS (lower(email)) STORED);
CREATE TABLE audit.changes (id int GENERATED ALWAYS AS IDENTITY, what jsonb, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE audit.changes_2024 PARTITION OF audit.changes FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    -- down to here; a comment; "quoted"
    INSERT INTO audit.changes (what, at) VALUES (to_jsonb(NEW), '2024-06-01');
    RETURN NEW;
END;
$body$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE mood <> 'bad; really';
CREATE VIEW happy AS SELECT id, email FROM users WHERE mood = 'it''s fine';
COMMENT ON TABLE users IS 'who; -- it''s "them"';
COMMENT ON FUNCTION note() IS E'two\\nlines\\\\';
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON users USING (email = current_user);
"""
OWN = {  # what a tool that was tried once has left, where the service says that it is
    "flyway": "CREATE TABLE \"Schema_Version\" (installed_rank int); "
              "CREATE TABLE flyway_schema_history (installed_rank int)",
    "sqitch": "CREATE SCHEMA registry; CREATE TABLE registry.changes (change_id text)",
    "goose": "CREATE TABLE goose_db_version (id int)",
}
NAMED = {"flyway": ", history_table: Schema_Version", "sqitch": ", history_table: registry"}


def begin(stage, layouts):
    folder = stage.folder / "fleet"
    services = ""
    for layout in layouts:
        (folder / layout).mkdir(parents=True)
        services += f"  {layout}: {{migrations: {layout}, layout: {layout}, targets: [old-{layout}, new-{layout}]"
        services += NAMED.get(layout, "") + "}\n"
    if "sqitch" in layouts:
        (folder / "sqitch/sqitch.plan").write_text("%project=sqitch\n\n")
    (folder / "fleet.yml").write_text(f"fleet: first-files\nservices:\n{services}environments: {{dev: {{}}}}\n")
    stage.fleet(folder / "fleet.yml", services={layout: [f"old-{layout}", f"new-{layout}"] for layout in layouts})
    for layout in layouts:
        stage.sql(f"old-{layout}", SCHEMA)


def begins(*layouts):
    with Stage() as stage:
        begin(stage, layouts)
        stage.everybody()
        made = {}
        wanted = stage.dump(f"old-{layouts[0]}")
        for layout in layouts:
            stage.sql(f"old-{layout}", OWN.get(layout, ""))
            made[layout] = stage.greylag("baseline", "--service", layout, "--from-database", "--json",
                                         "--database", stage.postgres.conninfo(f"old-{layout}")).json()
        stage.greylag("validate")
        for layout in layouts:
            stage.greylag("baseline", "--service", layout, "--version", made[layout]["version"],
                          "--on", f"old-{layout}", "--yes")
            shown = stage.greylag("plan", "--service", layout, "--json").json()["steps"]
            expect([(step["target"], step["file"]) for step in shown] == [(f"new-{layout}", made[layout]["files"][0])],
                   f"{layout}: {shown}")
        stage.greylag("up", "--accept-irreversible")
        for layout in layouts:
            expect(stage.dump(f"new-{layout}") == wanted, f"{layout}: {stage.dump(f'new-{layout}')}\nnot\n{wanted}")
            expect(len(stage.applied(f"old-{layout}")) == 1, f"{layout}: {stage.applied(f'old-{layout}')}")


def test_flyway_sqitch_goose():
    begins("flyway", "sqitch", "goose")


def test_golang_migrate_dbmate_diesel():
    begins("golang-migrate", "dbmate", "diesel")


def test_liquibase_timestamp_metadata():
    begins("liquibase", "timestamp", "metadata")


if __name__ == "__main__":
    scenarios(sys.modules[__name__])

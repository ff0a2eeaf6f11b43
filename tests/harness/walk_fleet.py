"""A small fleet for fault tests: auth, then user, then crm. The first release applies; in the second crm fails on its
data after the others have changed, so that everything goes back."""
import pathlib

FLEET = """fleet: {name}
defaults: {{lock_timeout: 2s, statement_timeout: 60s}}
services:
  auth: {{migrations: auth, layout: golang-migrate}}
  user: {{migrations: user, layout: golang-migrate, depends_on: [auth]}}
  crm: {{migrations: crm, layout: golang-migrate, depends_on: [user]}}
environments: {{dev: {{}}}}
"""

FIRST = {
    "auth": {
        "1_accounts": ("CREATE TABLE accounts (id bigint PRIMARY KEY, email text NOT NULL);\n"
                       "INSERT INTO accounts SELECT n, 'a' || n FROM generate_series(1, 50) n;\n"
                       "COPY accounts (id, email) FROM stdin;\n51\ta51\n52\ta52\n\\.",
                       "DROP TABLE accounts;"),
        "2_email_index": ("CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);",
                          "DROP INDEX CONCURRENTLY accounts_email;"),
        "3_sessions": ("CREATE TABLE sessions (id bigint PRIMARY KEY, account bigint REFERENCES accounts);",
                       "DROP TABLE sessions;"),
    },
    "user": {
        "1_profiles": ("CREATE TABLE profiles (account bigint PRIMARY KEY, name text);\n"
                       "INSERT INTO profiles SELECT n, 'n' FROM generate_series(1, 50) n;", "DROP TABLE profiles;"),
        "2_nick": ("ALTER TABLE profiles ADD COLUMN nick text;", "ALTER TABLE profiles DROP COLUMN nick;"),
    },
    "crm": {
        "1_customers": ("CREATE TABLE customers (id bigint PRIMARY KEY, code text);\n"
                        "INSERT INTO customers SELECT n, 'c' || (n / 2) FROM generate_series(1, 50) n;",
                        "DROP TABLE customers;"),
    },
}
SECOND = {
    "auth": {
        "4_roles": ("CREATE TABLE roles (name text PRIMARY KEY);\nCOPY roles FROM stdin;\nadmin\n\\.\nDELETE FROM "
                    "accounts WHERE id > 50;",
                    "COPY accounts FROM stdin;\n51\ta51\n52\ta52\n\\.\nDROP TABLE roles;"),
        "5_role_index": ("CREATE INDEX CONCURRENTLY sessions_account ON sessions (account);",
                         "DROP INDEX CONCURRENTLY sessions_account;"),
    },
    "user": {"3_locale": ("ALTER TABLE profiles ADD COLUMN locale text DEFAULT 'en';",
                          "ALTER TABLE profiles DROP COLUMN locale;")},
    "crm": {
        "2_stage": ("ALTER TABLE customers ADD COLUMN stage text;", "ALTER TABLE customers DROP COLUMN stage;"),
        "3_unique_codes": ("ALTER TABLE customers ADD CONSTRAINT one_code UNIQUE (code);",
                           "ALTER TABLE customers DROP CONSTRAINT one_code;"),
    },
}


def write(folder, *parts, name="walk"):
    """fleet.yml and the migrations of these parts; the path of fleet.yml."""
    folder = pathlib.Path(folder)
    for part in parts:
        for service, migrations in part.items():
            (folder / service).mkdir(parents=True, exist_ok=True)
            for migration, (up, down) in migrations.items():
                (folder / service / f"{migration}.up.sql").write_text(up + "\n")
                (folder / service / f"{migration}.down.sql").write_text(down + "\n")
    (folder / "fleet.yml").write_text(FLEET.format(name=name))
    return folder / "fleet.yml"


SERVICES = {"auth": ["auth"], "user": ["user"], "crm": ["crm"]}
APPLIED = {service: [name.split("_")[0] for name in FIRST[service]] for service in FIRST}

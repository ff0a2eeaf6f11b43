"""Bad files, bad settings, bad command lines, bad tokens: each is an error that says where and what to do, and nothing
is applied. One small fleet runs beside it all, and still works at the end."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import greylag
from greylag import Stage, expect, wait

BIN = greylag.BUILD / "bin"
FLEET = """fleet: bad
services:
  auth: {migrations: auth}
  user: {migrations: user, depends_on: [auth]}
environments: {dev: {}}
"""
FILES = {
    "auth/V1__accounts.sql": "CREATE TABLE accounts (id bigint PRIMARY KEY);\n",
    "auth/U1__accounts.sql": "DROP TABLE accounts;\n",
    "user/V1__profiles.sql": "CREATE TABLE profiles (id bigint PRIMARY KEY);\n",
    "user/U1__profiles.sql": "DROP TABLE profiles;\n",
}
SERVICES = {"auth": ["auth"], "user": ["user"]}


def write(folder, files, fleet=FLEET):
    for name, text in {**files, "fleet.yml": fleet}.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return pathlib.Path(folder) / "fleet.yml"


def run(program, *arguments, environment=None, limit=30):
    try:
        return greylag.Result(subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True,
                                             stdin=subprocess.DEVNULL, timeout=limit,
                                             env={**os.environ, "GREYLAG_URL": "", "GREYLAG_TOKEN": "",
                                                  **(environment or {})}))
    except subprocess.TimeoutExpired as error:
        raise greylag.Failed(f"{program} did not end: {error.stderr}")


def refused(result, code, *texts):
    """The exit code, and every text somewhere in what was said."""
    said = result.out + result.err
    missing = [text for text in texts if text not in said]
    expect(result.code == code and not missing, f"expected exit {code} and {missing or texts}, got {result}")


def files_refused(code, *texts, fleet=FLEET, **files):
    """validate, plan and up all refuse these files; keys of `files`: names with '/' as '__SLASH__' are awkward, so the
    caller gives a dict as `more`."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, {**FILES, **files.get("more", {})}, fleet)
        refused(run("greylag", "validate", "--fleet", path), code, *texts)
        refused(run("greylag", "plan", "--offline", "--fleet", path), code, *texts)


# ---- the fleet's files -------------------------------------------------------------------------------------------

def test_a_cycle_is_shown_with_its_path():
    files_refused(6, "auth:1", "->", "user:1", "cycle", "remove one of these dependencies",
                  fleet=FLEET.replace("auth: {migrations: auth}", "auth: {migrations: auth, depends_on: [user]}"))
    files_refused(6, "auth:1", "->", "user:1", "auth/V1__accounts.sql:1",
                  fleet=FLEET, more={"auth/V1__accounts.sql": "-- Depends on: user:1\nSELECT 1;\n"})


def test_unknown_services_and_versions():
    files_refused(2, "fleet.yml:4:41: there is no service 'ath'", "did you mean 'auth'",
                  fleet=FLEET.replace("[auth]", "[ath]"))
    files_refused(6, "user/V1__profiles.sql:2", "nobody",
                  more={"user/V1__profiles.sql": "--\n-- Depends on: nobody:1\nSELECT 1;\n"})
    files_refused(6, "user/V1__profiles.sql:1", "auth:7",
                  more={"user/V1__profiles.sql": "-- Depends on: auth:7\nSELECT 1;\n"})


def test_two_files_with_one_version():
    files_refused(6, "version 1 stands twice", "auth/V1__accounts.sql", "auth/V1__again.sql",
                  "duplicate_versions: by-name",
                  more={"auth/V1__again.sql": "SELECT 1;\n"})


def test_bytes_that_are_no_text():
    files_refused(6, "auth/V1__accounts.sql:3", "(0xe9) is not UTF-8", "save the file as UTF-8",
                  more={"auth/V1__accounts.sql": b"SELECT 1;\n\nSELECT '\xe9t\xe9';\n"})
    files_refused(6, "auth/V1__accounts.sql:2", "NUL", more={"auth/V1__accounts.sql": b"SELECT 1;\n\0\n"})
    files_refused(2, "fleet.yml:1:9: byte 9 is not UTF-8", "save the file as UTF-8",
                  fleet=FLEET.encode().replace(b"bad", b"b\xffd"))


def test_yaml_that_says_something_else():
    for change, *texts in (
            (("{migrations: user,", "{migrations: user, colour: red,"), "fleet.yml:4:",
             "unknown key 'services.user.colour'", "known here"),
            (("environments:", "colour: red\nenvironments:"), "fleet.yml:5:1: unknown key 'colour'"),
            (("[auth]", "7"), "fleet.yml:4:40: services.user.depends_on has to be a list", "write [one, two]"),
            (("services:\n", "services: [x]\nx:\n"), "fleet.yml:2:11: services has to be a mapping"),
            (("services:", "defaults: {retries: five}\nservices:"),
             "fleet.yml:2:21: defaults.retries: 'five' is not a whole number"),
            (("services:", "defaults: {retries: 010}\nservices:"), "'010' is not a whole number", "leading zeros"),
            (("services:", "defaults: {lock_timeout: soon}\nservices:"), "fleet.yml:2:26", "is not a duration",
             "250ms, 5s"),
            (("services:", "defaults: {on_failure: pray}\nservices:"), "fleet.yml:2:24", "pray", "rollback-release"),
            (("{dev: {}}", "{dev: {approvals: 2}}"), "approvals", "not built yet", "remove it"),
            (("services:", "fleet: again\nservices:"), "fleet.yml:2:1: the key 'fleet' stands twice (first in line 1)"),
            (("services:", "\tservices:"), "fleet.yml:2:1: not YAML", "never with tabs"),
            (("environments:", "---\nenvironments:"), "fleet.yml:5:1: a second document begins here")):
        files_refused(2, *texts, fleet=FLEET.replace(*change))
    files_refused(2, "fleet.yml:1:1: the file is empty", "greylag init", fleet="")


def test_maybe_is_no_boolean():
    files_refused(6, "user/V1__profiles.sql:1", "transaction", "true or false",
                  more={"user/V1__profiles.sql": '-- @metadata {"transaction": "maybe"}\n-- UP\nSELECT 1;\n',
                        "user/U1__profiles.sql": "SELECT 1;\n"},
                  fleet=FLEET.replace("{migrations: user,", "{migrations: user, layout: metadata,"))


def test_files_that_are_not_there():
    refused(run("greylag", "validate", "--fleet", "/nonexistent/fleet.yml"), 2, "/nonexistent/fleet.yml",
            "No such file")
    files_refused(6, "migrations folder", "No such file", "correct `migrations:`",
                  fleet=FLEET.replace("migrations: user", "migrations: usr"))


def test_a_migration_that_is_too_large():
    """32 MiB of SQL are the limit; less when it grows too much on its way: quotes and backslashes are doubled in
    JSON."""
    mib = 1 << 20
    files_refused(6, "auth/V1__accounts.sql", "33554433", "33554432",
                  more={"auth/V1__accounts.sql": "--" + "x" * (32 * mib - 1)})
    files_refused(6, "auth/V1__accounts.sql", "signed", "split it",
                  more={"auth/V1__accounts.sql": "SELECT '" + '"' * (31 * mib) + "';\n"})


# ---- the command line --------------------------------------------------------------------------------------------

def test_command_lines_that_are_wrong():
    for arguments, *texts in (
            (("validat",), 'unknown command "validat"', 'Did you mean "validate"?'),
            (("validate", "--colour"), "unknown option --colour", "--help"),
            ((), "which command?"),
            (("up", "--timeout"), "--timeout needs a value"),
            (("history", "--limit", "-3"), "--limit", "whole number"),
            (("release", "show", "one", "two"), "two"),
            (("status",), "no coordinator is named", "GREYLAG_URL"),
            (("keygen",), "FILE")):
        refused(run("greylag", *arguments), 2, *texts)
    for program in ("greylag-coordinator", "greylag-worker"):
        refused(run(program, "--colour"), 2, "unknown option --colour", "--help")
        refused(run(program, "hello"), 2, 'unexpected argument "hello"')
        refused(run(program, "--config", "/nonexistent.yml"), 2, "/nonexistent.yml: No such file")
        refused(run(program), 2, "No such file", "name the file with --config FILE")
    refused(run("greylag", "status", environment={"GREYLAG_URL": "http://127.0.0.1:1", "GREYLAG_TOKEN": "x"}), 1,
            "cannot reach http://127.0.0.1:1", "Look whether the server runs there")


# ---- settings and keys of the daemons ------------------------------------------------------------------------------

class Settings:
    """A daemon's file with something changed, and what the daemon says to it."""

    def __init__(self, stage, program, file):
        self.stage, self.program, self.text, self.number = stage, program, (stage.folder / file).read_text(), 0

    def refused(self, change, code, *texts, environment=None):
        expect(change[0] in self.text, f"no {change[0]} in the settings")
        self.number += 1
        path = self.stage.folder / f"{self.program}-{self.number}.yml"
        path.write_text(self.text.replace(*change))
        refused(run(self.program, "--config", path, environment=environment), code, *texts)


def odd_keys(stage):
    folder = stage.folder / "odd"
    folder.mkdir()
    shutil.copy(stage.key("coordinator"), folder / "open.key")
    (folder / "open.key").chmod(0o644)
    (folder / "garbage.key").write_text("hello\n")
    (folder / "garbage.key").chmod(0o600)
    return folder


def test_settings_of_the_daemons():
    with Stage() as stage:
        stage.fleet(write(stage.folder / "fleet", FILES), services=SERVICES)
        stage.coordinator(start=False)
        stage.worker("auth", start=False)
        keys = odd_keys(stage)
        coordinator, worker = Settings(stage, "greylag-coordinator",
                                       "coordinator.yml"), Settings(stage, "greylag-worker", "worker-auth.yml")
        own = str(stage.key("coordinator"))
        for change, code, *texts in (
                (("listen:", "colour: red\nlisten:"), 2, ".yml:4:1: unknown key 'colour'"),
                (("workers:\n", "workers: 7\nx:\n"), 2, "workers has to be a list"),
                (("fleet: bad\n", ""), 2, "fleet is missing"),
                (("listen:", "lease: 5 parsecs\nlisten:"), 2, "'5 parsecs' is not a duration"),
                (("kafka:\n", "kafka:\n  socket.keepalive.enable: maybe\n"), 2, "socket.keepalive.enable"),
                (("kafka:\n", "kafka:\n  socket.keepalife: true\n"), 2, "socket.keepalife", "no such property"),
                (("kafka:\n", "kafka:\n  acks: 1\n"), 2, "acks cannot be set", "take acks out"),
                (("kafka:\n", "kafka:\n  plugin.library.paths: x\n"), 2, "plugin.library.paths", "loads code"),
                (("bootstrap.servers", "client.rack"), 2, "bootstrap.servers is missing"),
                (('key: "ed25519:', 'key: "ed25518:'), 2, "workers", "ed25518", "is no public key"),
                ((own, "/nonexistent.key"), 2, "signing_key", "/nonexistent.key", "greylag keygen"),
                ((own, str(keys / "garbage.key")), 2, "garbage.key is no secret key", "greylag keygen"),
                ((own, str(keys / "open.key")), 2, "can be used by others (mode 0644)", "chmod 600"),
                ((str(stage.folder / "tokens"), "/nonexistent"), 2, "/nonexistent", "No such file", "greylag token"),
                (('listen: "127.0.0.1:0"', "listen: localhorst"), 2, "localhorst", "host:port"),
                (('listen: "127.0.0.1:0"', f'listen: "{stage.broker.bootstrap}"'), 1, "Address already in use",
                 "another port"),
                (('database: "', 'database: "${NOT_SET} '), 2, "the environment has no NOT_SET"),
                (('database: "host', 'database: "hostage'), 2, "control database", "connection string"),
                (("database:", "#"), 2, "no control database is named", "DATABASE_URL")):
            coordinator.refused(change, code, *texts)
        own = str(stage.key("worker-auth"))
        for change, code, *texts in (
                (("targets:\n", "colour: red\ntargets:\n"), 2, ".yml:6:1: unknown key 'colour'"),
                ((own, "/nonexistent.key"), 2, "key", "/nonexistent.key", "greylag keygen"),
                ((own, str(keys / "open.key")), 2, "can be used by others (mode 0644)", "chmod 600"),
                ((own, str(keys / "garbage.key")), 2, "is no secret key", "greylag keygen"),
                (("ed25519:", "ed25519:AAAA"), 2, "coordinator_keys", "is no public key"),
                (('coordinator_keys: ["', 'coordinator_keys: [] #'), 2, "coordinator_keys has 0 entries"),
                (("  auth: {", "  # auth: {"), 2, "targets"),
                (("service: auth, ", ""), 2, "targets.auth.service is missing"),
                (('service: auth, database: "', "service: auth} #"), 2, "target auth has no database", "DATABASE_URL"),
                (('database: "host', 'database: "hostage'), 2, "auth", "connection string"),
                (('database: "', 'database: "${NOT_SET} '), 2, "the environment has no NOT_SET")):
            worker.refused(change, code, *texts)


# ---- a running fleet -----------------------------------------------------------------------------------------------

def tokens(stage):
    """A viewer's token, beside the admin's."""
    made = run("greylag", "token", "looker", "--role", "viewer", "--json").json()
    with open(stage.folder / "tokens", "a") as file:
        file.write(made["line"] + "\n")
    return made["token"]


def check_tokens(stage):
    viewer = tokens(stage)
    refused(stage.greylag("status", check=None, environment={"GREYLAG_TOKEN": ""}), 1, "a token is needed",
            "GREYLAG_TOKEN")
    refused(stage.greylag("status", check=None, environment={"GREYLAG_TOKEN": "gl_guessed"}), 1,
            "this token is not known here")
    kept = stage.folder / "looker.token"
    kept.write_text(viewer + "\n")
    kept.chmod(0o644)
    alone = {"GREYLAG_TOKEN": ""}
    refused(stage.greylag("status", "--token-file", kept, check=None, environment=alone), 1,
            "can be used by others (mode 0644)",
            "chmod 600")
    kept.chmod(0o600)
    stage.greylag("status", "--token-file", kept, environment=alone)
    stage.greylag("status", environment={"GREYLAG_TOKEN": viewer})
    for command in (("up",), ("workers", "enroll", stage.public("worker-auth"), "--target", "user"),
                    ("workers", "revoke", "auth")):
        refused(stage.greylag(*command, check=None, environment={"GREYLAG_TOKEN": viewer}), 1,
                '"looker" has the role viewer', "needs the role")


def releases(stage):
    return stage.greylag("release", "list", "--json").json()["releases"]


def check_altered(stage):
    """A file that was changed after it was applied is named, and so is what to do; nothing runs."""
    before = len(releases(stage))
    fleet = write(stage.folder / "fleet", {"auth/V1__accounts.sql": "CREATE TABLE accounts (id int);\n",
                                           "auth/V2__more.sql": "CREATE TABLE more (id int);\n",
                                           "auth/U2__more.sql": "DROP TABLE more;\n"})
    for command in ("plan", "up"):
        refused(stage.greylag(command, check=None), 6, "was changed after it was applied on auth",
                "auth/V1__accounts.sql", "bring the file back")
    expect(len(releases(stage)) == before and [row[0] for row in stage.applied("auth")] == ["1"], "something ran")
    write(fleet.parent, {**FILES, "auth/V2__more.sql": None, "auth/U2__more.sql": None})


def check_bad_files(stage):
    before = len(releases(stage))
    write(stage.folder / "fleet", {"auth/V2__more.sql": b"SELECT '\xff';\n"})
    refused(stage.greylag("up", check=None), 6, "auth/V2__more.sql:1", "not UTF-8")
    write(stage.folder / "fleet", {"auth/V2__more.sql": "-- Depends on: user:2\nSELECT 1;\n",
                                   "user/V2__more.sql": "-- Depends on: auth:2\nSELECT 1;\n"},
          FLEET.replace(", depends_on: [auth]", ""))
    refused(stage.greylag("up", check=None), 6, "auth:2", "->", "user:2")
    expect(len(releases(stage)) == before, "a release was made of files that are wrong")
    write(stage.folder / "fleet", {"auth/V2__more.sql": None, "auth/U2__more.sql": None, "user/V2__more.sql": None})


def check_other_fleet(stage):
    with tempfile.TemporaryDirectory() as folder:
        stage.fleet_file = write(folder, FILES, FLEET.replace("fleet: bad", "fleet: other"))
        refused(stage.greylag("up", check=None), 6, "serves fleet bad, environment dev, not other", "--url")
        stage.fleet_file = stage.folder / "fleet/fleet.yml"


def check_nothing_pending(stage):
    before = len(releases(stage))
    done = stage.greylag("up")
    expect("Nothing is pending" in done.out and len(releases(stage)) == before, f"nothing was pending: {done}")


def check_two_at_once(stage):
    """The second is refused while the first is open, and told which one that is."""
    write(stage.folder / "fleet", {"auth/V2__slow.sql": "SELECT pg_sleep(3);\nCREATE TABLE slow (id int);\n",
                                   "auth/U2__slow.sql": "DROP TABLE slow;\n"})
    first = stage.greylag("up", "--no-wait", "--json").json()
    name = stage.release()["id"]
    second = stage.greylag("up", "--no-wait", check=None)
    refused(second, 1, name, "greylag release")
    expect(stage.ended()["state"] == "succeeded" and stage.release()["id"] == name, f"the first release: {first}")


def test_a_running_fleet():
    with Stage() as stage:
        stage.fleet(write(stage.folder / "fleet", FILES), services=SERVICES)
        stage.everybody()
        check_tokens(stage)
        check_bad_files(stage)
        expect(stage.postgres.sql("auth", "select to_regclass('accounts') is null") == "t", "something was applied")
        stage.greylag("up")
        check_altered(stage)
        check_other_fleet(stage)
        check_nothing_pending(stage)
        check_two_at_once(stage)
        refused(stage.greylag("release", "show", "nonesuch", check=None), 2, "there is no release nonesuch",
                "greylag release list")
        refused(stage.greylag("down", "--service", "nobody", "--steps", "1", check=None), 6,
                "the fleet has no service 'nobody'")
        refused(stage.greylag("up", "--on", "nowhere", check=None), 6, "nowhere")
        refused(stage.greylag("up", "--target", "auth=99", check=None), 6, "99")
        refused(stage.greylag("workers", "revoke", "ed25519:nobody", check=None), 2, "no enrolled key")
        refused(stage.greylag("workers", "enroll", "ed25519:nobody", "--target", "auth", check=None), 2,
                "is no public key")


def test_database_url_is_honoured():
    """By a coordinator whose file names no database, and by a worker of one target that names none."""
    with Stage() as stage:
        files = {k: v for k, v in FILES.items() if "auth" in k}
        fleet = "fleet: bad\nservices: {auth: {migrations: auth}}\nenvironments: {dev: {}}\n"
        stage.fleet(write(stage.folder / "fleet", files, fleet), services={"auth": ["auth"]})
        port = stage.postgres.base.split("port=")[1].split()[0]
        url = "postgresql://postgres@127.0.0.1:" + port + "/"
        for program, database in ((stage.coordinator(start=False), stage.database),
                                  (stage.worker("auth", start=False), "auth")):
            file = stage.folder / f"{program.name}.yml"
            lines = [line.split(", database:")[0] + "}" if "service: auth, database:" in line else line
                     for line in file.read_text().splitlines() if not line.startswith("database:")]
            file.write_text("\n".join(lines) + "\n")
            program.start({"DATABASE_URL": url + database})
        stage.programs["coordinator"].ready()
        stage.programs["worker-auth"].ready()
        stage.reporting()
        stage.greylag("up")
        expect(stage.postgres.sql(stage.database, "select count(*) from greylag.releases") == "1",
               "the release is not in DATABASE_URL's database")
        expect(stage.applied("auth") != [], "nothing was applied in DATABASE_URL's database")


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

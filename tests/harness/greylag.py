"""A whole fleet of real processes for tests: PostgreSQL, a broker, coordinators, workers, and the command line.

Everything lives in one temporary folder and is stopped when the `with` block ends; whatever is left dies with this
process (the servers' helpers end when their standard input does). Waiting is always for a condition, with a limit.

    with Stage() as stage:
        stage.fleet("shop", {"auth": ["auth"]}, folder)
        stage.coordinator(); stage.worker("auth")
        stage.greylag("up")
"""
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GREYLAG_BUILD", SOURCE / "build"))
ENDS = ("succeeded", "rolled back", "cancelled", "halted")
LIMIT = float(os.environ.get("GREYLAG_TEST_LIMIT", "60"))


class Failed(AssertionError):
    """A test's expectation did not hold."""


def wait(condition, what, limit=LIMIT, every=0.02):
    """Polls until condition() is true; its value. Failed, naming what was waited for, when the limit is reached."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {limit:.0f} s for {what() if callable(what) else what}")
        time.sleep(every)


def expect(condition, text):
    if not condition:
        raise Failed(text)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Helper:
    """A `serve` helper: answers lines on its standard input, cleans up when that ends."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)
        self.first = self.answer()

    def answer(self):
        line = self.process.stdout.readline().strip()
        if not line:
            raise Failed("a helper ended: " + " ".join(map(str, self.process.args)))
        return line

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ConnectionLost(Failed):
    """The server was not there, or went away."""


class Session:
    """A psql that stays: one connection for many questions, which cost next to nothing then."""

    MARK = "-- the end of an answer"

    def __init__(self, psql, conninfo):
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([psql, "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", "-"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said)

    def ask(self, text):
        """Unaligned rows of the statements; the first error ends the session."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{text}\n;\n\\echo '{self.MARK}'\n")
            self.process.stdin.flush()
        rows = []
        for line in self.process.stdout:
            if line.rstrip("\n") == self.MARK:
                return "".join(rows).strip()
            rows.append(line)
        code = self.process.wait()
        self.said.seek(0)
        raise (ConnectionLost if code == 2 else Failed)(self.said.read().strip())

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.said.close()


class Postgres:
    """A private cluster. `settings` are server settings, "autovacuum=off". What is killed here are processes, never the
    machine: fsync protects nothing then, and only slows down whoever shares the disk."""

    usual = ("fsync=off",)

    def __init__(self, folder, *settings, within=()):
        """`within`: a command that starts what follows it."""
        self.helper = Helper([*within, SOURCE / "tests/harness/postgres", "serve", str(folder), *self.usual, *settings])
        self.folder = folder
        self.sessions = {}  # (thread, database) -> Session
        self.base = self.helper.first
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                          key=lambda p: [int(n) for n in re.findall(r"\d+", str(p))])[-1]

    def conninfo(self, database="postgres"):
        return re.sub(r"dbname=\S+", f"dbname={database}", self.base)

    def create(self, database):
        if self.sql("postgres", f"select 1 from pg_database where datname = '{database}'") == "":
            self.sql("postgres", f'create database "{database}"')

    def sql(self, database, text):
        """Unaligned rows. A connection that had died before the question is made anew."""
        key = threading.get_ident(), database
        for kept in (key in self.sessions, False):
            if key not in self.sessions:
                self.sessions[key] = Session(self.bin / "psql", self.conninfo(database))
            try:
                return self.sessions[key].ask(text)
            except Failed as error:
                self.sessions.pop(key).close()
                if not kept or not isinstance(error, ConnectionLost):
                    raise type(error)(f"psql {database}: {error}") from None

    def leave(self, databases):
        """Ends the sessions in them."""
        for key in [key for key in self.sessions if key[1] in databases]:
            self.sessions.pop(key).close()

    def dump(self, database, *options):
        """The schema as pg_dump prints it, without greylag's own and without lines that change at random; on a server
        that is newer than the pg_dump here, what its catalogue says of it."""
        if int(self.sql(database, "show server_version_num")) // 10000 > int(self.bin.parent.name):
            return self.sql(database, CATALOG)
        text = subprocess.run([self.bin / "pg_dump", "--schema-only", "--no-owner", "--no-privileges",
                               "--exclude-schema=greylag", *options, "-d", self.conninfo(database)],
                              check=True, capture_output=True, text=True).stdout
        return steady(text)

    def kill(self):
        self.helper.say("kill")

    def stop(self):
        self.helper.say("stop")

    def start(self):
        self.helper.say("start")

    def close(self):
        self.leave({database for _, database in self.sessions})
        self.helper.close()


# What stands in a database's own schemas, but greylag's: columns, indexes, constraints, views, functions, types.
CATALOG = """
WITH own AS (SELECT oid, nspname FROM pg_namespace
              WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'greylag'))
SELECT text FROM (
  SELECT format('%s.%s %s %s %s %s', nspname, relname, relkind, attname, format_type(atttypid, atttypmod),
                coalesce(pg_get_expr(adbin, adrelid), '') || attnotnull) AS text
    FROM pg_class c JOIN own n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid AND NOT attisdropped
    LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum WHERE attnum > 0
  UNION ALL SELECT pg_get_indexdef(indexrelid) || indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indrelid
              JOIN own n ON n.oid = relnamespace
  UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(c.oid)
              FROM pg_constraint c JOIN own n ON n.oid = connamespace
  UNION ALL SELECT c.oid::regclass || pg_get_viewdef(c.oid) FROM pg_class c JOIN own n ON n.oid = relnamespace
             WHERE relkind IN ('v', 'm')
  UNION ALL SELECT p.oid::regprocedure || prosrc FROM pg_proc p JOIN own n ON n.oid = pronamespace
  UNION ALL SELECT t.oid::regtype || ' ' || typtype::text FROM pg_type t JOIN own n ON n.oid = typnamespace
             WHERE typtype IN ('d', 'e')) x ORDER BY text COLLATE "C"
"""


def steady(dump):
    """A dump without the lines that differ between runs or minor versions of the server."""
    return "".join(line for line in dump.splitlines(True) if not re.match(r"\\(un)?restrict |-- Dumped (from|by) ",
                                                                          line))


class Embedded:
    """The embedded broker, in a process of its own. wipe() is the total loss of it; a fresh one takes over."""

    properties = {"fetch.wait.max.ms": "20", "session.timeout.ms": "5000", "heartbeat.interval.ms": "500"}
    name = "embedded"

    def __init__(self, folder):
        self.helper = Helper([str(BUILD / "bin/embedded-broker")])
        self.bootstrap = self.helper.first

    def wipe(self):
        self.helper.say("wipe")

    def close(self):
        self.helper.close()


class Kafka:
    """One node of real Apache Kafka."""

    properties = {"session.timeout.ms": "5000", "heartbeat.interval.ms": "500"}
    name = "kafka"

    def __init__(self, folder):
        self.helper = Helper([SOURCE / "tests/harness/kafka", "serve", str(folder)])
        self.bootstrap = self.helper.first

    def wipe(self):
        self.helper.say("wipe")
        self.helper.say("start")

    def kill(self):
        self.helper.say("kill")

    def start(self):
        self.helper.say("start")

    def quota(self, bytes_per_second):
        """What the clients of one name may write; None: as much as they like. A request AlterClientQuotas, version 0,
        which librdkafka does not know and kafka-configs.sh takes seconds for."""
        def text(value):
            return struct.pack(">h", len(value)) + value.encode()
        entity = struct.pack(">i", 1) + text("client-id") + struct.pack(">h", -1)  # the default
        change = struct.pack(">i", 1) + text("producer_byte_rate") + struct.pack(">d?", bytes_per_second or 0,
                                                                                 bytes_per_second is None)
        request = (struct.pack(">hhi", 49, 0, 1) + text("tests") + struct.pack(">i", 1) + entity + change
                   + struct.pack(">?", False))
        host, port = self.bootstrap.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=LIMIT) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            _, _, _, answers, error = struct.unpack(">iiiih", connection.recv(18, socket.MSG_WAITALL))
        expect(answers == 1 and error == 0, f"the quota is not taken: error {error}")

    def close(self):
        self.helper.close()


class FarKafka(Kafka):
    """One node behind a proxy, which can delay, stall or cut what goes by (tests/harness/proxy.c)."""

    def __init__(self, folder):
        self.proxy = Helper([BUILD / "bin/fault-proxy", "127.0.0.1:9"])
        self.helper = Helper(["env", f"GREYLAG_KAFKA_ADVERTISED=127.0.0.1:{self.proxy.first}",
                              SOURCE / "tests/harness/kafka", "serve", str(folder)])
        self.proxy.say(f"to {self.helper.first}")
        self.bootstrap = f"127.0.0.1:{self.proxy.first}"

    def close(self):
        super().close()
        self.proxy.close()


class SecuredKafka(Kafka):
    """The same with an authorizer and listeners that ask who is there; `properties` are those of one who may do
    everything."""

    def __init__(self, folder):
        self.helper = Helper(["env", "GREYLAG_KAFKA_SECURED=1", SOURCE / "tests/harness/kafka", "serve", str(folder)])
        self.bootstrap = self.helper.first
        self.tls = folder / "tls"
        self.listeners = dict(line.split() for line in (folder / "listeners").read_text().splitlines())

    def acl(self, lines):
        """["add User:x read topic name*", ...]"""
        done = subprocess.run([BUILD / "bin/acl", self.bootstrap], input="".join(line + "\n" for line in lines),
                              text=True, capture_output=True)
        expect(done.returncode == 0, f"{lines}: {done.stderr}")

    def secret(self, user, listener, mechanism):
        """Properties of a user with a password."""
        return {"bootstrap.servers": self.listeners[listener], "security.protocol": listener,
                "sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": f"{user}-secret",
                "ssl.ca.location": str(self.tls / "ca.pem")}

    def certificate(self, user):
        return {"bootstrap.servers": self.listeners["SSL"], "security.protocol": "SSL",
                "ssl.ca.location": str(self.tls / "ca.pem"), "ssl.certificate.location": str(self.tls / f"{user}.crt"),
                "ssl.key.location": str(self.tls / f"{user}.key")}


class ThreeKafkas:
    """Three nodes of real Apache Kafka: each topic has three copies, and two have to be written."""

    properties = Kafka.properties
    name = "three brokers"
    nodes = (1, 2, 3)

    def __init__(self, folder):
        self.helper = Helper(["env", "GREYLAG_KAFKA_BROKERS=3", SOURCE / "tests/harness/kafka", "serve", str(folder)])
        self.bootstrap = self.helper.first

    def say(self, verb, node):
        """stop, kill, wipe, start, or launch."""
        return self.helper.say(f"{verb} {node}")

    def close(self):
        self.helper.close()


class Program:
    """A running coordinator or worker. Its log is kept in a file; `name` is for people."""

    serves = False  # a coordinator

    def __init__(self, stage, name, command, environment=None):
        self.name, self.command = name, command
        self.ready_file = stage.folder / f"{name}.ready"
        self.log_file = stage.folder / f"{name}.log"
        self.environment = {**os.environ, **stage.environment, **(environment or {})}
        self.process = None

    def start(self, environment=None):
        self.ready_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--ready-file", str(self.ready_file)],
                                            stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, preexec_fn=die_with_parent,
                                            env={**self.environment, **(environment or {})})
        return self

    def ready(self, limit=LIMIT):
        def look():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            return self.ready_file.exists() and self.ready_file.read_text().strip()
        text = wait(look, lambda: f"{self.name} to be ready; its log ends:\n{self.log()[-3000:]}", limit)
        return json.loads(text) if text.startswith("{") else {}

    def url(self):
        """What the ready file says; "" before there is one."""
        try:
            return json.loads(self.ready_file.read_text())["url"]
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stopped(self):
        """Whether SIGSTOP (or a freeze point) holds it."""
        try:
            return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "Tt"
        except OSError:
            return False

    def signal(self, number):
        if self.running():
            self.process.send_signal(number)

    def freeze(self):
        self.signal(signal.SIGSTOP)
        wait(self.stopped, f"{self.name} to stand still")

    def thaw(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self, limit=LIMIT):
        """SIGTERM; its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not end on SIGTERM within {limit:.0f} s:\n{self.log()[-3000:]}")

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


class Stage:
    """The folder, the servers and the programs of one scenario. `broker`: a class to start one, or one that runs and is
    shared; `postgres`: a shared cluster, where the databases of this stage's targets have a `prefix`."""

    topic_prefix = ""  # a line of the daemons' files

    def __init__(self, broker=Embedded, postgres=None, environment=None, prefix=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="greylag-stage-"))
        self.folder.chmod(0o755)
        self.environment = {"LOG_LEVEL": "INFO", "XDG_CACHE_HOME": str(self.folder / "cache"), **(environment or {})}
        self.programs, self.closing, self.databases = {}, [], set()
        self.postgres, self.prefix = postgres, prefix
        try:
            if postgres is None:
                self.postgres = Postgres(self.folder / "pg", "autovacuum=off")
                self.closing.append(self.postgres)
            self.broker = broker(self.folder / "broker") if isinstance(broker, type) else broker
            if isinstance(broker, type):
                self.closing.append(self.broker)
            self.key("coordinator")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and not issubclass(kind, KeyboardInterrupt):
            self.tell()
        self.close()

    def tell(self):
        """What a failed scenario leaves to read."""
        for program in self.programs.values():
            print(f"---- {program.name}: " + " ".join(map(str, program.command)), file=sys.stderr)
            print(program.log()[-4000:], file=sys.stderr)

    def close(self):
        for program in self.programs.values():
            program.signal(signal.SIGCONT)
            program.kill()
        if self.postgres:
            self.postgres.leave(self.databases)
        for thing in reversed(self.closing):
            thing.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the fleet ----

    def key(self, name):
        path = self.folder / f"{name}.key"
        if not path.exists():
            done = subprocess.run([BUILD / "bin/greylag", "keygen", str(path)], capture_output=True, text=True)
            expect(done.returncode == 0, f"keygen: {done.stderr}")
        return path

    def public(self, name):
        self.key(name)
        return (self.folder / f"{name}.key.pub").read_text().strip()

    def write(self, fleet, files):
        """Writes fleet.yml and {its file's name beside it: text, None: it goes}; the path of fleet.yml."""
        folder = self.folder / "fleet"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                (folder / name).unlink()
            else:
                (folder / name).write_text(text + "\n")
        (folder / "fleet.yml").write_text(fleet)
        return folder / "fleet.yml"

    def fleet(self, fleet_file, name=None, environment="dev", services=None):
        """Takes a fleet.yml (a path) as it is. `services`: {service: [targets]}; read by `greylag plan` when left
        out."""
        self.fleet_file = pathlib.Path(fleet_file)
        text = self.fleet_file.read_text()
        self.name = name or re.search(r"^fleet: *(\S+)", text, re.M).group(1)
        self.environment_name = environment
        self.services = services or self.read_services()
        self.database = f"control-{self.name}-{random.randrange(1 << 30)}"
        self.databases = {self.database, *(self.prefix + t for targets in self.services.values() for t in targets)}
        for database in self.databases:
            self.postgres.create(database)

    def read_services(self):
        done = subprocess.run([BUILD / "bin/greylag", "plan", "--offline", "--json", "--fleet", str(self.fleet_file)],
                              capture_output=True, text=True, env={**os.environ, **self.environment})
        expect(done.stdout, f"plan: {done.stderr}")
        services = {}
        for step in json.loads(done.stdout)["steps"]:
            targets = services.setdefault(step["service"], [])
            if step["target"] not in targets:
                targets.append(step["target"])
        return services

    def kafka_lines(self, more=None):
        properties = {"bootstrap.servers": self.broker.bootstrap, **self.broker.properties, **(more or {})}
        return "kafka:\n" + "".join(f'  {name}: "{value}"\n' for name, value in properties.items())

    def coordinator(self, name="coordinator", settings=None, start=True, ready=True, environment=None, conninfo=None,
                    kafka=None):
        """Starts a coordinator that trusts the workers' keys for all targets. `settings`: lines of its file; `kafka`:
        more properties."""
        tokens = self.folder / "tokens"
        if not tokens.exists():
            done = subprocess.run([BUILD / "bin/greylag", "token", "tester", "--role", "admin", "--json"],
                                  capture_output=True, text=True)
            expect(done.returncode == 0, f"token: {done.stderr}")
            made = json.loads(done.stdout)
            self.token = made["token"]
            tokens.write_text(made["line"] + "\n")
            tokens.chmod(0o600)
        path = self.folder / f"{name}.yml"
        workers = "".join(f'  - {{name: {service}, key: "{self.public("worker-" + service)}", '
                          f'targets: [{", ".join(targets)}]}}\n'
                          for service, targets in self.services.items())
        path.write_text(f"fleet: {self.name}\nenvironment: {self.environment_name}\n{self.topic_prefix}"
                        f'database: "{conninfo or self.postgres.conninfo(self.database)}"\nlisten: "127.0.0.1:0"\n'
                        f"tokens_file: {tokens}\nsigning_key: {self.key('coordinator')}\nworkers:\n{workers}"
                        + "".join(f"{k}: {v}\n" for k, v in (settings or {}).items()) + self.kafka_lines(kafka))
        program = Program(self, name, [BUILD / "bin/greylag-coordinator", "--config", str(path)], environment)
        program.serves = True
        self.programs[name] = program
        if start:
            program.start()
            if ready:
                program.ready()
        return program

    @property
    def url(self):
        """Of a coordinator that runs now: one that was restarted has another port. "" when there is none."""
        for program in self.programs.values():
            if program.serves and program.running() and not program.stopped() and program.url():
                return program.url()
        return ""

    def worker(self, service, name=None, targets=None, start=True, ready=True, environment=None, more="",
               conninfo=None, kafka=None):
        """Starts a worker for one service (all its targets, unless they are named)."""
        name = name or f"worker-{service}"
        path = self.folder / f"{name}.yml"
        lines = "".join(f'  {target}: {{service: {service}, '
                        f'database: "{conninfo or self.postgres.conninfo(self.prefix + target)}"}}\n'
                        for target in targets or self.services[service])
        path.write_text(f"fleet: {self.name}\nenvironment: {self.environment_name}\nname: {name}\n{self.topic_prefix}"
                        f"key: {self.key('worker-' + service)}\ncoordinator_keys: [\"{self.public('coordinator')}\"]\n"
                        f"targets:\n{lines}{more}" + self.kafka_lines(kafka))
        program = Program(self, name, [BUILD / "bin/greylag-worker", "--config", str(path)], environment)
        self.programs[name] = program
        if start:
            program.start()
            if ready:
                program.ready()
        return program

    def everybody(self, **settings):
        """One coordinator and one worker for each service, ready."""
        self.coordinator(settings=settings)
        workers = [self.worker(service, ready=False) for service in self.services]
        for worker in workers:
            worker.ready()
        self.reporting()

    def reporting(self, limit=LIMIT):
        """Waits until the coordinator knows what every target holds."""
        wanted = sum(len(targets) for targets in self.services.values())
        def look():
            status = self.get("/api/v1/status")
            return status and sum(1 for t in status["targets"] if t["known"]) >= wanted
        wait(look, lambda: f"all {wanted} targets to be known: {self.greylag('status', check=None)}", limit)

    def topic(self, name, *words):
        """What an administrator does to a topic (tests/harness/topic.c)."""
        done = subprocess.run([BUILD / "bin/topic", self.broker.bootstrap, name, *map(str, words)], capture_output=True,
                              text=True)
        expect(done.returncode == 0, f"{name} {words}: {done.stderr}")

    # ---- the command line ----

    def command(self, *arguments, fleet=True):
        command = [str(BUILD / "bin/greylag"), *map(str, arguments)]
        if fleet and arguments and arguments[0] in ("up", "plan", "validate", "status", "down", "import", "baseline",
                                                    "repair"):
            command += ["--fleet", str(self.fleet_file)]
        return command

    def greylag(self, *arguments, check=0, url=None, limit=300, environment=None):
        """Runs a command; its result. `check`: the exit code that is expected, None: any."""
        environment = {**os.environ, **self.environment, "GREYLAG_URL": url or self.url,
                       "GREYLAG_TOKEN": getattr(self, "token", ""), **(environment or {})}
        result = Result(subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=limit,
                                       env=environment, stdin=subprocess.DEVNULL))
        if check is not None:
            expect(result.code == check,
                   f"greylag {' '.join(map(str, arguments))}: expected exit {check}, got {result}")
        return result

    def release(self, which="latest"):
        return self.greylag("release", "show", which, "--json").json()

    def get(self, path, limit=10):
        """What a coordinator's API answers; None when none does: it may be on its way up, or stand still. For waiting;
        the command line does the same and costs a process."""
        url = self.url
        if not url:
            return None
        request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=limit) as reply:
                return json.load(reply)
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def latest(self):
        """The newest release as it is now; {} when there is none, or nobody to ask."""
        listed = self.get("/api/v1/releases?limit=1")
        if not listed or not listed["releases"]:
            return {}
        return self.get("/api/v1/releases/" + listed["releases"][0]["id"]) or {}

    def ended(self, limit=LIMIT):
        """Waits until the newest release has ended; the release."""
        def look():
            release = self.latest()
            return release.get("state") in ENDS and release
        return wait(look, lambda: f"the release to end: {self.greylag('release', 'show', 'latest', check=None)}", limit)

    def sql(self, target, text):
        """Of a target's database: rows."""
        return self.postgres.sql(self.prefix + target, text)

    def dump(self, target):
        return self.postgres.dump(self.prefix + target)

    def applied(self, target):
        """What greylag's own table in the target says, in order: [(migration, request)]."""
        rows = self.sql(target, "select migration, request from greylag.applied order by position")
        return [tuple(row.split("|")) for row in rows.splitlines()]

    def history(self, target):
        rows = self.sql(target, "select request, direction, kind from greylag.history order by position")
        return [tuple(row.split("|")) for row in rows.splitlines()]


def scenarios(module, names=None):
    """Runs the functions test_* of a module as TAP; exit code 1 when one failed. Scenarios named on the command line
    (argv) are the only ones run."""
    names = names or sys.argv[1:]
    chosen = [(name, f) for name, f in vars(module).items()
              if name.startswith("test_") and callable(f) and (not names or name in names or name[5:] in names)]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, (name, function) in enumerate(chosen, 1):
        title = name[5:].replace("_", " ")
        started = time.monotonic()
        try:
            skipped = function()
            if isinstance(skipped, str):
                print(f"ok {number} - {title} # SKIP {skipped}", flush=True)
            else:
                print(f"ok {number} - {title}", flush=True)
        except (Failed, AssertionError, OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
            failed += 1
            print(f"not ok {number} - {title}", flush=True)
            for line in f"{type(error).__name__}: {error}".splitlines():
                print(f"# {line}", flush=True)
        print(f"# {time.monotonic() - started:.1f} s", flush=True)
    sys.exit(1 if failed else 0)

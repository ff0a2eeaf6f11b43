"""Hostile files in every layout: each is refused with where, why and what to do, or read rightly; whatever it is, the
command ends soon, in little memory, with a stated exit code, and prints nothing that drives a terminal.

LAYOUTS x ATTACKS, and the files beside migrations (SIDES) x FORMS. Each cell is one run of `greylag validate`."""
import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import threading

import greylag
from greylag import expect, wait

GREYLAG = greylag.BUILD / "bin/greylag"
SANITIZED = b"__asan_init" in GREYLAG.read_bytes()
MEMORY = (1500 if SANITIZED else 400) << 20  # the largest file is 100 MB, and is not read
SECONDS = 60 if SANITIZED else 20  # for the worst of them, on a busy machine
BY = " 2024-01-01T08:00:00Z Ann Other <ann@example.org>\n"
PY = 'revision = "1"\ndown_revision = None\n'


class Layout:
    """A service of one migration. `file` is what is attacked; `text` its text, where {} is the place for more SQL."""

    def __init__(self, file, text="CREATE TABLE t (id int);\n{}\n", others=None, keys=""):
        self.file, self.text, self.others, self.keys = file, text, others or {}, keys


LAYOUTS = {
    "flyway": Layout("V1__x.sql", others={"U1__x.sql": "DROP TABLE t;\n"}),
    "timestamp": Layout("20240101_001_s_x.sql",
                        "-- Migration: x\n-- Service: s\n-- Author: a\n-- Date: 2024-01-01\n{}\nSELECT 1;\n",
                        {"rollback/20240101_001_s_x.sql": "-- Rollback: x\nSELECT 1;\n"}),
    "metadata": Layout("20240101_001_x.sql",
                       '-- @metadata {{"author": "a"}}\n-- UP\nSELECT 1;\n{}\n-- DOWN\nSELECT 2;\n'),
    "golang-migrate": Layout("1_x.up.sql", others={"1_x.down.sql": "DROP TABLE t;\n"}),
    "dbmate": Layout("1_x.sql", "-- migrate:up\nSELECT 1;\n{}\n-- migrate:down\nSELECT 2;\n"),
    "goose": Layout("1_x.sql", "-- +goose Up\nSELECT 1;\n{}\n-- +goose Down\nSELECT 2;\n"),
    "diesel": Layout("1_x/up.sql", others={"1_x/down.sql": "DROP TABLE t;\n"}),
    "liquibase": Layout("1_x.sql", "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n{}\n--rollback SELECT 2;\n"),
    "sqitch": Layout("deploy/x.sql", "BEGIN;\nSELECT 1;\n{}\nCOMMIT;\n",
                     {"sqitch.plan": "%project=p\n\nx" + BY, "revert/x.sql": "SELECT 1;\n",
                      "verify/x.sql": "SELECT 1;\n"}),
    "declared": Layout("versions/x.py", PY, keys=', versions: [{version: "1", file: versions/x.py}]'),
    "alembic": Layout("versions/x.py", PY, keys=', versions: [{version: "1", file: versions/x.py}]'),
}
UNREAD = ("declared", "alembic")  # only the names of these layouts' files matter


def run(folder, *arguments, user=None, command=("validate", "--offline")):
    """`greylag validate` on the fleet in that folder; what holds of every run is checked here."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"),
                   "LC_ALL": "C", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                   "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "")}
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    process = subprocess.Popen(
        [GREYLAG, *command, "--fleet", folder / "fleet.yml", *arguments], stdout=out, stderr=err,
        stdin=subprocess.DEVNULL, env=environment, user=user, group=user, extra_groups=[] if user else None, cwd="/",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = ""
    for file in (out, err):
        file.seek(0)
        said += file.read().decode()  # strictly: what is not UTF-8 must not be printed as it is
        file.close()
    shown = said if len(said) < 3000 else said[:3000] + "..."
    expect(process.returncode in (0, 2, 6), f"exit {process.returncode}: {shown}")
    expect(usage.ru_maxrss << 10 < MEMORY, f"{usage.ru_maxrss >> 10} MiB of memory: {shown}")
    terminal = "json" not in arguments and "sarif" not in arguments
    driving = [c for c in said if (ord(c) < 32 and c != "\n") or
               terminal and (0x7f <= ord(c) < 0xa0 or 0x202a <= ord(c) <= 0x202e)]
    expect(not driving, f"control characters: {shown!r}")
    expect("\n::" not in "\n" + said or "github" in arguments, f"commands for a workflow: {shown!r}")
    return process.returncode, said


class Service:
    """A fleet of one service in a folder of its own. `named`: fleet.yml names the layout."""

    def __init__(self, name, named=True):
        self.layout = LAYOUTS[name]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="greylag-bad-"))
        self.folder.chmod(0o755)
        keys = f", layout: {name}" if named or self.layout.keys else ""
        self.write("fleet.yml", f"fleet: bad\nservices:\n  s: {{migrations: m{keys}{self.layout.keys}}}\n")
        for path, text in {**self.layout.others, self.layout.file: self.layout.text.format("")}.items():
            self.write("m/" + path, text)
        self.file = self.folder / "m" / self.layout.file

    def write(self, path, text):
        full = self.folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(text if isinstance(text, bytes) else text.encode())

    def with_sql(self, sql):
        self.write("m/" + self.layout.file, self.layout.text.format(sql))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for path in self.folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(self.folder)


# ---- attacks on a migration's file -----------------------------------------------------------------------------------

def replaced(make):
    def attack(service):
        service.file.unlink()
        make(service.file)
    return attack


def sparse(path, size=100_000_000):
    with open(path, "wb") as file:
        file.truncate(size)


def socket_at(path):
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(path.parent, os.O_PATH)
        made.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


def encoded(change):
    return lambda service: service.file.write_bytes(change(service.file.read_bytes()))


def sql(text):
    return lambda service: service.with_sql(text)


def renamed(change):
    """In its own name, or in its folder's (Diesel)."""
    def attack(service):
        part = service.file.parent if service.file.parent.name == "1_x" else service.file
        os.rename(part, os.path.join(os.fsencode(part.parent), os.fsencode(change(part.name))))
    return attack


def described(word):
    """Its description, in other characters; what belongs to it is renamed with it."""
    def attack(service):
        for path in sorted(service.folder.joinpath("m").rglob("*x*"), reverse=True):
            path.rename(path.with_name(path.name.replace("x", word)))
        if service.layout is LAYOUTS["sqitch"]:
            service.write("m/sqitch.plan", f"%project=p\n\n{word}{BY}")
        text = (service.folder / "fleet.yml").read_text()
        service.write("fleet.yml", text.replace("versions/x.py", f"versions/{word}.py"))
    return attack


def nested(service):
    folder = service.file.parent
    for _ in range(40):
        folder = folder / "d"
    folder.mkdir(parents=True)
    shutil.copy(service.file, folder)


MILLION = 1_000_000
READERS = ("flyway", "metadata", "goose", "dbmate", "liquibase")  # the others read a file as Flyway does: whole
LARGE = ("a million parentheses", "a million comments in each other", "a million signs", "a line of 5 MB",
         "500,000 lines", "600,000 statements")
REFUSED, READ, EITHER = 6, 0, None
# name: (attack, exit code, what has to be said; layouts that do otherwise: their exit code)
ATTACKS = {
    "a link out of the folder": (replaced(lambda p: p.symlink_to("/etc/passwd")), REFUSED, "leads out of the"),
    "a link that leads nowhere": (replaced(lambda p: p.symlink_to("nowhere.sql")), REFUSED, "leads nowhere"),
    "a link to itself": (replaced(lambda p: p.symlink_to(p.name)), REFUSED, "leads nowhere"),
    "a link to a device": (replaced(lambda p: p.symlink_to("/dev/zero")), REFUSED, "leads out of the"),
    "a FIFO": (replaced(os.mkfifo), REFUSED, "not a regular file"),
    "a socket": (replaced(socket_at), REFUSED, "No such device or address"),
    "100 MB": (replaced(sparse), REFUSED, "100000000 bytes"),
    "NUL": (encoded(lambda t: t + b"\0\n"), REFUSED, "is NUL"),
    "Latin-1": (encoded(lambda t: t + b"-- caf\xe9\n"), REFUSED, "0xe9) is not UTF-8"),
    "overlong UTF-8": (encoded(lambda t: t + b"-- \xc0\xaf\n"), REFUSED, "is not UTF-8"),
    "UTF-16": (encoded(lambda t: t.decode().encode("utf-16")), REFUSED, "UTF-16"),
    "UTF-16 without a mark": (encoded(lambda t: t.decode().encode("utf-16-be")), REFUSED, "UTF-16"),
    "CRLF": (encoded(lambda t: t.replace(b"\n", b"\r\n")), READ, "CRLF"),
    "a byte order mark": (encoded(lambda t: b"\xef\xbb\xbf" + t), READ, "0 errors"),
    "no last newline": (encoded(lambda t: t.rstrip(b"\n")), READ, "0 errors"),
    "empty": (encoded(lambda t: b""), EITHER, ""),
    "blanks": (encoded(lambda t: b" \n\t\n"), EITHER, ""),
    "a million parentheses": (sql("SELECT " + "(" * MILLION + "1" + ")" * MILLION + ";"), READ, "cannot be analysed"),
    "a million comments in each other": (sql("/*" * MILLION + "*/" * MILLION + ";"), REFUSED, "parser would be"),
    "a million signs": (sql("SELECT " + "+" * MILLION + "1;"), REFUSED, "parser would be busy"),
    "a line of 5 MB": (sql("-- " + "x" * 5_000_000), READ, "0 errors"),
    "500,000 lines": (sql("\n" * 500_000), READ, "0 errors"),
    "20,000 statements": (sql("SELECT 1;\n" * 20_000), READ, "0 errors"),
    "600,000 statements": (sql("SELECT 1;\n" * 600_000), READ, "500,000 statements"),
    "an open quote": (sql("SELECT 'x;"), REFUSED, "has no end"),
    "open dollars": (sql("DO $a$ BEGIN;"), REFUSED, "has no end"),
    "an open comment": (sql("SELECT 1; /* x"), EITHER, ""),
    "escapes in an error": (sql("SELECT * FROM 'a\x1b[2Jb\n::error::x\x9b1m\u202e';"), READ, "cannot be analysed"),
    "escapes in a comment": (
        sql("-- Author: \x1b[2J\u202e\n-- Depends on: \x1b]0;x\x07:1\n-- greylag:ignore \x1b[2J: x"), EITHER, ""),
    "a name in Cyrillic": (described("схема"), READ, "0 errors"),
    "a name in Chinese": (described("資料表"), READ, "0 errors"),
    "a name in Arabic": (described("جدول"), READ, "0 errors"),
    "a name of emoji": (described("🪿👩‍🚀"), READ, "0 errors"),
    "a name of combining marks": (described("e\u0301\u0323"), READ, "0 errors"),
    "a name that turns round": (renamed(lambda n: n.replace("x", "x\u202elqs.")), REFUSED, "rename it"),
    "a newline in the name": (renamed(lambda n: n.replace("x", "x\n::error::y")), REFUSED, "rename it"),
    "an escape in the name": (renamed(lambda n: n.replace("x", "x\x1b[2J")), REFUSED, "rename it"),
    "a C1 character in the name": (renamed(lambda n: n.replace("x", "x\x9b")), REFUSED, "rename it"),
    "a name that is no UTF-8": (renamed(lambda n: os.fsencode(n).replace(b"x", b"x\xff")), REFUSED, "rename it"),
    "a version of 200 digits": (renamed(lambda n: n.replace("1", "9" * 200, 1)), EITHER, ""),
    "a folder in its place": (replaced(os.mkdir), EITHER, ""),
    "40 folders deep": (nested, REFUSED, "32 levels"),
}


def attacked(name, what):
    attack, code, text = ATTACKS[what]
    with Service(name) as service:
        attack(service)
        got, said = run(service.folder)
    if name in UNREAD and got == 0:
        return
    expect(code in (EITHER, got) and text in said, f"expected exit {code} and <{text}>, got {got}: {said[:2000]}")
    expect(got == 0 or "\n    " in said, f"nobody says what to do: {said[:2000]}")


def test_every_layout_reads_its_own_file():
    for name in LAYOUTS:
        for named in (True, False):
            with Service(name, named) as service:
                code, said = run(service.folder)
                expect(code == 0 and "1 migration;" in said and "0 errors" in said, f"{name}: exit {code}: {said}")


def every(cells, check):
    """All cells are tried; what is wrong is said of each."""
    wrong = []
    for cell in cells:
        try:
            check(*cell)
        except (greylag.Failed, OSError, ValueError) as error:
            wrong.append(f"{', '.join(filter(lambda part: isinstance(part, str), cell))}: {error}")
    expect(not wrong, f"{len(wrong)} of {len(cells)}:\n" + "\n".join(wrong))


def test_migrations():
    every([(name, what) for name in LAYOUTS for what in ATTACKS if name in READERS or what not in LARGE], attacked)


# ---- the files beside migrations -------------------------------------------------------------------------------------

DEPENDENCIES = "migrations:\n  - service: s\n    version: '1'\n    dependencies: []\n"
# (layout, file, a good text)
SIDES = [
    ("flyway", "m/V1__x.sql.conf", "executeInTransaction=true\n"),
    ("flyway", "m/migration-dependencies.yml", DEPENDENCIES),
    ("diesel", "m/1_x/metadata.toml", "run_in_transaction = true\n"),
    ("sqitch", "m/sqitch.conf", "[core]\n\tengine = pg\n"),
    ("sqitch", "m/sqitch.plan", "%project=p\n\nx" + BY),
    ("flyway", "fleet.yml", "fleet: bad\nservices:\n  s: {migrations: m}\n"),
    ("flyway", ".env", "A=1\n"),
    ("flyway", "releases.yml", 'releases:\n  - {version: "1", services: {s: "1"}}\n'),
]


def bytes_of(change):
    return lambda path: path.write_bytes(change(path.read_bytes()))


def instead(make):
    return lambda path: (path.unlink(), make(path))


def aliases(depth):
    lines = ["a: &a [x, x]"]
    for i in range(depth):
        lines.append(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}' if i else '*a'] * 9)}]")
    return "\n".join(lines) + "\n"


# name: (what becomes of the file, whether it is refused; None: as may be)
FORMS = {
    "as it should be": (lambda path: None, False),
    "CRLF": (bytes_of(lambda t: t.replace(b"\n", b"\r\n")), False),
    "a byte order mark": (bytes_of(lambda t: b"\xef\xbb\xbf" + t), False),
    "a link to itself": (instead(lambda path: path.symlink_to(path.name)), True),
    "a link to a device": (instead(lambda path: path.symlink_to("/dev/zero")), True),
    "a FIFO": (instead(os.mkfifo), True),
    "100 MB": (sparse, True),
    "NUL": (bytes_of(lambda t: t + b"\0"), True),
    "Latin-1": (bytes_of(lambda t: t + b"# caf\xe9\n"), True),
    "UTF-16": (bytes_of(lambda t: t.decode().encode("utf-16")), True),
    "other bytes": (bytes_of(lambda t: bytes(range(1, 256)) * 100), True),
    "escapes": (bytes_of(lambda t: "\x1b[2J\u202e: \x9b1m\n::error::x=\x1b\n".encode()), True),
    "escapes in a key": (bytes_of(lambda t: b'"a\\n::error::x\\e[2J": "\\n::error::y\\e[2J"\n'), True),
    "100,000 brackets": (bytes_of(lambda t: b"a: " + b"[" * 100_000), True),
    "aliases of aliases": (bytes_of(lambda t: aliases(20).encode()), True),
    "100,000 lines": (bytes_of(lambda t: "".join(f"k{i}: v\n" for i in range(100_000)).encode()), True),
    "half of it": (bytes_of(lambda t: t[:len(t) // 2]), None),
    "empty": (bytes_of(lambda t: b""), None),
}


def beside(layout, file, form):
    change, refusal = FORMS[form]
    with Service(layout, named=False) as service:
        service.write(file, next(text for name, path, text in SIDES if (name, path) == (layout, file)))
        change(service.folder / file)
        command = ("changelog", "--from", "1") if file == "releases.yml" else ("validate", "--offline")
        code, said = run(service.folder, command=command)
    expect(refusal is None or refusal == (code != 0), f"exit {code}: {said[:2000]}")
    expect(code == 0 or file.split("/")[-1] in said, f"the file is not named: {said[:2000]}")


def test_files_beside_migrations():
    every([(layout, file, form) for layout, file, _ in SIDES for form in FORMS], beside)


def cached(what, change):
    with Service("flyway") as service:
        caches = service.folder / "cache/greylag"
        change(wait(lambda: run(service.folder)[0] == 0 and list(caches.glob("*.catalog")), "a cache")[0])
        for _ in range(2):
            code, said = run(service.folder)
            expect(code == 0 and "0 errors" in said, f"exit {code}: {said}")


def test_the_cache_may_be_anything():
    every([("bytes", bytes_of(lambda t: t[:40] + bytes(3000))), ("a FIFO", instead(os.mkfifo)),
           ("a folder", instead(os.mkdir)), ("a device", instead(lambda path: path.symlink_to("/dev/zero"))),
           ("1 GB", lambda path: sparse(path, 1000 * MILLION)),
           ("no permission", lambda path: path.chmod(0))], cached)


# ---- who may read, and when ------------------------------------------------------------------------------------------

def closed(name, what):
    with Service(name) as service:
        path = service.folder / {"file": f"m/{service.layout.file}", "a folder": "m/closed", "the folder": "m"}[what]
        if what == "a folder":
            path.mkdir()
        path.chmod(0)
        code, said = run(service.folder, user=None if os.geteuid() else 65534)
        path.chmod(0o755)
    refused = code == 6 and "Permission denied" in said and "\n    " in said
    expect(refused or (name in UNREAD and what == "file"), f"exit {code}: {said}")


def test_files_without_permission():
    """Root may read everything: somebody else looks."""
    every([(name, what) for name in LAYOUTS for what in ("file", "a folder", "the folder")], closed)


def changing(name):
    with Service(name) as service:
        texts = [service.layout.text.format("-- " + "x" * size).encode() for size in (10, 3_000_000)]
        end = threading.Event()

        def write():
            while not end.is_set():
                for text in texts:
                    service.file.write_bytes(text)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                code, said = run(service.folder)
                expect(code == 0 or "\n    " in said, f"exit {code}: {said}")
        finally:
            end.set()
            writer.join()


def test_files_that_change_while_they_are_read():
    every([(name,) for name in LAYOUTS], changing)


# ---- how it is printed -----------------------------------------------------------------------------------------------

def printed(name, what):
    with Service(name) as service:
        ATTACKS[what][0](service)
        for form in ("json", "sarif"):
            json.loads(run(service.folder, "--format", form)[1])
        lines = run(service.folder, "--format", "github")[1].splitlines()
        expect(all(line.startswith(("::error title=", "::warning title=")) for line in lines), f"{lines}")


def test_what_programs_read_stays_readable():
    every([(name, what) for name in ("flyway", "goose", "sqitch")
           for what in ("escapes in an error", "an escape in the name", "a name that is no UTF-8", "a name of emoji")],
          printed)


if __name__ == "__main__":
    greylag.scenarios(__import__("__main__"))

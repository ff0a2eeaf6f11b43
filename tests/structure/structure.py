#!/usr/bin/env python3
"""Holds the structure of the sources: what docs/architecture.md and the style promise, checked by scan.

    structure.py SOURCE_FOLDER [--build BUILD_FOLDER] [--cc COMPILER]
    structure.py --self-test

Each violation is one line, FILE:LINE: what; the exit status is 1 when there is any. --self-test makes small bad trees
and shows that each check finds what it is for."""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import checker

PURE = ("plan", "rollout", "job", "lint")
IMPURE = re.compile(r"^(PQ\w+|rd_kafka_\w+|clock_(gettime|mono_\w+|wall_\w+)|time|gettimeofday|getenv|secure_getenv|"
                    r"fopen|fopen64|open|open64|openat|socket|connect|log_line|log_on|rand|random|srand|getrandom|"
                    r"randombytes\w*|id_new|id_term|sleep|usleep|nanosleep|read|write|printf|puts|fork|system|popen)$")
FORBIDDEN = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|tmpnam|mktemp)\s*\(")
# words are cut between characters by text_format and its like (base/text.h); numbers and digests may be printed
HALVES = re.compile(r'\bv?snprintf\s*\([^;]*?%[-*.\d]*s|%\.(?:3[3-9]|[4-9]\d|\d{3,})s')
HALVES_ITSELF = re.compile(r"common/base/|common/proc/crash\.c$")
SLEEPS = re.compile(r"\b(sleep|usleep|nanosleep|clock_nanosleep|pg_sleep)\s*\(")
# paths of a machine that built this once; ports and registries of one
PRIVATE = re.compile(r"/work/|/tmp/gl\b|/home/\w|/root/|localhost:\d+/(?:simple|npm|maven|registry)|"
                     r"https?://(?:localhost|127\.0\.0\.1|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+)[:/][^\s\"']*"
                     r"(?:simple|registry|maven|goproxy)")
TEXT_FILES = re.compile(r"(\.(c|h|def|sql|md|py|sh|txt|cmake|yml|yaml|json|html|css|js|service|toml)|"
                        r"/(run|postgres|kafka))$")
WIDTH = 120
WRITTEN = re.compile(r"\.(c|h|def|py|sh|cmake)$|CMakeLists\.txt$|/sql/[^/]+\.sql$|"
                     r"/(deploy/packages|demo/run|tests/run|bench/run|harness/(kafka|postgres|tally|tools))$")
NOT_WRITTEN = re.compile(r"/tests/(fleets|unit/golden|fuzz/corpus)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


class Tree:
    def __init__(self, root):
        self.root = root
        self.violations = []
        self.rooms = {}       # name -> folder
        self.links = {}       # name -> rooms that it may include
        self.programs = {}    # main.c -> rooms that it links
        self.read_rooms()

    def say(self, path, line, what):
        self.violations.append(f"{os.path.relpath(path, self.root)}:{line}: {what}")

    def read_rooms(self):
        path = os.path.join(self.root, "CMakeLists.txt")
        if not os.path.exists(path):
            return
        text = open(path, encoding="utf-8").read()
        for found in re.finditer(r"^\s*greylag_room\(\s*([^\s)]+)(?:\s+LINKS\s+([^)]*))?\)", text, re.M):
            name = os.path.basename(found[1])
            self.rooms[name] = found[1]
            self.links[name] = (found[2] or "").split()
        for found in re.finditer(r"^\s*greylag_program\(\s*\S+\s+(\S+)\s+([^)]*)\)", text, re.M):
            self.programs[found[1]] = found[2].split()
        for name in self.links:
            self.links[name] = [link for link in self.links[name] if link in self.rooms]

    def files(self, folder, pattern):
        found = []
        for where, folders, names in os.walk(os.path.join(self.root, folder)):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "build")))
            found += [os.path.join(where, n) for n in sorted(names) if re.search(pattern, n)]
        return found

    def sources(self, pattern=r"\.(c|h|def)$"):
        for name, folder in sorted(self.rooms.items()):
            for path in self.files(folder, pattern):
                yield name, path


def lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return list(enumerate(file.read().split("\n"), 1))


def code_lines(path):
    """Lines without comments and without what stands in quotes (an include keeps its name)."""
    text = open(path, encoding="utf-8", errors="replace").read()
    blank = lambda m: re.sub(r"[^\n]", " ", m[0])
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"',
                  lambda m: m[0] if m[0][0] == '"' else blank(m), text, flags=re.S)
    return list(enumerate(text.split("\n"), 1))


def unquoted(line):
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line)


def part(folder):
    return folder.split("/")[0]


def reachable(tree, name):
    seen, todo = set(), [name]
    while todo:
        for link in tree.links.get(todo.pop(), []):
            if link not in seen:
                seen.add(link)
                todo.append(link)
    return seen


def check_links(tree):
    """The law itself, for what CMakeLists.txt allows."""
    allowed = {"common": {"common"}, "proto": {"common"}, "coordinator": {"common", "proto", "coordinator"},
               "worker": {"common", "proto", "worker"}}
    path = os.path.join(tree.root, "CMakeLists.txt")
    for name, links in tree.links.items():
        for link in links:
            if part(tree.rooms[link]) not in allowed[part(tree.rooms[name])]:
                line = next(n for n, text in lines(path) if re.search(r"greylag_room\(\s*" + tree.rooms[name] + r"\s",
                                                                      text))
                tree.say(path, line, f"{tree.rooms[name]} must not link {tree.rooms[link]}")
        if name in reachable(tree, name):
            tree.say(path, 1, f"room {name} links itself in a circle")


def check_includes(tree):
    for name, path in tree.sources():
        may = reachable(tree, name) | {name}
        for linked in tree.programs.get(os.path.relpath(path, tree.root), []):
            may |= reachable(tree, linked) | {linked}
        for number, line in code_lines(path):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = found[2]
            if ".." in target.split("/"):
                tree.say(path, number, f"include with '..': {target}")
            room = target.split("/")[0] if "/" in target else None
            if found[1] == '"' and room in tree.rooms and room not in may:
                tree.say(path, number, f"{tree.rooms[name]} must not include {target}")
            elif found[1] == '"' and room is None and not target.endswith("_sql.h"):
                tree.say(path, number, f"include without its room: {target}")
            elif found[1] == '"' and room and room not in tree.rooms:
                tree.say(path, number, f"include of no room: {target}")


def find_cycle(edges):
    state, trail = {}, []

    def visit(node):
        state[node] = 1
        trail.append(node)
        for other in edges.get(node, ()):
            if state.get(other) == 1:
                return trail[trail.index(other):] + [other]
            if other not in state:
                cycle = visit(other)
                if cycle:
                    return cycle
        trail.pop()
        state[node] = 2
        return None

    for node in sorted(edges):
        if node not in state:
            cycle = visit(node)
            if cycle:
                return cycle
    return None


def check_cycles(tree):
    headers, rooms = collections.defaultdict(set), collections.defaultdict(set)
    for name, path in tree.sources():
        if os.path.relpath(path, tree.root) in tree.programs:
            continue  # a program stands above the rooms
        me = name + "/" + os.path.relpath(path, os.path.join(tree.root, tree.rooms[name]))
        for _, line in code_lines(path):
            found = INCLUDE.match(line)
            if not found or found[1] != '"' or "/" not in found[2]:
                continue
            room = found[2].split("/")[0]
            if room in tree.rooms and room != name:
                rooms[name].add(room)
            if not path.endswith(".c"):
                headers[me].add(found[2])
    for what, edges in (("headers", headers), ("rooms", rooms)):
        cycle = find_cycle(edges)
        if cycle:
            first = cycle[0]
            path = os.path.join(tree.root, tree.rooms[first.split("/")[0]], *first.split("/")[1:])
            tree.say(path, 1, f"cycle among {what}: " + " -> ".join(cycle))


def check_words(tree):
    """Functions that are never used; sleeping in code that waits."""
    for _, path in tree.sources():
        for number, line in code_lines(path):
            found = FORBIDDEN.search(unquoted(line)) or SLEEPS.search(unquoted(line))
            if found:
                tree.say(path, number, f"{found[1]} is not used here")
    for folder in ("tests/unit", "tests/contract", "tests/harness", "tests/simulation", "tests/integration",
                   "tests/fault"):
        for path in tree.files(folder, r"\.[ch]$"):
            for number, line in code_lines(path):
                found = FORBIDDEN.search(unquoted(line))
                if found:
                    tree.say(path, number, f"{found[1]} is not used here")


def check_characters(tree):
    """Whatever cuts words by bytes makes text that no database and no message takes."""
    for _, path in tree.sources():
        if HALVES_ITSELF.search(os.path.relpath(path, tree.root)):
            continue
        text = "\n".join(line for _, line in code_lines(path))
        for found in HALVES.finditer(text):
            tree.say(path, text.count("\n", 0, found.start()) + 1, "cuts words by bytes: text_format does not")


def check_crash_points(tree):
    table = os.path.join(tree.root, "common/proc/crash_points.def")
    if not os.path.exists(table):
        return
    declared = {found[1]: number for number, line in lines(table) if (found := re.match(r'\s*X\("([^"]+)"', line))}
    program = {found[1]: found[2] for _, line in lines(table)
               if (found := re.match(r'\s*X\("([^"]+)",\s*"([^"]+)"', line))}
    used = set()
    for name, path in tree.sources(r"\.[ch]$"):
        if tree.rooms[name] == "common/proc":
            continue
        for number, line in code_lines(path):
            for point in re.findall(r'\bCRASH_POINT\(\s*"([^"]*)"', line):
                used.add(point)
                if point not in declared:
                    tree.say(path, number, f"crash point {point} is not in crash_points.def")
                elif part(tree.rooms[name]) in ("coordinator", "worker") and part(tree.rooms[name]) != program[point]:
                    tree.say(path, number, f"crash point {point} is declared for the {program[point]}")
    for point, number in declared.items():
        if point not in used:
            tree.say(table, number, f"crash point {point} is nowhere in the sources")


def kept(tree):
    """What git knows, or all that there is where git knows nothing."""
    try:
        listed = subprocess.run(["git", "-C", tree.root, "ls-files", "-z"], capture_output=True, check=True).stdout
        return [path for p in listed.decode().split("\0") if p and os.path.isfile(path := os.path.join(tree.root, p))]
    except (subprocess.CalledProcessError, OSError):
        return tree.files("", r"")


def check_width(tree):
    """Not of what others wrote or a program printed: migrations, golden files, published schemas, reference pages."""
    for path in kept(tree):
        if WRITTEN.search(path) and not NOT_WRITTEN.search(path):
            for number, line in lines(path):
                if len(line) > WIDTH:
                    tree.say(path, number, f"{len(line)} characters; at most {WIDTH}")


def check_private(tree):
    """Nothing of one machine in a file that everybody gets."""
    for path in kept(tree):
        if not TEXT_FILES.search(path) or "/tests/structure/" in path:
            continue
        for number, line in lines(path):
            found = PRIVATE.search(line)
            if found:
                tree.say(path, number, f"of one machine: {found[0]}")


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


class Compiler:
    """The compiler, with the include roots of each room as the build has them."""

    def __init__(self, tree, cc, build):
        self.tree, self.cc, self.build, self.flags = tree, cc, build, pkg_flags()
        self.folder = tempfile.TemporaryDirectory()
        for name, where in tree.rooms.items():
            os.mkdir(os.path.join(self.folder.name, name))
            os.symlink(os.path.join(os.path.abspath(tree.root), where), os.path.join(self.folder.name, name, name))

    def include(self, name, path):
        return f'#include "{name}/{os.path.relpath(path, os.path.join(self.tree.root, self.tree.rooms[name]))}"\n'

    def run(self, name, options, text):
        """Of C in `text`, as if it stood in that room."""
        roots = [f"-I{self.folder.name}/{room}" for room in sorted(reachable(self.tree, name) | {name})]
        generated = ["-I" + os.path.join(self.build, "generated")] if self.build else []
        return run([self.cc, "-std=c17", "-D_GNU_SOURCE", *options, *roots, *generated, *self.flags, "-x", "c", "-"],
                   input=text)


def check_headers_alone(tree, compiler):
    """Every header compiles with nothing before it, with the rooms that its own room may include."""
    options = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-const-variable"]
    for name, path in tree.sources(r"\.h$"):
        result = compiler.run(name, options, 2 * compiler.include(name, path))
        if result.returncode:
            first = next((l for l in result.stderr.splitlines() if "error" in l), result.stderr[:200])
            tree.say(path, 1, "does not compile alone: " + first.replace(compiler.folder.name + "/", ""))


def pkg_flags():
    flags = []
    for package in ("libpq", "rdkafka", "jansson", "libsodium", "libcyaml", "yaml-0.1", "libmicrohttpd", "libcurl"):
        result = run(["pkg-config", "--cflags", package])
        flags += result.stdout.split() if result.returncode == 0 else []
    return flags


def symbols(archive, *options):
    """(object, type, name) of each symbol."""
    member, found = "", []
    for line in run(["nm", *options, archive]).stdout.splitlines():
        if line.endswith(".o:"):
            member = line[:-1]
            continue
        parts = line.split()
        if len(parts) >= 2:
            found.append((member, parts[-2], parts[-1]))
    return found


def check_pure(tree, build):
    for name in PURE:
        archive = os.path.join(build, f"lib{name}.a")
        if name not in tree.rooms or not os.path.exists(archive):
            continue
        for member, _, symbol in symbols(archive, "-u"):
            if IMPURE.match(re.sub(r"^__(\w+?)(_chk|_2)$", r"\1",
                                   symbol)):  # fortified builds call __open_2, __read_chk
                source = os.path.join(tree.root, tree.rooms[name], re.sub(r"\.o$", "", member))
                number = next((n for n, line in code_lines(source) if re.search(r"\b" + symbol + r"\s*\(", line)), 1) \
                    if os.path.exists(source) else 1
                tree.say(source, number, f"{tree.rooms[name]} is pure, and uses {symbol}")


def check_declared(tree, build, compiler):
    headers = {}
    for name in tree.rooms:  # as the compiler reads them: macros declare, too
        includes = "".join(compiler.include(name, path) for where, path in tree.sources(r"\.h$") if where == name)
        headers[name] = compiler.run(name, ["-E", "-P", "-DGREYLAG_CRASHPOINTS"], includes).stdout
    for name in tree.rooms:
        archive = os.path.join(build, f"lib{name}.a")
        if not os.path.exists(archive):
            continue
        for member, kind, symbol in symbols(archive, "--defined-only", "-g"):
            if kind not in "TDBRC" or member.endswith("_sql.c.o") or symbol.startswith(("__", "_")):
                continue
            if not re.search(r"\b" + re.escape(symbol) + r"\b", headers[name]):
                source = os.path.join(tree.root, tree.rooms[name], re.sub(r"\.o$", "", member))
                number = next((n for n, line in code_lines(source)
                               if re.search(r"\b" + re.escape(symbol) + r"\b", line)), 1) \
                    if os.path.exists(source) else 1
                tree.say(source, number, f"{symbol} is not static and in no header of its room")


def check_unused_builds(tree, build):
    """The build that is looked at has to be of these sources: no file missing from it."""
    commands = os.path.join(build, "compile_commands.json")
    if not os.path.exists(commands):
        return
    built = {os.path.realpath(entry["file"]) for entry in json.load(open(commands, encoding="utf-8"))}
    for _, path in tree.sources(r"\.c$"):
        if os.path.realpath(path) not in built:
            tree.say(path, 1, "is part of no program or library")


def check_all(root, build=None, cc="cc"):
    tree = Tree(root)
    for check in (check_links, check_includes, check_cycles, check_words, check_characters, check_crash_points,
                  check_width, check_private):
        check(tree)
    compiler = Compiler(tree, cc, build)
    check_headers_alone(tree, compiler)
    if build:
        check_pure(tree, build)
        check_declared(tree, build, compiler)
        check_unused_builds(tree, build)
    return tree.violations


# ---- self-test ----

ROOMS = """greylag_room(common/base)
greylag_room(common/pg LINKS base)
greylag_room(proto LINKS base)
greylag_room(coordinator/plan LINKS base proto)
greylag_room(coordinator/store LINKS base pg)
greylag_room(worker/job LINKS base proto)
"""
GOOD = {
    "CMakeLists.txt": ROOMS,
    "common/base/a.h": "#pragma once\nint base_a(void);\n",
    "common/base/a.c": '#include "base/a.h"\nint base_a(void)\n{\n    return 1;\n}\n',
    "common/proc/crash_points.def": 'X("one", "worker", "p")\n',
    "coordinator/plan/p.h": '#pragma once\n#include "base/a.h"\nint plan_p(void);\n',
    "coordinator/plan/p.c": '#include "plan/p.h"\nint plan_p(void)\n{\n    return base_a();\n}\n',
    "worker/job/j.c": "int job_j(void);\nint job_j(void)\n{\n    CRASH_POINT(\"one\"); /* strcpy( in a comment */\n    "
                      "return 0;\n}\n",
    "worker/job/j.h": "#pragma once\nint job_j(void);\n",
    "docs/a.md": "fine\n",
}
BAD = [  # what is changed, and what must be said
    ("a room that links against the law", {"CMakeLists.txt": ROOMS + "greylag_room(common/x LINKS proto)\n"},
     "must not link proto"),
    ("a worker that sees the coordinator", {"CMakeLists.txt": ROOMS + "greylag_room(worker/x LINKS plan)\n"},
     "must not link coordinator/plan"),
    ("rooms in a circle",
     {"CMakeLists.txt": ROOMS + "greylag_room(worker/x LINKS y)\ngreylag_room(worker/y LINKS x)\n"}, "in a circle"),
    ("an include against the law", {"common/base/b.c": '#include "plan/p.h"\n'},
     "common/base must not include plan/p.h"),
    ("an include of what is not linked", {"worker/job/b.c": '#include "pg/pg.h"\n'},
     "worker/job must not include pg/pg.h"),
    ("a program that includes what it does not link",
     {"CMakeLists.txt": ROOMS + "greylag_program(w worker/job/main.c job)\n",
      "worker/job/main.c": '#include "job/j.h"\n#include "plan/p.h"\n'},
     "main.c:2: worker/job must not include plan/p.h"),
    ("an include with ..", {"worker/job/b.c": '#include "../job/j.h"\n'}, "include with '..'"),
    ("an include without its room", {"worker/job/b.c": '#include "j.h"\n'}, "without its room"),
    ("headers in a circle", {"common/base/b.h": '#pragma once\n#include "base/c.h"\n',
                             "common/base/c.h": '#pragma once\n#include "base/b.h"\n'},
     "cycle among headers: base/b.h -> base/c.h -> base/b.h"),
    ("strcpy", {"common/base/b.c": "void f(char *a)\n{\n    strcpy(a, \"b\");\n}\n"}, "b.c:3: strcpy"),
    ("atoi in a test", {"tests/unit/x.c": "int f(void) { return atoi(\"1\"); }\n"}, "atoi"),
    ("words cut by bytes", {"worker/job/b.c": 'void f(char *a)\n{\n    snprintf(a, 9, "%d: "\n             "%s", 1, a);'
                                              "\n}\n"}, "b.c:3: cuts words by bytes"),
    ("words cut by a precision", {"worker/job/b.c": 'void f(char *a)\n{\n    say("%.120s", a);\n}\n'},
     "b.c:3: cuts words by bytes"),
    ("usleep", {"worker/job/b.c": "void f(void) { usleep (1); }\n"}, "usleep"),
    ("a crash point that is not declared", {"worker/job/b.c": 'void f(void) { CRASH_POINT("two"); }\n'},
     "crash point two is not in"),
    ("a crash point that is nowhere", {"common/proc/crash_points.def": 'X("one", "worker", "p")\nX("two", "worker", '
                                                                       '"p")\n'},
     "crash_points.def:2: crash point two is nowhere"),
    ("a crash point of the other program", {"common/proc/crash_points.def": 'X("one", "coordinator", "p")\n'},
     "declared for the coordinator"),
    ("a long line", {"common/base/b.c": "/* " + 115 * "x" + " */\nint b;\n"}, "b.c:1: 121 characters"),
    ("a path of one machine", {"docs/a.md": "fine\nsee " + "/wo" + "rk/main/x\n"}, "docs/a.md:2: of one machine"),
    ("a header that needs others", {"common/base/b.h": "#pragma once\nsize_t f(void);\n"},
     "b.h:1: does not compile alone"),
    ("a pure room that reads the clock", {"coordinator/plan/p.c": '#include "plan/p.h"\n#include <time.h>\nint '
                                                                  'plan_p(void)\n{\n    return (int)time(0);\n}\n'},
     "p.c:5: coordinator/plan is pure, and uses time"),
    ("a pure room that reads the environment", {"worker/job/k.c": '#include <stdlib.h>\n#include "job/j.h"\nint '
                                                                  'job_j(void)\n{\n    return getenv("A") != 0;\n}\n',
                                                "worker/job/j.c": 'void CRASH_POINT(const char *);\nstatic inline void '
                                                                  'f(void)\n{\n    CRASH_POINT("one");\n}\n'},
     "worker/job is pure, and uses getenv"),
    ("a function in no header", {"common/base/b.c": "int hidden(void);\nint hidden(void)\n{\n    return 2;\n}\n"},
     "hidden is not static"),
]


def build_tree(root, cc):
    """Archives as the build makes them, of all sources that compile."""
    tree, build = Tree(root), os.path.join(root, "build")
    os.makedirs(build)
    for name, folder in tree.rooms.items():
        os.makedirs(os.path.join(build, "i"), exist_ok=True)
        link = os.path.join(build, "i", name)
        os.symlink(os.path.join(root, folder), link)
    for name, folder in tree.rooms.items():
        objects = []
        for path in tree.files(folder, r"\.c$"):
            out = os.path.join(build, os.path.basename(path) + ".o")
            if run([cc, "-w", "-c", "-I", os.path.join(build, "i"), path, "-o", out]).returncode == 0:
                objects.append(out)
        if objects:
            subprocess.run(["ar", "rc", os.path.join(build, f"lib{name}.a"), *objects], check=True)
    return build


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?")
    parser.add_argument("--build")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return checker.self_test(GOOD, BAD, lambda root: check_all(root, build_tree(root, args.cc), args.cc))
    if not args.source:
        parser.error("which source folder?")
    return checker.report(check_all(args.source, args.build, args.cc))


if __name__ == "__main__":
    sys.exit(main())

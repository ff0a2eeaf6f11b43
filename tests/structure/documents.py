#!/usr/bin/env python3
"""What README.md and docs/ name exists: paths, links, functions, tests, plants of the simulation, metrics.

    documents.py SOURCE_FOLDER
    documents.py --self-test

In the text's `code`: `name()` is a function of C or SQL, `suite.test` a test in Criterion, `test_name` a scenario in
Python, `--plant NAME` a bug that the simulation plants, `greylag_x` a metric, and what begins with a folder of this
repository is a path. The other way round: every plant stands in docs/protocol.md, every metric in docs/operations.md,
every section of docs/promises.md names a test, and every room of README's table is on the way in docs/walkthrough.md.
Each violation is one line, FILE:LINE: what."""
import os
import pathlib
import re
import sys

import checker

FOLDERS = ("common", "proto", "coordinator", "worker", "tests", "deploy", "docs", ".ci")
ROOTS = ("common", "proto", "coordinator", "worker", "tests")
ENDINGS = {"c", "h", "def", "sql", "py", "md", "yml", "yaml", "json", "txt", "service", "pub", "key", "toml", "plan",
           "conf", "rs"}
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
METRIC = re.compile(r"\bgreylag_[a-z_]+[a-z]\b")


class Sources:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.functions, self.tests, self.scenarios = set(), {}, set()
        self.points, self.plants, self.metrics = set(), set(), set()
        build = self.root / "CMakeLists.txt"
        self.build_words = set(re.findall(r"^function\((\w+)", build.read_text(), re.M)) if build.exists() else set()
        for folder in ROOTS:
            for where, _, names in os.walk(self.root / folder):
                for name in names:
                    self.read(pathlib.Path(where) / name)

    def read(self, path):
        if path.suffix not in (".c", ".h", ".sql", ".py", ".def"):
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix in (".c", ".h"):
            self.functions |= set(re.findall(r"^(?:[A-Za-z_][\w \t*]*[ \t*])(\w+)\(", text, re.M))
            for suite, name in re.findall(r"^Test\((\w+), (\w+)", text, re.M):
                self.tests.setdefault(suite, set()).add(name)
        made = r"^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) @schema@\.(\w+)\("
        self.functions |= set(re.findall(made, text, re.M))
        self.scenarios |= set(re.findall(r"^def (test_\w+)\(", text, re.M))
        if path.name == "crash_points.def":
            self.points |= set(re.findall(r'X\("([^"]+)"', text))
        if path.name in ("decide.h", "decisions.def"):  # guards and effects stand in lists
            self.functions |= set(re.findall(r"\b[GE]\((\w+)\)", text))
        if path.name == "world.h":
            self.plants |= {name for name in re.findall(r'X\(\w+, "([\w-]+)", "', text) if name != "none"}
        if path.parts[-3:-2] == ("coordinator",) and path.suffix == ".c":
            self.metrics |= set(re.findall(r'"(?:# (?:HELP|TYPE) )?(greylag_[a-z_]+[a-z])\b', text))
            self.metrics |= {"greylag_coordinator_" + n for n in re.findall(r'\[LEADER_\w+\] = "(\w+)"', text)}
        if path.parts[-3:-1] == ("worker", "runner") and path.suffix == ".c":
            self.metrics |= {f"greylag_worker_{n}_total" for n in re.findall(r'\bROW\((\w+), "', text)}
            self.metrics |= set(re.findall(r"# TYPE (greylag_worker_\w+) (?:gauge|counter)", text))


def check_code(sources, code):
    """What is wrong with one piece of code, or None."""
    call = re.fullmatch(r"(\w+)\(\)", code)
    if call:
        return None if call[1] in sources.functions else f"there is no function {call[1]}"
    if re.fullmatch(r"test_\w+", code):
        return None if code in sources.scenarios else f"there is no scenario {code}"
    test = re.fullmatch(r"([a-z_0-9]+)\.([a-z_0-9]+)", code)
    if test and test[1] in sources.tests and test[2] not in ENDINGS and code not in sources.points:
        return None if test[2] in sources.tests[test[1]] else f"there is no test {code}"
    plant = re.search(r"--plant ([\w-]+)", code)
    if plant and plant[1] not in sources.plants:
        return f"the simulation has no plant {plant[1]}"
    if METRIC.fullmatch(code) and code not in sources.metrics | sources.build_words:
        return f"there is no metric {code}"
    path = re.fullmatch(r"(?:\./)?([\w.*@-]+(?:/[\w.*@-]+)*/?)(?: .*)?", code)
    if path and "/" in code.split()[0] and path[1].split("/")[0] in FOLDERS:
        if not list(sources.root.glob(path[1].rstrip("/"))):
            return f"there is no {path[1]}"
    return None


def check_page(sources, page, say):
    fenced = False
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for code in CODE.findall(line):
            wrong = check_code(sources, code)
            if wrong:
                say(page, number, wrong)
        for target in LINK.findall(CODE.sub("", line)):
            if "://" not in target and not (page.parent / target).exists():
                say(page, number, f"a link to nowhere: {target}")


def check_complete(sources, say):
    docs = sources.root / "docs"
    protocol, operations, promises = (docs / f"{n}.md" for n in ("protocol", "operations", "promises"))
    text = protocol.read_text(encoding="utf-8")
    for plant in sorted(sources.plants):
        if f"--plant {plant}`" not in text:
            say(protocol, 1, f"the plant {plant} is not mentioned")
    text = operations.read_text(encoding="utf-8")
    for metric in sorted(sources.metrics):
        if f"`{metric}`" not in text:
            say(operations, 1, f"the metric {metric} is not mentioned")
    walkthrough = (docs / "walkthrough.md").read_text(encoding="utf-8")
    for room in re.findall(r"\]\(((?:coordinator|worker)/\w+)\)",
                           (sources.root / "README.md").read_text(encoding="utf-8")):
        if f"`{room}/" not in walkthrough:
            say(docs / "walkthrough.md", 1, f"the room {room} of README's table is not on the way")
    sections = re.split(r"^## ", promises.read_text(encoding="utf-8"), flags=re.M)[1:]
    named = {s[:2]: s for s in sections}
    for promise in ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"):
        section = named.get(promise, "")
        tests = [c for c in CODE.findall(section) if re.fullmatch(r"\w+\.\w+|test_\w+|tests/\S+", c)]
        if not tests and "no test yet" not in section:
            say(promises, 1, f"{promise} names no test, and does not say so")


def check(root):
    sources, violations = Sources(root), []

    def say(page, number, what):
        violations.append(f"{page.relative_to(root)}:{number}: {what}")

    pages = [pathlib.Path(root) / "README.md", *sorted((pathlib.Path(root) / "docs").glob("*.md")),
             *sorted((pathlib.Path(root) / "docs/decisions").glob("*.md"))]
    for page in pages:
        check_page(sources, page, say)
    check_complete(sources, say)
    return violations


GOOD = {
    "README.md": "see [job](worker/job), `job_run()` and [docs](docs/protocol.md)\n```\n`nothing()`\n```\n",
    "docs/protocol.md": "`simulation --plant silence`, `fence_raise()`\n",
    "docs/operations.md": "`greylag_worker_jobs_total`\n",
    "docs/walkthrough.md": "`worker/job/a.c`\n",
    "docs/promises.md": "".join(f"## P{n} x\n`job.runs_once`, `test_it_goes`\n" for n in range(1, 9)),
    "worker/job/a.c": "bool job_run(void)\n{\n}\n",
    "worker/runner/serve.c": 'ROW(jobs, "x")\n',
    "worker/ledger/schema/1.sql": "CREATE FUNCTION @schema@.fence_raise(p int)\n",
    "tests/unit/job_a.c": "Test(job, runs_once)\n",
    "tests/fault/a.py": "def test_it_goes():\n",
    "tests/simulation/world.h": '    X(SILENCE, "silence", "x")\n',
}
BAD = [
    ("a path that is not there", {"README.md": "`worker/job/b.c`\n"}, "README.md:1: there is no worker/job/b.c"),
    ("a link to nowhere", {"README.md": "\n[x](docs/none.md)\n"}, "README.md:2: a link to nowhere"),
    ("a function that is not there", {"docs/a.md": "`job_stop()`\n"}, "no function job_stop"),
    ("a test that is not there", {"docs/a.md": "`job.runs_twice`\n"}, "no test job.runs_twice"),
    ("a scenario that is not there", {"docs/a.md": "`test_it_stays`\n"}, "no scenario test_it_stays"),
    ("a plant that is not there", {"docs/a.md": "`--plant noise`\n"}, "no plant noise"),
    ("a plant that is not mentioned", {"docs/protocol.md": "\n"}, "the plant silence is not mentioned"),
    ("a metric that is not there", {"docs/a.md": "`greylag_x_total`\n"}, "no metric greylag_x_total"),
    ("a metric that is not mentioned", {"docs/operations.md": "\n"},
     "the metric greylag_worker_jobs_total is not mentioned"),
    ("a room that is not on the way", {"docs/walkthrough.md": "\n"},
     "the room worker/job of README's table is not on the way"),
    ("a promise without a test", {"docs/promises.md": "## P1 x\n`job.runs_once`\n"}, "P2 names no test"),
]


def main():
    if sys.argv[1:] == ["--self-test"]:
        return checker.self_test(GOOD, BAD, check)
    return checker.report(check(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())

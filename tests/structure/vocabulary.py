#!/usr/bin/env python3
"""Every error code, refusal, outcome, report, control, finding and decision is expected by at least one test.

    vocabulary.py SOURCE_FOLDER
    vocabulary.py --self-test

The words come from the tables themselves (X-macro rows), so that a new one without a test fails here. That every row of
both decision tables is fired is held by unit.rollout_table and unit.job_job; here, that each row is named by a test.
Findings are also reported with the severity that their row says, and each somewhere."""
import pathlib
import re
import sys
import tempfile

# table, file, prefix of its enum
TABLES = [
    ("ERR_KINDS", "common/base/err.h", "ERR_"),
    ("REFUSALS", "proto/events.def", "REFUSAL_"),
    ("OUTCOMES", "proto/events.def", "OUTCOME_"),
    ("REPORT_KINDS", "proto/events.def", "REPORT_"),
    ("CONTROL_KINDS", "proto/vocab.h", "CONTROL_"),
    ("RELEASE_STATES", "proto/states.def", "RELEASE_"),
    ("FAILURE_POLICIES", "proto/vocab.h", "ON_FAILURE_"),
    ("FILE_FINDINGS", "proto/findings.def", "FINDING_"),
    ("PLAN_FINDINGS", "proto/findings.def", "FINDING_"),
]
# never seen by a caller: there is no error; a defect of the program itself
EXCEPT = {"ERR_NONE", "ERR_INTERNAL"}


def rows(source, table, file):
    text = (source / file).read_text()
    start = text.index(f"#define {table}(X)")
    body = []
    for line in text[start:].split("\n"):
        body.append(line)
        if not line.rstrip().endswith("\\"):
            break
    return re.findall(r"\bX\(\s*([A-Z_]+)\s*,\s*\"([^\"]*)\"", "\n".join(body))


def decision_rows(source):
    return re.findall(r'^    X\("([a-z-]+)"', (source / "coordinator/rollout/decisions.def").read_text(), re.M)


REPORTED = re.compile(r"\b(?:finding_add|planning_find)\((?:[^;]*?,)??\s*([^,;]*?),\s*([^,;\"]*FINDING_[^,;]*),")
WARNED = re.compile(r"\badd_warning\([^;]*?FINDING_([A-Z_]+)")  # coordinator/store
KINDS = {"ERROR": {"ERROR"}, "true": {"ERROR"}, "WARNING": {"WARNING"}, "false": {"WARNING"}}


def severities(source):
    """What each row of the findings says of its severity, and how it is reported."""
    said = dict(re.findall(r'\bX\(([A-Z_]+), "[^"]*", ([A-Z]+),', (source / "proto/findings.def").read_text()))
    used = {name: set() for name in said}
    for room in ("catalog", "plan", "store"):
        for path in sorted((source / "coordinator" / room).glob("*.c")):
            for name in WARNED.findall(path.read_text()):
                used.setdefault(name, set()).add("WARNING")
            for severity, rules in REPORTED.findall(path.read_text()):
                for name in re.findall(r"FINDING_([A-Z_]+)", rules):
                    used.setdefault(name, set()).update(KINDS.get(severity, {"ERROR", "WARNING"}))
    for name, kinds in used.items():
        wanted = {"EITHER": {"ERROR", "WARNING"}}.get(said.get(name), {said.get(name)})
        if kinds != wanted:
            yield f"proto/findings.def: {name} says {said.get(name)}, and is reported as {sorted(kinds) or 'nothing'}"


def tests(source):
    text = ""
    for path in sorted((source / "tests").rglob("*")):
        if path.suffix in (".c", ".h", ".py") and "structure" not in path.parts and path.is_file():
            text += path.read_text(errors="replace")
    return text


def missing(source):
    text, found = tests(source), []
    for table, file, prefix in TABLES:
        for name, word in rows(source, table, file):
            symbol = prefix + name
            # by its enum, by the test fixtures' short form (STATE(&fix, HALTED)), or by its text in a scenario
            seen = re.search(rf"\b{symbol}\b", text) or re.search(rf"\bSTATE\([^,]+, {name}\)", text) or \
                (len(word) > 3 and re.search(rf"[\"']{re.escape(word)}[\"']", text))
            if symbol not in EXCEPT and not seen:
                found.append(f"{file}: {symbol} is expected by no test")
    found += severities(source)
    golden = (source / "tests/unit/golden/decisions.txt").read_text()
    for name in decision_rows(source):
        if not re.search(rf"^ *\d+ {name}:", golden, re.M):
            found.append(f"tests/unit/golden/decisions.txt: {name} is not there")
    return found


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder)
        for _, file, _ in TABLES:
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            with open(source / file, "a") as out:
                for table, other, _ in TABLES:
                    if other == file and f"#define {table}(" not in (source / file).read_text():
                        out.write(f'#define {table}(X) \\\n    X(KNOWN, "known",  "a") \\\n    X(OTHER_ONE, "other '
                                  f'one", "b")\n\n')
                        out.flush()
        with open(source / "proto/findings.def", "a") as out:
            out.write('#define MORE(X) X(STRICT, "strict", ERROR, "a") X(SOME, "some", EITHER, "b")\n')
        (source / "coordinator/catalog").mkdir(parents=True)
        (source / "coordinator/catalog/a.c").write_text(
            'finding_add(f, WARNING, FINDING_STRICT, "x", 0, "");\nfinding_add(f(a, b), a ? ERROR : WARNING,\n'
            '    b ? FINDING_SOME : FINDING_SOME, "x");\n')
        (source / "coordinator/rollout").mkdir(parents=True)
        (source / "coordinator/rollout/decisions.def").write_text('    X("one", A)\n    X("two", B)\n')
        (source / "tests/unit/golden").mkdir(parents=True)
        (source / "tests/unit/golden/decisions.txt").write_text("1 one: x\n")
        (source / "tests/unit/a.c").write_text("".join(f"x({prefix}KNOWN);\n" for _, _, prefix in TABLES))
        found = missing(source)
        wanted = len(TABLES) + 2
        assert len(found) == wanted, f"{len(found)} of {wanted} found: {found}"
        assert any("STRICT says ERROR, and is reported as ['WARNING']" in line for line in found)
        assert any("two is not there" in line for line in found) and any("REFUSAL_OTHER_ONE" in line for line in found)
    print(f"self test: {wanted} found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = missing(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "every word of the tables is expected by a test")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Every error code, refusal, outcome, report, control and decision is expected by at least one test.

    vocabulary.py SOURCE_FOLDER
    vocabulary.py --self-test

The words come from the tables themselves (X-macro rows), so that a new one without a test fails here. That every row of
both decision tables is fired is held by unit.rollout_table and unit.job_job; here, that each row is named by a test."""
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
        (source / "coordinator/rollout").mkdir(parents=True)
        (source / "coordinator/rollout/decisions.def").write_text('    X("one", A)\n    X("two", B)\n')
        (source / "tests/unit/golden").mkdir(parents=True)
        (source / "tests/unit/golden/decisions.txt").write_text("1 one: x\n")
        (source / "tests/unit/a.c").write_text("".join(f"x({prefix}KNOWN);\n" for _, _, prefix in TABLES))
        found = missing(source)
        wanted = len(TABLES) + 1
        assert len(found) == wanted, f"{len(found)} of {wanted} found: {found}"
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

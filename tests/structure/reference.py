#!/usr/bin/env python3
"""The pages of docs/reference are what the programs print of themselves.

    reference.py SOURCE_FOLDER BUILD_FOLDER           every page is current, and every row says something
    reference.py SOURCE_FOLDER BUILD_FOLDER --renew   writes them anew"""
import pathlib
import re
import subprocess
import sys

PAGES = {
    "greylag.md": ["greylag", "reference", "markdown"],
    "greylag.1": ["greylag", "reference", "manual"],
    "exit-codes.md": ["greylag", "reference", "exit-codes"],
    "vocabulary.md": ["greylag", "reference", "vocabulary"],
    "greylag-files.md": ["greylag", "reference", "files"],
    "lint.md": ["greylag", "reference", "lint"],
    "findings.md": ["greylag", "reference", "findings"],
    "greylag-coordinator.md": ["greylag-coordinator", "--reference", "markdown"],
    "greylag-coordinator.1": ["greylag-coordinator", "--reference", "manual"],
    "coordinator-file.md": ["greylag-coordinator", "--reference", "file"],
    "decisions.md": ["greylag-coordinator", "--reference", "decisions"],
    "kafka.md": ["greylag-coordinator", "--reference", "kafka"],
    "greylag-worker.md": ["greylag-worker", "--reference", "markdown"],
    "greylag-worker.1": ["greylag-worker", "--reference", "manual"],
    "worker-file.md": ["greylag-worker", "--reference", "file"],
    "jobs.md": ["greylag-worker", "--reference", "jobs"],
    "retries.md": ["greylag-worker", "--reference", "retries"],
}
SILENT = re.compile(r"^\|.*\|\s+\|$")  # a row without its prose
HEAD = re.compile(r"^\| (?:\| ?)+$|^\|[- |]+$|^\| (?:key|option|code|property|kind|suffix)\b")


def main():
    source, build, renew = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:] == ["--renew"]
    folder, failures = source / "docs/reference", []
    for name, (program, *arguments) in PAGES.items():
        done = subprocess.run([build / "bin" / program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            failures.append(f"{name}: {program} {' '.join(arguments)} ended with {done.returncode}: "
                            f"{done.stderr.strip()}")
            continue
        if renew:
            (folder / name).write_text(done.stdout)
        elif not (folder / name).exists() or (folder / name).read_text() != done.stdout:
            failures.append(f"{name} is not what {program} prints: run tests/structure/reference.py with --renew")
        failures += [f"{name}: no prose in: {line}" for line in done.stdout.splitlines()
                     if SILENT.match(line) and not HEAD.match(line)]
    known = {path.name for path in folder.iterdir()}
    failures += [f"docs/reference/{name} is printed by no program" for name in sorted(known - set(PAGES))]
    for failure in failures:
        print(failure)
    print(f"{len(PAGES)} pages, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

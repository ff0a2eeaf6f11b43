"""What the checkers of this folder share: how violations are printed, and how a checker shows that it finds them."""
import os
import tempfile


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def report(violations):
    """Prints them, and returns the exit status."""
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    return 1 if violations else 0


def self_test(good, bad, check):
    """`check(root)` finds nothing in a tree of the files in `good`, and in one with the changes of each of `bad` (what
    is wrong, files, what must be said) a violation that says so. Returns the exit status."""
    failed = 0
    for what, changes, wanted in [("all good", {}, None)] + bad:
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, {**good, **changes})
            found = check(root)
        fine = not found if wanted is None else any(wanted in line for line in found)
        failed += not fine
        print(("ok    " if fine else "FAILED") + f" {what}: " + ("; ".join(found) or "nothing found"))
    print(f"{len(bad) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0

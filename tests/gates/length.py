"""A file has one subject: none is longer than 500 lines without a reason that is given here."""

import tree

LIMIT = 500
# path -> why it is longer
REASONS = {}


def problems_of(files):
    found = []
    for path, text in files:
        lines = text.count("\n")
        if lines > LIMIT and path not in REASONS:
            found.append(f"{path} has {lines} lines, more than {LIMIT}: what is its second subject?")
    return found


def main():
    if not problems_of([("engine/seed.cpp", "\n" * (LIMIT + 1))]):
        raise SystemExit("the gate does not see a file that is too long")
    tree.fail(problems_of((path, tree.read(path)) for path in tree.sources((".hpp", ".cpp", ".py"))))


main()

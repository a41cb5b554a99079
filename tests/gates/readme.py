"""The README's program is examples/lookup.cpp, which is compiled."""

import re

import tree


def program_in(readme):
    """The first C++ block of the README."""
    return re.search(r"```cpp\n(.*?)```", readme, re.DOTALL).group(1)


def body_of(example):
    """The example without its leading comment."""
    return re.sub(r"\A(//[^\n]*\n)+", "", example)


def main():
    readme = tree.read("README.md")
    example = body_of(tree.read("examples/lookup.cpp"))
    if program_in(readme.replace("Table::open", "Table::load", 1)) == example:
        raise SystemExit("the gate does not see a seeded difference")
    same = program_in(readme) == example
    tree.fail([] if same else ["README.md: its first program is not examples/lookup.cpp"])


main()

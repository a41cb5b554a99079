"""Every C++ file is as clang-format writes it. Versions differ in what they write: only Debian 12's, 14, is asked."""

import shutil

import tree

VERSION = "14."
SKIPPED = 77


def main():
    clang_format = shutil.which("clang-format-14") or shutil.which("clang-format")
    version = tree.run([clang_format, "--version"]).stdout.strip() if clang_format else "no clang-format"
    print(version)
    if f"version {VERSION}" not in version:
        print("skipped: clang-format 14 is not there")
        raise SystemExit(SKIPPED)
    check = [clang_format, "--dry-run", "-Werror"]
    if tree.run([*check, "--assume-filename=seed.cpp"], input="int  f( ) ;\n", cwd=tree.ROOT).returncode == 0:
        raise SystemExit("the gate does not see a badly formatted line")
    checked = tree.run([*check, *tree.sources()], cwd=tree.ROOT)
    tree.fail([line for line in checked.stderr.splitlines() if "error:" in line])


main()

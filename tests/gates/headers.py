"""Each public header compiles alone, without exceptions and RTTI, and draws in no library but the standard one.

headers.py COMPILER...   (those that are not there are left out; one must be)
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import sys

import tree

FLAGS = "-std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror".split()
FOREIGN = {"xsimd", "tbb", "oneapi", "nlohmann", "fmt", "CLI", "xxhash.h", "zlib.h"}


def problems_of(compiler, header):
    # -H lists what is read; -M would list what __has_include asks about, too.
    command = [compiler, *FLAGS, "-H", "-I", str(tree.ROOT / "include"), "-fsyntax-only", "-x", "c++", "-"]
    compilation = tree.run(command, input=f"#include <{header}>\n")
    if compilation.returncode != 0:
        return [f"{compiler}: {header} does not compile alone:\n{compilation.stderr}"]
    drawn_in = re.findall(r"^\.+ (.+)$", compilation.stderr, re.MULTILINE)
    return [f"{compiler}: {header} draws in {path}" for path in drawn_in if FOREIGN & set(pathlib.PurePath(path).parts)]


def main():
    compilers = [compiler for compiler in sys.argv[1:] if shutil.which(compiler)]
    if not compilers:
        raise SystemExit(f"none of {', '.join(sys.argv[1:])} is there")
    headers = [path.removeprefix("include/") for path in tree.sources() if path.startswith("include/")]
    for compiler in compilers:
        if not problems_of(compiler, "tbb/version.h"):
            raise SystemExit(f"the gate does not see oneTBB drawn in with {compiler}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda pair: problems_of(*pair), [(c, h) for c in compilers for h in headers])
    print(f"{len(headers)} headers with {', '.join(compilers)}")
    tree.fail([problem for problems in found for problem in problems])


main()

"""Who may include whom: the include graph obeys the layers, and each library stays in its place."""

import re

import rooms
import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)

# Folder -> what of this project its files may include.
LAYERS = {
    "include/rowan/": r"rowan/",
    "simd/": r"simd/",
    "engine/": r"rowan/|engine/|simd/(kernels|dispatch|scalar|order|prefetch|processor|quantize|random)\.hpp$",
    "c/": r"rowan/|rowan\.h$|c/",
    "python/": r"rowan\.h$|python/",
    "tools/": r"rowan/|tools/|perf/(ceiling|memory|places|prefetch_trial|record|team|trace|turns|workload)\.hpp$",
    "perf/": r"rowan/|perf/",
    "examples/": r"rowan/",
    "tests/": r"rowan/|engine/|simd/|tools/|perf/|tests/",
}

# Library -> its headers, and the files that may include them.
LIBRARIES = {
    "xsimd": (r"xsimd/", r"simd/registers\.hpp$"),
    "intrinsics": (r"[a-z0-9]+intrin\.h$", r"simd/registers\.hpp$|engine/support/floating_point\.hpp$|tests/"),
    "CPUID": (r"cpuid\.h$", r"simd/(dispatch|processor)\.cpp$"),
    "oneTBB": (r"(oneapi/)?tbb(/|\.h$)", r"engine/parallel\.cpp$|tests/"),
    "JSON": (r"nlohmann/", r"engine/support/json\.cpp$|perf/record\.cpp$|tests/"),
    "xxHash": (r"xxhash\.h$", r"engine/files/checksum\.cpp$|tests/"),
    "zlib": (r"zlib\.h$", r"engine/support/inflater\.cpp$|tests/"),
    "CLI11": (r"CLI/", r"tools/"),
    "fmt": (r"fmt/", r"tools/"),
    "Google Benchmark": (r"benchmark/", r"perf/"),
    "PyTorch": (r"torch/|ATen/|c10/", r"perf/peers/torch\.cpp$"),
    "FBGEMM": (r"fbgemm/", r"perf/peers/fbgemm\.cpp$"),
    "doctest": (r"doctest/", r"tests/"),
    "libFuzzer": (r"fuzzer/", r"tests/fuzz/"),
    "POSIX": (r"(unistd|fcntl|dlfcn|pthread|signal|sched|spawn|poll|malloc|time|errno)\.h$|(sys|linux)/\w+\.h$",
              r"simd/|engine/|tools/|perf/|tests/"),
}
ONE_FILE = {"zlib": "engine/"}  # only one file below the folder


def library_of(header):
    return next((name for name, (pattern, _) in LIBRARIES.items() if re.match(pattern, header)), None)


def layer_of(path):
    return next(allowed for folder, allowed in LAYERS.items() if path.startswith(folder))


def problem_of_rooms(path, header):
    """What is wrong with an include of a file of the engine, or None: a room knows itself and those before it."""
    if not header.startswith(("engine/", "rowan/")):
        return None
    room, other = rooms.room_of(path), rooms.room_of_header(header)
    if room is None:
        return f"{path} is of no room"
    if other is None:
        return f"{path} includes {header}, which is of no room"
    return None if rooms.may_know(room, other) else f"{path}, of {room}, may not include {header}, of {other}"


def problem_of(path, quote, header):
    """What is wrong with one include, or None."""
    if quote == '"' or header.startswith("rowan/"):
        if not re.match(layer_of(path), header):
            return f"{path} may not include {header}"
        return problem_of_rooms(path, header) if path.startswith("engine/") else None
    if re.fullmatch(r"[a-z_0-9]+", header):
        return None  # the standard library
    library = library_of(header)
    if library is None:
        return f"{path} includes <{header}>, which is of no library that this project uses"
    if not re.match(LIBRARIES[library][1], path):
        return f"{path} may not include <{header}>: {library} has its own place"
    return None


def problems_of(files):
    found = []
    users = {library: [] for library in ONE_FILE}
    for path, text in files:
        for quote, header in INCLUDE.findall(text):
            problem = problem_of(path, quote, header)
            if problem:
                found.append(problem)
            library = library_of(header) if quote == "<" else None
            if library in ONE_FILE and path.startswith(ONE_FILE[library]) and path not in users[library]:
                users[library].append(path)
    for library, paths in users.items():
        if len(paths) > 1:
            found.append(f"{library} is included by {', '.join(paths)}; one file is enough")
    return found


SEEDED = [
    [("include/rowan/seed.hpp", "#include <xsimd/xsimd.hpp>")],
    [("include/rowan/seed.hpp", "#include <oneapi/tbb/task_arena.h>")],
    [("include/rowan/seed.hpp", '#include "engine/parallel.hpp"')],
    [("include/rowan/seed.hpp", "#include <sys/mman.h>")],
    [("simd/seed.cpp", '#include "rowan/engine.hpp"')],
    [("engine/lookup/seed.cpp", '#include "simd/load.hpp"')],
    [("engine/lookup/seed.cpp", '#include "engine/convert/ids.hpp"')],
    [("engine/lookup/seed.cpp", '#include "engine/cellar/seed.hpp"')],
    [("engine/cellar/seed.cpp", '#include "engine/support/error.hpp"')],
    [("engine/support/seed.cpp", '#include "engine/parallel.hpp"')],
    [("engine/formats/seed.cpp", '#include "rowan/import.hpp"')],
    [("engine/search/seed.cpp", '#include "rowan/words.hpp"')],
    [("engine/native/seed.cpp", '#include "rowan/rowan.hpp"')],
    [("engine/lookup/seed.cpp", "#  include <tbb/parallel_for.h>")],
    [("engine/table/seed.cpp", "#include <nlohmann/json.hpp>")],
    [("engine/seed.cpp", "#include <fmt/format.h>")],
    [("engine/files/seed.cpp", "#include <zlib.h>")],
    [("engine/formats/seed.cpp", '#include "engine/convert/ids.hpp"')],
    [("c/seed.cpp", '#include "engine/parallel.hpp"')],
    [("python/seed.cpp", '#include "rowan/table.hpp"')],
    [("tools/seed.cpp", '#include "engine/parallel.hpp"')],
    [("tools/seed.cpp", '#include "perf/session.hpp"')],
    [("perf/seed.cpp", "#include <nlohmann/json.hpp>")],
    [("perf/seed.cpp", '#include "simd/kernels.hpp"')],
    [("examples/seed.cpp", '#include "tools/output.hpp"')],
    [("engine/seed.cpp", "#include <boost/mp11.hpp>")],
]


def main():
    for files in SEEDED:
        if len(problems_of(files)) != 1:
            raise SystemExit(f"the gate does not see the seeded violation {files}")
    print(f"{len(SEEDED)} seeded violations seen")
    tree.fail(problems_of((path, tree.read(path)) for path in tree.sources()))


main()

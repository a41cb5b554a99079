"""The source files of this project, for the gates beside this file."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Some are not there yet.
FOLDERS = ("include", "simd", "engine", "c", "python", "tools", "perf", "examples", "tests")


def sources(suffixes=(".hpp", ".cpp")):
    """Paths relative to the root, sorted."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(ROOT).as_posix()


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def run(command, **arguments):
    return subprocess.run(command, capture_output=True, text=True, check=False, **arguments)


def fail(problems):
    """Ends the gate: with status 1 and the problems, or with 0 where there are none."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} violations" if problems else "as it should be")
    raise SystemExit(1 if problems else 0)

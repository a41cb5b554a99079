"""What the tests of the command share: a table of odd rows, and runs of the command that must succeed or be
refused.

ROWAN_COMMAND is the path of the command; ROWAN_TEST_DATA, or else ROWAN_TEST_DATA_DEFAULT, that of the real
tables (tests of those are skipped without them).
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

COMMAND = os.environ["ROWAN_COMMAND"]
DATA = pathlib.Path(os.environ.get("ROWAN_TEST_DATA") or os.environ.get("ROWAN_TEST_DATA_DEFAULT", "/nonexistent"))

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"

# The builds that are slow measure nothing for long: see tests/support/effort.hpp.
full_effort_only = unittest.skipIf(os.environ.get("ROWAN_TEST_EFFORT") == "reduced", "takes long in this build")

# Tokens that have broken other tools: brackets that look like lists, dashes, spaces, bytes that are no UTF-8.
ROWS = [
    (b"italy", (3, 0, 0)),
    (b"rome", (2, 0, 2)),
    (b"france", (0, 1, 0)),
    (b"paris", (0, 4, 4)),
    (b"[UNK]", (0.1, -0.2, 1e-5)),
    (b"{}", (0.3, 1e20, -1e-20)),
    (b"caf\xe9", (-1, -1, 0.25)),
    (b"get", (-1, 0.5, 0)),
    (b"-dash", (0.5, 0, 1)),
    (b"zero", (0, 0, 0)),
    (b"odd", (float("nan"), float("inf"), float("-inf"))),
    (b'quo"te\\', (1, 2, 3)),
]
GLOVE = b"".join(token + b" " + " ".join(repr(float(v)) for v in row).encode() + b"\n" for token, row in ROWS)


class CommandTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="rowan-command-")
        self.addCleanup(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return self.path(name)

    def run_command(self, *arguments, environment=None, **options):
        return subprocess.run(
            [COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            timeout=120,
            **options,
        )

    def succeed(self, *arguments, **options):
        result = self.run_command(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, b"", "no progress and no remarks where there is no terminal")
        return result.stdout

    def succeed_json(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json").decode("utf-8"))

    def listing(self):
        return {entry.name: entry.read_bytes() for entry in self.folder.iterdir() if entry.is_file()}

    def refuse(self, *arguments, code=1, expect=(), **options):
        """Runs a command that must be refused, and returns its sentence."""
        before = self.listing()
        result = self.run_command(*arguments, **options)
        sentence = result.stderr.decode("utf-8", "surrogateescape")
        self.assertEqual(result.returncode, code, sentence)
        self.assertTrue(sentence.startswith("rowan: "), sentence)
        self.assertEqual(sentence.count("\n"), 1, sentence)
        self.assertTrue(sentence.endswith("\n"), sentence)
        for part in expect:
            self.assertIn(part, sentence)
        self.assertEqual(self.listing(), before, "a refused command changed the folder")
        return sentence

    def table(self, name="table.safetensors", *options):
        source = self.write("source.txt", GLOVE)
        self.succeed("convert", source, self.path(name), *options)
        os.remove(source)
        return self.path(name)

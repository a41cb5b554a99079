"""What rowan must refuse: one sentence on standard error, the right exit code, the folder as it was."""
import gzip
import os
import pathlib
import resource
import struct
import unittest

from support import GLOVE, CommandTest


class BadInput(CommandTest):
    def convert(self, content, *options, expect=(), name="source.txt"):
        return self.refuse("convert", self.write(name, content), self.path("out.st"), *options, expect=expect)

    def test_missing_files(self):
        missing = self.path("missing")
        for arguments in (["convert", missing, self.path("out.st")], ["info", missing], ["verify", missing],
                          ["get", missing, "a"], ["nearest", missing, "a"], ["analogy", missing, "a", "b", "c"],
                          ["eval", missing, missing], ["bench", missing]):
            with self.subTest(arguments[0]):
                self.refuse(*arguments, expect=["missing"])
        self.refuse("eval", self.table(), missing, expect=["missing"])

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_unreadable_file(self):
        source = self.write("source.txt", GLOVE)
        table = self.table()
        source = self.write("source.txt", GLOVE)
        listing = self.listing()
        for path in (source, table):
            os.chmod(path, 0)
        for arguments in (["convert", source, self.path("out.st")], ["info", table]):
            result = self.run_command(*arguments)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"ermission denied", result.stderr)
        for path in (source, table):
            os.chmod(path, 0o600)
        self.assertEqual(self.listing(), listing)

    def test_folder_in_place_of_a_file(self):
        self.refuse("info", str(self.folder))
        self.refuse("convert", str(self.folder), self.path("out.st"))
        self.refuse("eval", self.table(), str(self.folder))

    def test_ragged_rows(self):
        lines = [b"w%d 1 2 3\n" % i for i in range(100)]
        for ragged in (b"r 1 2\n", b"r 1 2 3 4\n", b"r\n"):
            self.convert(b"".join(lines[:50] + [ragged] + lines[50:]), expect=["line 51"])
            self.convert(lines[0] + ragged + lines[1], "--from", "glove", expect=["line 2"])

    def test_rows_that_cannot_be_quantised(self):
        for dtype in ("i8", "i4", "i2"):
            with self.subTest(dtype):
                self.convert(b"a 1 2\nb 3 nan\n", "--dtype", dtype, expect=["line 2", "NaN", dtype])
                self.convert(b"a 1 2\nb inf 3\n", "--dtype", dtype, expect=["line 2", "infinity", dtype])
                self.convert(b"a 3e38 2\nb -3e38 3e38\n", "--dtype", dtype, expect=["line", "too far apart", dtype])
                self.refuse("create", self.path("out.st"), "--rows", "3", "--dim", "2", "--dtype", dtype,
                            "--deviation", "3e38", expect=["row"])

    def test_wrong_counts(self):
        self.convert(b"3 2\na 1 2\nb 3 4\n", "--from", "word2vec", expect=["3"])
        self.convert(b"1 2\na 1 2\nb 3 4\n", "--from", "word2vec")
        self.convert(b"9999999999999 9999999999999\na 1 2\n", "--from", "word2vec")
        self.convert(b"2 2\na " + struct.pack("<ff", 1, 2) + b"b " + struct.pack("<f", 3), "--from",
                     "word2vec-binary")

    def test_numbers_that_are_none(self):
        self.convert(b"a 1 2\nb 3 x\n", "--dim", "2", "--from", "glove", expect=["line 2"])
        self.convert(b"a 1 2\nb 3 1e99\n", "--from", "glove", expect=["line 2"])

    def test_empty_and_damaged_sources(self):
        self.convert(b"")
        self.convert(gzip.compress(GLOVE)[:-20], name="source.txt.gz")
        self.convert(b"\x00\x01\x02\x03" * 100)

    def test_truncated_table(self):
        table = pathlib.Path(self.table())
        content = table.read_bytes()
        for keep in (0, 4, 100, 4096, len(content) - 1):
            with self.subTest(keep):
                table.write_bytes(content[:keep])
                self.refuse("info", str(table))
                self.refuse("get", str(table), "rome")
                self.refuse("verify", str(table))

    def test_damaged_table(self):
        table = pathlib.Path(self.table())
        content = bytearray(table.read_bytes())
        content[4096] ^= 1
        table.write_bytes(content)
        self.succeed("info", str(table))
        self.refuse("verify", str(table), expect=["table.safetensors"])

    def test_foreign_file_is_answered_with_the_line_that_converts_it(self):
        glove = self.write("glove.txt", GLOVE)
        for command in (["get", glove, "rome"], ["nearest", glove, "rome"], ["bench", glove]):
            with self.subTest(command[0]):
                self.refuse(*command, expect=[f"rowan convert {glove}"])
        word2vec = self.write("w.bin", b"1 2\na " + struct.pack("<ff", 1, 2))
        for file in (glove, word2vec):
            self.assertIn(f"rowan convert {file}", self.succeed("info", file).decode())

    def test_existing_output_needs_force(self):
        table = self.table()
        source = self.write("source.txt", b"new 1 2\n")
        self.refuse("convert", source, table, expect=["--force"])
        self.refuse("create", table, "--rows", "2", "--dim", "2", expect=["--force"])
        self.succeed("convert", source, table, "--force")
        self.assertEqual(self.succeed("get", table, "new"), b"new 1 2\n")
        self.succeed("create", table, "--rows", "2", "--dim", "2", "--init", "zeros", "--force")
        self.assertEqual(self.succeed("get", table, "--row", "1"), b"1 0 0\n")

    def test_failure_with_force_keeps_the_old_file(self):
        table = self.table()
        ragged = self.write("ragged.txt", b"a 1 2 3\nb 1 2\n")
        self.refuse("convert", ragged, table, "--force")
        self.succeed("verify", table)

    def test_full_disk(self):
        table = self.table()
        source = self.write("source.txt", b"".join(b"w%d 1 2 3\n" % i for i in range(50_000)))

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.refuse("convert", source, self.path("out.st"), preexec_fn=limit)
        self.refuse("convert", source, table, "--force", preexec_fn=limit)
        self.refuse("create", self.path("out.st"), "--rows", "100000", "--dim", "4", preexec_fn=limit)
        self.succeed("verify", table)

    def test_output_folder_that_is_not_there(self):
        self.refuse("create", self.path("missing/out.st"), "--rows", "2", "--dim", "2")

    def test_output_that_cannot_be_written(self):
        table = self.table()
        for arguments in (["--help"], ["--version"], ["info", table], ["get", table, "rome"], ["verify", table],
                          ["nearest", table, "rome"], ["info", table, "--json"]):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                self.refuse(*arguments, stdout=full, expect=["standard output"])

    def test_closed_output(self):
        table = self.table()
        self.refuse("info", table, stdout=None, preexec_fn=lambda: os.close(1), expect=["standard output"])
        self.refuse("verify", table, stdout=None, preexec_fn=lambda: os.close(1), expect=["standard output"])

    def test_reader_that_leaves(self):
        read, write = os.pipe()
        os.close(read)
        try:
            self.refuse("info", self.table(), stdout=write, expect=["standard output"])
        finally:
            os.close(write)

    def test_instruction_set_that_is_none(self):
        table = self.table()
        for arguments in (["get", table, "rome"], ["nearest", table, "rome"], ["analogy", table, "rome", "italy", "get"],
                          ["eval", table, table], ["bench", "--rows", "10"]):
            with self.subTest(arguments[0]):
                self.refuse(*arguments, environment={"ROWAN_ISA": "mmx"}, expect=["ROWAN_ISA"])

    def test_too_large_tables(self):
        self.refuse("create", self.path("out.st"), "--rows", str(2**63), "--dim", str(2**63))

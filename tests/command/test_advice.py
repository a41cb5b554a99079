"""What a refusal advises, followed as it stands: each command line of a sentence is run, and the table that comes of it
is the one that the file was meant to be. A tool that is not installed here is skipped by name."""
import bz2
import gzip
import io
import lzma
import os
import re
import shlex
import shutil
import struct
import subprocess
import tarfile
import unittest
import zipfile

from support import CommandTest
from test_foreign import safetensors

TEXT = "king 0.1 0.2 0.3\nqueen 0.4 0.5 0.6\n"
ROWS = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
TOOLS = ("sed", "tail", "tr", "iconv", "gzip", "xz", "bzip2", "tar", "unzip", "zstd", "7z")


def tarred(name, content):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def zipped(**members):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip:
        for name, content in members.items():
            zip.writestr(name.replace("__", "."), content)
    return archive.getvalue()


class Advice(CommandTest):
    def rows(self, file, *options):
        """The rows of what the command makes of a file."""
        target = self.path("advised.safetensors")
        self.succeed("convert", file, target, "--force", *options)
        count = self.succeed_json("info", target)["tables"][0]["rows"]
        return [row["values"] for row in self.succeed_json("get", target, "--row", *map(str, range(count)))]

    def assert_rows(self, found, expected=ROWS):
        self.assertEqual([[round(value, 6) for value in row] for row in found], expected)

    def shell(self, line):
        """Runs a command line of a sentence in the folder of the file; what it prints is the new file."""
        tools = [word for word in re.findall(r"[a-z0-9]+", line) if word in TOOLS]
        for tool in tools:
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} is not installed")
        made = subprocess.run(["bash", "-c", line], cwd=self.folder, stdout=subprocess.PIPE, check=True, timeout=60)
        return self.write("made", made.stdout) if made.stdout else None

    def follow(self, name, content, pattern, made=None, expected=ROWS, error=()):
        """A refusal of `content` advises what `pattern` finds; `made` is the file that this makes, else what it prints."""
        file = self.write(name, content)
        sentence = self.refuse("convert", file, self.path("t"), expect=error)
        self.assertEqual(self.refuse("info", file), sentence, "info and convert disagree")
        line = re.search(pattern, sentence)
        self.assertIsNotNone(line, sentence)
        os.environ.setdefault("LC_ALL", "C.UTF-8")
        printed = self.shell(line[1].rstrip("\n"))
        result = self.path(made) if made else printed
        self.assert_rows(self.rows(result), expected)

    def test_decimal_commas(self):
        content = TEXT.replace("0.", "0,").encode()
        self.follow("h.txt", content, r"as this does: (sed .*)")
        self.follow("h.vec", b"2 3\n" + content, r"as this does: (sed .*)", error=['line 2 has "0,1"'])

    def test_encodings(self):
        self.follow("u16.txt", TEXT.encode("utf-16"), r"convert it with: (.*)")
        self.follow("u16le.txt", TEXT.encode("utf-16-le"), r"convert it with: (.*)")
        self.follow("u16be.txt", TEXT.encode("utf-16-be"), r"convert it with: (.*)")
        self.follow("u32.txt", TEXT.encode("utf-32"), r"convert it with: (.*)")

    def test_carriage_returns(self):
        self.follow("mac.txt", TEXT.replace("\n", "\r").encode(), r"convert it with: (.*)")

    def test_xz(self):
        self.follow("a.txt.xz", lzma.compress(TEXT.encode()), r"decompress it with: (.*)", "a.txt")

    def test_bzip2(self):
        self.follow("a.txt.bz2", bz2.compress(TEXT.encode()), r"decompress it with: (.*)", "a.txt")

    def test_tar(self):
        self.follow("a.tar", tarred("g.txt", TEXT.encode()), r"unpack it with: (.*)", "g.txt")

    def test_compressed_tar(self):
        file = self.write("a.tar.gz", gzip.compress(tarred("g.txt", TEXT.encode())))
        sentence = self.refuse("convert", file, self.path("t"), expect=["is a tar archive"])
        first, second = re.search(r"decompress it with: (.*); then unpack it with: (.*)\n", sentence).groups()
        self.shell(first)
        self.shell(second)
        self.assert_rows(self.rows(self.path("g.txt")))

    def test_gzip_twice(self):
        twice = gzip.compress(gzip.compress(TEXT.encode()))
        self.follow("a.txt.gz", twice, r"decompress it with: (.*)", "a.txt", error=["decompressed, is gzip-compressed"])

    def test_gzip_in_a_zip(self):
        content = zipped(g__txt__gz=gzip.compress(TEXT.encode()))
        self.follow("gz.zip", content, r"unpack it with: (.*)", "g.txt.gz", error=["its file 'g.txt.gz' is gzip-"])

    def test_several_texts_in_a_zip(self):
        file = self.write("several.zip", zipped(a__txt=TEXT, b__txt=TEXT))
        self.refuse("convert", file, self.path("t"), expect=["name one of them as the table (--table): 'a.txt', 'b.txt'"])
        self.assert_rows(self.rows(file, "--table", "a.txt"))

    def test_a_header_that_is_none(self):
        for name, first in (("three", "2 3 1"), ("words", "word dims"), ("other", "7 9")):
            with self.subTest(name):
                file = self.write(name, (first + "\n" + TEXT).encode())
                sentence = self.refuse("convert", file, self.path("t"), expect=["line 1 has"])
                printed = self.shell(re.search(r"remove it with: (.*)", sentence)[1])
                self.assert_rows(self.rows(printed))

    def test_separators(self):
        rows = "".join(f"w{i} 1 2\n" for i in range(1500)).encode() + b"last 3  4\n"
        file = self.write("late.txt", rows)
        self.refuse("convert", file, self.path("t"), expect=["line 1501", "--separator spaces"])
        self.assertEqual(self.rows(file, "--separator", "spaces")[-1], [3, 4])

    def test_no_words(self):
        file = self.write("savetxt.txt", b"1.0e-01 2.0e-01 3.0e-01\n4.0e-01 5.0e-01 6.0e-01\n")
        sentence = self.refuse("convert", file, self.path("t"), expect=["it has no words"])
        options = shlex.split(re.search(r"say (--keys none) to read rows of 3", sentence)[1])
        self.assert_rows(self.rows(file, *options))

    def test_tables_by_name(self):
        row = struct.pack("<3f", 0.1, 0.2, 0.3)
        other = struct.pack("<3f", 0.4, 0.5, 0.6)
        file = self.write("m.safetensors", safetensors({"a b.weight": ("F32", [1, 3], row), "c": ("F32", [1, 3], other)}))
        sentence = self.refuse("convert", file, self.path("t"), expect=["with 2 matrices; name one of them: it has"])
        choices = re.findall(r"(--table (?:'[^']*'|\S+)) \[1, 3\]", sentence)
        self.assertEqual(len(choices), 2, sentence)
        for choice, expected in zip(choices, ROWS):
            self.assert_rows(self.rows(file, *shlex.split(choice)), [expected])

    def test_names_that_need_care(self):
        for name in ("a b'c.txt", "a\x1b[0m\n.txt", "./-dash.txt"):
            with self.subTest(repr(name)):
                self.write(name, TEXT.encode())
                sentence = self.refuse("get", name, "king", expect=["convert it once with: rowan convert "], cwd=self.folder)
                self.assertNotIn("\x1b", sentence)
                line = re.search(r"convert it once with: rowan (convert .*)", sentence)[1]
                words = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], stdout=subprocess.PIPE, check=True).stdout
                self.succeed(*words.decode().split("\0")[:-1], cwd=self.folder)


class Streams(CommandTest):
    def test_from_standard_input(self):
        file = self.write("g.txt", TEXT.encode())
        for source in ("-", "/dev/stdin"):
            for pipe in (False, True):
                with self.subTest(source=source, pipe=pipe), open(file, "rb") as stream:
                    piped = subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.PIPE) if pipe else None
                    command = [os.environ["ROWAN_COMMAND"], "convert", source, self.path("t"), "--force"]
                    subprocess.run(command, stdin=piped.stdout if pipe else stream, check=True, timeout=60,
                                   stdout=subprocess.PIPE)
                    if pipe:
                        piped.stdout.close()
                        piped.wait()
                    self.assertEqual(self.succeed("get", self.path("t"), "king"), b"king 0.1 0.2 0.3\n")

    def test_to_standard_output(self):
        table = self.path("t")
        self.succeed("convert", self.write("g.txt", TEXT.encode()), table)
        expected = ("2 3\n" + TEXT).encode()
        for target in ("-", "/dev/stdout", "/dev/fd/1"):
            self.assertEqual(self.succeed("export", table, target, "--to", "word2vec"), expected)
        with open(self.path("log"), "wb") as log:
            log.write(b"before\n")
            log.flush()
            self.run_command("export", table, "-", "--to", "word2vec", stdout=log)
        self.assertEqual((self.folder / "log").read_bytes(), b"before\n" + expected)
        self.assertTrue(self.succeed("export", table, "-", "--to", "npy").startswith(b"\x93NUMPY"))
        self.refuse("export", table, "-", expect=["say --to"])
        self.assertNotIn("-", self.listing())
        for target in ("-", "/dev/stdout"):
            self.refuse("convert", self.path("g.txt"), target, expect=["is not written to standard output"])

    def test_output_that_cannot_be_written(self):
        table = self.path("t")
        self.succeed("convert", self.write("g.txt", TEXT.encode()), table)
        with open("/dev/full", "wb") as full:
            self.refuse("export", table, "-", "--to", "word2vec", stdout=full, expect=["No space left"])
        self.refuse("export", table, "/dev/full", "--to", "npy", expect=["cannot write /dev/full", "No space left"])


class Losses(CommandTest):
    def test_f64_beyond_f32(self):
        data = struct.pack("<4d", 1e39, 1, 2, -1e308)
        file = self.write("m.safetensors", safetensors({"w": ("F64", [2, 2], data)}))
        report = self.succeed_json("convert", file, self.path("t"))
        self.assertEqual((report["dtype"], report["error"]["lost"], report["error"]["max"]), ("f32", 2, 0))
        text = self.succeed("convert", file, self.path("t"), "--force").decode()
        self.assertIn("2 values are beyond the range of f32 and not finite any more\n", text)

    def test_rows_that_move(self):
        file = self.write("d.txt", b"king 1 0\nking 2 0\nqueen 0 3\n")
        text = self.succeed("convert", file, self.path("t")).decode()
        self.assertIn("1 row left out because an earlier row has the key; the rows behind moved up", text)


if __name__ == "__main__":
    unittest.main()

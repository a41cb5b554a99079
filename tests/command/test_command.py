"""Every subcommand of rowan, its text and its JSON, as users meet them."""
import gzip
import json
import math
import os
import struct
import unittest

from support import GLOVE, GOLDEN, ROWS, CommandTest


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Help(CommandTest):
    SUBCOMMANDS = ("convert", "create", "info", "verify", "recover", "get", "nearest", "analogy", "eval", "bench",
                   "export")

    def test_version(self):
        self.assertRegex(self.succeed("--version"), rb"^rowan \d+\.\d+\.\d+\n$")

    def test_help_names_every_subcommand_and_the_exit_codes(self):
        text = self.succeed("--help").decode()
        for name in self.SUBCOMMANDS:
            self.assertIn(name, text)
        self.assertIn("Exit codes", text)

    def test_help_of_every_subcommand_has_an_example(self):
        for name in self.SUBCOMMANDS:
            with self.subTest(name):
                self.assertIn(f"Example: rowan {name}", self.succeed(name, "--help").decode())

    def test_wrong_usage_exits_with_2(self):
        for arguments in (
            [],
            ["frobnicate"],
            ["info"],
            ["info", "a", "b"],
            ["get", "file"],
            ["nearest", "file", "word", "-k", "0"],
            ["nearest", "file", "word", "-k", "many"],
            ["convert", "in", "out", "--dtype", "f64"],
            ["convert", "in", "out", "--from", "csv"],
            ["create", "out", "--rows", "3"],
            ["create", "out", "--rows", "-3", "--dim", "2"],
            ["get", "file", "--row", "-1"],
            ["convert", "in", "out", "--limit", "-1"],
            ["verify", "file", "--threads", "-1"],
            ["recover"],
            ["export", "in"],
            ["export", "in", "out", "--to", "csv"],
            ["bench", "--dist", "zipf:-1"],
            ["bench", "file", "--rows", "10"],
            ["bench", "--batch", "99999999999", "--bag", "99999999999"],
            ["bench", "--pooling", "median"],
            ["bench", "--dtype", "f64"],
            ["bench", "--output", "i8"],
            ["bench", "--index", "u8"],
            ["bench", "--quick"],
            ["bench", "--trace-offsets", "file"],
            ["bench", "--trace", "file", "--dist", "zipf"],
            ["bench", "--report", "page.html", "--dim", "8"],
            ["bench", "file", "--report", "page.html"],
        ):
            with self.subTest(arguments):
                self.refuse(*arguments, code=2)


class Convert(CommandTest):
    def test_report(self):
        source = self.write("source.txt", GLOVE)
        report = self.succeed_json("convert", source, self.path("t.safetensors"))
        self.assertEqual((report["rows"], report["dim"], report["from"]), (12, 3, "glove"))
        self.assertEqual((report["invalid_utf8"], report["duplicates"]), (1, 0))

    def test_text_report_names_duplicates(self):
        source = self.write("source.txt", b"a 1 2\nb 3 4\na 5 6\n")
        text = self.succeed("convert", source, self.path("t.safetensors")).decode()
        self.assertIn("2 rows", text)
        self.assertIn('"a" of row 2, kept from row 0', text)

    def test_options(self):
        source = self.write("source.txt.gz", gzip.compress(GLOVE))
        self.succeed("convert", source, self.path("t.st"), "--from", "glove", "--dtype", "bf16", "--limit", "5",
                     "--name", "words", "--pad-rows", "--threads", "2")
        table = self.succeed_json("info", self.path("t.st"))["tables"][0]
        self.assertEqual((table["name"], table["rows"], table["dim"], table["dtype"]), ("words", 5, 3, "bf16"))
        self.assertEqual((table["row_stride"], table["padded"], table["keys"]), (64, True, "bytes"))

    def test_ids(self):
        source = self.write("source.txt", b"18446744073709551615 1 2\n7 3 4\n")
        self.succeed("convert", source, self.path("t.st"), "--keys", "u64")
        rows = self.succeed_json("get", self.path("t.st"), "7", "18446744073709551615")
        self.assertEqual([(row["row"], row["id"]) for row in rows], [(1, 7), (0, 2**64 - 1)])
        self.refuse("get", self.path("t.st"), "8", expect=["no id 8"])
        self.refuse("get", self.path("t.st"), "seven", expect=["decimal"])
        self.refuse("nearest", self.path("t.st"), "7", expect=["u64 ids"])

    def test_ids_from_a_file(self):
        source = self.write("source.txt", b"a 1 2\nb 3 4\n")
        header = b"{'descr': '<u8', 'fortran_order': False, 'shape': (2,), }"
        header += b" " * (117 - len(header)) + b"\n"
        ids = self.write("ids.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
                         + struct.pack("<QQ", 40, 41))
        self.succeed("convert", source, self.path("t.st"), "--ids", ids)
        self.assertEqual(self.succeed_json("get", self.path("t.st"), "41")[0]["values"], [3.0, 4.0])

    def test_no_keys(self):
        table = self.table("t.st", "--keys", "none")
        self.refuse("get", table, "rome", expect=["no keys", "--row"])
        self.refuse("nearest", table, "rome", expect=["no keys"])
        self.assertEqual(self.succeed("get", table, "--row", "2"), b"2 0 1 0\n")

    def test_types_and_the_error_that_they_make(self):
        source = self.write("source.txt", b"a 0.1 0.2 1\nb -1 2 400\nc 0 0 0\n")
        for dtype, row_bytes, worst in (("f32", 12, None), ("f16", 6, 0.001), ("bf16", 6, 0.01), ("f8_e4m3", 3, 17),
                                        ("f8_e5m2", 3, 17), ("i8", 11, 1), ("i4", 6, 14), ("i2", 5, 68)):
            with self.subTest(dtype):
                table = self.path(dtype)
                report = self.succeed_json("convert", source, table, "--dtype", dtype)
                self.assertEqual((report["dtype"], report["rows"], report["tables"]), (dtype, 3, 1))
                info = self.succeed_json("info", table)["tables"][0]
                self.assertEqual((info["dtype"], info["dim"], info["row_stride"], info["padded"]),
                                 (dtype, 3, row_bytes, False))
                self.succeed("verify", table)
                self.assertIn(dtype, self.succeed("info", table).decode())
                if worst is None:
                    self.assertNotIn("error", report)
                    continue
                error = report["error"]
                self.assertLess(error["max"], worst)
                self.assertLessEqual(error["rms"], error["max_row_rms"])
                self.assertLessEqual(error["max_row_rms"], error["max"])
                self.assertLessEqual(error["min_cosine"], error["mean_cosine"])
                self.assertGreater(error["min_cosine"], 0.9)
                self.assertEqual(error["lost"], 0)
                values = self.succeed_json("get", table, "a", "c")
                self.assertEqual(values[1]["values"], [0.0, 0.0, 0.0])
                self.assertAlmostEqual(values[0]["values"][2], 1, delta=0.001)
                self.assertEqual(self.succeed("nearest", table, "a", "-k", "1").split()[1], b"b")

    def test_saturate(self):
        source = self.write("source.txt", b"a 1000 2\n")
        text = self.succeed("convert", source, self.path("a.st"), "--dtype", "f8_e4m3").decode()
        self.assertIn("1 value is beyond the range of f8_e4m3", text)
        self.assertIn("--saturate", text)
        self.assertEqual(self.succeed("get", self.path("a.st"), "a"), b"a nan 2\n")
        text = self.succeed("convert", source, self.path("b.st"), "--dtype", "f8_e4m3", "--saturate").decode()
        self.assertIn("max 552", text)
        self.assertNotIn("beyond", text)
        self.assertEqual(self.succeed("get", self.path("b.st"), "a"), b"a 448 2\n")
        self.refuse("convert", source, self.path("c.st"), "--dtype", "i8", "--saturate", code=2)

    def test_native_sources(self):
        table = self.path("t.st")
        self.succeed("convert", self.write("source.txt", b"a 1 2\nb 3 5\n"), table, "--name", "words")
        text = self.succeed("convert", table, self.path("small.st"), "--dtype", "i8").decode()
        for part in ("2 rows × 2, i8, from native", "error", "cosine"):
            self.assertIn(part, text)
        info = self.succeed_json("info", self.path("small.st"))
        self.assertEqual((info["tables"][0]["name"], info["format_version"]), ("words", "1.1"))
        self.assertEqual(self.succeed("get", self.path("small.st"), "b"), b"b 3 5\n")
        report = self.succeed_json("convert", self.path("small.st"), self.path("again.st"), "--table", "words")
        self.assertNotIn("error", report)
        self.assertEqual(self.succeed("get", self.path("again.st"), "b"), b"b 3 5\n")
        self.refuse("convert", table, self.path("x.st"), "--table", "users", expect=["users", "words"])
        self.refuse("convert", table, table, "--force", expect=["source itself"])
        self.refuse("convert", table, self.path("x.st"), "--from", "glove", expect=["is a Rowan file"])

    def test_every_value_comes_back_to_the_last_bit(self):
        values = [0.1, 1 / 3, 1.1754944e-38, 1e-45, 3.4028235e38, -0.0, 16777217.0, 2.0000002]
        line = " ".join(repr(value) for value in values)
        table = self.path("t.st")
        self.succeed("convert", self.write("source.txt", f"w {line}\nx {line}\n".encode()), table)
        expected = [struct.pack("<f", value) for value in values]
        text = self.succeed("get", table, "w").decode().split()[1:]
        self.assertEqual([struct.pack("<f", float(value)) for value in text], expected)
        from_json = self.succeed_json("get", table, "w")[0]["values"]
        self.assertEqual([struct.pack("<f", value) for value in from_json], expected)


class Create(CommandTest):
    def test_the_same_seed_gives_the_same_file(self):
        for name, threads in (("a.st", "1"), ("b.st", "3")):
            self.succeed("create", self.path(name), "--rows", "5000", "--dim", "33", "--seed", "9", "--threads", threads)
        self.assertEqual((self.folder / "a.st").read_bytes(), (self.folder / "b.st").read_bytes())

    def test_every_type(self):
        for dtype, row_bytes in (("f8_e4m3", 33), ("f8_e5m2", 33), ("i8", 41), ("i4", 21), ("i2", 13)):
            with self.subTest(dtype):
                table = self.path(dtype)
                self.succeed("create", table, "--rows", "100", "--dim", "33", "--dtype", dtype, "--padding-index", "3")
                info = self.succeed_json("info", table)["tables"][0]
                self.assertEqual((info["dtype"], info["row_stride"]), (dtype, row_bytes))
                self.assertEqual(self.succeed_json("get", table, "--row", "3")[0]["values"], [0.0] * 33)
                self.assertGreater(len(set(self.succeed_json("get", table, "--row", "4")[0]["values"])), 3)
                self.succeed("create", table, "--rows", "9", "--dim", "33", "--dtype", dtype, "--pad-rows", "--force")
                text = self.succeed("info", table).decode()
                self.assertIn(f"{row_bytes} bytes, padded to 64", text)
                self.assertIn("scale and bias, zeros" if dtype.startswith("i") else "[:, :33]", text)
                self.succeed("verify", table)

    def test_init_and_padding(self):
        table = self.path("t.st")
        self.succeed("create", table, "--rows", "1000", "--dim", "10", "--init", "uniform", "--low", "2", "--high", "3",
                     "--padding-index", "-1", "--dtype", "f16", "--pad-rows", "--name", "users")
        rows = self.succeed_json("get", table, "--table", "users", "--row", "0", "998", "999")
        for row in rows[:2]:
            self.assertTrue(all(2 <= value <= 3 for value in row["values"]))
        self.assertEqual(rows[2]["values"], [0.0] * 10)
        self.assertIn("[:, :10]", self.succeed("info", table).decode())


class Info(CommandTest):
    def test_text(self):
        text = self.succeed("info", self.table()).decode()
        for part in ("format", "12 rows × 3, f32", "tokens", "aligned to", '"embedding.weight"'):
            self.assertIn(part, text)
        self.assertNotIn("[:, :3]", text)

    def test_json(self):
        path = self.table()
        report = self.succeed_json("info", path)
        self.assertEqual(report["file_bytes"], os.path.getsize(path))
        self.assertEqual(report["data_offset"] % 4096, 0)
        table = report["tables"][0]
        self.assertEqual((table["rows"], table["dim"], table["row_stride"], table["padded"]), (12, 3, 12, False))
        self.assertEqual(table["weight_offset"] % 64, 0)
        weight = next(tensor for tensor in report["tensors"] if tensor["name"] == "embedding.weight")
        self.assertEqual((weight["shape"], weight["dtype"]), ([12, 3], "F32"))

    def test_optimizer_of_a_checkpoint(self):
        path = str(GOLDEN / "native-1.2.safetensors")
        text = self.succeed("info", path).decode()
        self.assertIn("format 1.2", text)
        self.assertIn("\n  optimizer  adam lr=0.0021 beta1=0.9 ", text)
        self.assertIn("\n  optimizer  row_wise_adagrad lr=0.33333334 ", text)
        self.assertIn("\n  state      128 bytes\n", text)  # two of 5 x 3 f32, and the step
        tables = self.succeed_json("info", path)["tables"]
        self.assertTrue(tables[0]["optimizer"].endswith("rounding=stochastic seed=18446744073709551615"))
        self.assertEqual(self.succeed_json("info", self.table())["tables"][0]["optimizer"], "")

    def test_verify(self):
        path = self.table()
        self.assertIn("intact", self.succeed("verify", path).decode())
        report = self.succeed_json("verify", path)
        self.assertTrue(report["intact"])
        self.assertGreater(report["blocks"], 1)

    def test_unknown_table_name(self):
        self.refuse("get", self.table(), "rome", "--table", "users", expect=["users", "embedding"])


class Get(CommandTest):
    def test_every_token(self):
        table = self.table()
        tokens = [token for token, _ in ROWS]
        lines = self.succeed("get", table, "--", *tokens).split(b"\n")
        for (token, values), line in zip(ROWS, lines):
            self.assertTrue(line.startswith(token + b" "), line)
            for value, text in zip(values, line[len(token) + 1:].split()):
                self.assertTrue(f32(value) == f32(float(text)) or math.isnan(value) and text == b"nan")

    def test_order_is_that_of_the_question(self):
        table = self.table()
        self.assertEqual(self.succeed("get", table, "rome", "italy", "--row", "2", "0"),
                         b"rome 2 0 2\nitaly 3 0 0\n2 0 1 0\n0 3 0 0\n")

    def test_single_odd_tokens(self):
        table = self.table()
        for token in (b"[UNK]", b"{}", b"get", b"caf\xe9"):
            self.assertTrue(self.succeed("get", table, token).startswith(token + b" "))

    def test_json_of_odd_tokens_and_values(self):
        rows = self.succeed_json("get", self.table(), b"caf\xe9", b"odd", b'quo"te\\')
        self.assertEqual((rows[0]["token"], rows[0]["token_hex"]), ("caf\ufffd", "636166e9"))
        self.assertEqual((rows[1]["token"], rows[1]["values"]), ("odd", ["nan", "inf", "-inf"]))
        self.assertNotIn("token_hex", rows[1])
        self.assertEqual(rows[2]["token"], 'quo"te\\')

    def test_unknown_tokens_and_rows(self):
        table = self.table()
        self.refuse("get", table, "atlantis", expect=['"atlantis"'])
        self.refuse("get", table, "Rome", expect=['no token "Rome"', '"rome"'])
        self.refuse("get", table, "--row", "12", expect=["12 rows"])
        self.refuse("get", table, "rome", "--row", "18446744073709551615", expect=["12 rows"])
        self.assertEqual(self.run_command("get", table, "rome", "atlantis").stdout, b"", "no half answer")


class Words(CommandTest):
    def test_nearest(self):
        table = self.table()
        lines = self.succeed("nearest", table, "italy", "-k", "2").decode().splitlines()
        self.assertEqual([line.split() for line in lines], [["0.7071", "rome"], ["0.4472", "-dash"]])
        report = self.succeed_json("nearest", table, "italy", "-k", "100")
        self.assertEqual(report["token"], "italy")
        found = [neighbor["token"] for neighbor in report["neighbors"]]
        self.assertEqual(found[0], "rome")
        self.assertEqual(len(found), 9, "all but the token itself and the two rows without direction")
        self.assertFalse({"italy", "zero", "odd"} & set(found))

    def test_analogy(self):
        table = self.table()
        text = self.succeed("analogy", table, "rome", "italy", "france", "-k", "1").decode().splitlines()
        self.assertTrue(text[0].startswith("rome - italy + france"))
        self.assertIn("excluded", text[0])
        self.assertEqual(text[1].split()[1], "paris")
        report = self.succeed_json("analogy", table, "rome", "italy", "france")
        self.assertEqual(report["neighbors"][0]["row"], 3)
        self.assertEqual([(part["sign"], part["token"]) for part in report["query"]],
                         [("+", "rome"), ("-", "italy"), ("+", "france")])

    def test_subcommand_names_are_tokens_too(self):
        self.succeed("nearest", self.table(), "get")

    def test_refusals(self):
        table = self.table()
        self.refuse("nearest", table, "atlantis", expect=['"atlantis"'])
        self.refuse("nearest", table, "ROME", expect=['"rome"'])
        self.refuse("nearest", table, "zero", expect=["no direction"])
        self.refuse("analogy", table, "rome", "Italy", "france", expect=['"italy"'])

    def test_eval(self):
        table = self.table()
        questions = self.write("questions.txt", b": capitals\r\nItaly Rome France Paris\nitaly rome oslo paris\n")
        text = self.succeed("eval", table, questions).decode()
        self.assertIn("capitals", text)
        self.assertIn("total: 1 of 1 correct", text)
        report = self.succeed_json("eval", table, questions)
        self.assertEqual(report["sections"], [{"name": "capitals", "correct": 1, "answered": 1, "skipped": 1}])
        self.assertEqual(report["total"]["correct"], 1)
        self.assertIn("total: 0 of 0", self.succeed("eval", table, questions, "--keep-case").decode())
        self.refuse("eval", table, self.write("bad.txt", b": s\na b c\n"), expect=["line 2"])

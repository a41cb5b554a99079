"""The command on real tables. Exits with 77, which CTest reports as skipped, where they are absent."""
import struct
import sys
import unittest

from support import DATA, CommandTest


class RealTables(CommandTest):
    def test_glove(self):
        table = self.path("glove.st")
        self.succeed("convert", str(DATA / "tables/glove.6B.50d.first2446.txt"), table)
        best = self.succeed_json("analogy", table, "king", "man", "woman", "-k", "1")["neighbors"][0]
        self.assertEqual((best["token"], round(best["cosine"], 4)), ("queen", 0.8524))
        text = self.succeed("eval", table, str(DATA / "eval/questions-words.txt")).decode()
        self.assertIn("646 of 961", text)

    def test_glove_in_narrower_types(self):
        table = self.path("glove.st")
        self.succeed("convert", str(DATA / "tables/glove.6B.50d.first2446.txt"), table)
        # Right answers of 961, and the least cosine of a row and its stored form.
        for dtype, correct, cosine in (("f16", 646, 0.999999), ("bf16", 646, 0.99999), ("f8_e4m3", 644, 0.999),
                                       ("f8_e5m2", 639, 0.996), ("i8", 646, 0.9999), ("i4", 625, 0.985),
                                       ("i2", 280, 0.74)):
            with self.subTest(dtype):
                narrow = self.path(dtype)
                error = self.succeed_json("convert", table, narrow, "--dtype", dtype)["error"]
                self.assertGreater(error["min_cosine"], cosine)
                total = self.succeed_json("eval", narrow, str(DATA / "eval/questions-words.txt"))["total"]
                self.assertEqual((total["correct"], total["answered"]), (correct, 961))

    def test_glove_values(self):
        source = DATA / "tables/glove.6B.50d.first2446.txt"
        table = self.path("glove.st")
        self.succeed("convert", str(source), table)
        rows = self.succeed_json("get", table, "--row", *[str(row) for row in range(0, 2446, 97)])
        lines = source.read_bytes().split(b"\n")
        for row in rows:
            expected = [struct.pack("<f", float(field)) for field in lines[row["row"]].split(b" ")[-50:]]
            self.assertEqual([struct.pack("<f", value) for value in row["values"]], expected)


if __name__ == "__main__":
    if not (DATA / "tables").is_dir():
        print(f"skipped: no test data at {DATA} (set ROWAN_TEST_DATA)")
        sys.exit(77)
    unittest.main()

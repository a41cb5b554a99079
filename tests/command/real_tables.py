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

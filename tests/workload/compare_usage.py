"""compare: what it refuses, and with which sentence. COMPARE is the path of the command."""
import os
import subprocess
import unittest


class Usage(unittest.TestCase):
    def refuse(self, *arguments, expect):
        result = subprocess.run([os.environ["COMPARE"], *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertIn(expect, result.stderr)
        self.assertIn("usage: ", result.stderr)

    def test_shapes(self):
        for text in ("", "96", "96,17,i8,5,6"):
            self.refuse("--shape", text, expect="right would be 96,17")
        self.refuse("--shape", "0,17", expect="DIM is a whole number from 1 to 4096")
        self.refuse("--shape", "96,1001", expect="BAG is a whole number from 1 to 1000")
        self.refuse("--shape", "96,17,int8", expect="TYPE is f32")
        self.refuse("--shape", "96,17,i8,0", expect="ROWS is a whole number")
        self.refuse("--shape", "96,17", "--shape", "x,1", expect="DIM is")
        self.refuse("--shape", expect="--shape needs a value")

    def test_random_shapes(self):
        for count in ("0", "-3", "10001", "many", "3.5", ""):
            self.refuse("--random-shapes", count, expect="--random-shapes takes a whole number from 1 to 10000")
        for seed in ("-1", "x", "18446744073709551616"):
            self.refuse("--random-shapes", "3", "--seed", seed, expect="--seed takes a whole number")

    def test_others(self):
        self.refuse("--only", "P99", expect='"P99"')
        self.refuse("--shapes", "96,17", expect="there is no option --shapes")


if __name__ == "__main__":
    unittest.main()

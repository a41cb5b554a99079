"""Files of other formats: looked into, asked where they lie, converted, and written."""
import json
import struct
import unittest

from support import GLOVE, CommandTest


def safetensors(tensors):
    """A file of tensors: name -> (dtype, shape, bytes)."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Foreign(CommandTest):
    def matrix(self, **more):
        rows = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
        return self.write("m.safetensors", safetensors({"wte.weight": ("F32", [2, 3], rows), **more}))

    def test_rows_of_a_mapped_file(self):
        self.assertEqual(self.succeed("get", self.matrix(), "--row", "1"), b"1 4 5 6\n")

    def test_info(self):
        file = self.matrix(other=("F64", [1, 2], bytes(16)), count=("I64", [], bytes(8)))
        text = self.succeed("info", file).decode()
        self.assertIn("a safetensors file, 3 tensors", text)
        self.assertIn('tensor "wte.weight", the table when none is named', text)
        self.assertIn("mapped     yes, as f32, 24 bytes", text)
        self.assertIn("mapped     no: its elements are of type F64", text)
        self.assertIn("mapped     no: it is no matrix", text)
        info = self.succeed_json("info", file)
        self.assertEqual([t["name"] for t in info["tables"]], ["wte"])
        self.assertEqual(len(info["tensors"]), 3)

    def test_conversion_of_a_tensor_that_is_named(self):
        file = self.matrix(other=("F64", [1, 2], struct.pack("<dd", 0.5, -8)))
        report = self.succeed_json("convert", file, self.path("t"), "--table", "other")
        self.assertEqual((report["rows"], report["dim"], report["from"]), (1, 2, "safetensors"))
        self.assertEqual(self.succeed("get", self.path("t"), "--row", "0"), b"0 0.5 -8\n")
        self.refuse("convert", file, self.path("u"), "--table", "absent",
                    expect=["--table wte.weight [2, 3]", "--table other"])

    def test_a_pickle_runs_nothing(self):
        file = self.write("evil.pt", b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")
        self.refuse("info", file, expect=["os.system"])
        self.refuse("convert", file, self.path("t"), expect=["os.system"])

    def test_a_model_answers_with_its_words_vectors(self):
        words = [b"king", b"queen"]
        model = struct.pack("<14i", 793712314, 12, 2, 5, 5, 1, 5, 1, 1, 2, 50, 5, 6, 100) + struct.pack("<d", 1e-4)
        model += struct.pack("<3i2q", 2, 2, 0, 100, -1)
        model += b"".join(word + b"\0" + struct.pack("<qb", 3, 0) for word in words)
        model += struct.pack("<B2q", 0, 52, 2) + struct.pack("<104f", *(i / 8 for i in range(104)))
        model += struct.pack("<B2q", 0, 2, 2) + bytes(16)
        file = self.write("m.bin", model)
        self.succeed("convert", file, self.path("t"))
        for word in ("king", "queen"):
            expected = self.succeed("get", self.path("t"), word)
            self.assertEqual(self.succeed("get", file, word), expected)
            self.assertEqual(self.succeed("get", file, word, "--sidecar"), expected)
        self.assertNotEqual(self.succeed("get", file, "--table", "input", "--row", "0").split()[1:],
                            self.succeed("get", file, "king").split()[1:])
        self.assertEqual(self.succeed("get", file, "--row", "1").split()[1:], self.succeed("get", file, "queen").split()[1:])
        self.assertEqual(self.succeed("nearest", file, "king"), self.succeed("nearest", self.path("t"), "king"))
        unknown = self.succeed_json("get", file, "kingqueen")[0]
        self.assertNotIn("row", unknown)
        self.assertEqual(len(unknown["values"]), 2)
        self.refuse("get", file, "x", expect=['neither the token "x" nor n-grams of it'])
        self.refuse("get", file, "--row", "2", expect=["no row 2 in the model's vocabulary, which has 2 rows"])
        self.refuse("nearest", file, "absent", expect=["it has 2 others"])
        self.assertIn("the vectors of its 2 words are means of rows", self.succeed("info", file).decode())

    def test_sidecar(self):
        glove = self.write("glove.txt", GLOVE)
        first = self.succeed("nearest", glove, "rome", "--sidecar")
        self.assertIn("glove.txt.rowan.safetensors", self.listing())
        self.assertEqual(self.succeed("nearest", glove, "rome", "--sidecar"), first)


class Export(CommandTest):
    def test_there_and_back(self):
        table = self.table()
        for name in ("x.txt", "x.vec", "x.bin"):
            with self.subTest(name):
                self.succeed("export", table, self.path(name))
                self.succeed("convert", self.path(name), self.path("back"), "--force")
                self.assertEqual(self.succeed("get", self.path("back"), "rome"), self.succeed("get", table, "rome"))
        for name in ("x.npy", "x.safetensors"):
            with self.subTest(name):
                self.succeed("export", table, self.path(name))
                self.assertEqual(self.succeed("get", self.path(name), "--row", "3"),
                                 self.succeed("get", table, "--row", "3"))

    def test_names_that_say_nothing_and_files_that_exist(self):
        table = self.table()
        self.refuse("export", table, self.path("x"), expect=["--to"])
        self.succeed("export", table, self.path("x"), "--to", "npy")
        self.refuse("export", table, self.path("x"), "--to", "npy", expect=["--force"])
        self.succeed("export", table, self.path("x"), "--to", "npy", "--force")


if __name__ == "__main__":
    unittest.main()

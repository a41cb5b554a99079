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
        self.refuse("convert", file, self.path("u"), "--table", "absent", expect=["--table wte.weight [2, 3]", "--table other"])

    def test_a_pickle_runs_nothing(self):
        file = self.write("evil.pt", b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")
        self.refuse("info", file, expect=["os.system"])
        self.refuse("convert", file, self.path("t"), expect=["os.system"])

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

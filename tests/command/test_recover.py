"""Files that a writer has left half-way, as the command meets them."""
import pathlib

from support import CommandTest


class Recover(CommandTest):
    def unfinished_table(self):
        """A table with a changed row and the mark: the header's checksum with every bit turned over."""
        path = self.table("t's.safetensors", "--keys", "none", "--force")
        tensors = self.succeed_json("info", path)["tensors"]
        content = bytearray(pathlib.Path(path).read_bytes())
        content[tensors[0]["offset"]] ^= 1
        at = tensors[-1]["offset"]
        content[at:at + 8] = bytes(255 - byte for byte in content[at:at + 8])
        pathlib.Path(path).write_bytes(content)
        return path

    def test_an_unfinished_file_is_refused_and_says_what_to_do(self):
        path = self.unfinished_table()
        line = "rowan recover '" + path.replace("'", "'\\''") + "'"
        for arguments in (("verify", path), ("get", path, "--row", "0"), ("bench", path)):
            with self.subTest(arguments):
                self.refuse(*arguments, expect=["when its writer ended", "a mix of both", line])

    def test_info_describes_it(self):
        path = self.unfinished_table()
        self.assertIn("\nunfinished ", self.succeed("info", path).decode())
        self.assertTrue(self.succeed_json("info", path)["unfinished"])
        whole = self.table()
        self.assertNotIn("unfinished", self.succeed("info", whole).decode())
        self.assertFalse(self.succeed_json("info", whole)["unfinished"])

    def test_recovery(self):
        path = self.unfinished_table()
        text = self.succeed("recover", path).decode()
        self.assertIn("recovered, 1 of 1 checksum of rows changed", text)
        self.assertIn("new, old, or a mix of both", text)
        self.succeed("verify", path)
        self.assertIn("nothing to recover", self.succeed("recover", path).decode())
        path = self.unfinished_table()
        self.assertEqual(self.succeed_json("recover", path),
                         {"file": path, "unfinished": True, "blocks": 1, "changed": 1})

    def test_only_native_files_are_recovered(self):
        self.refuse("recover", self.path("none"), expect=["No such file"])
        self.refuse("recover", self.write("glove.txt", b"a 1 2\nb 3 4\n"), expect=["rowan convert"])
        path = self.unfinished_table()
        content = bytearray(pathlib.Path(path).read_bytes())
        content[20] ^= 1
        pathlib.Path(path).write_bytes(content)
        self.refuse("recover", path, expect=["refused"])

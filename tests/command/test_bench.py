"""rowan bench: what it measures, in text and JSON; recorded lookups; the report page."""
import json
import os
import re
import struct
import unittest

from support import CommandTest, full_effort_only


def npy(values, code="q", shape=None):
    """A .npy file of whole numbers: code q is i64, i is i32."""
    shape = shape or f"({len(values)},)"
    header = f"{{'descr': '<i{struct.calcsize(code)}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}{code}", *values)


def safetensors(**tensors):
    """A .safetensors file of I64 tensors."""
    header, data = {}, b""
    for name, values in tensors.items():
        packed = struct.pack(f"<{len(values)}q", *values)
        header[name] = {"dtype": "I64", "shape": [len(values)], "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Bench(CommandTest):
    SMALL = ("--rows", "2000", "--dim", "12", "--batch", "32", "--bag", "5", "--seconds", "0.02")

    def test_text(self):
        text = self.succeed("bench", *self.SMALL).decode()
        for part in ("ns/row", "GB/s", "scalar reference", "uniform", "p99.9", "pages of", "ceiling"):
            self.assertIn(part, text)

    def test_json(self):
        for options in ([], ["--embedding"], ["--dist", "zipf:1.2"], ["--threads", "2"], ["--index", "i32"],
                        ["--weighted"], ["--output", "bf16", "--embedding"], ["--output", "f16"]):
            with self.subTest(options):
                report = self.succeed_json("bench", *self.SMALL, *options)
                self.assertGreater(report["ns_per_row"], 0)
                self.assertGreater(report["gb_per_second"], 0)
                self.assertLessEqual(report["p50_us"], report["p999_us"])
                self.assertGreater(report["calls"], 0)
                self.assertIn(report["isa"], ("baseline", "avx2", "avx512"))

    def test_every_type_and_pooling(self):
        for dtype in ("f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i8", "i4", "i2"):
            with self.subTest(dtype):
                self.assertEqual(self.succeed_json("bench", *self.SMALL, "--dtype", dtype)["dtype"], dtype)
        for pooling in ("sum", "mean", "max", "min", "sqrt_n", "mean_by_weight", "mean_by_count"):
            with self.subTest(pooling):
                report = self.succeed_json("bench", *self.SMALL, "--pooling", pooling)
                self.assertEqual((report["operation"], report["weighted"]), (pooling, pooling.startswith("mean_by")))
        self.refuse("bench", *self.SMALL, "--pooling", "max", "--weighted", expect=["weights"])

    def test_json_holds_every_sample_the_seed_and_the_machine(self):
        report = self.succeed_json("bench", *self.SMALL, "--seed", "42")
        record = report["record"]
        self.assertEqual(len(record["cells"][0]["series"][0]["samples"]), report["repetitions"])
        self.assertEqual(record["seed"], 42)
        for field in ("cpu", "cores", "governor", "compiler", "isa", "peers"):
            self.assertIn(field, record["machine"])
        self.assertEqual(record["cells"][0]["pages"], report["pages"])

    @full_effort_only
    def test_ceiling_of_a_table_that_no_cache_holds(self):
        report = self.succeed_json("bench", "--dim", "64", "--dtype", "i8", "--seconds", "0.02")
        if "of_ceiling" not in report:
            self.skipTest("this machine's free memory is less than eight times its largest cache")
        self.assertGreater(report["of_ceiling"], 0)
        self.assertGreater(report["ceiling_gb_per_second"], 0)

    def test_of_a_file(self):
        report = self.succeed_json("bench", self.table(), "--seconds", "0.02")
        self.assertEqual((report["rows"], report["dim"]), (12, 3))

    def test_instruction_set_can_be_lowered(self):
        result = self.run_command("bench", *self.SMALL, "--json", environment={"ROWAN_ISA": "baseline"})
        self.assertEqual(json.loads(result.stdout)["isa"], "baseline")


class Trace(CommandTest):
    SMALL = ("--rows", "100", "--dim", "12", "--seconds", "0.02")

    def replay(self, content, *options, name="trace.npy"):
        return self.succeed_json("bench", *self.SMALL, "--trace", self.write(name, content), *options)

    def refuse_trace(self, content, *options, expect=(), name="trace.npy"):
        self.refuse("bench", *self.SMALL, "--trace", self.write(name, content), *options, expect=expect)

    def test_indices(self):
        report = self.replay(npy([5, 99, 0, 7, 7]), "--bag", "2")
        self.assertEqual((report["distribution"], report["index"]), ("recorded", "i64"))
        self.assertEqual(self.replay(npy([5, 99, 0, 7], "i"))["index"], "i32")
        self.assertEqual(self.replay(npy([5, 99, 0, 7], "i"), "--index", "i64")["index"], "i64")
        self.replay(npy([1, 2, 3, 4, 5, 6], shape="(2, 3)"))
        self.replay(npy([1, 2, 3]), "--embedding")

    def test_offsets(self):
        offsets = self.write("offsets.npy", npy([0, 0, 3, 5], "i"))
        text = self.succeed("bench", *self.SMALL, "--trace", self.write("t.npy", npy([5, 99, 0, 7, 7])),
                            "--trace-offsets", offsets, "--batch", "2", "--pooling", "mean").decode()
        self.assertIn("5 recorded rows", text)
        self.replay(safetensors(indices=[1, 2, 3], offsets=[0, 1]), name="t.safetensors")
        self.replay(safetensors(indices=[1, 2, 3], lengths=[0, 3, 0]), "--pooling", "mean_by_count", name="t.safetensors")

    def test_of_a_file(self):
        table = self.table()
        trace = self.write("t.npy", npy([0, 11, 3]))
        self.assertEqual(self.succeed_json("bench", table, "--trace", trace, "--seconds", "0.02")["rows"], 12)
        self.refuse("bench", table, "--trace", self.write("t.npy", npy([0, 12])),
                    expect=["indices[1] is 12", "12 rows"])

    def test_bad_traces(self):
        self.refuse_trace(npy([5, 100]), expect=["indices[1] is 100", "100 rows"])
        self.refuse_trace(npy([-1]), expect=["indices[0] is -1"])
        self.refuse_trace(npy([]), expect=["no indices"])
        self.refuse_trace(npy([1, 2, 3])[:-1], expect=["23 bytes behind its NumPy header"])
        self.refuse_trace(npy([1, 2, 3]).replace(b"<i8", b"<f8"), expect=["<f8"])
        self.refuse_trace(npy([1, 2], shape="(1, 2)").replace(b"False, ", b"True,  "), expect=["in C order"])
        self.refuse_trace(b"1 2 3\n", expect=[".npy"])
        offsets = self.write("offsets.npy", npy([1, 2]))
        self.refuse_trace(npy([1, 2, 3]), "--trace-offsets", offsets, expect=["offsets[0] is 1"])
        tensors = {"name": "t.safetensors"}
        self.refuse_trace(safetensors(indices=[1, 2], offsets=[0, 3]), expect=["2 indices"], **tensors)
        self.refuse_trace(safetensors(rows=[1, 2]), expect=["'rows'"], **tensors)
        self.refuse_trace(safetensors(offsets=[0]), expect=["'indices'"], **tensors)
        self.refuse_trace(safetensors(indices=[1, 2], lengths=[1]), expect=["less"], **tensors)
        self.refuse_trace(safetensors(indices=[1, 2])[:-1], expect=["cut short"], **tensors)
        self.refuse("bench", "--trace", self.path("missing.npy"), expect=["missing.npy"])


class Report(CommandTest):
    @full_effort_only
    def test_page(self):
        page = self.path("page.html")
        result = self.run_command("bench", "--report", page, "--quick", "--json", "--threads", "2", "--seed", "7")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        record = json.loads(result.stdout)
        self.assertEqual(record["seed"], 7)
        self.assertEqual({cell["threads"] for cell in record["cells"]}, {1, 2})
        self.assertGreater(len({cell["dtype"] for cell in record["cells"]}), 3)
        self.assertTrue(all(cell["series"][0]["samples"] for cell in record["cells"]))
        self.assertEqual(os.listdir(self.folder), ["page.html"])
        text = (self.folder / "page.html").read_text("utf-8")
        self.assertTrue(text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n"))
        self.assertIsNone(re.search(r"https?:|src=|href=|url\(|@import|<link|<iframe", text))
        self.assertIn("<svg", text)
        self.refuse("bench", "--report", page, "--quick", expect=["--force"])

    def test_folder_that_is_not_there(self):
        self.refuse("bench", "--report", self.path("missing/page.html"), "--quick", expect=["missing/page.html"])


if __name__ == "__main__":
    unittest.main()

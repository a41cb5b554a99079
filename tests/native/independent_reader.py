"""A strict safetensors reader, written against that format's specification alone, on files that Rowan wrote.

Usage: independent_reader.py WRITE_SAMPLES [FILE...]. Runs WRITE_SAMPLES on a temporary folder, where element [r, c]
of every table is 8 r + c, and reads those files; other FILEs are read without looking at their values.
"""
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

BITS = {"BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
        "U64": 64, "I64": 64, "F64": 64, "F8_E4M3": 8, "F8_E5M2": 8}


def refuse_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"duplicate keys among {keys}"
    return dict(pairs)


def read(path):
    """Returns ({name: (dtype, shape, bytes)}, metadata); any breach of the specification is an AssertionError."""
    with open(path, "rb") as file:
        content = file.read()
    assert len(content) >= 8, "no header length"
    (length,) = struct.unpack("<Q", content[:8])
    assert length <= 100_000_000, "header too large"
    assert 8 + length <= len(content), "header longer than the file"
    text = content[8:8 + length]
    assert text[:1] == b"{", "header does not begin with {"
    header = json.loads(text.decode("utf-8"), object_pairs_hook=refuse_duplicates)
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(value, str) for value in metadata.values()), "metadata is not text"
    data = content[8 + length:]
    tensors = {}
    for name, info in header.items():
        assert set(info) == {"dtype", "shape", "data_offsets"}, f"fields of {name}: {sorted(info)}"
        begin, end = info["data_offsets"]
        size, rest = divmod(math.prod(info["shape"]) * BITS[info["dtype"]], 8)
        assert rest == 0 and end - begin == size, f"{name}: shape and offsets disagree"
        tensors[name] = (info["dtype"], info["shape"], begin, end)
    position = 0
    for name, (_, _, begin, end) in sorted(tensors.items(), key=lambda item: item[1][2:]):
        assert begin == position, f"{name} begins at {begin}, not at {position}"
        position = end
    assert position == len(data), f"tensors end at {position} and the file at {len(data)}"
    return {name: (dtype, shape, data[begin:end]) for name, (dtype, shape, begin, end) in tensors.items()}, metadata


def e4m3(code):
    exponent, mantissa = code >> 3 & 15, code & 7
    if code & 127 == 127:
        return math.nan
    value = mantissa * 2.0 ** -9 if exponent == 0 else (8 + mantissa) * 2.0 ** (exponent - 10)
    return -value if code & 128 else value


def e5m2(code):
    return struct.unpack("<e", bytes([0, code]))[0]


def numbers(dtype, raw):
    if dtype in F8:
        return [F8[dtype](code) for code in raw]
    if dtype == "F32":
        return struct.unpack(f"<{len(raw) // 4}f", raw)
    if dtype == "F16":
        return struct.unpack(f"<{len(raw) // 2}e", raw)
    assert dtype == "BF16", dtype
    halves = struct.unpack(f"<{len(raw) // 2}H", raw)
    return struct.unpack(f"<{len(halves)}f", struct.pack(f"<{len(halves)}I", *(half << 16 for half in halves)))


F8 = {"F8_E4M3": e4m3, "F8_E5M2": e5m2}


def as_stored(dtype, value):
    """`value`, an integer that the type's range holds, rounded to nearest even."""
    if dtype in F8:
        return F8[dtype](min(range(127), key=lambda code: (abs(F8[dtype](code) - value), code % 2)))
    if dtype != "BF16":
        return float(value)
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def check_quantized(name, kind, dim, rows, columns, raw):
    """Rows of codes, scale and bias: each value is within half a step of what it was, and what follows is zeros."""
    bits, parameters = {"i8": (8, "<ff"), "i4": (4, "<ee"), "i2": (2, "<ee")}[kind]
    codes_end = (dim * bits + 7) // 8
    row_end = codes_end + struct.calcsize(parameters)
    for r in range(rows):
        row = raw[r * columns:(r + 1) * columns]
        scale, bias = struct.unpack(parameters, row[codes_end:row_end])
        for c in range(dim):
            code = row[c * bits // 8] >> c * bits % 8 & (1 << bits) - 1
            assert abs(code * scale + bias - (8 * r + c)) <= 0.51 * abs(scale), f"element {r}, {c} of {name}"
        assert not any(row[row_end:]), f"row {r} of {name} is followed by {row[row_end:]}"


def check_table(name, tensors, metadata):
    dtype, (rows, columns), raw = tensors[name + ".weight"]
    dim = int(metadata.get("rowan.dim/" + name, columns))
    if dtype == "U8":
        check_quantized(name, metadata["rowan.dtype/" + name], dim, rows, columns, raw)
    values = numbers(dtype, raw) if dtype != "U8" else []
    for row in range(rows if values else 0):
        found = list(values[row * columns:(row + 1) * columns])
        expected = [as_stored(dtype, 8 * row + c) for c in range(dim)] + [0.0] * (columns - dim)
        assert found == expected, f"row {row} of {name}: {found}"
    if name + ".keys.ids" in tensors:
        ids = struct.unpack(f"<{rows}Q", tensors[name + ".keys.ids"][2])
        assert ids == tuple(range(1000, 1000 + rows)), ids
    if name + ".keys.bytes" in tensors:
        ends = struct.unpack(f"<{rows}Q", tensors[name + ".keys.ends"][2])
        text = tensors[name + ".keys.bytes"][2]
        keys = [text[begin:end] for begin, end in zip((0,) + ends, ends)]
        assert keys == [b"row %d" % row for row in range(rows)], keys


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        files = sorted(os.listdir(folder))
        assert files == ["empty.safetensors", "large.safetensors", "many.safetensors", "narrow.safetensors",
                         "plain.safetensors"], files
        tables = 0
        for file in files:
            tensors, metadata = read(os.path.join(folder, file))
            assert metadata["rowan.format"] == ("1.1" if file.startswith("narrow") else "1.0"), metadata
            for name in tensors:
                if name.endswith(".weight"):
                    check_table(name.removesuffix(".weight"), tensors, metadata)
                    tables += 1
        assert tables == 12, tables
    for path in sys.argv[2:]:
        read(path)
    print("all files are valid safetensors with the expected values")


main()

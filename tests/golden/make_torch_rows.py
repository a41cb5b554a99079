#!/usr/bin/python3
"""Writes torch_rows.inc: rows that PyTorch (1.13, Debian's python3-torch) quantised, and what it reads back from them.

Usage: make_torch_rows.py > torch_rows.inc. With --check N it compares N random rows of every type with what
the command `rowan`, named by ROWAN_COMMAND, writes, and writes nothing.
"""

import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

import torch

OPERATORS = {"i8": "byte", "i4": "4bit", "i2": "2bit"}
LEAST_DIM = {"i8": 1, "i4": 2, "i2": 4}  # and multiples of it: PyTorch takes no others

random.seed(20261124)


def rounded(values):
    return [struct.unpack("<f", struct.pack("<f", value))[0] for value in values]


def quantized(dtype, rows):
    """The packed rows, and what PyTorch unpacks from them."""
    prepack = getattr(torch.ops.quantized, f"embedding_bag_{OPERATORS[dtype]}_prepack")
    unpack = getattr(torch.ops.quantized, f"embedding_bag_{OPERATORS[dtype]}_unpack")
    packed = prepack(torch.tensor(rows, dtype=torch.float32))
    return [bytes(row) for row in packed.tolist()], unpack(packed).tolist()


def rows_of(dim):
    """Rows that each show something else."""
    normal = [random.gauss(0, 1) for _ in range(dim)]
    yield normal
    yield [x * 0.01 for x in normal]
    yield [x * 3000 for x in normal]
    yield [x * 1e-9 for x in normal]  # a range near the epsilon of i8; a scale of zero in f16
    yield [x * 3e-7 for x in normal]  # a denormal scale in f16
    yield [100 + x * 1e-4 for x in normal]  # a range below the rounding error of the f16 bias
    yield [1.0008] * dim  # an f16 bias above all values: a negative scale
    yield [-1.0008] * dim
    yield [0.0] * dim
    yield [0.0, -0.0] * (dim // 2) + [0.0] * (dim % 2)
    yield [-0.0, 0.0] * (dim // 2) + [-0.0] * (dim % 2)
    yield [random.choice([-1, -0.5, 0, 0.5, 1]) for _ in range(dim)]  # halves, which round to even
    yield [float(i) for i in range(dim)]
    yield [65504.0 * (-1) ** i for i in range(dim)]
    yield [1e-45 * i for i in range(dim)]


def braces(values):
    return "{" + ", ".join(re.sub(r"\.?0*p", "p", value.hex()) + "F" for value in values) + "}"


def write():
    print("// Made by make_torch_rows.py.")
    print("const TorchRow torch_rows[] = {")
    for dtype, least in LEAST_DIM.items():
        for dim in (least, 8, 20):
            for row in rows_of(dim):
                row = rounded(row)
                (packed,), (unpacked,) = quantized(dtype, [row])
                print(f'    {{DType::{dtype}, {braces(row)}, "{packed.hex()}", {braces(unpacked)}}},')
    print("};")


def random_row(dim):
    scale = 10.0 ** random.randint(-10, 3)
    center = random.choice([0, 0, random.gauss(0, 10) * scale, random.gauss(0, 10)])
    return rounded(center + random.gauss(0, scale) for _ in range(dim))


def rows_in(path):
    """The bytes of the tensor embedding.weight."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    tensor = json.loads(content[8:8 + length])["embedding.weight"]
    begin, end = tensor["data_offsets"]
    rows, columns = tensor["shape"]
    data = content[8 + length + begin:8 + length + end]
    return [data[row * columns:(row + 1) * columns] for row in range(rows)]


def check(count):
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for dtype, dim in ((dtype, dim) for dtype in OPERATORS for dim in (4, 12, 64, 100)):
            rows = [random_row(dim) for _ in range(count)]
            source, target = os.path.join(folder, "rows.bin"), os.path.join(folder, "rows.safetensors")
            with open(source, "wb") as file:
                file.write(b"%d %d\n" % (count, dim))
                for row in rows:
                    file.write(b"r " + struct.pack(f"<{dim}f", *row))
            subprocess.run([os.environ["ROWAN_COMMAND"], "convert", source, target, "--force", "--from",
                            "word2vec-binary", "--keys", "none", "--dtype", dtype], check=True, capture_output=True)
            packed, _ = quantized(dtype, rows)
            wrong += sum(a != b for a, b in zip(packed, rows_in(target), strict=True))
    print(f"{wrong} rows differ of {12 * count}")
    return wrong != 0


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    sys.exit(check(int(sys.argv[2])))
write()

#!/usr/bin/python3
"""Writes torch_quantized_bags.inc: what PyTorch's own operators (1.13, Debian's python3-torch) answer for bags over
rows that they packed: torch.ops.quantized.embedding_bag_byte_rowwise_offsets and _4bit_rowwise_offsets.

Usage: make_torch_quantized_bags.py > torch_quantized_bags.inc
"""

import random
import re

import torch

OPERATORS = {"i8": ("byte", "byte_rowwise_offsets"), "i4": ("4bit", "4bit_rowwise_offsets")}

random.seed(20261125)


def braces(values):
    return "{" + ", ".join(values) + "}"


def ints(values):
    return braces(str(value) for value in values)


def floats(values):
    return braces(re.sub(r"\.?0*p", "p", value.hex()) + "F" for value in values)


def table_of(rows, dim):
    """Rows of different ranges, some away from zero."""
    scales = [10.0 ** random.randint(-3, 2) for _ in range(rows)]
    centers = [random.choice([0, random.gauss(0, 3) * scale]) for scale in scales]
    return [[center + random.gauss(0, scale) for _ in range(dim)] for scale, center in zip(scales, centers)]


print("// Made by make_torch_quantized_bags.py.")
print("const TorchTable torch_tables[] = {")
for dtype, (packing, operator) in OPERATORS.items():
    prepack = getattr(torch.ops.quantized, f"embedding_bag_{packing}_prepack")
    pool = getattr(torch.ops.quantized, f"embedding_bag_{operator}")
    for rows, dim in ((7, 2), (9, 8), (6, 20), (5, 34)):
        packed = prepack(torch.tensor(table_of(rows, dim), dtype=torch.float32))
        digits = bytes(packed.flatten().tolist()).hex()
        print(f'    {{DType::{dtype}, {rows}, {dim}, "{digits}",\n     {{')
        for number in range(8):
            bags = random.randint(1, 4)
            count = random.randint(1, 12)
            wide = number % 4 < 2
            include_last = number % 2 == 1
            weighted = number >= 4
            indices = [random.randrange(rows) for _ in range(count)]
            offsets = sorted(random.randint(0, count) for _ in range(bags))
            offsets[0] = 0
            if include_last:
                offsets.append(count)
            weights = [random.gauss(0, 2) for _ in range(count)] if weighted else []
            sample_weights = torch.tensor(weights, dtype=torch.float32)
            kind = torch.int64 if wide else torch.int32
            out = pool(
                packed,
                torch.tensor(indices, dtype=kind),
                torch.tensor(offsets, dtype=kind),
                mode=0,
                per_sample_weights=sample_weights if weighted else None,
                include_last_offset=include_last,
            )
            print(
                f"         {{{str(include_last).lower()}, {ints(indices)}, {ints(offsets)}, "
                f"{floats(sample_weights.tolist())}, {floats(out.flatten().tolist())}}},"
            )
        print("     }},")
print("};")

#!/usr/bin/python3
"""Writes torch_cases.inc: embedding_bag answers of PyTorch (1.13, Debian's python3-torch) for the golden test.

Table values and weights are small multiples of 1/8, so that sums are exact whatever their order; what is left to
rounding is the division of mean alone.
"""

import random

import torch
import torch.nn.functional as functional

random.seed(20261123)
ROWS, DIM = 12, 5


def eighths(count):
    return [random.randint(-64, 64) / 8 for _ in range(count)]


def braces(values):
    return "{" + ", ".join(values) + "}"


def floats(values):
    return braces(f"{value!r}F" if value == value else "nan" for value in values)


def ints(values):
    return braces(str(value) for value in values)


table = eighths(ROWS * DIM)
weight = torch.tensor(table).reshape(ROWS, DIM)
print("// Made by make_torch_cases.py. rows 12, dim 5.")
print(f"const std::vector<float> torch_table = {floats(table)};")
print("const TorchCase torch_cases[] = {")
for number in range(60):
    mode = random.choice(["sum", "mean", "max"])
    include_last = random.random() < 0.5
    bags = random.randint(1, 6)
    count = random.randint(0, 14)
    indices = [random.randrange(ROWS) for _ in range(count)]
    offsets = sorted(random.randint(0, count) for _ in range(bags))
    offsets[0] = 0
    if include_last:
        offsets.append(count)
    padding = random.choice([None, None, 3, -1, -ROWS])
    weights = eighths(count) if mode == "sum" and random.random() < 0.5 and padding is None else []
    out = functional.embedding_bag(
        torch.tensor(indices, dtype=torch.long),
        weight,
        torch.tensor(offsets, dtype=torch.long),
        mode=mode,
        per_sample_weights=torch.tensor(weights) if weights else None,
        include_last_offset=include_last,
        padding_idx=padding,
    )
    pad = "std::nullopt" if padding is None else str(padding)
    print(
        f"    {{Pooling::{mode}, {str(include_last).lower()}, {pad}, {ints(indices)}, {ints(offsets)}, "
        f"{floats(weights)}, {floats(out.flatten().tolist())}}},"
    )
print("};")

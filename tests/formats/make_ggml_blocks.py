"""Writes ggml_blocks.inc: blocks of each quantised type of ggml and their values, by the published layouts.

/usr/bin/python3 make_ggml_blocks.py > ggml_blocks.inc   (needs numpy)

Knows nothing of Rowan. A value is a chain of f32 operations: (code - middle) * scale, code * scale + minimum, and for
the K types (scale * group scale) * code - (minimum * group minimum).
"""

import numpy as np

f32 = np.float32
# A scale, a minimum: ordinary, negative, denormal halves, the greatest, zeros of both signs.
HALVES = [(0x3C00, 0xB800), (0xB6A5, 0x3555), (0x0001, 0x8003), (0x83FF, 0x02AB), (0x7BFF, 0xFBFF), (0x8000, 0x0000)]


def half(bits):
    return np.array([bits], np.uint16).view(np.float16).astype(f32)[0]


def half_bytes(bits):
    return bits.to_bytes(2, "little")


def nibbles(codes):
    """Codes i and i + n/2 in byte i."""
    low, high = np.split(codes & 15, 2)
    return bytes((low | high << 4).astype(np.uint8))


def bit_field(bits):
    return bytes(np.packbits(bits.astype(np.uint8), bitorder="little"))


def small(width, has_minimum, codes, scale, minimum):
    """q4_0, q4_1, q5_0, q5_1."""
    block = half_bytes(scale) + (half_bytes(minimum) if has_minimum else b"")
    if width == 5:
        block += bit_field(codes >> 4 & 1)
    block += nibbles(codes)
    if has_minimum:
        return block, codes.astype(f32) * half(scale) + half(minimum)
    return block, (codes - (1 << (width - 1))).astype(f32) * half(scale)


def q8_0(codes, scale, _):
    return half_bytes(scale) + bytes(codes.astype(np.uint8)), codes.astype(np.uint8).view(np.int8).astype(f32) * half(scale)


def six_bit_groups(scales, minima):
    """Eight scales and eight minima of six bits each in twelve bytes."""
    packed = np.zeros(12, np.int64)
    packed[0:4] = scales[:4] | scales[4:] >> 4 << 6
    packed[4:8] = minima[:4] | minima[4:] >> 4 << 6
    packed[8:12] = (scales[4:] & 15) | (minima[4:] & 15) << 4
    return bytes(packed.astype(np.uint8))


def with_groups(width, codes, scale, minimum, random):
    """q4_k, q5_k."""
    scales, minima = random.permutation(64)[:16].reshape(2, 8)
    groups = codes.reshape(8, 32)
    block = half_bytes(scale) + half_bytes(minimum) + six_bit_groups(scales, minima)
    if width == 5:
        block += bit_field((groups >> 4 & 1).T.reshape(-1))
    block += b"".join(nibbles(pair.reshape(-1)) for pair in groups.reshape(4, 2, 32))
    by_group = half(scale) * scales.astype(f32)
    less = half(minimum) * minima.astype(f32)
    return block, (by_group[:, None] * groups.astype(f32) - less[:, None]).reshape(-1)


def q6_k(codes, scale, random):
    scales = random.integers(-128, 128, 16)
    runs = codes.reshape(2, 4, 32)
    low = b"".join(nibbles(half_block.reshape(-1)) for half_block in runs & 15)
    top = runs >> 4
    high = top[:, 0] | top[:, 1] << 2 | top[:, 2] << 4 | top[:, 3] << 6
    block = low + bytes(high.astype(np.uint8).reshape(-1)) + bytes(scales.astype(np.int8)) + half_bytes(scale)
    by_group = half(scale) * scales.astype(f32)
    return block, (by_group[:, None] * (codes - 32).astype(f32).reshape(16, 16)).reshape(-1)


def cases():
    random = np.random.default_rng(7)
    for name, width, has_minimum in ("q4_0", 4, False), ("q4_1", 4, True), ("q5_0", 5, False), ("q5_1", 5, True):
        for i, (scale, minimum) in enumerate(HALVES):
            codes = np.arange(32) % (1 << width) if i == 0 else random.integers(0, 1 << width, 32)
            yield name, *small(width, has_minimum, codes, scale, minimum)
    for i in range(8):
        yield "q8_0", *q8_0(np.arange(32) + 32 * i, *HALVES[i % len(HALVES)])
    for name, width in ("q4_k", 4), ("q5_k", 5):
        for i, (scale, minimum) in enumerate(HALVES[:5]):
            codes = np.arange(256) % (1 << width) if i == 0 else random.integers(0, 1 << width, 256)
            yield name, *with_groups(width, codes, scale, minimum, random)
    for i, (scale, _) in enumerate(HALVES[:5]):
        codes = np.arange(256) % 64 if i == 0 else random.integers(0, 64, 256)
        yield "q6_k", *q6_k(codes, scale, random)


def lines(content):
    text = content.hex()
    return "\n".join(f'     "{text[i:i + 108]}"' for i in range(0, len(text), 108))


print("// Written by make_ggml_blocks.py: a block, and its values as f32, in hexadecimal.")
for name, block, values in cases():
    assert values.dtype == f32
    print(f"    {{Encoding::{name},\n{lines(block)},\n{lines(values.tobytes())}}},")

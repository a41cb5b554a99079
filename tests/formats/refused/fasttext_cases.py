"""fastText's models, .bin and .ftz."""

import struct

from case import NOTED, UNSUPPORTED, Case, cuts, extremes, f32, u64, u8

MAGIC = 793712314


def i32(*numbers):
    return b"".join(struct.pack("<I", number & 0xFFFFFFFF) for number in numbers)


ARGUMENTS = ("dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "loss", "model", "bucket", "minn", "maxn", "rate")
GOOD = (3, 5, 5, 1, 5, 1, 2, 2, 4, 2, 3, 100)


def entry(word, kind=0):
    return word + b"\0" + u64(7) + u8(kind & 0xFF)


def matrix(rows, columns=3, values=None):
    return u64(rows) + u64(columns) + (f32(*range(rows * columns)) if values is None else values)


def quantised(rows, codes=None, quantiser=None, norms=0):
    """A matrix of 3 columns in 2 parts, of 2 columns and of 1."""
    head = u8(norms) + u64(rows) + u64(3)
    made = bytes(rows * 2) if codes is None else codes
    return head + i32(len(made)) + made + (i32(3, 2, 2, 1) if quantiser is None else quantiser) + bytes(3 * 256 * 4)


def model(version=12, size=2, words=2, labels=0, kept=2**64 - 1, entries=(entry(b"a"), entry(b"b")), pairs=b"",
          quant=0, source=None, target_quant=0, target=None, magic=MAGIC, **arguments):
    numbers = [arguments.get(name, good) for name, good in zip(ARGUMENTS, GOOD)]
    head = i32(magic, version, *numbers) + bytes(8) + i32(size, words, labels) + u64(10) + u64(kept)
    body = b"".join(entries) + pairs + u8(quant) + (matrix(6) if source is None else source)
    return head + body + u8(target_quant) + (matrix(2) if target is None else target)


def arguments():
    for version in (0, 10, 13, 2**31 - 1, 2**31, 2**32 - 1):
        content = model(version=version)
        yield Case(f"fasttext_version_{version}.bin", content, "versions 11 and 12 are read", UNSUPPORTED)
    for value in extremes(32):
        signed = value - 2**32 if value >= 2**31 else value
        if value in (0, 2**31, 2**31 + 1, 2**32 - 1):
            yield Case(f"fasttext_dim_{value}.bin", model(dim=value), f"has {signed} as dim; it is at least 1")
        else:
            yield Case(f"fasttext_dim_{value}.bin", model(dim=value), "take 6 rows of")
        bucket = "as bucket" if signed < 0 else "bucket 0, so that" if value == 0 else "words and n-grams take"
        yield Case(f"fasttext_bucket_{value}.bin", model(bucket=value), bucket)
        if signed < 0:
            yield Case(f"fasttext_minn_{value}.bin", model(minn=value), "as minn; it is at least 0")
            yield Case(f"fasttext_maxn_{value}.bin", model(maxn=value), "as maxn; it is at least 0")
        if value > 3 or value == 0:
            yield Case(f"fasttext_model_{value}.bin", model(model=value), f"has {signed} as model")


def dictionaries():
    for value in extremes(32):
        for field in ("size", "words"):
            negative = value >= 2**31
            piece = "; it is at least 0" if negative else "in a dictionary of"
            yield Case(f"fasttext_{field}_{value}.bin", model(**{field: value}), piece)
        if value < 2**31 and value > 2:
            content = model(size=value, words=value)
            yield Case(f"fasttext_size_and_words_{value}.bin", content, "claims a dictionary of")
    yield Case("fasttext_labels_1.bin", model(labels=1), "in a dictionary of")
    yield Case("fasttext_sum_wraps.bin", model(size=0, words=2**31 - 1, labels=2**31 - 1), "in a dictionary of")
    yield Case(
        "fasttext_word_is_label.bin", model(entries=(entry(b"a"), entry(b"b", 1))), "has entry 1 of its dictionary"
    )
    yield Case("fasttext_entry_type.bin", model(entries=(entry(b"a"), entry(b"b", -1))), "of type -1")
    swapped = model(words=1, labels=1, entries=(entry(b"a", 1), entry(b"b")))
    yield Case("fasttext_label_first.bin", swapped, "has entry 0 of its dictionary of type 1 where words")
    yield Case("fasttext_entry_missing.bin", model(entries=(entry(b"a"),)), "has entry 1")
    endless = model()[: 2 * 4 + 12 * 4 + 8 + 12 + 16] + b"a" * 4000
    yield Case("fasttext_word_without_end.bin", endless, "in its dictionary")


def matrices():
    for value in extremes(64, 0):
        if 1 < value < 2**63:  # below 0 nothing was pruned
            yield Case(f"fasttext_kept_{value}.bin", model(kept=value), "n-grams kept, 8 bytes each")
    for value in extremes(64):
        source = matrix(6)
        yield Case(f"fasttext_rows_{value}.bin", model(source=u64(value) + source[8:]), "words and n-grams take")
        columns = source[:8] + u64(value) + source[16:]
        yield Case(f"fasttext_columns_{value}.bin", model(source=columns), "words and n-grams take 6 rows of 3")
        target = matrix(2)
        yield Case(f"fasttext_output_rows_{value}.bin", model(target=u64(value) + target[8:]), "an output matrix of")
    yield Case("fasttext_flag.bin", model(quant=2), "whether its input is quantised; it is 0 or 1")
    yield Case("fasttext_output_flag.bin", model(target_quant=255), "whether its output is quantised; it is 0 or 1")
    yield Case("fasttext_pruned_dense.bin", model(kept=0), "prunes quantised models only")
    pairs = i32(4, 0)
    yield Case("fasttext_kept_bucket.bin", model(kept=1, pairs=pairs), "keeps the n-grams of bucket 4 in row 0")
    yield Case("fasttext_kept_row.bin", model(kept=1, pairs=i32(0, 1)), "keeps the n-grams of bucket 0 in row 1")
    twice = model(kept=2, pairs=i32(0, 0, 0, 1))
    yield Case("fasttext_kept_twice.bin", twice, "keeps the n-grams of bucket 0 twice")
    yield Case("fasttext_appended.bin", model() + b"\0", "1 byte behind its output matrix", calls=NOTED)
    yield Case("fasttext_bucket_alone.bin", model(bucket=5), "take 7 rows of 3")
    yield Case("fasttext_magic_alone.bin", model()[:4], "ends at byte 4, in its version")


def quantisers():
    good = model(quant=1, source=quantised(6))
    for name, numbers in (
        ("columns", (4, 2, 2, 1)),
        ("parts", (3, 3, 2, 1)),
        ("part_columns", (3, 2, 3, 1)),
        ("last_part", (3, 2, 2, 2)),
        ("part_0", (3, 0, 2, 1)),
        ("columns_0", (0, 2, 2, 1)),
        ("columns_negative", (-3, 2, 2, 1)),
        ("parts_huge", (3, 2**31 - 1, 2**31 - 1, 1)),
        ("all_huge", (2**31 - 1,) * 4),
    ):
        piece = "; it is at least 1" if min(numbers) < 1 else "for rows of 3"
        piece = "in the centroids of a quantiser" if numbers[0] > 3 else piece
        made = model(quant=1, source=quantised(6, quantiser=i32(*numbers)))
        yield Case(f"fasttext_quantiser_{name}.ftz", made, piece)
    yield Case("fasttext_codes_few.ftz", model(quant=1, source=quantised(6, bytes(11))), "has 11 codes in its input")
    yield Case("fasttext_codes_many.ftz", model(quant=1, source=quantised(6, bytes(13))), "has 13 codes in its input")
    yield Case(
        "fasttext_norms_flag.ftz", model(quant=1, source=quantised(6, norms=7)), "its norms are quantised; it is"
    )
    missing = model(quant=1, source=quantised(6, norms=1))
    yield Case("fasttext_norms_missing.ftz", missing, "has 0 as the parts of a quantiser")
    codes = quantised(6)
    for value in extremes(32, 12):
        negative = value >= 2**31
        source = codes[:17] + i32(value) + codes[21:]
        piece = "as its number of codes" if negative else "the codes of a matrix" if value > 10**6 else "quantiser"
        yield Case(f"fasttext_codes_{value}.ftz", model(quant=1, source=source), piece)
    yield from cuts("fasttext_quantised", ".ftz", good, (len(good) - 1,), "has 23 bytes left")
    yield from cuts("fasttext_quantised", ".ftz", good, (len(good) - 400, 200), "in the centroids of a quantiser")
    yield from cuts("fasttext_quantised", ".ftz", good, (140,), "in the codes of a matrix")


def claims():
    head = model(dim=1, size=0, words=0, bucket=0, maxn=0, entries=())
    head = head[: 2 * 4 + 12 * 4 + 8 + 12 + 16]
    yield Case("claim_fasttext.bin", head + u8(0) + u64(8 * 10**9) + u64(1), "its words and n-grams take 0 rows")
    huge = model(dim=4, size=0, words=0, bucket=2 * 10**9, maxn=3, entries=())[: 2 * 4 + 12 * 4 + 8 + 12 + 16]
    yield Case(
        "claim_fasttext_bucket.bin", huge + u8(0) + u64(2 * 10**9) + u64(4), "rows of 4 f32 and has 0 bytes left"
    )


def cases():
    for make in (arguments, dictionaries, matrices, quantisers, claims):
        yield from make()
    yield from cuts("fasttext", ".bin", model(), (6, 30, 60, 80, 90), "ends at byte")
    yield from cuts("fasttext", ".bin", model(), (150, len(model()) - 1), "rows of 3 f32 and has")

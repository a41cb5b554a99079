"""GGUF models."""

from case import TABLE, UNSUPPORTED, Case, cuts, extremes, u32, u64

U32, TEXT, ARRAY = 4, 8, 9


def text(value):
    encoded = value.encode()
    return u64(len(encoded)) + encoded


def pair(key, kind, value):
    return text(key) + u32(kind) + value


def tokens(count=2, kind=TEXT, values=text("a") + text("b")):
    return pair("tokenizer.ggml.tokens", ARRAY, u32(kind) + u64(count) + values)


def tensor(name="token_embd.weight", shape=(3, 2), kind=0, offset=0, dimensions=None):
    """Its dimensions, innermost first."""
    count = len(shape) if dimensions is None else dimensions
    return text(name) + u32(count) + b"".join(u64(size) for size in shape) + u32(kind) + u64(offset)


def gguf(pairs=(tokens(),), tensors=(tensor(),), data=bytes(24), version=3, pair_count=None, tensor_count=None):
    head = b"GGUF" + u32(version)
    head += u64(len(tensors) if tensor_count is None else tensor_count)
    head += u64(len(pairs) if pair_count is None else pair_count)
    head += b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


def versions():
    yield Case("gguf_version_0.gguf", gguf(version=0), "the version 0 of GGUF")
    yield Case("gguf_version_1.gguf", gguf(version=1), "given up", UNSUPPORTED)
    yield Case("gguf_version_4.gguf", gguf(version=4), "versions 2 and 3 are read", UNSUPPORTED)
    yield Case("gguf_version_2147483648.gguf", gguf(version=2**31), "big-endian", UNSUPPORTED)
    yield Case("gguf_version_4294967295.gguf", gguf(version=2**32 - 1), "versions 2 and 3 are read", UNSUPPORTED)
    yield Case("gguf_big_endian.gguf", gguf(version=3 << 24), "big-endian", UNSUPPORTED)


def counts():
    for value in extremes(64, 0, 1):
        yield Case(f"gguf_tensors_{value}.gguf", gguf(tensor_count=value), f"it claims {value} tensors")
        yield Case(f"gguf_keys_{value}.gguf", gguf(pair_count=value), f"it claims {value} keys")
        yield Case(f"gguf_tokens_{value}.gguf", gguf(pairs=(tokens(value),)), f"claims an array of {value} values")
        key = u64(value) + b"k" + u32(U32) + u32(1)
        yield Case(f"gguf_key_length_{value}.gguf", gguf(pairs=(key,)), "in a key")
        name = tensor()[8:]
        yield Case(f"gguf_name_length_{value}.gguf", gguf(tensors=(u64(value) + name,)), "in the name of a tensor")
    yield Case("gguf_keys_0.gguf", gguf(pair_count=0), "dimensions; at most 4 are read", UNSUPPORTED)
    yield Case("gguf_tokens_short.gguf", gguf(pairs=(tokens(3),)), "ends at byte 184, in")
    yield Case("gguf_no_tensors.gguf", gguf(tensors=(), data=b""), "holds no table", "not_found", TABLE)


def values():
    kinds = (
        ("key_empty", pair("", U32, u32(1)), "is empty"),
        ("value_type", pair("k", 13, u32(1)), "has a value of type 13"),
        ("array_type", pair("k", ARRAY, u32(13) + u64(1) + u64(1)), "has an array of type 13"),
        ("alignment_0", pair("general.alignment", U32, u32(0)), "its general.alignment is 0"),
        ("alignment_3", pair("general.alignment", U32, u32(3)), "its general.alignment is 3"),
        ("alignment_4", pair("general.alignment", U32, u32(4)), "its general.alignment is 4"),
        ("alignment_text", pair("general.alignment", TEXT, text("32")), "is not a number"),
        ("alignment_huge", pair("general.alignment", U32, u32(2**31)), "before the data of its tensors"),
        ("architecture_number", pair("general.architecture", U32, u32(1)), "is not text"),
        ("tokens_number", pair("tokenizer.ggml.tokens", U32, u32(1)), "is not an array of texts"),
        ("tokens_numbers", tokens(kind=U32, values=bytes(8)), "is not an array of texts"),
    )
    for name, value, piece in kinds:
        yield Case(f"gguf_{name}.gguf", gguf(pairs=(value,)), piece)
    nested = u32(ARRAY) + u64(1)
    yield Case(
        "gguf_nested.gguf", gguf(pairs=(pair("k", ARRAY, nested * 1000 + u32(0) + u64(0)),)), "deep", UNSUPPORTED
    )
    many = pair("k", ARRAY, u32(ARRAY) + u64(2**40) + nested)
    yield Case("gguf_arrays_of_arrays.gguf", gguf(pairs=(many,)), "claims an array of 1099511627776 values")
    yield Case("gguf_key_twice.gguf", gguf(pairs=(tokens(), tokens())), "has the key 'tokenizer.ggml.tokens' twice")


def tensors():
    for value in extremes(64):
        piece = "rows of 0" if value == 0 else ("64 bits cannot count" if value >= 2**62 else "cut short")
        if value > 1:
            yield Case(f"gguf_dim_{value}.gguf", gguf(tensors=(tensor(shape=(value, 2)),)), piece)
            yield Case(f"gguf_rows_{value}.gguf", gguf(tensors=(tensor(shape=(3, value)),)), piece)
        if value > 0:
            yield Case(f"gguf_offset_{value}.gguf", gguf(tensors=(tensor(offset=value),)), "and not at 0")
    for value in extremes(32, 0, 1):
        shape = tensor(dimensions=value)
        yield Case(f"gguf_dimensions_{value}.gguf", gguf(tensors=(shape,)), "dimensions; at most 4", UNSUPPORTED)
    changes = (
        ("twice", (tensor(), tensor(offset=32)), bytes(56), "has the tensor 'token_embd.weight' twice"),
        ("overlap", (tensor(), tensor("b", offset=0)), bytes(56), "begins at byte 0 of the data and not at 32"),
        ("gap", (tensor(), tensor("b", offset=64)), bytes(88), "begins at byte 64 of the data and not at 32"),
        ("unaligned", (tensor(kind=4), tensor("b", offset=24)), bytes(56), "which is no multiple of 32"),
        ("half_block", (tensor(shape=(33, 2), kind=2),), bytes(64), "whole blocks of 32"),
        ("half_k_block", (tensor(shape=(128, 2), kind=12),), bytes(288), "whole blocks of 256"),
        ("data_short", (tensor(),), bytes(23), "cut short"),
        ("no_data", (tensor(),), b"", "cut short"),
    )
    for name, made, data, piece in changes:
        yield Case(f"gguf_tensor_{name}.gguf", gguf(tensors=made, data=data), piece)
    integers = gguf(tensors=(tensor(kind=26),))
    yield Case("gguf_integers.gguf", integers, "elements of type I32", UNSUPPORTED, TABLE)
    unknown = gguf(tensors=(tensor(kind=99),))
    yield Case("gguf_type_unknown.gguf", unknown, "elements of type number 99", UNSUPPORTED, TABLE)
    vector = gguf(tensors=(tensor(shape=(6,)),))
    yield Case("gguf_vector.gguf", vector, "a table is a matrix", UNSUPPORTED, TABLE)


def claims():
    content = b"GGUF" + u32(3) + u64(1) + u64(0) + tensor("w", (1, 8 * 10**9))
    yield Case("claim_gguf.gguf", content.ljust(96, b"\0"), "ends at byte 32000000000 of the data")
    yield Case(
        "claim_gguf_tokens.gguf", b"GGUF" + u32(3) + u64(0) + u64(1) + tokens(4 * 10**9, values=b""), "claims an array"
    )


def cases():
    for make in (versions, counts, values, tensors, claims):
        yield from make()
    yield Case("gguf_cut_at_4.gguf", gguf()[:4], "ends at byte 4, in the version")
    yield from cuts("gguf", ".gguf", gguf(), (8, 12, 23), "ends at byte")
    yield from cuts("gguf", ".gguf", gguf(), (24, 80), "only")
    yield from cuts("gguf", ".gguf", gguf(), (len(gguf()) - 25,), "before the data of its tensors")
    yield from cuts("gguf", ".gguf", gguf(), (len(gguf()) - 1,), "the file was cut short")

"""Safetensors files, and native ones, which are safetensors files with Rowan's metadata and checksums."""

import json
import pathlib

from case import (
    CHECKSUM,
    MALFORMED,
    NOT_FOUND,
    TABLE,
    UNKNOWN,
    UNSUPPORTED,
    VERSION,
    Case,
    cuts,
    extremes,
    patched,
    u64,
)

GOLDEN = pathlib.Path(__file__).parents[2] / "golden" / "native-1.2.safetensors"


def file_of(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else header.encode()
    return u64(len(text) if length is None else length) + text + data


def tensor(dtype="F32", shape=(2, 3), offsets=(0, 24)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def one(**fields):
    return file_of(json.dumps({"a": tensor(**fields)}), bytes(24))


def headers():
    a = '"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}'
    data = bytes(24)
    texts = (
        ("bom", "\ufeff{}", "of no format"),
        ("unclosed", "{" + a, "is not JSON"),
        ("text_behind", "{" + a + "}x", "is not JSON"),
        ("single_quotes", "{'a':1}", "is not JSON"),
        ("nan", '{"a":NaN}', "is not JSON"),
        ("trailing_comma", "{" + a + ",}", "is not JSON"),
        ("control_character", '{"a\x01":1}', "is not JSON"),
        ("cut_escape", '{"\\u12":1}', "is not JSON"),
        ("lone_surrogate", '{"\\ud800":1}', "is not JSON"),
        ("array_for_tensor", '{"a":[]}', "an array stands"),
        ("null_for_tensor", '{"a":null}', "null stands"),
        ("metadata_number", '{"__metadata__":{"k":1}}', "a number stands"),
        ("metadata_twice", '{"__metadata__":{},"__metadata__":{}}', "__metadata__ occurs twice"),
        ("metadata_key_twice", '{"__metadata__":{"k":"1","k":"2"}}', "the key 'k' twice"),
        ("name_twice", "{" + a + "," + a + "}", "begins at byte 0"),
        ("field_twice", '{"a":{"dtype":"F32","dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', "dtype twice"),
        ("field_unknown", '{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24],"x":1}}', "unknown field 'x'"),
        ("field_missing", '{"a":{"dtype":"F32","shape":[2,3]}}', "lacks one of"),
        ("shape_nested", '{"a":{"dtype":"F32","shape":[[2,3]],"data_offsets":[0,24]}}', "an array stands"),
        ("shape_text", '{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,24]}}', "a string stands"),
        ("shape_negative", '{"a":{"dtype":"F32","shape":[-2,3],"data_offsets":[0,24]}}', "is negative"),
        ("shape_fraction", '{"a":{"dtype":"F32","shape":[2.0,3],"data_offsets":[0,24]}}', "not an unsigned"),
        ("shape_exponent", '{"a":{"dtype":"F32","shape":[2e0,3],"data_offsets":[0,24]}}', "not an unsigned"),
        ("offsets_three", '{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24,24]}}', "a number stands"),
        ("offsets_one", '{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0]}}', "has not two data_offsets"),
        ("deep", '{"a":{"shape":' + "[" * 50000, "an array stands"),
        ("deep_objects", '{"a":' * 20000, "has an unknown field 'a'"),
    )
    for name, text, piece in texts:
        code = UNSUPPORTED if name == "bom" else MALFORMED
        other = UNKNOWN if name == "bom" else ""
        yield Case(f"safetensors_header_{name}.safetensors", file_of(text, data), piece, code, convert_piece=other)
    yield Case("safetensors_no_tensors.safetensors", file_of("{}"), "holds no table", NOT_FOUND, TABLE)
    bad_utf8 = b'{"\xff":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    yield Case("safetensors_header_bad_utf8.safetensors", file_of(bad_utf8, data), "is not JSON")


def disagreements():
    changes = (
        ("dtype_narrower", one(dtype="F16"), "contradict"),
        ("dtype_wider", one(dtype="F64"), "contradict"),
        ("dtype_unknown", one(dtype="F33"), "unknown dtype 'F33'"),
        ("rows_more", one(shape=(3, 3)), "contradict"),
        ("rows_fewer", one(shape=(1, 3)), "contradict"),
        ("product_wraps", one(shape=(2**63 + 3, 2)), "contradict"),
        ("bytes_wrap", one(shape=(2**62 + 6, 1)), "contradict"),
        ("begin_late", one(offsets=(4, 28)), "begins at byte 4"),
        ("end_early", one(offsets=(0, 20)), "contradict"),
        ("ends_before_it_begins", one(offsets=(24, 0)), "ends before"),
        ("data_short", one()[:-1], "cut short"),
        ("data_long", one() + b"\0", "something was appended"),
    )
    for name, content, piece in changes:
        yield Case(f"safetensors_{name}.safetensors", content, piece)
    two = {"a": tensor(), "b": tensor(offsets=(24, 48))}
    for name, offsets in (("gap", (28, 52)), ("overlap", (20, 44)), ("same_place", (0, 24))):
        pair = {**two, "b": tensor(offsets=offsets)}
        yield Case(f"safetensors_{name}.safetensors", file_of(json.dumps(pair), bytes(52)), "leave no gap and do not")


def extreme_sizes():
    good = one()
    for value in extremes(64):
        piece = "contradict"
        yield Case(f"safetensors_rows_{value}.safetensors", one(shape=(value, 3)), piece)
        yield Case(f"safetensors_dim_{value}.safetensors", one(shape=(2, value)), piece)
        yield Case(f"safetensors_end_{value}.safetensors", one(offsets=(0, value)), piece)
    for value in extremes(64):
        high = value >= 2**48
        json = "does not start" if value == 0 else "is not JSON" if value == 1 else "it claims"
        piece = "of no format" if high else json
        code = UNSUPPORTED if high else MALFORMED
        other = UNKNOWN if high else ""
        yield Case(
            f"safetensors_length_{value}.safetensors", patched(good, 0, u64(value)), piece, code, convert_piece=other
        )


def not_tables():
    rank = file_of(json.dumps({"a": tensor(shape=(6,))}), bytes(24))
    yield Case("safetensors_rank_1.safetensors", rank, "a table is a matrix", UNSUPPORTED, TABLE)
    rank = file_of(json.dumps({"a": tensor(shape=(1, 2, 3))}), bytes(24))
    yield Case("safetensors_rank_3.safetensors", rank, "a table is a matrix", UNSUPPORTED, TABLE)
    yield Case("safetensors_integers.safetensors", one(dtype="I32"), "elements of type I32", UNSUPPORTED, TABLE)
    empty = file_of(json.dumps({"a": tensor(shape=(3, 0), offsets=(0, 0))}))
    yield Case("safetensors_dim_nothing.safetensors", empty, "a table is a matrix", UNSUPPORTED, TABLE)


def native():
    golden = GOLDEN.read_bytes()
    changes = (
        ("major", b'"rowan.format":"1.2"', b'"rowan.format":"2.0"', "has version 2.0", VERSION),
        ("version_text", b'"rowan.format":"1.2"', b'"rowan.format":"abc"', "not of the form MAJOR.MINOR", MALFORMED),
        ("version_zero", b'"rowan.format":"1.2"', b'"rowan.format":"0.2"', "not of the form MAJOR.MINOR", MALFORMED),
        ("table_renamed", b"words.weight", b"wards.weight", "does not match its checksum", CHECKSUM),
        ("rows", b'"shape":[5,3]', b'"shape":[3,5]', "does not match its checksum", CHECKSUM),
        ("rows_too_many", b'"shape":[5,3]', b'"shape":[9,3]', "contradict", MALFORMED),
        ("gap", b"[0,60]", b"[1,61]", "begins at byte 1", MALFORMED),
        ("checksums_renamed", b"rowan.checksum", b"rowan.checksun", "its last tensor is not", MALFORMED),
        ("metadata_twice", b'"rowan.dim/items"', b'"rowan.format"   ', "the key 'rowan.format' twice", MALFORMED),
    )
    for name, old, new, piece, code in changes:
        if old not in golden:
            raise ValueError(f"the golden file has no {old}")
        yield Case(f"native_{name}.safetensors", golden.replace(old, new, 1), piece, code)
    yield from cuts("native", ".safetensors", golden, (9, 100, 1000, 4000), "it claims")
    yield from cuts("native", ".safetensors", golden, (4096, 4500, len(golden) - 1), "cut short")
    yield Case("native_appended.safetensors", golden + b"\0", "something was appended")
    yield Case("native_checksum_of_header.safetensors", patched(golden, len(golden) - 16, u64(1)), "checksum", CHECKSUM)


def claims():
    header = '{"w":{"dtype":"F32","shape":[8000000000,1],"data_offsets":[0,32000000000]}}'
    yield Case("claim_safetensors.safetensors", file_of(header), "cut short")
    yield Case("claim_native.safetensors", file_of('{"__metadata__":{"rowan.format":"1.2"},' + header[1:]), "cut short")
    yield Case("claim_safetensors_header.safetensors", u64(32 * 10**9) + b"{" + bytes(71), "it claims 32000000000")


def cases():
    for make in (headers, disagreements, extreme_sizes, not_tables, native, claims):
        yield from make()
    yield from cuts("safetensors", ".safetensors", one(), (9, 20, 60), "it claims")

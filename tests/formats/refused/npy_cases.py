"""NumPy's arrays, of which those of Python objects are pickles."""

from case import TABLE, UNSUPPORTED, Case, cuts, extremes, u16, u32


def npy(descr="'<f4'", order="False", shape="(2, 3)", data=bytes(24), version=(1, 0), length=None, text=None):
    """A file; `text` stands in place of the dict."""
    if text is None:
        text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    header = text.encode("latin-1").ljust(117) + b"\n"
    size = len(header) if length is None else length
    return b"\x93NUMPY" + bytes(version) + (u16(size) if version[0] == 1 else u32(size)) + header + data


def dicts():
    good = "'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)"
    texts = (
        ("empty", "", "has no '{'"),
        ("list", "[1]", "has no '{'"),
        ("unclosed", "{" + good, "has no '}'"),
        ("goes_on", "{" + good + "} + {}", "goes on behind its dict"),
        ("call", "{" + good + ", 'x': __import__('os').system('id')}", "unknown key"),
        ("call_in_shape", "{'descr': '<f4', 'fortran_order': False, 'shape': exec('1')}", "byte"),
        ("key_twice", "{" + good + ", 'shape': (2, 3)}", "twice"),
        ("key_missing", "{'descr': '<f4', 'shape': (2, 3)}", "lacks one of"),
        ("string_unclosed", "{'descr", "does not end plainly"),
        ("string_escape", "{'de\\x73cr': '<f4'}", "does not end plainly"),
        ("no_colon", "{'descr' '<f4'}", "has no ':'"),
        ("order_number", "{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 3)}", "neither True nor False"),
        ("shape_number", "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "not a tuple"),
        ("shape_list", "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}", "byte"),
        ("shape_negative", "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}", "no unsigned 64-bit"),
        (
            "shape_too_large",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 1)}",
            "no unsigned",
        ),
        ("shape_fraction", "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 3)}", "has no ')'"),
        ("dimensions", "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," * 200 + ")}", "dimensions"),
    )
    for name, text, piece in texts:
        yield Case(f"npy_dict_{name}.npy", npy(text=text), piece)


def types():
    kinds = (
        ("objects", "'|O'", "Python objects"),
        ("objects_8", "'|O8'", "Python objects"),
        ("unknown", "'<z4'", "unknown type"),
        ("empty", "''", "unknown type"),
        ("no_size", "'<f'", "unknown type"),
        ("structured", "[('a', '<f4'), ('b', '|O')]", "structured type"),
    )
    for name, descr, piece in kinds:
        yield Case(f"npy_type_{name}.npy", npy(descr), piece, UNSUPPORTED)
    yield Case("npy_type_wide.npy", npy("'<f18446744073709551615'"), "more than 64 bits can count")
    yield Case("npy_type_wide_text.npy", npy("'<U18446744073709551615'"), "more than 64 bits can count")
    for name, descr in (("integers", "'<i4'"), ("text", "'<U1'"), ("booleans", "'|b1'"), ("times", "'<M8[s]'")):
        width = {"integers": 4, "text": 4, "booleans": 1, "times": 8}[name]
        content = npy(descr, data=bytes(6 * width))
        yield Case(f"npy_type_{name}.npy", content, "which are not made a table", UNSUPPORTED, TABLE)


def sizes():
    for value in extremes(64):
        yield Case(f"npy_rows_{value}.npy", npy(shape=f"({value}, 3)"), "bytes behind its NumPy header")
        yield Case(f"npy_dim_{value}.npy", npy(shape=f"(2, {value})"), "bytes behind its NumPy header")
    for value in (1, 2, 16, 117):
        yield Case(f"npy_length_{value}.npy", npy(length=value), "byte")
    yield Case("npy_length_0.npy", npy(length=0), "has no '{'")
    yield Case("npy_length_65535.npy", npy(length=65535), "NumPy header that ends at byte 65545 of 152")
    for value in extremes(32, 0, 1):
        yield Case(f"npy_length_v2_{value}.npy", npy(version=(2, 0), length=value), "at most 65536", UNSUPPORTED)
    for version in ((0, 0), (1, 1), (4, 0), (255, 255)):
        content = npy(version=version)
        yield Case(f"npy_version_{version[0]}_{version[1]}.npy", content, "1.0, 2.0 and 3.0 are read", UNSUPPORTED)


def disagreements():
    changes = (
        ("narrower", npy("'<f2'")),
        ("wider", npy("'<f8'")),
        ("data_short", npy(data=bytes(23))),
        ("data_long", npy(data=bytes(25))),
        ("no_data", npy(data=b"")),
        ("product_wraps", npy(shape="(9223372036854775811, 2)")),
        ("bytes_wrap", npy(shape="(4611686018427387910, 1)")),
        ("fortran_short", npy(order="True", data=bytes(20))),
    )
    for name, content in changes:
        yield Case(f"npy_{name}.npy", content, "bytes behind its NumPy header")
    for shape, size in (("()", 4), ("(6,)", 24), ("(1, 2, 3)", 24), ("(3, 0)", 0)):
        name = shape.strip("()").replace(", ", "_").strip(",") or "none"
        yield Case(
            f"npy_shape_{name}.npy", npy(shape=shape, data=bytes(size)), "a table is a matrix", UNSUPPORTED, TABLE
        )


def claims():
    text = b"{'descr':'<f4','fortran_order':False,'shape':(8000000000,1)}"
    content = b"\x93NUMPY\x01\x00" + u16(len(text)) + text
    yield Case("claim_npy.npy", content, "its shape and type '<f4' say 32000000000")


def cases():
    for make in (dicts, types, sizes, disagreements, claims):
        yield from make()
    yield from cuts("npy", ".npy", npy(), (6, 7, 9), "NumPy array's prefix behind its 6 magic bytes ends at byte")
    yield from cuts("npy", ".npy", npy(), (10, 60, 127), "NumPy header that ends at byte 128")
    yield from cuts("npy", ".npy", npy(), (128, 151), "bytes behind its NumPy header")

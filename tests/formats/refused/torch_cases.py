"""PyTorch's checkpoints, zip archives and those of before 1.6, and other pickles. Nothing in them is ever run."""

import os
import pickle

from case import NOTED, NOT_FOUND, TABLE, UNSUPPORTED, Case, cuts, extremes, f32, u32, u64, u8
from zips import Member, archive, deflated

MAGIC = 0x1950A86A20F9469CFC6C


def text(value):
    return b"X" + u32(len(value)) + value.encode()


def integer(value):
    size = 8 if -(2**63) <= value < 2**63 else 9
    return b"\x8a" + u8(size) + value.to_bytes(size, "little", signed=True)


def numbers(*values):
    return b"(" + b"".join(integer(value) for value in values) + b"t"


def name_of(module, name):
    return f"c{module}\n{name}\n".encode()


def pickled(opcodes):
    return b"\x80\x02" + opcodes + b"."


def tensor(kind="FloatStorage", key="0", elements=6, offset=0, shape=(2, 3), strides=(3, 1), view=b""):
    storage = b"(" + text("storage") + name_of(
        "torch", kind
    ) + text(key) + text("cpu") + integer(elements) + view + b"tQ"
    dense = integer(offset) + numbers(*shape) + numbers(*strides)
    end = b"\x89" + name_of("collections", "OrderedDict") + b")RtR"
    return name_of("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + dense + end


def named(*pairs):
    return b"}(" + b"".join(text(key) + value for key, value in pairs) + b"u"


def checkpoint(opcodes, data=f32(*range(6)), order=b"little", behind=b"", **of_pickle):
    members = [
        Member("m/data.pkl", pickled(opcodes) + behind, **of_pickle), Member("m/byteorder", order), Member("m/data/0", data)
    ]
    return archive(*members)


def legacy(opcodes, keys=b"](" + text("0") + b"e", storages=u64(6) + f32(*range(6)), version=1001, magic=None):
    first = pickled(b"\x8a\x0a" + MAGIC.to_bytes(10, "little")) if magic is None else magic
    return first + pickled(integer(version)) + pickled(b"}") + pickled(opcodes) + pickled(keys) + storages


class Call:
    """Pickles as the call of a function, as exploits do."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


def attacks():
    """Name, pickle, what the sentence says was asked for."""
    for module, name, argument in (
        ("os", "system", "touch pwned"),
        ("posix", "system", "touch pwned"),
        ("nt", "system", "calc"),
        ("builtins", "eval", "1"),
        ("builtins", "exec", "1"),
        ("__builtin__", "eval", "1"),
        ("builtins", "getattr", "1"),
        ("builtins", "__import__", "os"),
        ("subprocess", "Popen", "id"),
        ("subprocess", "check_output", "id"),
        ("socket", "create_connection", "x"),
        ("runpy", "_run_code", "x"),
        ("importlib", "import_module", "os"),
        ("operator", "attrgetter", "system"),
        ("functools", "partial", "x"),
        ("torch", "load", "other.pt"),
        ("torch.hub", "load", "x/y"),
        ("torch.serialization", "load", "other.pt"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__", "x"),
        ("collections", "OrderedDict.__init__", "x"),
        ("torch.jit", "load", "other.pt"),
        ("numpy.core.multiarray", "_reconstruct", "x"),
        ("webbrowser", "open", "file:///"),
        ("shutil", "rmtree", "x"),
        ("pickle", "loads", "x"),
        ("codecs", "decode", "x"),
    ):
        stem = f"{module}.{name}".replace(".", "_")
        yield stem, name_of(module, name) + b"(" + text(argument) + b"tR", f"{module}.{name}"
    yield "stack_global", text("os") + text("system") + b"\x93(" + text("id") + b"tR", "os.system"
    yield "newobj", name_of("subprocess", "Popen") + b"(" + text("id") + b"t\x81", "subprocess.Popen"
    yield "in_tensor", named(("w", name_of("os", "system") + b"(" + text("id") + b"tR")), "os.system"
    yield "in_key", b"}(" + name_of("os", "system") + b"(" + text("id") + b"tR" + tensor() + b"u", "os.system"
    yield "popped", name_of("os", "system") + b"(" + text("id") + b"tR0" + named(("w", tensor())), "os.system"
    yield "behind_memo", text("os") + b"q\0" + text("system") + b"q\x010" + b"0h\0h\x01\x93", "os.system"


def code():
    for stem, opcodes, asked in attacks():
        yield Case(f"torch_asks_for_{stem}.pt", checkpoint(opcodes), f"it asks for '{asked}'", UNSUPPORTED)
    for stem, opcodes, asked in list(attacks())[:12]:
        yield Case(f"torch_legacy_asks_for_{stem}.pt", legacy(opcodes), f"it asks for '{asked}'", UNSUPPORTED)
        yield Case(f"pickle_asks_for_{stem}.pkl", pickled(opcodes), f"it asks for '{asked}'", UNSUPPORTED)
    for protocol in (2, 3, 4, 5):
        content = pickle.dumps(Call(os.system, "touch pwned"), protocol)
        yield Case(f"pickle_made_by_python_{protocol}.pkl", content, "it asks for 'posix.system'", UNSUPPORTED)
    inner = pickled(name_of("os", "system") + b"(" + text("id") + b"tR")
    yield Case("pickle_before_magic.pt", inner + legacy(named(("w", tensor()))), "it asks for 'os.system'", UNSUPPORTED)


def machines():
    kinds = (
        ("stack_empty", b"", "stops at byte"),
        ("stack_of_two", b"NN", "with 2 values on its stack"),
        ("mark_left", b"(N", "stops at byte"),
        ("pop_nothing", b"0N", "takes a value that is not there"),
        ("tuple_without_mark", b"Nt", "takes a mark that is not there"),
        ("tuple3_of_one", b"N\x87", "takes a value that is not there"),
        ("get_nothing", b"h\x07", "where nothing was put"),
        ("put_far", b"Nr" + u32(2**31), "puts a value at place 2147483648"),
        ("put_farthest", b"Nr" + u32(2**32 - 1), "puts a value at place 4294967295"),
        ("put_nothing", b"q\0", "takes a value that is not there"),
        ("append_to_none", b"NNa", "adds to a value of another kind"),
        ("setitem_of_list", b"]NNs", "adds to a value of another kind"),
        ("key_alone", b"}(Nu", "adds a key without its value"),
        ("call_of_none", b"N)R", "calls what is not a name"),
        ("call_without_tuple", name_of("collections", "OrderedDict") + b"NR", "what is not a tuple"),
        ("build_on_none", b"NNb", "sets attributes of what is not a dict"),
        ("persistent_text", text("0") + b"Q", "a persistent id that is not a tuple"),
        ("size_of_text", name_of("torch", "Size") + text("a") + b"\x85R", "torch.Size of what is not a tuple"),
        ("pairs_of_three", name_of("collections", "OrderedDict") + b"](](NNNee\x85R", "what is not pairs"),
        ("global_of_number", b"NN\x93", "a name that is not a text"),
        ("frame_far", b"\x95" + u64(2**63), "a frame that passes its end"),
        ("text_far", b"X" + u32(2**31), "in a text"),
        ("text_farthest", b"\x8d" + u64(2**64 - 1), "in a text"),
        ("bytes_far", b"\x8e" + u64(2**63), "in a text"),
        ("long_far", b"\x8b" + u32(2**32 - 1), "in a text"),
        ("number_cut", b"J", "in a number"),
        ("global_unended", b"ctorch", "in a name"),
    )
    for name, opcodes, piece in kinds:
        content = checkpoint(opcodes) if not name.endswith(("far", "farthest", "cut", "unended")) else None
        if content is None:
            content = archive(Member("m/data.pkl", b"\x80\x02" + opcodes))
        if name.startswith("put"):
            content = checkpoint(opcodes)
        yield Case(f"torch_pickle_{name}.pt", content, piece)
    for opcode in b"io\x92\x97PFILSVpgdl\x82\x83\x84\x91\x98\xff\0":
        content = archive(Member("m/data.pkl", b"\x80\x02N" + u8(opcode) + b"\n\n\n."))
        yield Case(f"torch_pickle_opcode_{opcode}.pt", content, f"it has the opcode {opcode}", UNSUPPORTED)
    old = archive(Member("m/data.pkl", b"\x80\x06N."))
    yield Case("torch_pickle_protocol_6.pt", old, "of protocol 6", UNSUPPORTED)
    yield Case("torch_pickle_empty.pt", archive(Member("m/data.pkl", b"")), "without its STOP")
    behind = checkpoint(named(("w", tensor())), behind=b"N")
    yield Case("torch_pickle_goes_on.pt", behind, "behind its pickle", calls=NOTED)


def shapes_of_graphs():
    cyclic = b"]q\0h\0a"
    yield Case("torch_cyclic_list.pt", checkpoint(cyclic), "holds no table", NOT_FOUND, TABLE)
    cyclic = b"}q\0" + text("self") + b"h\0s"
    yield Case("torch_cyclic_dict.pt", checkpoint(cyclic), "holds no table", NOT_FOUND, TABLE)
    deep = b"]" * 5000 + b"a" * 4999
    yield Case("torch_deep_lists.pt", checkpoint(deep), "more than 100 deep")
    deep = b"N" + b"\x85" * 5000
    yield Case("torch_deep_tuples.pt", checkpoint(deep), "more than 100 deep")
    marks = b"(" * 5000 + b"t" * 5000
    yield Case("torch_deep_marks.pt", checkpoint(marks), "more than 100 deep")
    doubled = b"N" + b"".join(b"q" + u8(i) + b"h" + u8(i) + b"\x86" for i in range(60))
    yield Case("torch_doubling_tuples.pt", checkpoint(doubled), "holds no table", NOT_FOUND, TABLE)
    repeated = named(("n" * 1000, b"](" + tensor() + b"q\0" + b"h\0" * 400 + b"e"))
    yield Case("torch_tensor_again.pt", checkpoint(repeated), "under more names than its bytes warrant")
    parameter = name_of("torch._utils", "_rebuild_parameter")
    yield Case("torch_parameter_of_none.pt", checkpoint(named(("w", parameter + b"N\x85R"))), "of what is not a tensor")
    twice = named(("w", tensor()), ("w", tensor()))
    yield Case("torch_name_twice.pt", checkpoint(twice), "the tensor 'w' twice")
    one_pair = name_of("collections", "OrderedDict") + b"](" + b"(" + text("k") + b"Nte" + b"q\0\x85R"
    again = b"(" + one_pair + (name_of("collections", "OrderedDict") + b"h\0\x85R") * 400 + b"t"
    yield Case("torch_dicts_again.pt", checkpoint(again), "holds no table", NOT_FOUND, TABLE)


def tensors():
    for value in extremes(63):
        for field, made in (
            ("elements", tensor(elements=value)),
            ("offset", tensor(offset=value)),
            ("rows", tensor(shape=(value, 3))),
            ("dim", tensor(shape=(2, value))),
            ("stride", tensor(strides=(value, 1))),
        ):
            harmless = {"offset": (0,), "rows": (0, 1), "dim": (0, 1), "stride": (0, 1)}
            if value not in harmless.get(field, ()):
                too_many = field == "elements" and 6 < value < 2**61
                piece = "and the pickle says" if too_many else "passes the end of its storage"
                yield Case(f"torch_{field}_{value}.pt", checkpoint(named(("w", made))), piece)
    for field, made, piece in (
        ("elements", tensor(elements=-1), "is not that of a storage"),
        ("offset", tensor(offset=-1), "a storage offset that is not a number from 0 on"),
        ("rows", tensor(shape=(-2, 3)), "that are not numbers from 0 on"),
        ("stride", tensor(strides=(-3, 1)), "that are not numbers from 0 on"),
        ("shape_wide", tensor(shape=(2**64, 3)), "that are not numbers from 0 on"),
        ("dimensions", tensor(shape=(2, 3, 1)), "has 3 dimensions and 2 strides"),
        ("dimensions_many", tensor(shape=(1,) * 100, strides=(1,) * 100), "not tuples of up to 64 numbers"),
    ):
        yield Case(f"torch_bad_{field}.pt", checkpoint(named(("w", made))), piece)
    changes = (
        ("kind_narrower", tensor("HalfStorage"), "and the pickle says 6 elements of 2"),
        ("kind_wider", tensor("DoubleStorage"), "and the pickle says 6 elements of 8"),
        ("storage_missing", tensor(key="9"), "lacks the member 'm/data/9'"),
        ("storage_outside", tensor(key="../../../etc/passwd"), "lacks the member 'm/data/../../../etc/passwd'"),
        ("storage_key_long", tensor(key="0" * 300), "is not that of a storage"),
    )
    for name, made, piece in changes:
        yield Case(f"torch_{name}.pt", checkpoint(named(("w", made))), piece)
    view = named(("w", tensor(view=b"(" + text("1") + integer(0) + integer(6) + b"t")))
    yield Case("torch_storage_view.pt", checkpoint(view), "as a view of another", UNSUPPORTED)
    good = named(("w", tensor()))
    yield Case("torch_data_short.pt", checkpoint(good, f32(1, 2)), "and the pickle says 6 elements of 4")
    yield Case("torch_data_long.pt", checkpoint(good, bytes(28)), "and the pickle says 6 elements of 4")
    yield Case("torch_order.pt", checkpoint(good, order=b"middle"), "says 'middle'")
    yield Case("torch_order_long.pt", checkpoint(good, order=b"l" * 100), "at most 64 are read", UNSUPPORTED)
    packed = pickled(good)
    yield Case("torch_pickle_crc.pt", checkpoint(good, deflate=True, own={"crc": 1}, listed={"crc": 1}), "CRC-32")
    bomb = archive(Member("m/data.pkl", packed, True, deflated(packed + bytes(10**6))))
    yield Case("torch_pickle_bomb.pt", bomb, "becomes more than")
    sizes = {"inflated": 2**31}
    yield Case(
        "torch_pickle_huge.pt",
        checkpoint(good, deflate=True, own=sizes, listed=sizes),
        "at most 268435456",
        UNSUPPORTED,
    )
    two = archive(Member("m/data.pkl", packed), Member("n/data.pkl", packed))
    yield Case("torch_two_pickles.pt", two, "with two pickles of a PyTorch checkpoint")
    repeated = named(("w", tensor(shape=(10**9, 3), strides=(0, 1))))
    yield Case(
        "torch_repeated_rows.pt", checkpoint(repeated), "save it as the matrix that it stands for", UNSUPPORTED, TABLE
    )
    repeated = named(("w", tensor(shape=(1, 2**28), strides=(1, 0))))
    yield Case(
        "torch_repeated_columns.pt", checkpoint(repeated), "save it as the matrix that it stands for", UNSUPPORTED, TABLE
    )
    whole = named(("w", tensor("LongStorage", elements=3, shape=(1, 3))))
    yield Case("torch_integers.pt", checkpoint(whole), "elements of type torch.int64", UNSUPPORTED, TABLE)
    rank = named(("w", tensor(shape=(6,), strides=(1,))))
    yield Case("torch_vector.pt", checkpoint(rank), "a table is a matrix", UNSUPPORTED, TABLE)


def old_form():
    good = named(("w", tensor()))
    for value in extremes(64, 6):
        yield Case(
            f"torch_legacy_storage_{value}.pt",
            legacy(good, storages=u64(value) + f32(*range(6))),
            "and its pickle says 6",
        )
    yield Case("torch_legacy_data_long.pt", legacy(good) + b"\0", "1 byte behind its last storage", calls=NOTED)
    changes = (
        ("data_short", legacy(good)[:-1], "in a storage"),
        ("keys_none", legacy(good, keys=b"N"), "is no list of storages"),
        ("keys_empty", legacy(good, keys=b"]", storages=b""), "lacks the storage '0'"),
        ("key_other", legacy(good, keys=b"](" + text("1") + b"e"), "lists the storage '1'"),
        ("key_twice", legacy(good, keys=b"](" + text("0") * 2 + b"e"), "lists the storage '0'"),
        (
            "two_lengths",
            legacy(named(("w", tensor()), ("v", tensor(elements=5, shape=(1, 3))))),
            "two types or lengths",
        ),
    )
    for name, content, piece in changes:
        yield Case(f"torch_legacy_{name}.pt", content, piece)
    yield Case("torch_legacy_version.pt", legacy(good, version=1000), "of version 1001", UNSUPPORTED)
    other = legacy(good, magic=pickled(b"\x8a\x0a" + bytes(10)))
    yield Case("torch_legacy_magic.pt", other, "a checkpoint's magic number", UNSUPPORTED)
    yield Case("pickle_of_a_list.pkl", pickle.dumps([1, 2, 3], 2), "a checkpoint's magic number", UNSUPPORTED)
    yield Case("pickle_of_a_word.pkl", pickle.dumps("word", 4), "a checkpoint's magic number", UNSUPPORTED)
    yield from cuts("torch_legacy", ".pt", legacy(good), (2, 10, 20, 40, 100, 200), "ends at byte")


def claims():
    huge = 8 * 10**9
    claim = named(("w", tensor(elements=huge, shape=(huge, 1), strides=(1, 1))))
    yield Case("claim_torch.pt", checkpoint(claim), "and the pickle says 8000000000 elements")
    yield Case("claim_torch_legacy.pt", legacy(claim, storages=u64(huge)), "in a storage")


def cases():
    for make in (code, machines, shapes_of_graphs, tensors, old_form, claims):
        yield from make()

"""model2vec's models: a safetensors file, the tokenizer.json beside it, which names its rows, and the config.json that
says what it is. A neighbour that cannot be read is noted, and the file is read without it."""

import json

from case import NOTED, Case, extremes, f32
from safetensors_cases import file_of


def model(rows=2, **more):
    """A model of rows of 3 numbers, with more tensors: name -> (dtype, shape, data)."""
    header = {}
    data = b""
    for name, (dtype, shape, content) in {"embeddings": ("F32", [rows, 3], f32(*range(rows * 3))), **more}.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    return file_of(json.dumps(header), data)


def tokenizers():
    def vocabulary(text, kind="WordPiece"):
        return f'{{"model":{{"type":"{kind}","vocab":{text}}}}}'

    texts = [
        ("empty", "", "is not JSON"),
        ("not_json", "{", "is not JSON"),
        ("text_behind", vocabulary('{"a":0,"b":1}') + "x", "is not JSON"),
        ("list", "[]", "an array stands"),
        ("number", "1", "a number stands"),
        ("no_vocab", "{}", "has no model.vocab"),
        ("model_list", '{"model":[]}', "an array stands"),
        ("model_twice", '{"model":{},"model":{}}', "model twice"),
        ("vocab_twice", '{"model":{"vocab":{},"vocab":{}}}', "vocab twice"),
        ("type_twice", '{"model":{"type":"BPE","type":"BPE"}}', "type twice"),
        ("type_number", '{"model":{"type":1}}', "a number stands"),
        ("id_text", vocabulary('{"a":"0","b":1}'), "a string stands"),
        ("id_null", vocabulary('{"a":null,"b":1}'), "null stands"),
        ("id_list", vocabulary('{"a":[0],"b":1}'), "an array stands"),
        ("id_negative", vocabulary('{"a":-1,"b":1}'), "the id -1 is not"),
        ("id_fraction", vocabulary('{"a":0.5,"b":1}'), "is not an unsigned 64-bit integer"),
        ("id_too_large", vocabulary('{"a":18446744073709551616,"b":1}'), "is not an unsigned 64-bit integer"),
        ("id_twice", vocabulary('{"a":0,"b":0}'), "have the same id, 0"),
        ("token_twice", vocabulary('{"a":0,"a":0}'), "have the same id, 0"),
        ("id_missing", '{"model":{"vocab":{"a":0}},"added_tokens":[{"id":1}]}', "lacks id or content"),
        ("content_missing", '{"model":{"vocab":{"a":0}},"added_tokens":[{"content":"b"}]}', "lacks id or content"),
        ("added_object", '{"model":{"vocab":{"a":0}},"added_tokens":{}}', "an object stands"),
        (
            "added_differs",
            '{"model":{"vocab":{"a":0,"b":1}},"added_tokens":[{"id":1,"content":"c"}]}',
            "the same id, 1",
        ),
        ("gap", '{"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":"c"},{"id":1,"content":"c"},'
                '{"id":3,"content":"d"}]}', "no token has the id 2"),
        ("list_in_map_model", vocabulary('[["a",0]]'), "its vocab is not what its model has"),
        ("map_in_list_model", vocabulary('{"a":0}', "Unigram"), "its vocab is not what its model has"),
        ("pair_of_one", vocabulary('[["a"]]', "Unigram"), "is not a token and its score"),
        ("pair_of_three", vocabulary('[["a",0,1]]', "Unigram"), "a number stands"),
        ("pair_swapped", vocabulary('[[0,"a"]]', "Unigram"), "a number stands"),
        ("deep", '{"x":' + "[" * 5000, "objects and arrays deep"),
        ("deep_objects", '{"x":' * 5000, "objects and arrays deep"),
        ("deep_vocab", '{"model":{"vocab":' + "[" * 5000, "an array stands"),
    ]
    for value in extremes(64, 0, 1):
        texts.append((f"id_{value}", vocabulary(f'{{"a":0,"b":{value}}}'), f"has the id {value}, and there are only 2"))
    for name, text, piece in texts:
        beside = {"tokenizer.json": text.encode()}
        yield Case(f"tokenizer_{name}/model.safetensors", model(), piece, calls=NOTED, beside=beside)
    beside = {"tokenizer.json": vocabulary('{"a":0,"b":1}', "Mystery").encode()}
    yield Case("tokenizer_type/model.safetensors", model(), "of the type 'Mystery'", calls=NOTED, beside=beside)
    bad = b'{"model":{"type":"BPE","vocab":{"\xff":0}}}'
    beside = {"tokenizer.json": bad}
    yield Case("tokenizer_utf8/model.safetensors", model(), "is not JSON", calls=NOTED, beside=beside)
    for name, text in (("empty", b""), ("text", b"no JSON"), ("list", b"[]"), ("cut", b'{"model_type":')):
        beside = {"config.json": text}
        yield Case(f"config_{name}/model.safetensors", model(), "config.json beside it", calls=NOTED, beside=beside)


IS_MODEL2VEC = {"config.json": b'{"model_type":"model2vec"}'}


def derived():
    def numbers(*values, bits=64):
        return b"".join((value % 2**bits).to_bytes(bits // 8, "little") for value in values)

    for value in (2, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1):
        signed = value - 2**64 if value >= 2**63 else value
        made = model(mapping=("I64", [3], numbers(0, 1, value)))
        piece = f"mapping[2] is {signed}, and embeddings has 2 rows"
        yield Case(f"model2vec_mapping_{value}/model.safetensors", made, piece, beside=IS_MODEL2VEC)
    changes = (
        ("mapping_of_floats", {"mapping": ("F32", [2], bytes(8))}, "the tensor mapping is F32 [2]"),
        ("mapping_matrix", {"mapping": ("I64", [1, 2], bytes(16))}, "the tensor mapping is I64 [1, 2]"),
        (
            "weights_few",
            {"mapping": ("I64", [3], bytes(24)), "weights": ("F32", [2], f32(1, 1))},
            "the tensor weights is",
        ),
        (
            "weights_many",
            {"mapping": ("I64", [1], bytes(8)), "weights": ("F32", [2], f32(1, 1))},
            "the tensor weights is",
        ),
        ("weights_integers", {"weights": ("I32", [2], bytes(8))}, "the tensor weights is I32 [2]"),
        ("weights_nan", {"weights": ("F32", [2], f32(1, float("nan")))}, "weights[1] is nan"),
        ("weights_infinite", {"weights": ("F32", [2], f32(float("inf"), 1))}, "weights[0] is inf"),
        ("weights_beyond_f32", {"weights": ("F64", [2], bytes(15) + b"\x7f")}, "which is no finite f32"),
    )
    for name, more, piece in changes:
        yield Case(f"model2vec_{name}/model.safetensors", model(**more), piece, beside=IS_MODEL2VEC)


def cases():
    yield from tokenizers()
    yield from derived()

"""seeds.py TARGET FOLDER: small valid inputs for a fuzz target, of formats of which there are no small real files."""
import json
import pathlib
import struct
import sys


def gguf():
    def text(value):
        return struct.pack("<Q", len(value)) + value

    header = b"GGUF" + struct.pack("<IQQ", 3, 2, 3)
    header += text(b"general.architecture") + struct.pack("<I", 8) + text(b"bert")
    header += text(b"general.alignment") + struct.pack("<II", 4, 32)
    header += text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b")
    header += text(b"token_embd.weight") + struct.pack("<IQQIQ", 2, 4, 2, 0, 0)
    header += text(b"q") + struct.pack("<IQQIQ", 2, 32, 1, 8, 32)
    header += bytes(-len(header) % 32)
    return [header + bytes(32) + bytes(34) + bytes(30)]


def tokenizer():
    files = [{"model": {"type": "WordPiece", "vocab": {"a": 0, "b": 1}}, "added_tokens": [{"id": 2, "content": "c"}]},
             {"model": {"type": "Unigram", "vocab": [["a", -1.5], ["b", 0]]}}]
    return [json.dumps(file).encode() for file in files]


def safetensors():
    header = json.dumps({"__metadata__": {"format": "pt"},
                         "w": {"dtype": "F64", "shape": [1, 2], "data_offsets": [0, 16]},
                         "v": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [16, 24]}}).encode()
    return [struct.pack("<Q", len(header)) + header + bytes(24)]


def npy():
    dict_text = b"{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3), }\n"
    return [b"\x93NUMPY\x02\x00" + struct.pack("<I", len(dict_text)) + dict_text + bytes(12)]


def fasttext():
    """Product-quantised models, the second of which keeps two buckets of n-grams of its five."""
    def quantizer(columns, part_columns):
        parts = -(-columns // part_columns)
        fields = struct.pack("<4i", columns, parts, part_columns, columns - (parts - 1) * part_columns)
        return fields + struct.pack(f"<{256 * columns}f", *(0.25 * i for i in range(256 * columns)))

    def matrix(rows, dim):
        codes = rows * -(-dim // 2)
        head = struct.pack("<?qqi", True, rows, dim, codes)
        return head + bytes(i % 256 for i in range(codes)) + quantizer(dim, 2) + bytes(range(rows)) + quantizer(1, 1)

    words, dim, bucket = [b"</s>", b"ab", b"na\xc3\xafve"], 3, 5
    models = []
    for kept in (None, [(1, 0), (4, 1)]):
        ngrams = bucket if kept is None else len(kept)
        model = struct.pack("<14id", 793712314, 12, dim, 5, 5, 1, 5, 1, 2, 2, bucket, 2, 3, 100, 1e-4)
        model += struct.pack("<3iqq", len(words), len(words), 0, 1000, -1 if kept is None else len(kept))
        model += b"".join(word + b"\0" + struct.pack("<qb", 7, 0) for word in words)
        model += b"".join(struct.pack("<ii", *pair) for pair in kept or [])
        model += b"\1" + matrix(len(words) + ngrams, dim)
        model += struct.pack("<?qq", False, len(words), dim) + bytes(4 * len(words) * dim)
        models.append(model)
    return models


def text():
    return [bytes([how]) + content for how in range(16)
            for content in (b"king 1 2\nqueen 3 4\n", b"2 2\nking 1 2\nqueen 3 4\n",
                            b"1 2\nking " + struct.pack("<ff", 1, 2) + b"\n")]


def questions():
    return [b": family\nking man woman queen\n", b": x\r\nKing man woman Queen\n\n"]


def main():
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    makers = {"gguf": gguf, "tokenizer": tokenizer, "safetensors": safetensors, "npy": npy, "text": text,
              "questions": questions, "fasttext": fasttext}
    golden = pathlib.Path(__file__).parent.parent / "golden"
    inputs = makers[target]() if target in makers else []
    if target == "native":
        inputs = [file.read_bytes() for file in sorted(golden.glob("native-*.safetensors"))]
        assert inputs, f"no files in {golden}"
    for number, content in enumerate(inputs):
        (folder / f"made.{number}").write_bytes(content)


main()

"""Tables as text and in word2vec's binary form, plain and compressed: open() says that they have to be converted."""

import gzip

from case import CONVERT, UNKNOWN, UNSUPPORTED, Case, extremes, f32




def packed(content):
    return gzip.compress(content, mtime=0)


def glove():
    lines = b"a 1 2 3\nb 4 5 6\nc 7 8 9\n"
    kinds = (
        ("ragged_few", b"a 1 2 3\nb 4 5\nc 7 8 9\n", "line 2 has 2 numbers where 3 are expected"),
        ("ragged_many", b"a 1 2 3\nb 4 5 6 7\nc 7 8 9\n", "line 2 has 4 numbers where 3"),
        ("empty_line", b"a 1 2 3\n\nc 7 8 9\n", "line 2 is empty and others follow"),
        ("word_for_number", b"a 1 2 3\nb 4 x 6\nc 7 8 9\n", "line 2"),
        ("comma", b"a 1 2 3\nb 4,5 5 6\nc 7 8 9\n", "line 2"),
        ("hexadecimal", b"a 1 2 3\nb 4 0x5 6\nc 7 8 9\n", "line 2"),
        ("beyond_f32", b"a 1 2 3\nb 4 1e39 6\nc 7 8 9\n", "beyond the range of f32"),
        ("beyond_f64", b"a 1 2 3\nb 4 1e999 6\nc 7 8 9\n", "beyond the range of f32"),
        ("commas_in_one", b"a 1 2 3\nb,4,5,6\nc 7 8 9\n", "line 2 has no numbers"),
        ("cut", lines[:-4], "line 3 has"),
    )
    for name, content, piece in kinds:
        yield Case(f"glove_{name}.txt", content, piece, calls=CONVERT)
        yield Case(f"glove_{name}.txt.gz", packed(content), piece, calls=CONVERT)
    yield Case(
        "glove_carriage_returns.txt", lines.replace(b"\n", b"\r"), "end in carriage returns alone", UNSUPPORTED, CONVERT
    )
    utf16 = b"\xff\xfe" + lines.decode().encode("utf-16-le")
    yield Case("glove_utf16.txt", utf16, "is UTF-16 text", UNSUPPORTED)
    yield Case("counts.txt", b"a 10\nb 20\nc 30\n", "one number a line", UNSUPPORTED)
    prose = b"It was the best of times.\nIt was the worst.\n"
    yield Case("prose.txt", prose, 'line 1 ends in "times."', UNSUPPORTED)
    yield Case("html.txt", b"<!doctype html>\n<title>404</title>\n", "is a web page", UNSUPPORTED)
    yield Case("noise.bin", bytes((i * 73 + 41) % 256 for i in range(999)), UNKNOWN, UNSUPPORTED)
    yield Case("zeros.bin", bytes(1000), UNKNOWN, UNSUPPORTED)
    yield Case("empty.txt", b"", "is empty")
    yield Case("line_feed.txt", b"\n", UNKNOWN, UNSUPPORTED)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 132\n"
    yield Case("git_lfs_pointer.bin", pointer, "git lfs pull", UNSUPPORTED)


def word2vec():
    body = b"a 1 2 3\nb 4 5 6\n"
    kinds = (
        ("fewer_rows", b"3 3\na 1.000000 2 3\nb 4 5 6\n", "the header promises 3 rows, the file has 2"),
        ("more_rows", b"1 3\n" + body, "the header promises 1 row, but line 3 is one more"),
        ("ragged", b"2 3\na 1 2 3\nb 4 5\n", "line 3 has 2 numbers where 3"),
        ("number", b"2 3\na 1 2 3\nb 4 x 6\n", "line 3"),
    )
    for name, content, piece in kinds:
        yield Case(f"word2vec_{name}.vec", content, piece, calls=CONVERT)
        yield Case(f"word2vec_{name}.vec.gz", packed(content), piece, calls=CONVERT)
    for value in extremes(64, 0, 1):
        yield Case(f"word2vec_rows_{value}.vec", f"{value} 3\n".encode() + body, "can hold", calls=CONVERT)
    rows = b"a " + f32(1, 2, 3) + b"b " + f32(4, 5, 6)
    for value in extremes(64, 0, 1):
        yield Case(f"word2vec_binary_rows_{value}.bin", f"{value} 3\n".encode() + rows, "can hold", calls=CONVERT)
        yield Case(f"word2vec_binary_dim_{value}.bin", f"2 {value}\n".encode() + rows, "can hold", calls=CONVERT)
    kinds = (
        ("cut_in_row", b"2 3\n" + rows[:-1], "the file ends inside its numbers"),
        ("cut_at_row", b"2 3\n" + rows[:14], "can hold"),
        ("more", b"1 3\n" + rows, "but more bytes follow"),
        ("appended", b"2 3\n" + rows + b"xyz", "but more bytes follow"),
        (
            "line_feed_missing",
            b"3 3\na " + f32(1, 2, 3) + b"\nb " + f32(4, 5, 6) + b"\nc " + f32(7, 8, 9)[:-1],
            "the file ends inside its numbers",
        ),
        ("token_without_end", b"2 3\na " + f32(1, 2, 3) + b"x" * 2**20 * 2, "has no space in its first"),
    )
    for name, content, piece in kinds:
        yield Case(f"word2vec_binary_{name}.bin", content, piece, calls=CONVERT)


def compressed():
    good = packed(b"a 1 2 3\nb 4 5 6\n")
    kinds = (
        ("cut_in_header", good[:6], "cut short"),
        ("cut_in_data", good[:-12], "cut short"),
        ("cut_in_trailer", good[:-3], "cut short"),
        ("crc", good[:-8] + bytes([good[-8] ^ 1]) + good[-7:], "the gzip data"),
        ("length", good[:-1] + b"\1", "the gzip data"),
        ("appended", good + b"xyz", "followed by bytes that are not gzip"),
        ("method", good[:2] + b"\7" + good[3:], "the gzip data"),
        ("noise", good[:10] + b"\xff" * 40, "the gzip data"),
        ("empty", packed(b""), "is empty"),
    )
    for name, content, piece in kinds:
        yield Case(f"gzip_{name}.gz", content, piece, calls=CONVERT)
    yield Case("gzip_twice.gz", packed(good), "decompress it with: gzip -d", UNSUPPORTED, CONVERT)
    yield Case("gzip_of_npy.gz", packed(b"\x93NUMPY\x01\x00" + bytes(100)), "gzip -d", UNSUPPORTED, CONVERT)
    yield Case("gzip_bomb_line.gz", packed(b"a" * (80 << 20)), "where a number is expected", UNSUPPORTED, CONVERT)
    yield Case("gzip_bomb_zeros.gz", packed(bytes(80 << 20)), UNKNOWN, UNSUPPORTED, CONVERT)
    bomb = b"a 1 2 3\nb " + b"1" * (80 << 20)
    yield Case("gzip_bomb_number.gz", packed(bomb), "line 2 is longer than the 67108864 bytes", calls=CONVERT)


def claims():
    rows = b"80000000 100\nword " + f32(*range(10))
    yield Case("claim_word2vec_binary.bin", rows, "the header promises 80000000 rows of 100 numbers", calls=CONVERT)
    yield Case(
        "claim_word2vec.vec", b"4000000000 2\nword 0.1 0.2\n", "the header promises 4000000000 rows", calls=CONVERT
    )


def cases():
    for make in (glove, word2vec, compressed, claims):
        yield from make()

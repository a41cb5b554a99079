"""Zip archives and NumPy's .npz."""

from case import ARGUMENT, CONVERT, UNSUPPORTED, Case, cuts, extremes, u16, u32, u64
from npy_cases import npy
from zips import Member, archive, deflated

ARRAY = npy()


def one(deflate=False, data=None, own=None, listed=None, **end):
    return archive(Member("a.npy", ARRAY, deflate, data, own or {}, listed or {}), **end)


def ends():
    for value in (0, 2, 3, 2**16 - 1):
        piece = "claims" if value > 1 else "bytes more than its members take"
        yield Case(f"zip_entries_{value}.npz", one(here=value, entries=value), piece)
    yield Case("zip_entries_here.npz", one(here=2), "in several files", UNSUPPORTED)
    yield Case("zip_disk.npz", one(disk=1), "in several files", UNSUPPORTED)
    yield Case("zip_comment.npz", one(comment=1), "has no end record")
    yield Case("zip_appended.npz", one() + b"\0", "has no end record")
    for value in extremes(32):
        yield Case(f"zip_directory_bytes_{value}.npz", one(bytes=value), "does not end at byte")
        yield Case(f"zip_directory_offset_{value}.npz", one(offset=value), "does not end at byte")
    yield Case("zip_empty.npz", archive(), "nothing in it", UNSUPPORTED)
    yield from cuts("zip", ".npz", one(), (4, 30, 100, len(one()) - 1), "has no end record")


def zip64():
    def made(entries=1, size=51, offset=None, at=None, length=44, disks=1, count=1):
        plain = one()
        directory = len(plain) - 22 - 51
        record = b"PK\x06\x06" + u64(length) + u16(45) + u16(45) + u32(0) + u32(0) + u64(count) + u64(entries)
        record += u64(size) + u64(directory if offset is None else offset)
        record += b"PK\x06\x07" + u32(0) + u64(directory + 51 if at is None else at) + u32(disks)
        return one(zip64=record, here=2**16 - 1, entries=2**16 - 1, bytes=2**32 - 1, offset=2**32 - 1)

    for value in extremes(64, 1):
        yield Case(f"zip64_entries_{value}.npz", made(entries=value), "contradicts itself")
        both = "bytes more than its members" if value == 0 else "its zip directory claims"
        yield Case(f"zip64_entries_twice_{value}.npz", made(entries=value, count=value), both)
        yield Case(f"zip64_bytes_{value}.npz", made(size=value), "does not end at byte")
        yield Case(f"zip64_offset_{value}.npz", made(offset=value), "does not end at byte")
        yield Case(f"zip64_locator_{value}.npz", made(at=value), "where no zip64 end record is")
        yield Case(f"zip64_length_{value}.npz", made(length=value), "contradicts itself")
    yield Case("zip64_disks.npz", made(disks=2), "in several files", UNSUPPORTED)


def members():
    changes = (
        ("method_own", {"method": 8}, {}, "by its own header than by the directory"),
        ("crc_own", {"crc": 1}, {}, "by its own header than by the directory"),
        ("bytes_own", {"bytes": 1}, {}, "by its own header than by the directory"),
        ("inflated_own", {"inflated": 1}, {}, "by its own header than by the directory"),
        ("name_own", {"name": b"b.npy"}, {}, "is called 'b.npy' by its own header"),
        ("name_bytes_own", {"name_bytes": 2**16 - 1}, {}, "passes the end of the file"),
        ("extra_bytes_own", {"extra_bytes": 2**16 - 1}, {}, "passes the end of the file"),
        ("bytes_listed", {}, {"bytes": 1}, "is stored and has two sizes"),
        ("inflated_listed", {}, {"inflated": 1}, "is stored and has two sizes"),
        ("header_listed", {}, {"header": 1}, "has no header at byte 1"),
        ("header_far", {}, {"header": 2**31}, "begins at byte 2147483648 of"),
        ("zip64_missing", {}, {"header": 2**32 - 1}, "lacks the zip64 sizes"),
        ("name_bytes_listed", {}, {"name_bytes": 2**16 - 1}, "in a member's name"),
        ("extra_bytes_listed", {}, {"extra_bytes": 2**16 - 1}, "in a member's extras"),
        ("comment_bytes_listed", {}, {"comment_bytes": 2**16 - 1}, "in a member's comment"),
    )
    for name, own, listed, piece in changes:
        yield Case(f"zip_{name}.npz", one(own=own, listed=listed), piece)
    for value in extremes(32, 0, 1):
        if value == 2**32 - 1:
            continue
        both = {"bytes": value, "inflated": value}
        yield Case(f"zip_size_{value}.npz", one(own=both, listed=both), "bytes and the file only")
    for flags in (1, 0x40, 0x2000):
        both = {"flags": flags}
        yield Case(f"zip_encrypted_{flags}.npz", one(own=both, listed=both), "is encrypted", UNSUPPORTED)
    for method in (1, 9, 12, 14, 93, 99):
        both = {"method": method}
        yield Case(f"zip_method_{method}.npz", one(own=both, listed=both), "0 (stored) and 8 (deflated)", UNSUPPORTED)
    twice = archive(Member("a.npy", ARRAY), Member("a.npy", ARRAY))
    yield Case("zip_name_twice.npz", twice, "the member 'a.npy' twice")
    same = archive(Member("a.npy", ARRAY), Member("b.npy", ARRAY, listed={"header": 0}))
    yield Case("zip_same_header.npz", same, "is called 'a.npy' by its own header")
    inner = archive(Member("b.npy", ARRAY))[: 35 + len(ARRAY)]
    outer = archive(Member("a.npy", inner), Member("b.npy", ARRAY, listed={"header": 35}))
    yield Case("zip_overlap.npz", outer, "overlaps member")


def contents():
    objects = npy("'|O'")
    yield Case("npz_objects.npz", archive(Member("a.npy", objects)), "Python objects", UNSUPPORTED)
    yield Case("npz_not_array.npz", archive(Member("a.npy", b"hello")), "does not start as a NumPy array does")
    yield Case("npz_array_empty.npz", archive(Member("a.npy", b"")), "does not start as a NumPy array does")
    short = archive(Member("a.npy", ARRAY[:-1]))
    yield Case("npz_array_short.npz", short, "bytes behind its NumPy header")
    other = archive(Member("a.exe", b"MZ\0\0" * 10))
    yield Case("zip_program.npz", other, "is of no format that Rowan knows", UNSUPPORTED, CONVERT)
    texts = archive(Member("a.txt", b"a 1 2\n"), Member("b.txt", b"b 1 2\n"))
    yield Case("zip_two_texts.zip", texts, "name one of them as the table", ARGUMENT, CONVERT)
    damaged = archive(Member("a.txt", b"a 1 2\n", data=b"a 1 3\n"))
    yield Case("zip_text_crc.zip", damaged, "has another CRC-32 than it claims", calls=CONVERT)


def compressed():
    zeros = npy(shape="(1000, 250)", data=bytes(10**6))
    packed = deflated(ARRAY)
    yield Case("npz_deflated_cut.npz", one(True, packed[:-8]), "the deflated data is cut short")
    yield Case("npz_deflated_empty.npz", one(True, b""), "cannot hold so many")
    yield Case("npz_deflated_noise.npz", one(True, b"\xff" * 60), "the deflated data")
    sizes = {"inflated": 2**31}
    yield Case("npz_bomb_claimed.npz", one(True, packed, sizes, sizes), "cannot hold so many")
    sizes = {"inflated": len(ARRAY) + 1}
    yield Case("npz_inflated_more.npz", one(True, packed, sizes, sizes), "bytes behind its NumPy header")
    longer = archive(Member("a.npy", ARRAY, True, deflated(ARRAY + bytes(10))))
    yield Case("npz_inflates_longer.npz", longer, "becomes more than the", calls=CONVERT)
    shorter = archive(Member("a.npy", ARRAY, True, deflated(ARRAY[:-10])))
    yield Case("npz_inflates_shorter.npz", shorter, "fewer than the", calls=CONVERT)
    crc = {"crc": 1}
    yield Case(
        "npz_crc.npz",
        archive(Member("a.npy", zeros, True, None, crc, crc)),
        "has another CRC-32 than it claims",
        calls=CONVERT,
    )
    yield Case("npz_bomb.npz", archive(Member("a.npy", zeros, True, deflated(bytes(3 * 10**6)))), "does not start as")


def claims():
    text = b"{'descr':'<f4','fortran_order':False,'shape':(8000000000,1)}"
    member = b"\x93NUMPY\x01\x00" + u16(len(text)) + text
    yield Case("claim_npz.npz", archive(Member("a.npy", member)), "its shape and type '<f4' say 32000000000")
    sizes = {"bytes": 2**32 - 1, "inflated": 2**32 - 1}
    extra = u16(1) + u16(16) + u64(32 * 10**9) + u64(32 * 10**9)
    listed = {**sizes, "extra": extra}
    content = archive(Member("a.npy", member, own=listed, listed=listed))
    yield Case("claim_npz_zip64.npz", content, "has 32000000000 bytes and the file only")


def cases():
    for make in (ends, zip64, members, contents, compressed, claims):
        yield from make()

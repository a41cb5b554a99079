"""Zip archives, written byte by byte so that any field can be wrong."""

import binascii
import dataclasses
import zlib

from case import u16, u32


def deflated(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@dataclasses.dataclass
class Member:
    """`own` are fields of the member's header, `listed` those of its entry in the directory, where they are wrong."""

    name: str
    content: bytes = b""
    deflate: bool = False
    data: bytes = None  # in place of the content, whose size and CRC-32 stay
    own: dict = dataclasses.field(default_factory=dict)
    listed: dict = dataclasses.field(default_factory=dict)


def fields(member, data, changes):
    name = member.name.encode()
    good = {
        "flags": 0,
        "method": 8 if member.deflate else 0,
        "crc": binascii.crc32(member.content),
        "bytes": len(data),
        "inflated": len(member.content),
        "name_bytes": len(name),
        "extra_bytes": len(changes.get("extra", b"")),
        "name": name,
        "extra": b"",
        **changes,
    }
    front = u16(good["flags"]) + u16(good["method"]) + u32(0) + u32(good["crc"]) + u32(good["bytes"])
    front += u32(good["inflated"]) + u16(good["name_bytes"]) + u16(good["extra_bytes"])
    return front, good["name"], good["extra"]


def archive(*members, **end):
    """The bytes; `end` has fields of the end record that are wrong."""
    content = b""
    directory = b""
    for member in members:
        data = deflated(member.content) if member.deflate else member.content
        data = member.data if member.data is not None else data
        front, name, extra = fields(member, data, member.listed)
        header = member.listed.get("header", len(content))
        directory += b"PK\x01\x02" + u16(20) + u16(20) + front + u16(member.listed.get("comment_bytes", 0)) + bytes(8)
        directory += u32(header) + name + extra
        front, name, extra = fields(member, data, member.own)
        content += b"PK\x03\x04" + u16(20) + front + name + extra + data
    good = {
        "disk": 0,
        "here": len(members),
        "entries": len(members),
        "bytes": len(directory),
        "offset": len(content),
        "comment": 0,
        **end,
    }
    last = b"PK\x05\x06" + u16(good["disk"]) + u16(0) + u16(good["here"]) + u16(good["entries"])
    last += u32(good["bytes"]) + u32(good["offset"]) + u16(good["comment"])
    return content + directory + end.get("zip64", b"") + last

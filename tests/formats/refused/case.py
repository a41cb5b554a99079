"""What a file of the corpus is, and values that sizes of hostile files have."""

import dataclasses
import struct

EXTREMES = tuple(
    sorted({0, 1, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1})
)

MALFORMED = "malformed_file"
UNSUPPORTED = "format_unsupported"
VERSION = "version_unsupported"
CHECKSUM = "checksum_mismatch"
NOT_FOUND = "not_found"
ARGUMENT = "invalid_argument"

# Which calls refuse a file: all of them; all but inspect(), which describes it; convert() alone, where open() says that
# it has to be converted; none, where a neighbour cannot be
# read or bytes are left over, which is noted.
FILE = "file"
TABLE = "table"
CONVERT = "convert"
NOTED = "noted"

UNKNOWN = "is of no format that Rowan knows"


@dataclasses.dataclass
class Case:
    """A file that is refused: its name says what is wrong with it."""

    name: str
    content: bytes
    piece: str  # of the sentence
    code: str = MALFORMED
    calls: str = FILE
    beside: dict = dataclasses.field(default_factory=dict)  # files of its folder: name -> content
    convert_piece: str = ""  # of convert()'s sentence, where that is another

    def __post_init__(self):
        if not self.piece:
            raise ValueError(f"nothing is expected of the sentence about {self.name}")


def u8(number):
    return struct.pack("<B", number)


def u16(number):
    return struct.pack("<H", number & 0xFFFF)


def u32(number):
    return struct.pack("<I", number & 0xFFFFFFFF)


def u64(number):
    return struct.pack("<Q", number & 0xFFFFFFFFFFFFFFFF)


def f32(*numbers):
    return struct.pack(f"<{len(numbers)}f", *numbers)


def extremes(bits, *good):
    """The values that fit so many bits, but for those that would be right."""
    return [value for value in EXTREMES if value < 2**bits and value not in good]


def patched(content, at, replacement):
    return content[:at] + replacement + content[at + len(replacement) :]


def cuts(stem, ending, content, places, piece, code=MALFORMED):
    """The file cut at each of these places."""
    for place in places:
        yield Case(f"{stem}_cut_at_{place}{ending}", content[:place], piece, code)

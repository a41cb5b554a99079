"""The rooms of the engine, in the order in which they may know each other, and what belongs to which."""

# Some are not there yet: their places are kept.
ROOMS = ["support", "compute", "files", "table", "lookup", "training", "search", "native", "formats", "words", "text",
         "convert", "open", "store"]

# What lies beside the rooms: one that is to come has it.
BESIDE = {
    "engine/parallel.hpp": "compute",
    "engine/parallel.cpp": "compute",
}

# Public header -> the first room that implements something of it. What a later room implements, as open does
# Table::open(), is found by the gate of calls.
PUBLIC = {
    "checkpoint": "native",
    "dtype": "support",
    "engine": "lookup",
    "export": "support",
    "export_table": "convert",
    "file": "native",
    "gradient": "training",
    "import": "convert",
    "neighbor": "search",
    "open_options": "files",
    "optimizer": "training",
    "options": "lookup",
    "reference": "lookup",
    "source_format": "formats",
    "status": "support",
    "subwords": "words",
    "table": "table",
    "threads": "support",
    "training_reference": "training",
    "tuning": "lookup",
    "version": "support",
    "view": "table",
    "vocabulary": "table",
    "words": "words",
}


def room_of(path):
    """The room of a file of the engine, or None."""
    if path in BESIDE:
        return BESIDE[path]
    folder = path.split("/")[1]
    return folder if folder in ROOMS else None


def room_of_header(header):
    """The room that a header belongs to, as it is included: "engine/table/view.hpp", "rowan/table.hpp"; or None."""
    if header.startswith("rowan/"):
        return PUBLIC.get(header.removeprefix("rowan/").removesuffix(".hpp"))
    return room_of(header)


def may_know(room, other):
    return ROOMS.index(other) <= ROOMS.index(room)

"""No room of the engine calls a later one, not through a public header either: objects say who defines what is needed.

calls.py NM OBJECT... --reject ROOM=OBJECT...   (rejected ones are seeded violations: they prove the gate)
"""

import sys

import rooms
import tree

OBJECTS = "rowan_engine.dir/"


def symbols(nm, path):
    """Those that an object defines, and those that it needs of others."""
    listing = tree.run([nm, "-g", "-P", "-C", path])
    if listing.returncode != 0:
        raise SystemExit(listing.stderr)
    defined, needed = set(), set()
    for line in listing.stdout.splitlines():  # NAME KIND [VALUE SIZE], and names may hold spaces
        if line.rstrip().endswith(" U"):
            needed.add(line.rstrip()[:-2])
            continue
        name, kind, *_ = line.rsplit(" ", 3)
        if kind in "TDBR":
            defined.add(name)
    return defined, needed


def room_of(path):
    file = "engine/" + path.split(OBJECTS)[1].removesuffix(".o").removeprefix("./")
    room = rooms.room_of(file)
    if room is None:
        raise SystemExit(f"{file} is of no room")
    return room


def upward(room, needed, homes):
    return [f"{name}, of {homes[name]}" for name in sorted(needed)
            if name in homes and not rooms.may_know(room, homes[name])]


def main():
    nm, *arguments = sys.argv[1:]
    split = arguments.index("--reject")
    objects = [(room_of(path), path, *symbols(nm, path)) for path in arguments[:split]]
    homes = {name: room for room, _, defined, _ in objects for name in defined}
    if len(homes) < 100:
        raise SystemExit(f"only {len(homes)} symbols were found in {len(objects)} objects")
    for argument in arguments[split + 1 :]:
        room, path = argument.split("=", 1)
        found = upward(room, symbols(nm, path)[1], homes)
        if not found:
            raise SystemExit(f"the gate does not see the seeded violation in {argument}")
        print(f"seeded violation seen: {room} calls {found[0]}")
    print(f"{len(homes)} symbols of {len(objects)} objects")
    tree.fail([f"{path.split(OBJECTS)[1]} ({room}) calls {name}" for room, path, _, needed in objects
               for name in upward(room, needed, homes)])


main()

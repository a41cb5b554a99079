"""No object of an instruction-set tier may define or need a symbol that another unit shares.

A shared inline function compiled with a tier's machine flags could be the copy that the linker keeps for all,
and then a processor without those instructions runs it. So every symbol that a tier defines must carry the tier's
name, and what it needs of others is four functions of the C library.

symbols.py NM TIER=OBJECT... --reject TIER=OBJECT...   (rejected ones are seeded violations: they prove the gate)
"""

import sys

import tree

NEEDED = {"memcpy", "memmove", "memset", "memcmp", "_GLOBAL_OFFSET_TABLE_"}


def violations(nm, tier, path):
    listing = tree.run([nm, "-g", "-P", path])
    if listing.returncode != 0:
        raise SystemExit(listing.stderr)
    symbols = [line.split()[:2] for line in listing.stdout.splitlines()]
    if not symbols:
        return [f"{path}: no symbols"]
    found = []
    for name, kind in symbols:
        if kind in "Uwv":
            if name not in NEEDED:
                found.append(f"{tier}: needs {name}")
        elif f"{tier}_kernels" not in name and f"xsimd_{tier}" not in name:
            found.append(f"{tier}: defines {name}, which is not its own")
    return found


def main():
    nm, *arguments = sys.argv[1:]
    split = arguments.index("--reject")
    for argument in arguments[split + 1 :]:
        found = violations(nm, *argument.split("=", 1))
        if not found:
            raise SystemExit(f"the gate does not see the seeded violation in {argument}")
        print(f"seeded violation seen: {found[0]}")
    checked = [argument.split("=", 1) for argument in arguments[:split]]
    tree.fail([problem for tier, path in checked for problem in violations(nm, tier, path)])


main()

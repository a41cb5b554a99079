"""A foreign format is named in its own files, in the registry and in the public enumeration, and nowhere else.

So that a format is added by writing one file and one line. Comments and documents may speak of any; perf measures some.
"""

import re

import tree

# What a format is called in code -> how its own files in engine/formats begin.
FORMATS = {
    "glove": ("glove", "text_rows", "text_probe"),
    "word2vec": ("word2vec", "text_rows", "text_probe"),
    "npy|numpy": ("npy", "npz", "archive", "read_zip"),
    "npz": ("npz", "read_zip"),
    "pytorch|torch": ("torch", "pickle", "read_zip", "archive"),
    "gguf": ("gguf",),
    "fasttext": ("fasttext",),
    "finalfusion": ("finalfusion",),
    "model2vec": ("model2vec", "files_beside"),
}

# Who else may name one, and why.
REGISTRY = "engine/formats/registry."
SUBWORDS = "engine/words/subword"  # rowan::Subwords is of fastText's models
TARGETS = "engine/convert/targets."  # what tables are written in, which has a registry of its own
IDS = "engine/convert/ids."  # ConvertOptions::ids_from is an .npy file
FINALFUSION = "engine/formats/finalfusion"  # whose vocabularies are fastText's, among others
LEGACY = "engine/formats/torch_legacy"  # advises gensim's function for pickles, by its name
NOT_READ = "engine/formats/not_read."  # what to make of a file that is of none, by the names of libraries
OTHERS = {"fasttext": (SUBWORDS, FINALFUSION), "npy|numpy": (IDS,), "word2vec": (LEGACY,)}

# The help of the command has examples with files of users; a list of formats, it does not write down.
HELP = "tools/cli."

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def code_of(text):
    """The text without comments; a // in a string is none."""
    kept = []
    at = 0
    for match in re.finditer(rf"{STRING.pattern}|{COMMENT.pattern}", text, re.DOTALL):
        kept.append(text[at : match.start()])
        kept.append(match[0] if match[0].startswith('"') else "")
        at = match.end()
    return "".join(kept) + text[at:]


def problems_of(path, text):
    if path.startswith((REGISTRY, TARGETS, NOT_READ)):
        return []
    code = code_of(text)
    found = []
    for name, stems in FORMATS.items():
        pattern = rf"\|(?:{name})|(?:{name})\|" if path.startswith(HELP) else rf"(?<![a-z])(?:{name})"
        own = tuple(f"engine/formats/{stem}" for stem in stems) + OTHERS.get(name, ())
        if path.startswith(own):
            continue
        for match in re.finditer(pattern, code, re.IGNORECASE):
            found.append(f"{path} names {match[0]}")
    return found


SEEDED = [
    ("engine/open/seed.cpp", "if (start.is(gguf_format)) return read_gguf(file);"),
    ("engine/formats/refusals.cpp", 'return "a fastText model";'),
    ("engine/convert/seed.cpp", '#include "engine/formats/npy.hpp"'),
    ("engine/formats/gguf.cpp", "return word2vec_rows(file);"),
    ("tools/seed.cpp", 'add("--from", "glove"); // and others'),
    ("tools/cli.cpp", 'add("--from", "glove|gguf");'),
]
CLEAN = [
    ("engine/formats/gguf.cpp", "const Format gguf_format;  // as word2vec's is"),
    ("engine/open/seed.cpp", "// of GGUF\nint a; /* NumPy */"),
    ("tools/cli.cpp", 'footer("Example: rowan info glove.safetensors");'),
]


def main():
    for path, text in SEEDED:
        if not problems_of(path, text):
            raise SystemExit(f"the gate does not see the seeded violation in {path}: {text}")
    for path, text in CLEAN:
        if problems_of(path, text):
            raise SystemExit(f"the gate sees a violation where there is none, in {path}: {text}")
    print(f"{len(SEEDED)} seeded violations seen")
    tree.fail([problem for path in tree.sources() if path.startswith(("engine/", "tools/"))
               for problem in problems_of(path, tree.read(path))])


main()

"""Writes the corpus of refused files, and what is said of each, into a folder: generate.py FOLDER

A line of manifest.tsv is a file: its path in the folder, which calls refuse it, the name of the Code, a piece of the
sentence, and a piece of convert()'s.
"""

import pathlib
import sys

import fasttext_cases
import finalfusion_cases
import gguf_cases
import npy_cases
import safetensors_cases
import text_cases
import tokenizer_cases
import torch_cases
import zip_cases

MODULES = (
    safetensors_cases,
    npy_cases,
    zip_cases,
    torch_cases,
    gguf_cases,
    fasttext_cases,
    finalfusion_cases,
    tokenizer_cases,
    text_cases,
)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = {}
    total = 0
    for module in MODULES:
        for case in module.cases():
            if case.name in lines:
                raise ValueError(f"two cases are called {case.name}")
            path = folder / case.name
            write(path, case.content)
            for name, content in case.beside.items():
                write(path.with_name(name), content)
            pieces = (case.piece, case.convert_piece or case.piece)
            columns = (case.name, case.calls, case.code, *pieces)
            lines[case.name] = "\t".join(columns) + "\n"
            total += len(case.content)
    (folder / "manifest.tsv").write_text("".join(lines.values()), encoding="utf-8")
    print(f"{len(lines)} files, {total} bytes")


main()

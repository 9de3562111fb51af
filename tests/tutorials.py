"""Reads a tutorial of docs/ as its reader does: files to write, changes to make, commands with what they print.

A block of code after a line that is only a path in backquotes is that file's content. A ``diff`` block changes the file
that was named last in backquotes before such a block. A ``console`` block is a command after ``$``, and below it words
that it prints. Any other ``python`` block is a notebook's cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`([\w./-]+/[\w.-]+)`")


@dataclass(frozen=True)
class Block:
    """``kind``: file, diff, console or cell; ``path`` is that of a file or of what a diff changes."""

    kind: str
    text: str
    path: str = ""


def blocks(tutorial: str) -> Iterator[Block]:
    text = (DOCS / tutorial).read_text()
    end = 0
    changed = ""
    for found in _BLOCK.finditer(text):
        before, language, content = text[end : found.start()], found[1], found[2]
        end = found.end()
        named = _PATH.findall(before)
        last = before.rstrip().rpartition("\n")[2]
        if named and last == f"`{named[-1]}`:":
            yield Block("file", content, named[-1])
        elif language == "diff":
            changed = named[-1] if named else changed
            yield Block("diff", content, changed)
        elif language == "console":
            yield Block("console", content)
        elif language == "python":
            yield Block("cell", content)


def change(path: Path, diff: str) -> None:
    """Apply a diff without context: its lines with ``-`` become those with ``+``."""
    lines = diff.splitlines()
    old = "\n".join(line[1:] for line in lines if line.startswith("-"))
    new = "\n".join(line[1:] for line in lines if line.startswith("+"))
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))


def commands(console: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the words that it prints."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed.strip().splitlines()

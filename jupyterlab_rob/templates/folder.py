"""A template's folder: its files, and what must not be in it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..service.engine.files import FileProblem, relative_path
from .findings import Finding

#: Larger texts are no specification or instructions that somebody wrote.
MAX_TEXT = 1 << 20

#: Each step gets a copy of its inputs: from here on that takes time and space, in bytes.
HUGE = 256 << 20

MAX_FILES = 50_000

#: Left out when the benchmark is added.
NOT_COPIED = ("__pycache__", ".ipynb_checkpoints")


class Unreadable(Exception):
    """A file of the template can't be read; the message is the end of a sentence."""


@dataclass(frozen=True)
class Folder:
    """The files of a template by their names relative to its folder ``path``; links are left out."""

    path: Path
    files: frozenset[str]
    findings: tuple[Finding, ...]

    def has(self, name: str) -> bool:
        """Whether ``name`` is a file of the folder."""
        return outside(name) is None and normal(name) in self.files

    def covered(self, name: str) -> list[str]:
        """The files that ``name``, a file or folder, stands for; none when it does not exist."""
        return sorted(covered(normal(name), self.files))

    def read(self, name: str) -> str:
        """The text in the file ``name``. Raises Unreadable, with the reason."""
        reason = outside(name)
        if reason:
            raise Unreadable(reason)
        if normal(name) not in self.files:
            raise Unreadable("is a folder" if self.covered(name) else "does not exist")
        try:
            with (self.path / name).open("rb") as file:
                content = file.read(MAX_TEXT + 1)
            if len(content) > MAX_TEXT:
                raise Unreadable(f"is larger than {MAX_TEXT} bytes")
            return content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise Unreadable("is not a text in UTF-8") from error
        except (OSError, ValueError) as error:
            raise Unreadable(f"can't be read ({getattr(error, 'strerror', None) or error})") from error


def outside(name: str) -> str | None:
    """How the path ``name`` leaves the folder, as the end of a sentence; None when it stays inside."""
    try:
        relative_path(name)
    except FileProblem:
        return "leaves the folder; name a file inside it"
    return None


def normal(name: str) -> str:
    """``name`` without what changes nothing: ``./data//`` is ``data``."""
    return str(PurePosixPath(name))


def covers(outer: str, inner: str) -> bool:
    """Whether the file or folder ``outer`` is or holds ``inner``; both normal."""
    return outer in (".", inner) or inner.startswith(f"{outer}/")


def covered(name: str, files: frozenset[str] | set[str]) -> set[str]:
    return {file for file in files if covers(name, file)}


def read_folder(path: Path) -> Folder:
    """Look at everything in the folder without following a link."""
    files: set[str] = set()
    findings: list[Finding] = []
    for entry in _entries(path, findings):
        name = _shown(os.path.relpath(entry.path, path))
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            findings.append(Finding("error", name, None, f"'{name}' is a link; put the file itself in its place."))
        elif not stat.S_ISREG(mode):
            findings.append(Finding("error", name, None, f"'{name}' is no regular file; take it away."))
        elif not os.access(entry.path, os.R_OK):
            findings.append(Finding("error", name, None, f"'{name}' can't be read; change its permissions."))
        else:
            files.add(name)
            findings += _about_size(name, entry.stat(follow_symlinks=False).st_size)
        if len(files) > MAX_FILES:
            message = f"The folder has more than {MAX_FILES} files; put small ones together in an archive."
            findings.append(Finding("error", ".", None, message))
            break
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", path.resolve().name):
        message = (
            f"The folder's name '{_shown(path.resolve().name)}' can't be the benchmark's; give one when you add it "
            "(lower-case letters, digits and hyphens, at most 32)."
        )
        findings.append(Finding("warning", ".", None, message))
    return Folder(path, frozenset(files), tuple(findings))


def _entries(path: Path, findings: list[Finding]) -> Iterator[os.DirEntry[str]]:
    """All entries that are no folders, in no order."""
    folders = [str(path)]
    while folders:
        current = folders.pop()
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry
                    elif entry.name not in NOT_COPIED:
                        folders.append(entry.path)
        except OSError as error:
            name = _shown(os.path.relpath(current, path))
            findings.append(Finding("error", name, None, f"'{name}' can't be read: {error.strerror}."))


def _about_size(name: str, size: int) -> Iterator[Finding]:
    if size > HUGE:
        yield Finding(
            "warning",
            name,
            None,
            f"'{name}' has {size >> 20} MB, and each step that takes it gets a copy: name in `files.inputs` only what "
            "a step needs.",
        )


def _shown(name: str) -> str:
    """A file's name as text that can be printed, whatever its bytes are."""
    return os.fsencode(name).decode(errors="replace")

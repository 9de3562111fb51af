"""Files on their way into the store: nobody's until they are complete."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import IO

from flowserv.volume.base import IOHandle

from ...errors import TooLarge
from .database import translated_errors


class IncomingFile(IOHandle):  # type: ignore[misc]
    """A file that is being written, beside the store's own; :class:`.ConfinedStorage` moves it to its place.

    Its methods block. Always :meth:`discard` it in the end: that removes what has not been moved.

    Args:
        path: Does not exist yet.
        limit: The largest size, in bytes.
        refusal: What a larger file is refused with.
    """

    def __init__(self, path: Path, limit: int, refusal: str) -> None:
        self.path = path
        self.limit = limit
        self.refusal = refusal
        self._size = 0
        with translated_errors():
            # Unbuffered: the pieces are large, and a full disk is met where it is said.
            self._file = path.open("xb", buffering=0)

    def write(self, data: bytes) -> None:
        """Append; TooLarge or StorageFull when there is no room."""
        self._size += len(data)
        if self._size > self.limit:
            raise TooLarge(self.refusal)
        with translated_errors():
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]

    def complete(self) -> None:
        """Nothing more will be written."""
        with translated_errors():
            self._file.close()

    def discard(self) -> None:
        """Remove the file, unless it was moved."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def open(self) -> IO[bytes]:
        return self.path.open("rb")

    def size(self) -> int:
        return self._size


class Incoming:
    """The ``folder`` in which files arrive; on the store's file system, so that to move them in costs nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder, without what a killed service has left in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)

    def begin(self, limit: int, refusal: str) -> IncomingFile:
        return IncomingFile(self.folder / secrets.token_hex(16), limit, refusal)

    def remove(self, path: Path) -> None:
        """Remove a folder of the store's, at once: what a kill leaves of it is in here, and goes at the next start."""
        aside = self.folder / f"{secrets.token_hex(16)}.removed"
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, aside)
        shutil.rmtree(aside, ignore_errors=True)


def move(file: IncomingFile, path: Path) -> None:
    """Move a complete file to its place."""
    file.complete()
    os.replace(file.path, path)

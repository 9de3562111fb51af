"""The log as a file: its beginning and its end are kept, and readers never see it half written."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from ..limits import readable

#: How much is kept of the beginning and of the end, in bytes.
HEAD = TAIL = 512 << 10


class LogFile:
    """A file of lines, of which the last may still change.

    While lines are only added they are appended. When one has changed, or the middle has to go, the file is replaced
    by another one, at once: who has opened it reads the old one to its end.

    Args:
        path: Where it is; None until :meth:`place` tells it: till then all is kept in memory.
        head, tail: How much of it is kept, in bytes.
    """

    def __init__(self, path: Path | None = None, head: int = HEAD, tail: int = TAIL) -> None:
        self.path: Path | None = None
        #: Bytes that the file has; 0 as long as there was nothing to write.
        self.size = 0
        self._limits = head, tail
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0
        # What has been added since the file was written, and what of the lines that may change is in it.
        self._added = bytearray()
        self._shown = b""
        self._is_changed = False
        self._file: int | None = None
        if path is not None:
            self.place(path)

    def place(self, path: Path) -> None:
        """Say where the file is. What is there already, of the service or an earlier attempt, stays in front."""
        self.path = path
        own = bytes(self._head + self._tail)
        for part in (self._head, self._tail, self._added):
            part.clear()
        self._add(_earlier(path, *self._limits))
        self._add(own)

    def add(self, text: str) -> None:
        """Add lines that are final."""
        self._add(text.encode(errors="replace"))

    def show(self, pending: str) -> bool:
        """Make the file say what was added, and then ``pending``: lines that may change. Returns whether all of it had
        to be written anew.

        Raises:
            OSError: It can't be written; another call tries again.
        """
        if self.path is None:
            return False
        data = pending.encode(errors="replace")
        more = bytes(self._added) + data
        if self._tail and len(self._tail) + len(data) > self._limits[1]:
            self._shorten(max(self._limits[1] * 3 // 4 - len(data), 0))
        if not more and not self._shown and not self._is_changed:
            return False
        # The first time, too: somebody else has written what may be there.
        is_anew = self._file is None or self._is_changed or not more.startswith(self._shown)
        try:
            if self._file is None or is_anew:
                self._replace(data)
            else:
                added = more[len(self._shown) :]
                self._write(self._file, added)
                self.size += len(added)
        except OSError:
            self._is_changed = True
            raise
        self._added.clear()
        self._shown, self._is_changed = data, False
        return is_anew

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _add(self, data: bytes) -> None:
        added = data
        if not self._tail and not self._left_out:
            # Whole lines only.
            room = self._limits[0] - len(self._head)
            taken = len(data) if len(data) <= room else data.rfind(b"\n", 0, max(room, 0)) + 1
            self._head += data[:taken]
            data = data[taken:]
        self._tail += data
        if len(self._tail) > self._limits[1]:
            self._shorten(self._limits[1] * 3 // 4)
        if not self._is_changed:
            self._added += added

    def _shorten(self, size: int) -> None:
        """Leave out what comes first in the tail, in whole lines, so that about ``size`` bytes stay."""
        end = self._tail.find(b"\n", len(self._tail) - size - 1) + 1 or len(self._tail)
        del self._tail[:end]
        self._left_out += end
        self._is_changed = True
        self._added.clear()

    def _replace(self, pending: bytes) -> None:
        assert self.path is not None
        middle = f"… {readable(self._left_out)} left out …\n".encode() if self._left_out else b""
        data = b"".join((self._head, middle, self._tail, pending))
        new = self.path.with_name(f".{self.path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._write(file, data)
            os.replace(new, self.path)
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                new.unlink()
            raise
        self.close()
        self._file = file
        self.size = len(data)

    @staticmethod
    def _write(file: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]


def _earlier(path: Path, head: int, tail: int) -> bytes:
    """The lines that a file has already; of one that is larger than any log, the end. Nothing where there is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode):
        os.close(number)
        return b""
    with open(number, "rb") as file:
        if status.st_size > 2 * (head + tail):
            file.seek(-tail, os.SEEK_END)
            file.readline()
        data = file.read(2 * (head + tail))
    return data if not data or data.endswith(b"\n") else data + b"\n"

"""A lock on a file that ends with the process that holds it, however that ends: the one sign that a worker lives.

Process numbers are no such sign: they are given away again, and an orphan may linger as a zombie.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

#: Seconds to try.
_PATIENCE = 5.0


class FileLock:
    """An exclusive lock on the file ``path``, which is made if need be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock, to the end of this process or :meth:`release`; False when another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def acquire_soon(self) -> bool:
        """The same, with patience: who asks whether it is held, holds it for a moment."""
        deadline = time.monotonic() + _PATIENCE
        while not self.acquire():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock on the file ``path``."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

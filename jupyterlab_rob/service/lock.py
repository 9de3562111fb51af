"""One process owns a data folder: a lock on a file in it, held as long as the process lives."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ..errors import DataFolderLocked, ServiceUnavailable


class DataFolder:
    """A data folder that this process owns from :meth:`claim` to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the folder if need be, and lock it.

        Raises DataFolderLocked when another process owns it, ServiceUnavailable when it can't be made or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.path / "service.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ServiceUnavailable(
                f"The data folder {self.path} can't be used: {error.strerror}. "
                "Set ROB_DATA_DIR to a folder that you may write."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise DataFolderLocked(
                f"The data folder {self.path} is in use by another ROB service (process {owner}). "
                "Stop that one (jupyter rob stop), or set ROB_DATA_DIR to another folder."
            ) from error
        except OSError as error:
            os.close(lock)
            raise ServiceUnavailable(
                f"The data folder {self.path} can't be used: its file system can't lock files ({error.strerror}). "
                "Set ROB_DATA_DIR to a folder on a local disk."
            ) from error
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        # Never closed: the lock ends with the process, however that ends.
        self._lock = lock

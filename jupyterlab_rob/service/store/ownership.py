"""One service owns a database. Two would end each other's runs when they start, and keep files that the other lacks."""

from __future__ import annotations

import fcntl
import os
from typing import Any

from sqlalchemy import Engine, text

from ...errors import DataFolderLocked

# Any number that no other program of the same database takes; the migrations have one of their own.
_LOCK = 0x524F42_0001


class Ownership:
    """The lock on a database, from :meth:`claim` until :meth:`release` or the end of the process."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._held: Any = None

    def claim(self) -> None:
        """Raises DataFolderLocked when another service owns the database."""
        is_file = self._engine.dialect.name == "sqlite"
        if not (self._lock_file() if is_file else self._lock_on_server()):
            raise DataFolderLocked(
                f"The database {self._name} is in use by another ROB service. Stop that one, or give this one a "
                "database of its own (ROB_DATABASE)."
            )

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _lock_file(self) -> bool:
        # Beside the database: a lock on the file itself would be in SQLite's way.
        self._held = open(f"{self._engine.url.database}.lock", "a", opener=_private)  # noqa: SIM115  (held)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def _lock_on_server(self) -> bool:
        # A connection of its own: the lock is the session's. It ends with the server, which has then lost all others.
        self._held = connection = self._engine.connect()
        connection.detach()
        is_ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}))
        connection.commit()
        if not is_ours:
            self.release()
        return is_ours


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)

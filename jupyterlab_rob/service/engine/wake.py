"""A pipe with a name in the run folder, by which a worker tells the service that there is something new to read.

It carries no news itself: the record is the truth. A pipe that both inherit would die with the service, while this one
is found again by the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from ...deadline import within


class Waker:
    """The worker's end. Calling it wakes whoever listens, if anybody does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __call__(self) -> None:
        # Nobody listens (yet, or any more), or has not read for long: all the same.
        with contextlib.suppress(OSError):
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(self._descriptor, b".")


class Bell:
    """The service's end, on the event loop. A context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news = asyncio.Event()
        self._descriptor: int | None = None

    def __enter__(self) -> Bell:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    async def wait(self, seconds: float) -> None:
        """Return when the worker has called, or its end was closed, or after ``seconds``."""
        if self._descriptor is None:
            self._open()
        with contextlib.suppress(asyncio.TimeoutError):
            await within(seconds, self._news.wait())
        self._news.clear()

    def _open(self) -> None:
        # Where the file system knows no such pipes, one waits its time.
        with contextlib.suppress(OSError):
            if not self._path.exists():
                os.mkfifo(self._path, 0o600)
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            asyncio.get_running_loop().add_reader(descriptor, self._on_readable)
            self._descriptor = descriptor

    def _on_readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if self._descriptor is not None and not os.read(self._descriptor, 4096):
                # The worker's end is closed: it has ended, most likely.
                self._close()
        self._news.set()

    def _close(self) -> None:
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

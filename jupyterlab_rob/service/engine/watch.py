"""Watches over a run from within its worker: ends a step that takes more than it may, and gives signs of life."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .advice import of_disk, of_run_time, of_step_time
from .beat import INTERVAL, Activity, Beat
from .limits import Limits
from .log import LogWriter
from .plan import RunFolder

#: Seconds between two looks at a step's limits.
_LOOK = 0.5
#: Seconds between two measurements of a step's folders: at least, as a multiple of what the last one took, at most.
_MEASURE = 2.0
_MEASURE_FACTOR = 20.0
_MEASURE_MOST = 30.0


@dataclass(frozen=True)
class Excess:
    """A limit that was not kept: ``kind`` as of a cause, ``message`` for the user."""

    kind: Literal["time", "disk"]
    message: str


class Watch(threading.Thread):
    """Between :meth:`begin` and :meth:`end` it watches what runs, and ends it when step or run take too much."""

    def __init__(self, folder: RunFolder, log: LogWriter, wake: Callable[[], None], limits: Limits) -> None:
        super().__init__(name="watch", daemon=True)
        self._folder = folder
        self._log = log
        self._wake = wake
        self._run_limits = limits
        self._run_began = time.monotonic()
        self._over = threading.Event()
        # Guards what follows: a step that has ended is not ended again.
        self._guard = threading.Lock()
        self._kill: Callable[[], None] | None = None
        self._limits = limits
        self._folders: tuple[Path, ...] = ()
        self._step_began = 0.0
        self._measured = 0.0
        self._excess: Excess | None = None

    def begin_step(self, limits: Limits, *folders: Path) -> None:
        """A step begins, which may write to ``folders``."""
        with self._guard:
            self._limits, self._folders = limits, folders
            self._step_began = time.monotonic()
            self._measured = 0.0
            self._excess = None

    def begin(self, kill: Callable[[], None]) -> None:
        """Something of the step runs; ``kill`` ends it, and is called from this thread."""
        with self._guard:
            self._kill = kill

    def end(self) -> Excess | None:
        """It has ended; the limit for which it was, if it was."""
        with self._guard:
            self._kill = None
            return self._excess

    def close(self) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        activity = Activity()
        next_beat = 0.0
        while not self._over.wait(_LOOK):
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + INTERVAL
                with contextlib.suppress(OSError):
                    activity.look()
                    active = max(activity.last, self._log.last_output or 0.0)
                    Beat(time.time(), active, self._log_size()).write(self._folder.beat)
                self._wake()
            self._look(now)

    def _log_size(self) -> int:
        return self._log.size_of(self._folder.log)

    def _look(self, now: float) -> None:
        size = self._measure(now)
        with self._guard:
            if self._kill is None or self._excess is not None:
                return
            self._excess = self._found(now, size)
            if self._excess is not None:
                self._kill()

    def _measure(self, now: float) -> int:
        """What the step's folders take, in bytes, if it is time to look; without the guard, since it may take some."""
        with self._guard:
            limit, folders = self._limits.disk, self._folders
            if limit is None or self._kill is None or now < self._measured:
                return 0
        size = sum(folder_size(folder, limit) for folder in folders)
        took = time.monotonic() - now
        with self._guard:
            self._measured = now + min(max(_MEASURE, _MEASURE_FACTOR * took), _MEASURE_MOST)
        return size

    def _found(self, now: float, size: int) -> Excess | None:
        whole, step = self._run_limits.time, self._limits.step_time
        if whole is not None and now - self._run_began > whole:
            return Excess("time", of_run_time(whole))
        if step is not None and now - self._step_began > step:
            return Excess("time", of_step_time(step))
        if self._limits.disk is not None and size > self._limits.disk:
            return Excess("disk", of_disk(self._limits.disk))
        return None


def folder_size(folder: Path, enough: int | None = None) -> int:
    """Bytes that all files and folders below ``folder`` take on the disk; links are not followed.

    When ``enough`` are found it stops. Not seen is what is open and has no name any more, or in a closed folder.
    """
    total = 0
    for parent, folders, names in os.walk(folder):
        if enough is not None and total > enough:
            break
        for name in (*folders, *names):
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(parent, name))
                # A sparse file becomes a whole one when it is copied.
                total += max(status.st_size, status.st_blocks * 512)
    return total

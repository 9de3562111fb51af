"""The worker's sign of life: a small file that it writes anew every few seconds, so that slow and stuck differ."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

#: Seconds between two signs.
INTERVAL = 5.0

#: Less than this part of a processor is what a kernel uses that waits.
_RESTING = 0.02


@dataclass(frozen=True)
class Beat:
    """``time`` and ``active`` in seconds since 1970: when it was written, and when the run's processes had last used
    the processor or printed; ``log_size`` in bytes."""

    time: float
    active: float
    log_size: int

    @property
    def idle(self) -> float:
        """Seconds for which nothing has moved."""
        return max(0.0, self.time - self.active)

    def write(self, path: Path) -> None:
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self)))
        os.replace(new, path)

    @classmethod
    def read(cls, path: Path) -> Beat | None:
        """The last one; None when there is none, or none that can be read."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None


class Activity:
    """Knows when the processes that this one has started have last used the processor."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._used: dict[int, float] = {}
        self._looked = time.time()
        self.last = self._looked

    def look(self) -> None:
        now = time.time()
        used: dict[int, float] = {}
        for child in self._process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                times = child.cpu_times()
                used[child.pid] = times.user + times.system
        gained = sum(seconds - self._used.get(pid, 0.0) for pid, seconds in used.items())
        if gained > _RESTING * (now - self._looked) or used.keys() - self._used.keys():
            self.last = now
        self._used, self._looked = used, now

"""Follows a run by what its worker writes into the run folder, whichever service has started it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from .cause import Cause
from .lock import is_held
from .plan import RunFolder
from .record import RecordReader
from .slot import Slot
from .wake import Bell

#: A running run says so at least this often, in seconds, so that slow and stuck differ.
HEARTBEAT = 5.0

#: Seconds that a worker may take from its making to its first lock.
_BIRTH = 5.0


class WorkerLost(Exception):
    """The worker is gone, and has not told how the run ended."""


async def follow(
    folder: RunFolder, attempt: int, slot: Slot, note: Callable[[dict[str, Any]], None], changed: Callable[[], None]
) -> Cause | None:
    """The cause with which the attempt ends, None for a good end.

    Args:
        note: Takes each entry of the record.
        changed: Called when there may be something new, and at least every ``HEARTBEAT`` seconds.

    Raises:
        WorkerLost: It is gone without an end.
    """
    record = RecordReader(folder.record(attempt))
    began = time.monotonic()
    with Bell(folder.wake) as bell:
        while True:
            # Before reading: then all is read that a worker has written that is gone.
            is_there = is_held(folder.lock) or slot.is_in_use() or time.monotonic() - began < _BIRTH
            for entry in record.read():
                if entry["event"] == "end":
                    return Cause.from_dict(entry["cause"]) if entry["cause"] else None
                note(entry)
            if record.is_behind:
                # Others have their turn meanwhile.
                await asyncio.sleep(0)
                continue
            if not is_there:
                raise WorkerLost
            changed()
            await bell.wait(HEARTBEAT if record.last else 0.5)

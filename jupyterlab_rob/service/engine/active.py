"""A run that waits or runs, as the service knows it; all else is in the store and in the run folder."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from ...models import RunState
from .beat import Beat
from .cause import Cause
from .plan import Plan, RunFolder
from .slot import Slot


@dataclass(eq=False)
class ActiveRun:
    """``number`` grows with each run that comes; ``expected`` is in seconds, of the whole run."""

    plan: Plan
    folder: RunFolder
    number: int
    attempt: int = 1
    state: RunState = RunState.PENDING
    position: int | None = None
    step: str | None = None
    cell: int | None = None
    cells: int | None = None
    expected: float | None = None
    #: Seconds since 1970.
    began: float | None = None
    beat: Beat | None = None
    slot: Slot | None = None
    #: How often this service has given it to a worker.
    beginnings: int = 0
    is_canceled: bool = False
    #: The service stops, and the run goes on without it.
    is_let_go: bool = False
    turn: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    work: asyncio.Task[Cause | None] | None = field(default=None, repr=False)
    life: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def owner(self) -> str | None:
        return self.plan.owner

    def progress(self) -> dict[str, Any]:
        """Where the run is: its place in the queue, or step, cell and times in seconds."""
        running = self.state is RunState.RUNNING
        elapsed = round(time.time() - self.began, 1) if running and self.began is not None else None
        return {
            "step": self.step,
            "cell": self.cell,
            "cells": self.cells,
            "elapsed": elapsed,
            "expected": self.expected if running else None,
            "idle": round(max(0.0, time.time() - self.beat.active), 1) if running and self.beat is not None else None,
            "position": self.position if self.state is RunState.PENDING else None,
        }

    def started(self, slot: Slot) -> None:
        """It has a worker."""
        self.slot = slot
        self.began = time.time()
        self.state = RunState.RUNNING

    def adopted(self, slot: Slot) -> None:
        """It has had a worker before this service was there."""
        self.started(slot)
        try:
            self.began = self.folder.slot.stat().st_mtime
        except OSError:
            self.began = time.time()

    def wait_again(self) -> None:
        """It has lost its worker."""
        self.state = RunState.PENDING
        self.began = self.step = self.cell = self.cells = self.beat = None
        self.turn.clear()

    def note(self, entry: dict[str, Any]) -> None:
        """Take in a step or cell entry of the record."""
        self.step = entry["step"]
        self.cells = entry["cells"]
        self.cell = entry.get("cell")

    def look(self) -> None:
        """Take in the worker's last sign of life."""
        self.beat = Beat.read(self.folder.beat)

"""Values that cross the boundaries: small, frozen, without behaviour of their own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal

JSON = dict[str, Any]

#: The members of a run handle's ``progress``; an event has them beside the run's state (docs/protocol.md).
PROGRESS = ("step", "cell", "cells", "elapsed", "expected", "idle", "position")


class RunState(str, Enum):
    """States of a run, verbatim as in ROB's API."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELED = "CANCELED"

    @property
    def is_active(self) -> bool:
        return self in (RunState.PENDING, RunState.RUNNING)


@dataclass(frozen=True)
class Problem:
    """One finding about a notebook or an argument, or about a benchmark's folder; ``cell`` and ``line`` count from
    1. ``notebook`` is the parameter whose notebook it is about, where several are submitted."""

    severity: Literal["error", "warning"]
    message: str
    cell: int | None = None
    parameter: str | None = None
    file: str | None = None
    line: int | None = None
    notebook: str | None = None

    def to_dict(self) -> JSON:
        return {key: value for key, value in asdict(self).items() if value is not None}

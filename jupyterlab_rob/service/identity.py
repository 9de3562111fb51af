"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(str, Enum):
    """What a user may do beyond their own submissions; each includes the one before."""

    PARTICIPANT = "participant"
    #: Adds benchmarks, and administers their own.
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Identity:
    """An authenticated user; ``user`` is the store's identifier."""

    user: str
    name: str
    role: Role

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR

    @property
    def is_coordinator(self) -> bool:
        """Whether they may add benchmarks; which ones they may change is the store's business."""
        return self.role is not Role.PARTICIPANT

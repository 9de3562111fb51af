"""How one worker confines what it runs: the service's sandbox, as the user of the worker's slot."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .limits import Limits
from .sandbox import Sandbox
from .slot import Slot

#: Most seconds to wait for a slot's last processes. A kernel that waits for a later step has the same user.
_SETTLING = 0.5


@dataclass(frozen=True)
class Confinement:
    """See :class:`Sandbox`, of which these methods are, for the slot."""

    sandbox: Sandbox
    slot: Slot

    @property
    def is_sealed(self) -> bool:
        """Whether there is a sandbox: nothing of what runs in it outlives it or sees this process."""
        return self.sandbox.program is not None

    def command(self, argv: Sequence[str], folder: Path, *, limits: Limits, runtime: Path | None = None) -> list[str]:
        return self.sandbox.command(argv, folder, runtime=runtime, limits=limits, slot=self.slot.number)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        return self.sandbox.environment(variables)

    def hand_over(self, folder: Path) -> None:
        self.sandbox.hand_over(folder, self.slot.number)

    def take_back(self, folder: Path) -> None:
        """To be called when what ran in ``folder`` has been waited for."""
        self._settle()
        self.sandbox.take_back(folder)

    def _settle(self) -> None:
        """Wait for the last of the slot's processes: those in a sandbox may die some milliseconds after what started
        them, and could change meanwhile what is looked at. Only where the slot has a user of its own."""
        user = self.sandbox.uid(self.slot.number)
        deadline = time.monotonic() + _SETTLING
        while user is not None and _has_processes(user) and time.monotonic() < deadline:
            time.sleep(0.002)


def _has_processes(user: int) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                return True
    return False

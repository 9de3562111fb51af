"""A slot: the folder of one worker, in which the steps of its run have their folders. It goes with the worker.

    lock       held by the worker for as long as it lives
    session    the worker's session (see processes.py)
    runtime    the path of the folder for its kernels' sockets
    steps/     folders in which steps run, each with all that it sees

The folder for sockets of kernels is elsewhere, since the path of a socket must be short.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .handover import discard
from .lock import is_held
from .processes import Session, end_processes

#: How the names of the folders for sockets begin, among temporary files.
RUNTIME_PREFIX = "rob-"

#: Longest path of a folder in which the sockets of a slot have paths that the system takes, in bytes (103 on macOS).
_LONGEST = 103 - len("/rob-1000-12345678/notebook/kernel-ipc-5")
_SHORT = ("/tmp", "/var/tmp")  # noqa: S108 (folders in it have names of their own and are their owner's alone)

#: Seconds that a worker has to end after its last word.
_SETTLING = 10.0


@dataclass(frozen=True)
class Slot:
    """``path`` ends in ``NUMBER-ID``; by its number each slot has a user of its own where there are such."""

    path: Path

    @classmethod
    def new(cls, folder: Path) -> Slot:
        """A slot in ``folder`` with the lowest number that no other one has; only its name is taken."""
        taken = {slot.number for slot in slots_in(folder)}
        number = next(number for number in itertools.count(1) if number not in taken)
        slot = cls(folder / f"{number}-{secrets.token_hex(4)}")
        slot.path.mkdir(mode=0o700)
        return slot

    @property
    def number(self) -> int:
        number = self.name.partition("-")[0]
        return int(number) if number.isdecimal() else 0

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def session(self) -> Path:
        return self.path / "session"

    @property
    def runtime(self) -> Path:
        try:
            # Where it was made: another service may have another folder for temporary files.
            return Path((self.path / "runtime").read_text())
        except OSError:
            return _short_folder() / f"{RUNTIME_PREFIX}{self.name}"

    @property
    def first_notebook(self) -> Path:
        """The folder of the run's first notebook, in which a kernel may wait for it."""
        return self.path / "steps" / "notebook"

    def step(self, number: int) -> Path:
        return self.path / "steps" / str(number)

    def create(self) -> None:
        runtime = self.runtime
        (self.path / "steps").mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / "runtime").write_text(str(runtime))
        runtime.mkdir(mode=0o700, exist_ok=True)

    def is_in_use(self) -> bool:
        """Whether its worker lives."""
        return is_held(self.lock)

    def settle(self) -> None:
        """Wait until its worker, which has done its work, has ended and removed it; if it does not, help it."""
        deadline = time.monotonic() + _SETTLING
        while self.path.exists():
            if time.monotonic() > deadline or not self.is_in_use():
                self.end()
                return
            time.sleep(0.02)

    def end(self) -> int:
        """End whatever is left of its worker, and remove it; returns how many processes there were."""
        session = Session.read(self.session)
        ended = end_processes([self.name], [session] if session else [])
        self.remove()
        return ended

    def remove(self) -> None:
        """Remove it. What can't be removed stays, and with it the slot's number is taken: no run is to suffer from it,
        and the next service tries again."""
        for folder in (self.runtime, self.path):
            with contextlib.suppress(OSError):
                discard(folder)


def _short_folder() -> Path:
    """The folder for temporary files; where its path is too long for sockets another one that all may use.

    A kernel in a sandbox has no other way to be spoken to, since it has no network, and no loopback either.
    """
    usual = Path(tempfile.gettempdir())
    folders = (usual, *map(Path, _SHORT))
    return next(
        (folder for folder in folders if len(os.fsencode(folder)) <= _LONGEST and os.access(folder, os.W_OK)), usual
    )


def is_slot_name(name: str) -> bool:
    """Whether it is a slot's name as :meth:`Slot.new` makes them."""
    return re.fullmatch(r"[0-9]+-[0-9a-f]{8}", name) is not None


def slots_in(folder: Path) -> list[Slot]:
    """All slots that there are in ``folder``."""
    with contextlib.suppress(FileNotFoundError):
        return [Slot(Path(entry.path)) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    return []

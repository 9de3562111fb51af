"""Ends all processes of a worker: its session, the kernels (which have sessions of their own) and what they started.

They are found in three ways, since each alone can be escaped: by the mark in their environment, by the session of the
worker, and as descendants of those. One that clears its environment escapes when it is outside the worker's
session and its parent has ended; only a sandbox can hold that.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

from .environment import MARK

_ROUNDS = 20


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Session:
    """The session that a worker leads: its process id, the boot of the machine in which that process began, and when
    it did.

    On Linux ``began`` are clock ticks since the boot, which stay the same when somebody sets the clock; elsewhere it is
    what psutil tells.
    """

    leader: int
    boot: str
    began: str

    @classmethod
    def of(cls, leader: int) -> Session | None:
        """The session of a living worker; None when it has ended already."""
        began = _birth(leader)
        return None if began is None else cls(leader, _boot(), began)

    @classmethod
    def read(cls, path: Path) -> Session | None:
        """The session that was written down; None when there is none, or its number may be another's by now."""
        try:
            leader, boot, began = path.read_text().split()
            session = cls(int(leader), boot, began)
        except (OSError, ValueError):
            return None
        return session if session._is_still_meant() else None

    def write(self, path: Path) -> None:
        path.write_text(f"{self.leader} {self.boot} {self.began}")

    def _is_still_meant(self) -> bool:
        # When the leader is gone, its number is not given away as long as the session has members.
        return self.boot == _boot() and _birth(self.leader) in (self.began, None)


def worker_processes(
    slots: Collection[str], sessions: Collection[Session] = (), but: int | None = None
) -> list[psutil.Process]:
    """All living processes of the workers in these slots and of these sessions, with their descendants; not ``but``."""
    leaders = {session.leader for session in sessions}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            # A worker that was forked just now does not lead its session yet.
            is_of_session = process.pid in leaders or _session(process.pid) in leaders
            if is_of_session or process.environ().get(MARK) in slots:
                found[process.pid] = process
                for child in process.children(recursive=True):
                    found[child.pid] = child
    return [process for process in found.values() if process.pid != but and _is_alive(process)]


def end_processes(slots: Collection[str], sessions: Collection[Session] = (), but: int | None = None) -> int:
    """Kill all processes of the workers in these slots and of these sessions, and wait until they are gone.

    Returns how many were killed. Repeats, because a process may start another one while the list is made.
    """
    killed = 0
    for _ in range(_ROUNDS if slots else 0):
        processes = worker_processes(slots, sessions, but)
        if not processes:
            break
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
                killed += 1
        psutil.wait_procs(processes, timeout=2)
    return killed


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return str(psutil.boot_time())


def _birth(process: int) -> str | None:
    """When a process began, of this boot; None when there is none."""
    if _BOOT_ID.exists():
        try:
            # The second field is the program's name, which may hold anything; proc(5) counts from 1.
            return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[22 - 3]
        except (OSError, IndexError):
            return None
    try:
        return str(psutil.Process(process).create_time())
    except psutil.Error:
        return None


def _session(process: int) -> int | None:
    try:
        return os.getsid(process)
    except OSError:
        return None


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False

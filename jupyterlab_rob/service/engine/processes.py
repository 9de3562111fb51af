"""Ends all processes of a run: its process group, the kernels (which have sessions of their own) and what they started.

Processes are found by the mark in their environment, not by a stored process id: ids are reused, and a process that
has left its parent and its session still carries the mark. One that clears its environment *and* leaves its parent
escapes; only a sandbox can hold that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil

from .environment import RUN_MARK

_ROUNDS = 20


def run_processes(runs: Iterable[str]) -> list[psutil.Process]:
    """All living processes of these runs, with their descendants."""
    wanted = set(runs)
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(RUN_MARK) in wanted:
                found[process.pid] = process
                for child in process.children(recursive=True):
                    found[child.pid] = child
    return [process for process in found.values() if _is_alive(process)]


def end_processes(runs: Iterable[str]) -> int:
    """Kill all processes of these runs and wait until they are gone; returns how many were killed.

    Repeats, because a process may start another one while the list is made.
    """
    wanted = set(runs)
    killed = 0
    for _ in range(_ROUNDS if wanted else 0):
        processes = run_processes(wanted)
        if not processes:
            break
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
                killed += 1
        psutil.wait_procs(processes, timeout=2)
    return killed


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False

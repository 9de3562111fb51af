"""What a user is told of a limit or an error beyond its bare name: how much there was, and the way out."""

from __future__ import annotations

import errno
import re
import shutil
import signal
from pathlib import Path

from ..limits import readable
from .cause import CauseKind
from .limits import Limits, exceeded
from .sandbox import TMP_SIZE

#: Bytes that are free on a disk that is not full.
_FREE = 1 << 20

_ERRNO = re.compile(r"\[Errno (-?\d+)\]")
#: Numbers of errors that a program gets where there is no network: of the address (Linux and macOS), of the way.
_UNREACHABLE = frozenset({-2, -3, -5, 8, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})


def way_out(is_participants: bool) -> str:
    """What to do about a limit; ``is_participants``: whether it was a participant's step that did not keep it."""
    if is_participants:
        return "Use less, or ask the benchmark's coordinator for more."
    return "This step is the benchmark's: tell its coordinator."


def of_run_time(limit: float) -> str:
    return f"The run took longer than it may: {_duration(limit)}."


def of_step_time(limit: float) -> str:
    return f"The step took longer than it may: {_duration(limit)}."


def of_disk(limit: int) -> str:
    return f"The step wrote more than it may: {readable(limit)}."


def of_outputs(limit: int) -> str:
    return f"The run's outputs are larger together than they may: {readable(limit)}."


def of_signal(code: int, limits: Limits) -> tuple[CauseKind, str] | None:
    """What it means that a process ended with this exit code, if that is a limit's doing."""
    limit = exceeded(code)
    if limit == "cpu":
        much = "" if limits.cpu is None else f": {_duration(limits.cpu)}"
        return "time", f"The step used more processor time than it may{much}."
    if limit == "file_size":
        much = "" if limits.file_size is None else f": {readable(limits.file_size)}"
        return "disk", f"The step wrote a file that is larger than it may be{much}."
    return None


def of_death(code: int, limits: Limits, *, was_short: bool) -> tuple[CauseKind, str]:
    """What it means that a kernel ended with this exit code; ``was_short``: whether the system has ended processes
    meanwhile since the machine's memory was full."""
    found = of_signal(code, limits)
    if found is not None:
        return found
    number = -code if code < 0 else code - 128
    name = signal.Signals(number).name if number in set(signal.Signals) else None
    how = f"by {name}" if name else f"with exit code {code}"
    if was_short and number == signal.SIGKILL:
        return "memory", "The kernel was killed, since the machine's memory was full."
    if limits.memory is not None:
        return "died", f"The kernel died ({how}); it may have needed more memory than it may have: " + (
            f"{readable(limits.memory)}."
        )
    return "died", f"The kernel died ({how}); it may have run out of memory."


def of_error(
    ename: str, evalue: str, limits: Limits, disk: Path, out: str, *, has_network: bool
) -> tuple[CauseKind, str | None]:
    """The kind of a cause that is an error in a cell, and what there is to say of it.

    Args:
        disk: A folder of the service's disk, which may be full.
        out: The way out where it is a limit.
    """
    found = _ERRNO.search(evalue)
    number = int(found[1]) if found else 0
    if ename == "MemoryError":
        return "memory", f"A process may have {readable(limits.memory)} of memory. {out}" if limits.memory else out
    if number == errno.EFBIG and limits.file_size:
        return "disk", f"A file may have {readable(limits.file_size)}. {out}"
    if number == errno.ENOSPC:
        if shutil.disk_usage(disk).free < _FREE:
            return "storage", None
        size = readable(min(TMP_SIZE, limits.disk or TMP_SIZE))
        return "disk", f"What is in /tmp may have {size}; files in the working folder have more room. {out}"
    if limits.processes and (number == errno.EAGAIN or "can't start new thread" in evalue):
        return "notebook", f"There may be {limits.processes} processes and threads at a time. {out}"
    if not has_network and (number in _UNREACHABLE or ename == "gaierror"):
        return "notebook", "Runs of this benchmark have no network; ask its coordinator if they need it."
    if ename == "StdinNotImplementedError":
        return "notebook", "Nobody answers input() in a run: make it a parameter."
    if ename == "ModuleNotFoundError":
        return "notebook", "Is it installed where the ROB service runs?"
    return "notebook", None


def killed_for_memory() -> int | None:
    """How many processes the system has ended so far since the machine's memory was full; None: it does not tell."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
    except OSError:
        return None


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"

"""Limits that the system itself holds a command to (setrlimit), put before it by prlimit of util-linux or a shell."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sys
from pathlib import Path

from .limits import Limits

#: Seconds of processor time from the signal that ends a program to the one that no program can ignore.
_GRACE = 1

#: From here on a user's processes are counted for each user namespace.
_COUNTED_APART = (5, 14)

# A limit that a shell does not know is left out; dash calls that of processes -p.
_SHELL = """limit() { (ulimit "$1" "$2") 2>/dev/null && ulimit "$1" "$2"; }
limit -c 0
[ -z "$1" ] || limit -v "$1"
[ -z "$2" ] || limit -t "$2"
[ -z "$3" ] || limit -f "$3"
[ -z "$4" ] || limit -u "$4" || limit -p "$4"
shift 4
exec "$@"
"""


def limiter() -> str | None:
    """The path of prlimit."""
    return shutil.which("prlimit", path="/usr/bin:/bin:" + os.environ.get("PATH", ""))


def limit_command(limits: Limits, processes: int | None, prlimit: str | None) -> list[str]:
    """What is put before a command. ``processes`` is what the system is told of these; see counted_processes.

    The limits that this process has itself are not exceeded: nobody may lift them.
    """
    memory = _within(limits.memory, resource.RLIMIT_AS)
    cpu = _within(limits.cpu, resource.RLIMIT_CPU)
    size = _within(limits.file_size, resource.RLIMIT_FSIZE)
    count = _within(processes, resource.RLIMIT_NPROC)
    if prlimit is None:
        values = (_per(memory, 1024), cpu, _per(size, 512), count)
        return ["/bin/sh", "-c", _SHELL, "sh", *("" if value is None else str(value) for value in values)]
    command = [prlimit, "--core=0"]
    if memory is not None:
        command.append(f"--as={memory}")
    if cpu is not None:
        command.append(f"--cpu={cpu}:{_within(cpu + _GRACE, resource.RLIMIT_CPU)}")
    if size is not None:
        command.append(f"--fsize={size}")
    if count is not None:
        command.append(f"--nproc={count}")
    return [*command, "--"]


def counted_processes(processes: int | None, *, apart: bool) -> int | None:
    """What the system must be told so that a command has ``processes``.

    It counts all that the user has. Where those of the command are not counted ``apart``, in a user namespace of its
    own, what the user has already is added, since the first of the command would be too many.
    """
    if processes is None or (apart and _release() >= _COUNTED_APART):
        return processes
    # Elsewhere than on Linux nobody knows how many these are.
    return processes + _running(os.getuid()) if sys.platform == "linux" else None


def _running(user: int) -> int:
    """How many processes and threads the user has."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                count += len(os.listdir(process / "task"))
    return count


def _release() -> tuple[int, ...]:
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())


def _within(value: int | None, kind: int) -> int | None:
    """``value``, or this process's own hard limit where that is lower."""
    if value is None:
        return None
    _, hard = resource.getrlimit(kind)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _per(value: int | None, unit: int) -> int | None:
    return None if value is None else max(1, value // unit)

"""Whose a folder is: the step's while it runs, the service's again afterwards, whatever the step has done to it.

By the system's own programs, which neither follow links nor fail where folders are nested so deeply that Python does.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from pathlib import Path


def hand_over(folder: Path, uid: int | None) -> None:
    """Give ``folder`` and all in it to ``uid``; None: to nobody else. Only root can.

    Again after files were put into it from outside. No process but the caller may change the folder meanwhile.
    """
    if uid is not None:
        _run("chown", "-R", "-h", "-P", f"{uid}:{uid}", folder)


def take_back(folder: Path) -> None:
    """Make ``folder`` and all in it this process's own and changeable again.

    Only when nothing runs in it any more.

    Raises:
        OSError: That was not possible.
    """
    if os.geteuid() == 0:
        _run("chown", "-R", "-h", "-P", f"{os.geteuid()}:{os.getegid()}", folder)
    if not _is_in_order(folder):
        _run("chmod", "-R", "u+rwX,ug-s,o-t", folder)


def discard(folder: Path) -> None:
    """Remove ``folder`` with all in it, whatever its modes and however deep it is. Nothing when it is not there.

    Raises:
        OSError: That was not possible.
    """
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
    if os.path.lexists(folder):
        with contextlib.suppress(OSError):
            take_back(folder)
        _run("rm", "-rf", folder)


def _is_in_order(folder: Path) -> bool:
    """Whether all in it can be read and removed and nothing has a special mode."""
    special = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
    try:
        for _, folders, files, directory in os.fwalk(folder, onerror=_raise):
            for name in (".", *folders, *files):
                mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
                needed = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR | stat.S_IWUSR
                if not stat.S_ISLNK(mode) and (mode & needed != needed or mode & special):
                    return False
    except (OSError, RecursionError):
        return False
    return True


def _raise(error: OSError) -> None:
    raise error


def _run(program: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [program, *arguments[:-1], "--", arguments[-1]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise OSError(f"{program} failed: {done.stderr.strip()[:500]}")

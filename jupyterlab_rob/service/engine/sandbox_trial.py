"""Whether there can be a sandbox here: it is really tried, once, when the service starts."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ...errors import InvalidInput, ServiceUnavailable
from . import handover
from .ceilings import limiter
from .limits import Limits
from .mounts import (
    Mount,
    arranged,
    kernelspec_paths,
    python_paths,
    require_harmless,
    secret_paths,
    system_paths,
    truth_paths,
)
from .sandbox import TMP_SIZE, UID_BASE, Sandbox
from .settings import settings_folder

Mode = Literal["auto", "required", "off"]
MODES: tuple[Mode, ...] = ("auto", "required", "off")

#: Seconds that the try may take.
_TRY_TIMEOUT = 30

#: Slots whose users have a name in the sandbox. Nearly nothing asks for it.
_NAMED_SLOTS = 64


def find_sandbox(
    mode: Mode,
    data_dir: Path,
    *,
    paths: Sequence[Path] = (),
    hidden: Sequence[Path] = (),
    uid_base: int = UID_BASE,
    tmp_size: int = TMP_SIZE,
) -> Sandbox:
    """The sandbox of the service that keeps its data in ``data_dir``; tried once when ``mode`` is not ``off``.

    ``paths`` are shown in addition (devices in /dev, too), ``hidden`` are secrets besides those of secret_paths.

    Raises:
        InvalidInput: There is no such mode, or one of ``paths`` can't be shown.
        ServiceUnavailable: The mode is ``required`` and there is no sandbox; the message says why.
    """
    if mode not in MODES:
        raise InvalidInput(f"There is no sandbox mode '{mode}'; the modes are {', '.join(MODES)}.")
    require_harmless(paths, data_dir)
    if mode == "off":
        return Sandbox(None, "it is switched off in the service's configuration", prlimit=limiter())
    python = python_paths()
    shown = [*system_paths(), *python, *kernelspec_paths(), *paths]
    holes = [*secret_paths(data_dir), *truth_paths([*python, *paths]), *hidden]
    sandbox = tried(arranged(shown, holes), data_dir / "sandbox", [sys.executable, "-c", "pass"], uid_base, tmp_size)
    if sandbox.program is None and mode == "required":
        raise ServiceUnavailable(f"The service is configured to run nothing without a sandbox, and {sandbox.reason}.")
    return sandbox


def tried(
    mounts: tuple[Mount, ...], files: Path, argv: Sequence[str], uid_base: int = UID_BASE, tmp_size: int = TMP_SIZE
) -> Sandbox:
    """A sandbox in which ``argv`` was run without a fault; one without a program when that is not possible."""
    prlimit = limiter()
    program, setpriv = _find("bwrap"), _find("setpriv")
    as_root = os.geteuid() == 0
    if sys.platform != "linux":
        return Sandbox(None, "bubblewrap, which makes it, is for Linux only", prlimit=prlimit)
    if program is None:
        return Sandbox(None, "bubblewrap (the program bwrap) is not installed", prlimit=prlimit)
    if as_root and setpriv is None:
        return Sandbox(None, "setpriv, of util-linux, is not installed", prlimit=prlimit)
    try:
        files.mkdir(parents=True, exist_ok=True)
        users = range(uid_base, uid_base + _NAMED_SLOTS) if as_root else [os.getuid()]
        settings = settings_folder(files, users)
    except OSError as error:
        return Sandbox(None, f"its settings could not be written ({error})", prlimit=prlimit)
    sandbox = Sandbox(
        program,
        settings=str(settings),
        mounts=mounts,
        setpriv=setpriv if as_root else None,
        prlimit=prlimit,
        uid_base=uid_base,
        tmp_size=tmp_size,
        variables=_user_site(mounts),
    )
    fault = _fault(sandbox, argv, files)
    if fault is not None and not as_root:
        # Not every bubblewrap and kernel can keep programs from making namespaces of their own.
        nesting = replace(sandbox, nests=True)
        if _fault(nesting, argv, files) is None:
            return nesting
    return sandbox if fault is None else Sandbox(None, fault, prlimit=prlimit)


def _fault(sandbox: Sandbox, argv: Sequence[str], files: Path) -> str | None:
    """What goes wrong when ``argv`` is run in it, as one sentence without its full stop."""
    folder = Path(tempfile.mkdtemp(prefix="try-", dir=files))
    try:
        sandbox.hand_over(folder, 0)
        done = subprocess.run(
            sandbox.command(argv, folder, limits=Limits(processes=64)),
            cwd=folder,
            env=sandbox.environment({"PATH": os.environ.get("PATH", os.defpath)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_TRY_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the sandbox could not be tried ({error})"
    finally:
        handover.discard(folder)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    said = lines[-1].strip().rstrip(".")[:300]
    if not said.startswith(("bwrap:", "setpriv:")):
        return f"Python does not start in it ({said}); RobService.sandbox_paths takes folders that it needs"
    if "namespace" in said or "Operation not permitted" in said or "uid map" in said:
        return f"this system does not let the service's user make one ({said})"
    return f"it does not work here ({said})"


def _user_site(mounts: tuple[Mount, ...]) -> dict[str, str]:
    """Lets Python find the packages that the user has installed for themselves, although HOME is another one."""
    if not site.ENABLE_USER_SITE or not any(mount.target == site.getusersitepackages() for mount in mounts):
        return {}
    return {"PYTHONUSERBASE": site.getuserbase()}


def _find(program: str) -> str | None:
    return shutil.which(program, path="/usr/bin:/bin:/usr/local/bin:" + os.environ.get("PATH", ""))

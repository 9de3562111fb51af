"""Sandboxes for the tests: of whoever runs them, and of an ordinary user when that is root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyterlab_rob.service.engine import handover
from jupyterlab_rob.service.engine.mounts import arranged, python_paths, secret_paths, system_paths, truth_paths
from jupyterlab_rob.service.engine.sandbox import Sandbox
from jupyterlab_rob.service.engine.sandbox_trial import tried

#: An ordinary user who owns nothing else.
USER = 54_321
#: The first of the user ids of slots, which no other process of the tests has: they count each other's processes.
BASE = 300_000 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
#: A Python that every user can start, unlike one in the home folder of root.
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Box:
    """A sandbox, who uses it (None: who runs the tests), a folder for all that it is about, and a Python in it."""

    sandbox: Sandbox
    user: int | None
    root: Path
    python: str

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    def folder(self, name: str = "0", slot: int = 0) -> Path:
        """A step's folder, empty."""
        folder = self.data_dir / "slots" / name
        folder.mkdir(parents=True)
        self.owned(folder)
        self.sandbox.hand_over(folder, slot)
        return folder

    def owned(self, folder: Path) -> None:
        """Give the folder to the user."""
        if self.user is not None:
            handover.hand_over(folder, self.user)

    def start(
        self, argv: Sequence[str], folder: Path, variables: dict[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        environment = self.sandbox.environment({"PATH": os.defpath, **(variables or {})})
        return subprocess.Popen(
            self.sandbox.command(argv, folder, **options),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )

    def run(self, code: str, folder: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run Python code in the sandbox."""
        folder = self.folder() if folder is None else folder
        process = self.start([self.python, "-c", code], folder, **options)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        return subprocess.CompletedProcess([], process.returncode, out, err)

    def said(self, code: str, folder: Path | None = None, **options: Any) -> Any:
        """What Python code, run in the sandbox, prints as JSON."""
        done = self.run(code, folder, **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextmanager
def box(kind: str, prepare: Callable[[Path], Sequence[Path]] | None = None, **options: Any) -> Iterator[Box]:
    """A box of the ``kind`` ``own`` or ``ordinary``; ``prepare`` fills its folder and returns what is shown of it."""
    user = USER if kind == "ordinary" else None
    # Not pytest's folder, which the user can't enter.
    root = Path(os.path.realpath(tempfile.mkdtemp(prefix="rob-box-", dir="/var/tmp")))
    try:
        root.chmod(0o755)
        (root / "data").mkdir(mode=0o700)
        shown = prepare(root) if prepare is not None else ()
        python = sys.executable if user is None else SYSTEM_PYTHON
        if user is not None:
            if os.geteuid() != 0:
                pytest.skip("the tests are run by an ordinary user, whose sandbox is the own one")
            if not os.access(SYSTEM_PYTHON, os.X_OK):
                pytest.skip(f"there is no {SYSTEM_PYTHON} that an ordinary user can start")
            handover.hand_over(root, user)
        prefixes = [] if user is not None else python_paths()
        holes = [*secret_paths(root / "data"), *truth_paths([*prefixes, *shown])]
        mounts = arranged([*system_paths(), *prefixes, *shown], holes)
        given = {"uid_base": BASE, **options}
        sandbox = _tried_by(user, lambda: tried(mounts, root / "data" / "sandbox", [python, "-c", "pass"], **given))
        if sandbox.reason and "does not let the service's user" in sandbox.reason:
            pytest.skip(sandbox.reason)
        assert sandbox.program, sandbox.reason
        yield Box(sandbox, user, root, python)
    finally:
        if os.geteuid() == 0:
            handover.hand_over(root, os.geteuid())
        shutil.rmtree(root, ignore_errors=True)


def _tried_by(user: int | None, attempt: Callable[[], Sandbox]) -> Sandbox:
    """What ``attempt`` returns when ``user`` does it, in a process of its own."""
    if user is None:
        return attempt()
    woken, wake = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.write(wake, json.dumps(attempt().to_dict()).encode())
        finally:
            os._exit(0)
    os.close(wake)
    with os.fdopen(woken, "rb") as answer:
        document = json.loads(answer.read())
    os.waitpid(child, 0)
    return Sandbox.from_dict(document)


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Return when ``condition`` is true; AssertionError when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.01)


def living(mark: str) -> list[psutil.Process]:
    """Processes that have ``mark`` among their arguments."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def has_bubblewrap() -> bool:
    return sys.platform == "linux" and shutil.which("bwrap") is not None

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.lock import FileLock, is_held

_HOLD = """\
import subprocess, sys
from pathlib import Path
from jupyterlab_rob.service.engine.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.acquire()
# As a worker has kernels, which may outlive it.
child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input ends, and has a child that lives on."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        os.kill(child, signal.SIGKILL)


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()
    assert not is_held(tmp_path / "nowhere" / "lock")


def test_another_process_is_kept_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path):
        assert is_held(path)
        # To ask is not to take.
        assert is_held(path)
        assert not FileLock(path).acquire()


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "ended"])
def test_the_lock_ends_with_its_process(tmp_path: Path, kill: bool) -> None:
    """However that ends, and whatever it has started."""
    path = tmp_path / "lock"
    with holder(path) as process:
        if kill:
            process.kill()
        process.communicate()
        assert not is_held(path)
        lock = FileLock(path)
        assert lock.acquire()
        lock.release()


def test_release(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    assert is_held(tmp_path / "lock")
    lock.release()
    lock.release()
    assert not is_held(tmp_path / "lock")
    assert lock.acquire()
    lock.release()

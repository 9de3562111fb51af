from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil

from jupyterlab_rob.service.engine.environment import MARK
from jupyterlab_rob.service.engine.processes import Session
from jupyterlab_rob.service.engine.slot import Slot, slots_in

from .boxes import wait_for

#: A worker as far as a slot knows it: a session, the lock, and children that it does not wait for.
_WORKER = """\
import os, subprocess, sys
from pathlib import Path
from jupyterlab_rob.service.engine.environment import MARK
from jupyterlab_rob.service.engine.lock import FileLock
from jupyterlab_rob.service.engine.processes import Session
from jupyterlab_rob.service.engine.slot import Slot
slot = Slot(Path(sys.argv[1]))
slot.create()
assert FileLock(slot.lock).acquire()
session = Session.of(os.getpid())
session.write(slot.session)
os.environ[MARK] = slot.name
ordinary = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
daemon = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True)
unmarked = subprocess.Popen(["/bin/sleep", "600"], stdout=subprocess.DEVNULL, env={})
print(ordinary.pid, daemon.pid, unmarked.pid, flush=True)
sys.stdin.read()
"""


def test_numbers_are_the_lowest_that_are_free(tmp_path: Path) -> None:
    first, second, third = (Slot.new(tmp_path) for _ in range(3))
    assert [slot.number for slot in (first, second, third)] == [1, 2, 3]
    assert len({slot.name for slot in slots_in(tmp_path)}) == 3
    second.remove()
    again = Slot.new(tmp_path)
    assert again.number == 2
    assert again.name != second.name
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(first.path)
    (tmp_path / "odd").mkdir()
    assert {slot.number for slot in slots_in(tmp_path)} == {0, 1, 2, 3}
    assert slots_in(tmp_path / "nowhere") == []


def test_folders_are_the_services_alone(tmp_path: Path) -> None:
    slot = Slot.new(tmp_path)
    slot.create()
    slot.create()
    for folder in (slot.path, slot.path / "steps", slot.runtime):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # Sockets of kernels are in it.
    assert len(os.fsencode(slot.runtime / "warm" / "kernel.json-ipc-5")) <= 103
    slot.remove()
    slot.remove()
    assert not slot.path.exists()
    assert not slot.runtime.exists()


def test_end_leaves_nothing(tmp_path: Path) -> None:
    slot = Slot.new(tmp_path)
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(slot.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert worker.stdout is not None
    children = [psutil.Process(int(pid)) for pid in worker.stdout.readline().split()]
    assert slot.is_in_use()
    # An orphan is found as well.
    worker.kill()
    worker.communicate()
    assert not slot.is_in_use()
    assert Session.read(slot.session) is not None
    (slot.step(0)).mkdir()
    (slot.step(0) / "left").write_text("x")
    assert slot.end() == 3
    wait_for(lambda: not any(_is_alive(child) for child in children))
    assert not slot.path.exists()
    assert slot.end() == 0


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_another_slots_processes_stay(tmp_path: Path) -> None:
    mine, other = Slot.new(tmp_path), Slot.new(tmp_path)
    with subprocess.Popen(["/bin/sleep", "600"], env={MARK: other.name}) as process:
        try:
            assert mine.end() == 0
            assert process.poll() is None
            assert other.end() == 1
            process.wait(60)
        finally:
            process.kill()

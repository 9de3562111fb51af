from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.deadline import within
from jupyterlab_rob.service.engine import follow as module
from jupyterlab_rob.service.engine.cause import Cause
from jupyterlab_rob.service.engine.follow import WorkerLost, follow
from jupyterlab_rob.service.engine.lock import is_held
from jupyterlab_rob.service.engine.plan import RunFolder
from jupyterlab_rob.service.engine.record import RecordWriter
from jupyterlab_rob.service.engine.slot import Slot

from .boxes import wait_for

TIMEOUT = 60.0

#: A worker that writes what it is told by a line: its record is real, and so is its end.
_WORKER = """\
import sys
from pathlib import Path
from jupyterlab_rob.service.engine.cause import Cause
from jupyterlab_rob.service.engine.lock import FileLock
from jupyterlab_rob.service.engine.plan import RunFolder
from jupyterlab_rob.service.engine.record import RecordWriter
from jupyterlab_rob.service.engine.wake import Waker
folder = RunFolder(Path(sys.argv[1]))
assert FileLock(folder.lock).acquire()
with RecordWriter(folder.record(1), Waker(folder.wake)) as record:
    for number, line in enumerate(sys.stdin, 1):
        if line == "cell\\n":
            record.cell("predict", number, 9)
        elif line == "well\\n":
            record.end(None)
        elif line == "badly\\n":
            record.end(Cause("notebook", "cell 1: no", "predict", 1))
"""


class Worker:
    """A process that follows the lines that it is given."""

    def __init__(self, folder: RunFolder) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(folder.path)], stdin=subprocess.PIPE, text=True
        )
        wait_for(lambda: is_held(folder.lock))

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    return folder


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    return Slot.new(tmp_path)


@pytest.mark.parametrize(
    ("word", "cause"), [("well", None), ("badly", Cause("notebook", "cell 1: no", "predict", 1, blame="participant"))]
)
def test_tells_what_the_worker_does_and_how_it_ends(
    folder: RunFolder, slot: Slot, word: str, cause: Cause | None
) -> None:
    async def main() -> Cause | None:
        worker = await asyncio.to_thread(Worker, folder)
        entries: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        changes: list[int] = []
        following = asyncio.ensure_future(follow(folder, 1, slot, entries.put_nowait, lambda: changes.append(1)))
        try:
            for number in (1, 2, 3):
                worker.tell("cell")
                entry = await within(TIMEOUT, entries.get())
                assert (entry["event"], entry["cell"], entry["cells"]) == ("cell", number, 9)
            worker.tell(word)
            return await within(TIMEOUT, following)
        finally:
            worker.end()
            assert changes

    assert asyncio.run(main()) == cause


def test_a_worker_that_is_gone_without_an_end_is_lost(
    folder: RunFolder, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BIRTH", 0.0)

    async def main() -> list[int]:
        worker = await asyncio.to_thread(Worker, folder)
        cells: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        following = asyncio.ensure_future(follow(folder, 1, slot, cells.put_nowait, lambda: None))
        worker.tell("cell")
        seen = [(await within(TIMEOUT, cells.get()))["cell"]]
        await asyncio.to_thread(worker.end)
        with pytest.raises(WorkerLost):
            await within(TIMEOUT, following)
        return seen

    assert asyncio.run(main()) == [1]


def test_an_end_that_was_written_before_counts(folder: RunFolder, slot: Slot) -> None:
    """As the next service finds it: its worker has gone, and did its work."""
    with RecordWriter(folder.record(1)) as record:
        record.step("predict", 2)
        record.end(None)
    entries: list[dict[str, Any]] = []
    assert asyncio.run(within(TIMEOUT, follow(folder, 1, slot, entries.append, lambda: None))) is None
    assert [entry["event"] for entry in entries] == ["step"]


def test_another_attempts_end_does_not_count(folder: RunFolder, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BIRTH", 0.0)
    with RecordWriter(folder.record(1)) as record:
        record.end(None)
    with pytest.raises(WorkerLost):
        asyncio.run(within(TIMEOUT, follow(folder, 2, slot, lambda entry: None, lambda: None)))


def test_a_worker_that_is_being_born_is_not_lost(folder: RunFolder, slot: Slot) -> None:
    """Before it has taken any lock."""

    async def main() -> Cause | None:
        following = asyncio.ensure_future(follow(folder, 1, slot, lambda entry: None, lambda: None))
        await asyncio.sleep(0)
        worker = await asyncio.to_thread(Worker, folder)
        worker.tell("well")
        try:
            return await within(TIMEOUT, following)
        finally:
            worker.end()

    assert asyncio.run(main()) is None

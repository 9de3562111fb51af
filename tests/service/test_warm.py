"""Kernels that are made ready before they are needed: when one is missing, broken or has died meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import psutil
import pytest

from jupyterlab_rob.service.engine.environment import MARK
from jupyterlab_rob.service.engine.lock import FileLock
from jupyterlab_rob.service.engine.orders import RunOrder
from jupyterlab_rob.service.engine.plan import RunFolder
from jupyterlab_rob.service.engine.sandbox import Sandbox
from jupyterlab_rob.service.engine.workers import Workers

from .api import ServiceProcess, is_alive, notebook, scoring, wait_for

WARM = "--RobService.warm_workers=1"


@pytest.fixture
def kernelspecs(tmp_path: Path) -> Path:
    """A folder for JUPYTER_PATH with a kernel, ``broken``, that ends at once."""
    folder = tmp_path / "share" / "kernels" / "broken"
    folder.mkdir(parents=True)
    spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "Broken", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    return tmp_path / "share"


def test_a_kernel_that_does_not_start_is_told_as_such(service: ServiceProcess, kernelspecs: Path) -> None:
    with service.running(WARM, JUPYTER_PATH=str(kernelspecs)) as api:
        for _ in range(2):  # The second time one may have been tried before.
            cause = api.ended(api.started(notebook(scoring(1), kernel="broken")))["cause"]
            assert (cause["kind"], cause["blame"]) == ("kernel", "participant")
            assert "The kernel 'broken' ended while it started." in cause["message"]


def test_a_kernel_that_died_while_it_waited_is_replaced(service: ServiceProcess) -> None:
    with service.running(WARM, "--RobService.sandbox=off") as api:
        first = api.run_folder(str(api.ended(api.started(notebook(scoring(1))))["id"])).slot.read_text()

        def kernel() -> psutil.Process | None:
            """The kernel that waits: its connection file is in its worker's folder."""
            for slot in (api.data_dir / "slots").iterdir():
                runtime = (slot / "runtime").read_text() if (slot / "runtime").exists() else "none"
                for process in psutil.process_iter(["cmdline"]):
                    if slot.name != first and any(runtime in word for word in process.info["cmdline"] or ()):
                        return process
            return None

        found = wait_for(kernel, "a kernel that waits")
        assert found.environ()[MARK] != first
        found.kill()
        wait_for(lambda: not is_alive(found), "its end")
        run = api.ended(api.started(notebook(scoring(2))))
        assert (run["state"], run["attempt"]) == ("SUCCESS", 1), run["cause"]


def test_no_two_slots_have_one_number(tmp_path: Path) -> None:
    """By its number a slot has a user of its own, where there are such."""
    runs = [RunFolder(tmp_path / "runs" / str(number)) for number in range(6)]

    async def numbers() -> list[int]:
        workers = Workers(tmp_path / "slots", Sandbox(None, "it is off"), 0, 60, logging.getLogger(__name__))
        await workers.start()
        try:
            # They wait for the runs' locks, and so keep their slots meanwhile.
            orders = [workers.give(None, RunOrder(run.path, 1), 0) for run in runs]
            return [slot.number for slot in await asyncio.gather(*orders)]
        finally:
            await workers.close()

    locks = [FileLock(run.lock) for run in runs]
    for run, lock in zip(runs, locks):
        run.create()
        assert lock.acquire()
    found = asyncio.run(numbers())
    for lock in locks:
        lock.release()
    assert len(set(found)) == len(found)

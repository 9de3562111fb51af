"""Runs outlive their service: it is killed, stopped or started anew, and each run still ends once, with its result."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from .api import Api, ServiceProcess, is_alive, notebook, scoring, wait_for


@pytest.fixture
def service() -> Iterator[ServiceProcess]:
    """A service that leaves no process, slot or temporary file behind."""
    # Short, since it becomes part of the paths of sockets.
    folder = Path(tempfile.mkdtemp(prefix="rob-recovery-"))
    temporary = folder / "t"
    temporary.mkdir()
    process = ServiceProcess(folder)
    process.add_probe()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        try:
            yield process
            if process.process is not None and process.process.poll() is None:
                process.end()
            assert settled_leftovers(process.data_dir, temporary) == []
        finally:
            if process.process is not None:
                process.process.kill()
                process.process.communicate()
            shutil.rmtree(folder, ignore_errors=True)


def settled_leftovers(data_dir: Path, temporary: Path) -> list[str]:
    """What is left of workers when they have had some time to go."""
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not _leftovers(data_dir, temporary), "a tidy end")
    return _leftovers(data_dir, temporary)


def _leftovers(data_dir: Path, temporary: Path) -> list[str]:
    """What is left of workers."""
    paths = [*(data_dir / "slots").glob("*"), *data_dir.glob("runs/*/work"), *temporary.glob("rob-*")]
    processes = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(data_dir) in word for word in process.info["cmdline"] or ())
    ]
    return [*map(str, paths), *map(str, filter(is_alive, processes))]


def gated(gate: Path, points: float) -> dict[str, object]:
    """A notebook that waits in its second cell for a file; sandboxes are off in these tests, so that it sees it."""
    waiting = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    return notebook(waiting, scoring(points))


def wait_for_cell(api: Api, run: str, cell: int, attempt: int = 1) -> None:
    def is_there() -> bool:
        handle = api.get(f"runs/{run}")
        return handle["attempt"] == attempt and (handle["progress"] or {}).get("cell") == cell

    wait_for(is_there, f"cell {cell} of attempt {attempt}")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_runs_go_on_without_the_service(service: ServiceProcess, tmp_path: Path, number: int) -> None:
    with service.running("--slots=1", "--RobService.sandbox=off") as api:
        running = api.started(gated(tmp_path / "gate", 5))
        waiting = api.started(notebook(scoring(6)))
        wait_for_cell(api, running, 2)
        (worker, *_) = api.processes(running)
        service.end(number)
    assert is_alive(worker)
    with service.running("--slots=1", "--RobService.sandbox=off") as api:
        assert api.get(f"runs/{running}")["state"] == "RUNNING"
        assert api.get(f"runs/{running}")["progress"]["cell"] == 2
        assert api.get(f"runs/{waiting}")["state"] == "PENDING"
        assert api.get(f"runs/{waiting}")["progress"]["position"] == 1
        (tmp_path / "gate").touch()
        ended = [api.ended(run) for run in (running, waiting)]
        assert [run["state"] for run in ended] == ["SUCCESS", "SUCCESS"]
        assert [run["result"]["points"] for run in ended] == [5, 6]
        assert [run["attempt"] for run in ended] == [1, 1]
        assert api.get("workflows/probe/leaderboard")["total"] == 2
        wait_for(lambda: not is_alive(worker), "the end of the worker")


def test_a_run_that_ends_meanwhile_is_stored(service: ServiceProcess, tmp_path: Path) -> None:
    with service.running("--RobService.sandbox=off") as api:
        run = api.started(gated(tmp_path / "gate", 5))
        wait_for_cell(api, run, 2)
        (worker, *_) = api.processes(run)
        service.end(signal.SIGKILL)
    (tmp_path / "gate").touch()
    wait_for(lambda: not is_alive(worker), "the end of the worker")
    with service.running("--RobService.sandbox=off") as api:
        handle = api.ended(run)
        assert handle["state"] == "SUCCESS"
        assert handle["result"]["points"] == 5
        assert handle["rank"] == 1


def test_a_killed_worker_is_replaced_once(service: ServiceProcess, tmp_path: Path) -> None:
    with service.running("--RobService.sandbox=off") as api:
        run = api.started(gated(tmp_path / "gate", 5))
        wait_for_cell(api, run, 2)
        processes = api.processes(run)
        processes[0].kill()
        wait_for_cell(api, run, 2, attempt=2)
        assert not any(map(is_alive, processes))
        (tmp_path / "gate").touch()
        handle = api.ended(run)
        assert (handle["state"], handle["attempt"], handle["result"]["points"]) == ("SUCCESS", 2, 5)


def test_a_worker_killed_twice_is_the_services_fault(service: ServiceProcess) -> None:
    with service.running() as api:
        run = api.started(notebook("import time; time.sleep(600)", scoring(8)))
        for attempt in (1, 2):
            wait_for_cell(api, run, 2, attempt)
            api.processes(run)[0].kill()
        handle = api.ended(run)
        assert handle["state"] == "ERROR"
        assert (handle["cause"]["kind"], handle["cause"]["blame"]) == ("service", "service")
        assert "ended before it had finished, 2 times" in handle["messages"][-1]
        # What it got done is kept.
        assert api.get(f"runs/{run}/notebooks/first-step")["cells"]


def test_a_worker_that_dies_with_its_service_is_replaced(service: ServiceProcess, tmp_path: Path) -> None:
    with service.running("--RobService.sandbox=off") as api:
        run = api.started(gated(tmp_path / "gate", 3))
        wait_for_cell(api, run, 2)
        processes = api.processes(run)
        service.end(signal.SIGKILL)
    processes[0].kill()
    (tmp_path / "gate").touch()
    with service.running("--RobService.sandbox=off") as api:
        handle = api.ended(run)
        assert (handle["state"], handle["attempt"], handle["result"]["points"]) == ("SUCCESS", 2, 3)
        assert not any(map(is_alive, processes))


def test_canceled_just_before_the_service_was_killed(service: ServiceProcess) -> None:
    with service.running() as api:
        run = api.started(notebook("import time; time.sleep(600)"))
        wait_for_cell(api, run, 2)
        processes = api.processes(run)
        processes[0].suspend()
        assert api.request("PUT", f"runs/{run}", json={}).status_code == 200
        service.end(signal.SIGKILL)
    with service.running() as api:
        assert api.get(f"runs/{run}")["state"] == "CANCELED"
        assert not any(map(is_alive, processes))


def test_what_a_run_was_to_do_is_lost(service: ServiceProcess) -> None:
    with service.running("--slots=1") as api:
        first = api.started(notebook("import time; time.sleep(600)"))
        run = api.started(notebook(scoring(1)))
        service.end(signal.SIGKILL)
    (api.run_folder(run).plan).write_text(json.dumps({"run": run}))
    with service.running("--slots=1") as api:
        handle = api.get(f"runs/{run}")
        assert (handle["state"], handle["cause"]["kind"]) == ("ERROR", "service")
        assert api.request("PUT", f"runs/{first}", json={}).status_code == 200
        assert api.ended(first)["state"] == "CANCELED"


def test_idle_workers_end_with_the_service(service: ServiceProcess) -> None:
    with service.running("--RobService.warm_workers=1") as api:
        assert api.ended(api.started(notebook(scoring(1))))["state"] == "SUCCESS"
        slots = service.data_dir / "slots"
        wait_for(lambda: list(slots.glob("*/session")), "a worker that waits")
        service.end(signal.SIGKILL)
    wait_for(lambda: not list(slots.iterdir()), "the end of what waits")

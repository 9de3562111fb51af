"""A Jupyter server is not idle while runs are active, and is when they have ended.

What ends an idle server are ``ServerApp.shutdown_no_activity``, which looks at ``current_activity()``, and a hub, which
looks at the time of the last activity.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from jupyterlab_rob import embedded, monitor
from jupyterlab_rob.client import Client, Run

from .conftest import Home
from .protocol import GOOD_CELL, make_notebook
from .scripted import ScriptedService
from .test_monitor import RUN, Listener, send
from .waiting import until

SLEEP = make_notebook(GOOD_CELL, "import time\ntime.sleep(600)")


@pytest.fixture
def extension(jp_serverapp: Any) -> Any:
    return jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app


async def started(count: int = 1) -> list[Run]:
    """Runs that go on until they are canceled, started by somebody else than the Jupyter server."""
    return [await asyncio.to_thread(Client().submit, "number-predictor", SLEEP) for _ in range(count)]


async def counted(extension: Any, runs: int) -> None:
    """Wait until the extension knows of so many active runs."""
    await until(lambda: extension.current_activity() == runs)


async def changed(times: dict[str, Any], name: str) -> None:
    """Wait for a later time."""
    last = times[name]
    await until(lambda: times[name] > last)


async def is_running(run: Run) -> bool:
    return (await asyncio.to_thread(run.refresh)).state.value == "RUNNING"


async def test_idle_shutdown_waits_for_runs(
    home: Home, jp_serverapp: Any, jp_fetch: Any, extension: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its own decision is what is tested. What it does then would end this test's loop, too.
    stopped: list[bool] = []
    monkeypatch.setattr(jp_serverapp, "stop", lambda: stopped.append(True))
    # As soon as nothing is active.
    jp_serverapp.shutdown_no_activity_timeout = 0
    runs = await started(2)
    await jp_fetch("rob", "session")
    await counted(extension, 2)
    jp_serverapp.shutdown_no_activity()
    assert not stopped
    for left, run in zip((1, 0), runs):
        await asyncio.to_thread(run.cancel)
        await counted(extension, left)
        jp_serverapp.shutdown_no_activity()
        assert bool(stopped) == (left == 0)


async def test_a_run_that_waits_counts_also_after_a_restart(
    home: Home, jp_serverapp: Any, jp_fetch: Any, extension: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sent before this Jupyter server was there; of one that waits no event tells."""
    monkeypatch.setattr(monitor, "TOUCH_INTERVAL", 0.05)
    times = jp_serverapp.web_app.settings["last_activity_times"]
    runs = await started(3)
    await until(lambda: is_running(runs[0]))
    await jp_fetch("rob", "session")
    await counted(extension, 3)
    for _ in range(3):
        await changed(times, "jupyterlab_rob")
    assert times["jupyterlab_rob"] <= jp_serverapp.web_app.last_activity()
    for run in runs:
        await asyncio.to_thread(run.cancel)
    await counted(extension, 0)


async def test_a_service_that_was_killed_is_started_again(
    home: Home, jp_serverapp: Any, jp_fetch: Any, extension: Any
) -> None:
    (run,) = await started()
    await until(lambda: is_running(run))
    await jp_fetch("rob", "session")
    await counted(extension, 1)
    before = embedded.find()
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)

    def another() -> bool:
        found = embedded.find()
        return found is not None and found.pid != before.pid

    # Nobody asks for anything meanwhile.
    await until(lambda: asyncio.to_thread(another), 120)
    if (await asyncio.to_thread(run.refresh)).state.is_active:
        await asyncio.to_thread(run.cancel)
    await counted(extension, 0)


async def test_a_service_that_was_stopped_is_left_alone(
    home: Home, jp_serverapp: Any, jp_fetch: Any, extension: Any
) -> None:
    (run,) = await started()
    await jp_fetch("rob", "session")
    await counted(extension, 1)
    await asyncio.to_thread(embedded.stop)
    await until(lambda: extension.monitor._task.done())
    assert extension.current_activity() == 0
    assert embedded.find() is None
    if (await asyncio.to_thread(run.refresh)).state.is_active:
        await asyncio.to_thread(run.cancel)


async def test_polls_of_the_panel_are_no_activity(scripted: ScriptedService, jp_serverapp: Any, jp_fetch: Any) -> None:
    scripted.answers["GET workflows"] = {"workflows": []}
    settings = jp_serverapp.web_app.settings
    await jp_fetch("rob", "api", "v1", "workflows")
    last = settings["api_last_activity"]
    for path in (("rob", "api", "v1", "workflows"), ("rob", "session")):
        await jp_fetch(*path, params={"no_track_activity": "1"})
        assert settings["api_last_activity"] == last
    await jp_fetch("rob", "api", "v1", "workflows")
    assert settings["api_last_activity"] > last
    assert scripted.paths().count("GET workflows") == 3, "nor is the service asked that"


async def test_what_waits_is_touched_again_and_again(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "TOUCH_INTERVAL", 0.01)
    listener = Listener(scripted)
    scripted.answers |= {
        "GET groups": {"groups": [{"id": "s", "workflow": "b"}]},
        "GET groups/s/runs": lambda handler: answer_runs(handler, PENDING=["r"]),
    }
    listener.monitor.wake()
    stream = await listener.stream()
    await until(lambda: listener.monitor.active == 1)
    assert listener.events == [{**RUN, "state": "PENDING"}]
    touched = listener.touched
    await until(lambda: listener.touched > touched + 3)
    await send(stream, state="SUCCESS")
    await until(lambda: listener.monitor.active == 0)
    await listener.monitor.stop()
    await until(lambda: "rob-keep-awake" not in [task.get_name() for task in asyncio.all_tasks()])


async def answer_runs(handler: Any, **runs: list[str]) -> None:
    """Runs by their states, as the service filters them."""
    state = handler.get_query_argument("state")
    handler.finish({"runs": [{"id": run, "state": state} for run in runs.get(state, [])]})


async def test_a_service_that_stays_away_keeps_nothing_awake(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    monkeypatch.setattr(monitor, "PATIENCE", -1.0)
    listener = Listener(scripted)
    listener.monitor.wake()
    stream = await listener.stream()
    stream.write('id: 1\nevent: run\ndata: {"run": "r", "benchmark": "b", "submission": "s", "state": "PENDING"}\n\n')
    await stream.flush()
    await until(lambda: listener.monitor.active == 1)
    stream.detach().close()
    await listener.stream()
    assert listener.monitor.active == 0
    await listener.monitor.stop()

"""The Python API, with the real service."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob as rob
from jupyterlab_rob import embedded
from jupyterlab_rob.client import Client
from jupyterlab_rob.connection import Connection
from jupyterlab_rob.credentials import Credentials
from jupyterlab_rob.errors import Conflict, InvalidInput, LoginRequired, NotFound, ServiceUnavailable
from jupyterlab_rob.flows import Request
from jupyterlab_rob.models import RunState

from .conftest import Home
from .protocol import GOOD_CELL, make_notebook
from .scripted import ScriptedService
from .waiting import until

EXAMPLE = Path(__file__).parents[1] / "examples" / "number-predictor.ipynb"
SLEEP = "import time\ntime.sleep(60)"
WRITE = "import pathlib, time\ntime.sleep(2)\npathlib.Path(outputfile).write_text('1\\n' * 40)"


def reached(state: RunState) -> Callable[[rob.Run], None]:
    """For ``on_change``: stops the waiting when the run is in ``state``."""

    def look(run: rob.Run) -> None:
        if run.state is state:
            raise StopWaiting

    return look


class StopWaiting(Exception):
    pass


def test_from_the_notebook_to_the_leaderboard(real_service: Connection) -> None:
    assert "Number predictor" in [benchmark["name"] for benchmark in rob.benchmarks()]
    seen: list[Any] = []
    run = rob.submit("Number predictor", EXAMPLE, {"shift": 1}, "from python")
    assert run.state is RunState.PENDING
    run.wait(on_change=lambda changed: seen.append(changed.handle.get("progress")))
    assert run.state is RunState.SUCCESS, run.messages
    assert run.result is not None
    assert run.rank is not None
    assert {file["name"] for file in run.files} >= {"results/score.json"}
    assert any(progress and progress["cell"] for progress in seen), "cells are counted while it runs"
    assert run.log()
    board = rob.leaderboard("number-predictor")
    assert "from python" in [row["group"]["name"] for row in board["ranking"]]
    assert run.id in [listed.id for listed in Client().runs("number-predictor")]
    assert Client().get_run(run.id).state is RunState.SUCCESS
    assert run.wait().state is RunState.SUCCESS, "waiting for what has ended returns at once"
    with pytest.raises(Conflict):
        run.cancel()


def test_cancel(real_service: Connection) -> None:
    run = rob.submit("number-predictor", make_notebook(GOOD_CELL, SLEEP))
    with pytest.raises(StopWaiting):
        run.wait(60, reached(RunState.RUNNING))
    with pytest.raises(TimeoutError, match="still"):
        run.wait(0.1)
    run.cancel("enough")
    assert run.wait(60).state is RunState.CANCELED


def test_service_is_killed_while_waiting(home: Home) -> None:
    """The run goes on, and whoever waits waits on."""
    client = Client()
    run = client.submit("number-predictor", make_notebook(GOOD_CELL, WRITE))
    with pytest.raises(StopWaiting):
        run.wait(60, reached(RunState.RUNNING))
    connection = embedded.find()
    assert connection is not None
    os.kill(connection.pid, signal.SIGKILL)
    assert run.wait(60).state is RunState.SUCCESS
    assert run.handle["attempt"] == 1


@pytest.mark.parametrize("path", ["events", "runs/r"])
async def test_waiting_ends_in_time(scripted: ScriptedService, path: str) -> None:
    async def lives(handler: Any) -> None:
        # Signs of life, but no news.
        while not handler.gone.is_set():
            handler.write(": alive\n\n")
            await handler.flush()
            await asyncio.sleep(0.1)

    async def hangs(handler: Any) -> None:
        await handler.gone.wait()

    handle = {"id": "r", "state": "RUNNING"}
    scripted.answers |= {"GET runs/r": handle, "GET events": lives}
    if path == "runs/r":
        scripted.answers["GET runs/r"] = hangs
    run = rob.Run(Client(), handle)
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match=r"still RUNNING after 0\.5 s"):
        await asyncio.wait_for(asyncio.to_thread(run.wait, 0.5), 20)
    assert time.monotonic() - begin < 5


async def test_what_waits_hears_of_its_place_by_events(scripted: ScriptedService) -> None:
    async def tells(handler: Any) -> None:
        ids = {"run": "r", "benchmark": "b", "submission": "s"}
        handler.write(": connected\n\n")
        await handler.flush()
        await until(lambda: "GET runs/r" in scripted.paths())
        scripted.answers["GET runs/r"] = {"id": "r", "state": "SUCCESS"}
        for told in (
            {"state": "PENDING", "position": 2, "attempt": 1},
            {"state": "RUNNING", "step": "p", "cell": 1, "cells": 2, "elapsed": 1, "expected": 9, "idle": 0},
            {"state": "PENDING", "position": 1, "attempt": 2},
            {"state": "SUCCESS"},
        ):
            handler.write(f"event: run\ndata: {json.dumps({**ids, **told})}\n\n")
            await handler.flush()
        await handler.gone.wait()

    handle = {"id": "r", "state": "PENDING", "progress": None}
    scripted.answers |= {"GET runs/r": handle, "GET events": tells}
    seen: list[Any] = []
    run = rob.Run(Client(), handle)
    await asyncio.to_thread(run.wait, 60, lambda changed: seen.append(changed.handle))
    assert [(one["state"], one["progress"]["position"], one["attempt"]) for one in seen[:3]] == [
        ("PENDING", 2, 1),
        ("RUNNING", None, 1),
        ("PENDING", 1, 2),
    ]
    assert (seen[1]["progress"]["expected"], seen[1]["progress"]["idle"]) == (9, 0)
    assert seen[3]["state"] == "SUCCESS"
    assert scripted.paths().count("GET runs/r") == 2, "at the beginning and at the end"


async def test_a_refused_token_is_not_replaced_by_the_remembered_one(
    scripted: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def describe(handler: Any) -> None:
        known = {"username": "alice"} if handler.request.headers.get("api_key") == "valid" else {}
        handler.finish({"name": "ROB", "version": "1", "routes": [], **known})

    async def benchmarks(handler: Any) -> None:
        # As the published server does with a token that has expired.
        if handler.request.headers["api_key"] != "valid":
            handler.set_status(403)
        handler.finish({"workflows": []})

    assert scripted.connection is not None
    url = scripted.connection.url
    scripted.is_open = True
    scripted.answers |= {"GET ": describe, "GET workflows": benchmarks}
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    monkeypatch.setenv("ROB_TOKEN", "expired")
    with pytest.raises(LoginRequired, match="The token in ROB_TOKEN is not"):
        await asyncio.to_thread(Client(url=url).benchmarks)
    Credentials().keep(url, "valid", "alice", remember=True)
    with pytest.raises(LoginRequired, match="The token in ROB_TOKEN is not"):
        await asyncio.to_thread(Client(url=url).benchmarks)
    monkeypatch.delenv("ROB_TOKEN")
    assert await asyncio.to_thread(Client(url=url).benchmarks) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_service_with_another_token_on_the_same_port(scripted: ScriptedService, method: str) -> None:
    scripted.answers[f"{method} x"] = {}
    client = Client()
    request = Request(method, "x", b"{}" if method == "POST" else None)
    assert (await asyncio.to_thread(client.transport.fetch, request)).status == 200
    scripted.renew_token()
    assert (await asyncio.to_thread(client.transport.fetch, request)).status == 200
    assert scripted.paths() == [f"{method} x"] * 3


async def test_answer_that_breaks_off(scripted: ScriptedService) -> None:
    async def half(handler: Any) -> None:
        handler.write("half")
        await handler.flush()
        handler.detach().close()

    scripted.answers |= {"GET x": half, "POST x": half}
    for method, attempts in (("GET", 2), ("POST", 1)):
        scripted.requests.clear()
        with pytest.raises(ServiceUnavailable):
            await asyncio.to_thread(Client().transport.fetch, Request(method, "x"))
        assert scripted.paths() == [f"{method} x"] * attempts


def test_bad_input(real_service: Connection, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Can't read"):
        rob.submit("number-predictor", tmp_path / "nowhere.ipynb")
    (tmp_path / "text.ipynb").write_text("text")
    with pytest.raises(InvalidInput, match="not JSON"):
        rob.submit("number-predictor", tmp_path / "text.ipynb")
    with pytest.raises(InvalidInput, match="no parameter depth"):
        rob.submit("number-predictor", EXAMPLE, {"depth": 1})
    with pytest.raises(NotFound, match="There are: number-predictor"):
        rob.submit("nope", EXAMPLE)
    with pytest.raises(NotFound):
        Client().get_run("nope")


def test_neither_proxies_nor_netrc_come_between(
    real_service: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert rob.benchmarks()


def test_notebook_with_a_name_that_needs_care(real_service: Connection, tmp_path: Path) -> None:
    path = tmp_path / '粒子 "quoted" it\'s.ipynb'
    path.write_text(json.dumps(make_notebook(GOOD_CELL)))
    run = rob.submit("number-predictor", path)
    assert run.handle["notebook"]["name"] == "粒子 'quoted' it's.ipynb"
    run.wait(60)

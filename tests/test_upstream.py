"""The async client: one service for many requests, and flows driven to their end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob import embedded, submission, upstream
from jupyterlab_rob.client import Client
from jupyterlab_rob.credentials import Credentials, token_file
from jupyterlab_rob.errors import NotFound, ServiceUnavailable, TooLarge
from jupyterlab_rob.flows import Flow, Request, get
from jupyterlab_rob.remote import RemoteService
from jupyterlab_rob.splitting import Source, divide
from jupyterlab_rob.upstream import Upstream

from .conftest import Home
from .protocol import BENCHMARK, GOOD_CELL, make_notebook
from .relay import HANDLE, split_notebook
from .scripted import DESCRIPTOR, ScriptedService


async def test_flow(scripted: ScriptedService) -> None:
    scripted.answers |= {
        "GET workflows": {"workflows": [BENCHMARK]},
        "GET workflows/b1": BENCHMARK,
        "GET workflows/b1/groups": {"groups": [{"id": "g", "name": "alice"}]},
        "POST uploads/g/files": {"id": "f"},
        "POST groups/g/runs": {"id": "r"},
    }
    client = Upstream(scripted.data_dir)
    benchmark = await client.run(submission.find_benchmark("number-predictor"))
    parts = divide(benchmark, Source("a", make_notebook(GOOD_CELL)))
    assert await client.run(submission.submit(benchmark, parts, {})) == {"id": "r"}
    assert scripted.paths()[-2:] == ["POST uploads/g/files", "POST groups/g/runs"]
    with pytest.raises(NotFound):
        await client.run(get("runs", "nope"))


async def run_by_upstream(data_dir: Path, flow: Flow[Any]) -> Any:
    return await Upstream(data_dir).run(flow)


async def run_by_client(data_dir: Path, flow: Flow[Any]) -> Any:
    return await asyncio.to_thread(Client(data_dir).transport.run, flow)


@pytest.mark.parametrize("run", [run_by_upstream, run_by_client])
async def test_a_refusal_is_told_whatever_else_goes_wrong(
    scripted: ScriptedService, run: Callable[[Path, Flow[Any]], Awaitable[Any]]
) -> None:
    """Each upload and the submission are deleted, although the connection breaks each time."""
    sent = 0

    async def take(handler: Any) -> None:
        nonlocal sent
        sent += 1
        if sent > 1:
            handler.set_status(413)
        handler.finish({"id": "f1"} if sent == 1 else {"message": "too large"})

    async def break_off(handler: Any) -> None:
        handler.detach().close()

    scripted.answers |= {
        "GET workflows/relay/groups": {"groups": []},
        "POST workflows/relay/groups": {"id": "g", "name": "alice"},
        "POST uploads/g/files": take,
        "DELETE uploads/g/files/f1": break_off,
        "DELETE groups/g": break_off,
    }
    flow = submission.submit(HANDLE, divide(HANDLE, Source("both.ipynb", split_notebook())), {})
    with pytest.raises(TooLarge, match="too large"):
        await run(scripted.data_dir, flow)
    assert [path for path in scripted.paths() if path.startswith("DELETE")] == [
        "DELETE uploads/g/files/f1",
        "DELETE groups/g",
    ]


async def test_many_requests_at_once(scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    # Twenty answers that wait for each other: more than a client with ten connections could do.
    everyone = 0
    all_there = asyncio.Event()
    ensured = 0
    ensure = embedded.ensure

    def count(*args: Any) -> Any:
        nonlocal ensured
        ensured += 1
        return ensure(*args)

    async def answer(handler: Any) -> None:
        nonlocal everyone
        everyone += 1
        if everyone == 20:
            all_there.set()
        await all_there.wait()
        handler.finish("{}")

    monkeypatch.setattr(embedded, "ensure", count)
    scripted.answers["GET x"] = answer
    client = Upstream(scripted.data_dir)
    answers = await asyncio.wait_for(asyncio.gather(*(client.fetch(Request("GET", "x")) for _ in range(20))), 20)
    assert {answer.status for answer in answers} == {200}
    assert ensured == 1


async def test_starts_again_when_the_service_has_ended(home: Home) -> None:
    client = Upstream(home.data_dir)
    assert await client.find() is None
    first = await client.run(get("status"))
    await asyncio.to_thread(embedded.stop)
    second = await client.run(get("status"))
    assert first["pid"] != second["pid"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_service_with_another_token_on_the_same_port(scripted: ScriptedService, method: str) -> None:
    scripted.answers[f"{method} x"] = {}
    client = Upstream(scripted.data_dir)
    request = Request(method, "x", b"{}" if method == "POST" else None)
    assert (await client.fetch(request)).status == 200
    scripted.renew_token()
    assert (await client.fetch(request)).status == 200
    assert scripted.paths() == [f"{method} x"] * 3


async def test_service_that_never_knows_the_token(scripted: ScriptedService) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(401)
        handler.finish({})

    scripted.answers["DELETE x"] = answer
    with pytest.raises(ServiceUnavailable):
        await Upstream(scripted.data_dir).fetch(Request("DELETE", "x"))
    assert scripted.paths() == ["DELETE x"] * 2


async def test_slow_service(scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def answer(handler: Any) -> None:
        await handler.gone.wait()
        ended.set()

    monkeypatch.setattr(upstream, "REQUEST_TIMEOUT", 0.2)
    scripted.answers["GET x"] = answer
    with pytest.raises(ServiceUnavailable, match="did not answer"):
        await Upstream(scripted.data_dir, start_timeout=0).fetch(Request("GET", "x"))
    await asyncio.wait_for(ended.wait(), 10)


async def test_the_loop_is_not_blocked_by_a_start(home: Home) -> None:
    client = Upstream(home.data_dir)
    ticks = 0
    starting = asyncio.ensure_future(client.run(get()))
    longest = 0.0
    loop = asyncio.get_running_loop()
    while not starting.done():
        before = loop.time()
        await asyncio.sleep(0.01)
        longest = max(longest, loop.time() - before)
        ticks += 1
    await starting
    assert ticks > 5
    assert longest < 0.5


async def test_a_new_token_is_not_blamed_for_the_one_that_was_used(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    assert scripted.connection is not None

    async def refuse(handler: Any) -> None:
        handler.set_status(401)
        handler.finish({})

    scripted.is_open = True
    scripted.answers["POST x"] = refuse
    url, credentials = scripted.connection.url, Credentials()
    credentials.keep(url, "expired", "alice")
    client = Upstream(scripted.data_dir, remote=RemoteService(url, credentials))
    exchange = await client.begin("POST", "x", {"Content-Length": "0"})
    credentials.keep(url, scripted.connection.token, "alice")
    client.forget()
    await client.link()
    async with exchange:
        exchange.end()
        assert (await client.response(exchange))[0] == 401
        with pytest.raises(ServiceUnavailable, match="new log-in"):
            await client.refused(exchange)
    assert credentials.token(url) == scripted.connection.token


async def test_the_loop_does_not_wait_for_who_looks_for_the_service(
    scripted: ScriptedService,
) -> None:
    asked, told = asyncio.Event(), asyncio.Event()

    async def answer(handler: Any) -> None:
        asked.set()
        await told.wait()
        handler.finish(DESCRIPTOR)

    scripted.is_open = True
    scripted.answers["GET "] = answer
    assert scripted.connection is not None
    remote = RemoteService(scripted.connection.url, Credentials())
    client = Upstream(scripted.data_dir, remote=remote)
    locating = asyncio.create_task(asyncio.to_thread(remote.locate))
    await asyncio.wait_for(asked.wait(), 20)
    # The service answers on this very loop: were it blocked here, it would never.
    client.forget()
    told.set()
    assert (await locating)[0] == scripted.connection.url


async def test_the_loop_does_not_wait_for_the_file_with_tokens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    os.mkfifo(token_file(), 0o600)
    credentials = Credentials()
    # Opening a fifo waits for its writer, and for its reader: then the file is being read.
    reading = asyncio.create_task(asyncio.to_thread(credentials.token, "http://host"))
    descriptor = await asyncio.to_thread(os.open, token_file(), os.O_WRONLY)
    try:
        refusing = asyncio.create_task(asyncio.to_thread(credentials.refuse, "http://host", "expired"))
        await asyncio.wait_for(asyncio.shield(refusing), 10)
        os.write(descriptor, b'{"http://host": {"token": "expired"}}')
    finally:
        os.close(descriptor)
    assert await reading is None

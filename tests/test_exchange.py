"""Streaming to and from a service, and what happens when one side goes away."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import pytest
from tornado.iostream import StreamClosedError
from tornado.testing import bind_unused_port

from jupyterlab_rob.exchange import ConnectFailed, Exchange, ExchangeBroken

from .scripted import TOKEN, ScriptedService

HEADERS = {"Authorization": f"token {TOKEN}"}


async def begin(service: ScriptedService, method: str, path: str, **headers: str) -> Exchange:
    assert service.connection is not None
    return await Exchange.open(method, f"{service.connection.url}/{path}", {**HEADERS, **headers})


async def read_all(exchange: Exchange) -> bytes:
    parts = []
    while (chunk := await exchange.read()) is not None:
        parts.append(chunk)
    return b"".join(parts)


async def test_get(scripted: ScriptedService) -> None:
    scripted.answers["GET x"] = {"a": 1}
    async with await begin(scripted, "GET", "x?limit=2") as exchange:
        exchange.end()
        status, headers = await exchange.response()
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert await read_all(exchange) == b'{"a": 1}'
    assert scripted.requests[0].uri == "/rob/api/v1/x?limit=2"


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "300000"}])
async def test_body_is_sent_in_parts(scripted: ScriptedService, headers: dict[str, str]) -> None:
    async def answer(handler: Any) -> None:
        handler.finish(str(handler.size))

    scripted.answers["POST x"] = answer
    async with await begin(scripted, "POST", "x", **headers) as exchange:
        for _ in range(3):
            await exchange.write(b"x" * 100_000)
        exchange.end()
        assert await read_all(exchange) == b"300000"


async def test_nobody_listens() -> None:
    socket, port = bind_unused_port()
    socket.close()
    with pytest.raises(ConnectFailed):
        await Exchange.open("GET", f"http://127.0.0.1:{port}/", {})


async def test_no_answer(scripted: ScriptedService) -> None:
    async def answer(handler: Any) -> None:
        handler.detach().close()

    scripted.answers["GET x"] = answer
    async with await begin(scripted, "GET", "x") as exchange:
        exchange.end()
        with pytest.raises(ExchangeBroken, match="before an answer"):
            await exchange.response()


@pytest.mark.parametrize("length", [None, "1000000"])
async def test_half_an_answer(scripted: ScriptedService, length: str | None) -> None:
    async def answer(handler: Any) -> None:
        if length:
            handler.set_header("Content-Length", length)
        handler.write("half")
        await handler.flush()
        handler.detach().close()

    scripted.answers["GET x"] = answer
    async with await begin(scripted, "GET", "x") as exchange:
        exchange.end()
        await exchange.response()
        with pytest.raises(ExchangeBroken, match="in the middle"):
            await read_all(exchange)


async def test_silence(scripted: ScriptedService) -> None:
    gone = asyncio.Event()

    async def answer(handler: Any) -> None:
        handler.write("a")
        await handler.flush()
        await handler.gone.wait()
        gone.set()

    scripted.answers["GET x"] = answer
    async with await begin(scripted, "GET", "x") as exchange:
        exchange.end()
        assert await exchange.read(5) == b"a"
        with pytest.raises(ExchangeBroken, match=r"for 0\.05 s"):
            await exchange.read(0.05)
    await asyncio.wait_for(gone.wait(), 5)


async def test_stalled_reader_makes_the_service_wait(scripted: ScriptedService) -> None:
    sent = 0
    total = 200
    waiting = asyncio.Event()

    async def answer(handler: Any) -> None:
        nonlocal sent
        for _ in range(total):
            handler.write(b"x" * 1_000_000)
            try:
                await asyncio.wait_for(asyncio.shield(handler.flush()), 1)
            except asyncio.TimeoutError:
                waiting.set()
                return
            sent += 1

    scripted.answers["GET x"] = answer
    async with await begin(scripted, "GET", "x") as exchange:
        exchange.end()
        await exchange.response()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await asyncio.wait_for(waiting.wait(), 20)
        # What the kernel's socket buffers hold, and a chunk or two.
        assert sent < 20
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000_000


async def test_abandoning_reaches_the_service(scripted: ScriptedService) -> None:
    gone = asyncio.Event()

    async def answer(handler: Any) -> None:
        try:
            while True:
                handler.write(b"x" * 1_000_000)
                await handler.flush()
        except StreamClosedError:
            gone.set()

    scripted.answers["GET x"] = answer
    exchange = await begin(scripted, "GET", "x")
    exchange.end()
    await exchange.read()
    reader = asyncio.ensure_future(_drain(exchange))
    exchange.abandon()
    with pytest.raises(ExchangeBroken):
        await asyncio.wait_for(reader, 5)
    await asyncio.wait_for(gone.wait(), 5)
    await exchange.close()


async def test_early_refusal_ends_the_upload(scripted: ScriptedService) -> None:
    # Without the token, the service answers before it reads the body.
    assert scripted.connection is not None
    exchange = await Exchange.open("POST", f"{scripted.connection.url}/x", {"Content-Length": "100000000"})
    async with exchange:
        await asyncio.wait_for(exchange.response(), 5)
        for _ in range(100):
            await asyncio.wait_for(exchange.write(b"x" * 1_000_000), 5)
        exchange.end()
        assert (await exchange.response())[0] == 401


async def _drain(exchange: Exchange) -> None:
    while await exchange.read() is not None:
        pass


@pytest.mark.parametrize("timeout", [None, 5.0])
@pytest.mark.parametrize("moment", range(6))
async def test_cancelling_a_reader_is_never_lost(scripted: ScriptedService, timeout: float | None, moment: int) -> None:
    async with await begin(scripted, "GET", "x") as exchange:
        reader = asyncio.ensure_future(exchange.read(timeout))
        await asyncio.sleep(0)
        exchange._chunks.put_nowait(b"x")
        for _ in range(moment):
            await asyncio.sleep(0)
        if reader.cancel():
            with pytest.raises(asyncio.CancelledError):
                await reader

"""A service whose events have no end, or make no sense."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.iostream import StreamClosedError

from jupyterlab_rob import monitor
from jupyterlab_rob.sse import MAX_EVENT, EventParser, EventTooLong
from jupyterlab_rob.transport import Transport

from .scripted import ScriptedService
from .test_monitor import Listener, send
from .waiting import until

LINE = b"x" * 100_000
EVENT = b'event: run\ndata: {"run": "r"}\n\n'


@pytest.mark.parametrize("chunk", [LINE, b"data: " + LINE + b"\n", b"data:\n" * 10_000], ids=["line", "lines", "empty"])
def test_endless_event(chunk: bytes) -> None:
    parser = EventParser()
    with pytest.raises(EventTooLong, match="1000000 bytes"):
        collections.deque((event for _ in range(20) for event in parser.feed(chunk)), maxlen=0)


@pytest.mark.parametrize("size", [MAX_EVENT // 2 - 100, MAX_EVENT - 100])
def test_the_limit_is_for_one_event(size: int) -> None:
    parser = EventParser()
    padded = b'event: run\ndata: {"run": "' + b"x" * size + b'"}\n\n'
    for _ in range(3):
        assert len(list(parser.feed(padded))) == 1


def test_what_waits_for_its_end_is_not_copied_with_each_chunk() -> None:
    parser = EventParser()
    line = parser._line
    for _ in range(10):
        assert list(parser.feed(LINE[:1000])) == []
    assert parser._line is line, "it grows in place"


def test_event_that_is_nested_too_deeply() -> None:
    parser = EventParser()
    nested = b"event: run\ndata: " + b'{"a":[' + b"[" * 200_000 + b"\n\n"
    assert list(parser.feed(nested + EVENT)) == [{"run": "r"}]


@pytest.mark.parametrize("identity", ["é", "€", "x" * 1001, "a\tb"])
def test_id_that_is_none_for_a_header(identity: str) -> None:
    parser = EventParser()
    assert list(parser.feed(b"id: 7\n" + EVENT + f"id: {identity}\n".encode() + EVENT)) == [{"run": "r"}] * 2
    assert parser.last_id == "7"


async def test_the_monitor_listens_anew_after_an_endless_line(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    listener = Listener(scripted)
    listener.monitor.wake()
    stream = await listener.stream()
    flood = asyncio.ensure_future(_flood(stream))
    second = await listener.stream()
    await flood
    await send(second, state="RUNNING")
    await until(lambda: listener.events)
    await listener.monitor.stop()


async def test_the_command_line_stops_listening_after_an_endless_line(scripted: ScriptedService) -> None:
    async def answer(handler: Any) -> None:
        await _flood(handler)

    scripted.answers["GET events"] = answer

    def listen() -> list[Any]:
        assert scripted.connection is not None
        transport = Transport(scripted.data_dir, 10)
        events: Iterator[Any] = transport.events(time.monotonic() + 60)
        return list(events)

    assert await asyncio.to_thread(listen) == [None]


async def _flood(handler: Any) -> None:
    """Send one line until the reader goes away."""
    with contextlib.suppress(StreamClosedError):
        while True:
            handler.write(LINE)
            await handler.flush()

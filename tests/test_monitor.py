"""Following a service's events: what is emitted, when it listens again and when it stops."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from jupyterlab_rob import embedded, monitor
from jupyterlab_rob.link import Link
from jupyterlab_rob.monitor import Monitor
from jupyterlab_rob.sse import EventParser
from jupyterlab_rob.upstream import Upstream

from .scripted import ScriptedService
from .waiting import until

RUN = {"run": "r", "benchmark": "b", "submission": "s"}
STREAM = (
    b': hello\n\nevent: run\r\ndata: {"run": "1"}\r\n\r\nevent: other\ndata: {}\n\n'
    b'data: {"run": "unnamed"}\n\nevent: run\ndata: {"run":\ndata:  "\xc3\xa9"}\nid: 7\n\nevent: run\ndata: {\n\n'
    b'event: run\ndata: [1]\n\nevent:run\ndata:{"run": "3"}\n\nevent: run\ndata: {"half": 1}\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_parser_takes_chunks_cut_anywhere(size: int) -> None:
    parser = EventParser()
    chunks = [STREAM[i : i + size] for i in range(0, len(STREAM), size)]
    assert [event for chunk in chunks for event in parser.feed(chunk)] == [{"run": "1"}, {"run": "é"}, {"run": "3"}]


def test_parser_knows_the_last_id_and_resets() -> None:
    parser = EventParser()
    assert list(parser.feed(b'event: run\ndata: {"run": "1"}\n\n')) == [{"run": "1"}]
    assert parser.last_id is None
    assert list(parser.feed(b"event: run\ndata: {}\nid: 7\n")) == []
    assert parser.last_id is None, "not before the event is complete"
    assert list(parser.feed(b"\nevent: reset\ndata: {}\nid: 9\n\n: comment\n\n")) == [{}, None]
    assert parser.last_id == "9"


class Listener:
    """A monitor and what it told; ``send`` makes the scripted service tell it something."""

    def __init__(self, service: ScriptedService) -> None:
        self.events: list[dict[str, Any]] = []
        self.touched = 0
        self.connected = 0
        self.streams: asyncio.Queue[Any] = asyncio.Queue()
        service.answers["GET events"] = self._answer
        self.monitor = Monitor(
            Upstream(service.data_dir), self.events.append, self._touch, logging.getLogger("tests.monitor")
        )

    def _touch(self) -> None:
        self.touched += 1

    async def _answer(self, handler: Any) -> None:
        handler.write(": connected\n\n")
        await handler.flush()
        self.streams.put_nowait(handler)
        await handler.gone.wait()

    async def stream(self) -> Any:
        return await asyncio.wait_for(self.streams.get(), 10)


async def send(stream: Any, **event: Any) -> None:
    stream.write(f"event: run\ndata: {json.dumps({**RUN, **event})}\n\n")
    await stream.flush()


async def test_events_are_emitted_and_runs_counted(scripted: ScriptedService) -> None:
    listener = Listener(scripted)
    assert listener.monitor.active == 0
    listener.monitor.wake()
    listener.monitor.wake()
    stream = await listener.stream()
    await send(stream, state="RUNNING", cell=1)
    await send(stream, run="r2", state="PENDING")
    await until(lambda: len(listener.events) == 2)
    assert (listener.monitor.active, listener.touched) == (2, 2)
    assert listener.events[0] == {**RUN, "state": "RUNNING", "cell": 1}
    await send(stream, state="ERROR")
    await send(stream, state="NONSENSE")
    await send(stream, run="r2", state="SUCCESS")
    await until(lambda: len(listener.events) == 4)
    assert (listener.monitor.active, listener.touched) == (0, 2)
    await listener.monitor.stop()
    await asyncio.wait_for(stream.gone.wait(), 10)
    assert listener.streams.empty(), "two wakes made one stream"
    await listener.monitor.stop()


async def test_it_listens_again_when_the_stream_breaks(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    listener = Listener(scripted)
    listener.monitor.wake()
    stream = await listener.stream()
    await send(stream, state="RUNNING")
    await until(lambda: listener.monitor.active == 1)
    stream.detach().close()
    stream = await listener.stream()
    assert listener.monitor.active == 0, "what is not known is not counted"
    await send(stream, state="RUNNING")
    await until(lambda: len(listener.events) == 2)
    await listener.monitor.stop()


async def test_it_goes_on_where_the_stream_broke(scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    listener = Listener(scripted)
    listener.monitor.wake()
    stream = await listener.stream()
    assert "Last-Event-ID" not in stream.request.headers
    stream.write(f"id: 12\nevent: run\ndata: {json.dumps({**RUN, 'state': 'RUNNING'})}\n\n")
    await stream.flush()
    await until(lambda: listener.monitor.active == 1)
    stream.detach().close()
    stream = await listener.stream()
    assert stream.request.headers["Last-Event-ID"] == "12"
    assert listener.monitor.active == 1, "nothing is missed, so it is active still"
    # Too much has happened since.
    handle = {"id": "r", "state": "ERROR", "workflowId": "b", "groupId": "s", "messages": ["no"], "cause": None}
    scripted.answers["GET runs/r"] = handle
    stream.write("event: reset\ndata: {}\n\n")
    await stream.flush()
    await until(lambda: len(listener.events) == 2)
    assert listener.events[-1] == {**RUN, "state": "ERROR", "message": "no"}
    assert listener.monitor.active == 0
    await listener.monitor.stop()


async def test_it_looks_again_when_the_look_after_a_reset_failed(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    listener = Listener(scripted)

    async def fail(handler: Any) -> None:
        # The next time it is well.
        scripted.answers["GET runs/r"] = {"id": "r", "state": "SUCCESS", "workflowId": "b", "groupId": "s"}
        handler.set_status(503)
        handler.finish({"message": "away"})

    async def forbid(handler: Any) -> None:
        handler.set_status(403)
        handler.finish({"message": "not yours"})

    async def break_down(handler: Any) -> None:
        handler.set_status(500)
        handler.finish({"message": "broken"})

    scripted.answers |= {"GET runs/a": forbid, "GET runs/b": break_down, "GET runs/r": fail}
    listener.monitor.wake()
    stream = await listener.stream()
    for run in ("a", "b", "r"):
        await send(stream, run=run, state="RUNNING")
    stream.write("id: 13\nevent: reset\ndata: {}\n\n")
    await stream.flush()
    stream = await listener.stream()
    assert stream.request.headers["Last-Event-ID"] == "13"
    await until(lambda: len(listener.events) == 4)
    assert listener.events[-1] == {**RUN, "state": "SUCCESS"}
    assert listener.monitor.active == 0
    await listener.monitor.stop()


async def test_signs_of_life_tell_where_to_go_on(scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    listener = Listener(scripted)
    listener.monitor.wake()
    stream = await listener.stream()
    stream.write(f"id: 12\nevent: run\ndata: {json.dumps({**RUN, 'state': 'RUNNING'})}\n\nid: 20\n: still here\n\n")
    await stream.flush()
    await until(lambda: listener.monitor.active == 1)
    stream.detach().close()
    stream = await listener.stream()
    assert stream.request.headers["Last-Event-ID"] == "20"
    await listener.monitor.stop()


async def test_answer_that_never_comes_is_a_broken_stream(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)
    monkeypatch.setattr(monitor, "SILENCE", 0.1)
    listener = Listener(scripted)

    async def hang(handler: Any) -> None:
        scripted.answers["GET events"] = listener._answer
        await handler.gone.wait()

    scripted.answers["GET events"] = hang
    listener.monitor.wake()
    await listener.stream()
    await listener.monitor.stop()


@pytest.mark.parametrize("killed", [False, True])
async def test_it_ends_with_the_service_and_starts_none(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_DELAY", 0.01)

    def start(*_: Any) -> None:
        raise AssertionError("the monitor started a service")

    monkeypatch.setattr(embedded, "ensure", start)
    listener = Listener(scripted)
    listener.monitor.wake()
    await listener.stream()
    task = listener.monitor._task
    assert task is not None
    await scripted.stop(keep_file=killed)
    await asyncio.wait_for(task, 10)
    await scripted.start()
    listener.monitor.wake()
    await listener.stream()
    await listener.monitor.stop()


async def test_service_without_events(scripted: ScriptedService) -> None:
    listener = Listener(scripted)
    del scripted.answers["GET events"]
    listener.monitor.wake()
    assert listener.monitor._task is not None
    await asyncio.wait_for(listener.monitor._task, 10)
    assert listener.events == []


async def test_stopping_at_any_moment_ends_it(scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    # A cancellation that comes together with what was waited for must not get lost, or the server never stops.
    listener = Listener(scripted)

    async def find(_: Upstream) -> Any:
        assert scripted.connection is not None
        return Link.to_embedded(scripted.connection)

    monkeypatch.setattr(Upstream, "find", find)
    for moment in range(60):
        listener.monitor.wake()
        for _ in range(moment):
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.shield(listener.monitor.stop()), 5)

"""A log as it grows, is written anew at its end, and loses its middle."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from jupyterlab_rob import following
from jupyterlab_rob.client import Client
from jupyterlab_rob.errors import NotFound
from jupyterlab_rob.following import GAP, LogReader

from .scripted import ScriptedService
from .waiting import until


class Log:
    """A run's log at a scripted service, with ranges and ETags as the service has them."""

    def __init__(self, service: ScriptedService) -> None:
        self.content = b""
        self.sent: list[tuple[int, int]] = []
        service.answers["GET runs/r/log"] = self._answer

    async def _answer(self, handler: Any) -> None:
        etag = f'"{hashlib.sha256(self.content).hexdigest()}"'
        handler.set_header("Etag", etag)
        begin, status = 0, 200
        if handler.request.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        else:
            if wanted := handler.request.headers.get("Range"):
                begin, status = int(wanted.removeprefix("bytes=").removesuffix("-")), 206
            body = self.content[begin:]
            size = len(self.content)
            if status == 206 and begin >= size:
                status, body = 416, b'{"message": "no such part"}'
                handler.set_header("Content-Range", f"bytes */{size}")
            elif status == 206:
                handler.set_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
        handler.set_status(status)
        self.sent.append((status, len(body)))
        handler.finish(body if status != 304 else None)


@pytest.fixture
def log(scripted: ScriptedService) -> Log:
    return Log(scripted)


@pytest.fixture
def reader(log: Log) -> LogReader:
    return LogReader(Client().transport, "r")


async def look(reader: LogReader, is_last: bool = False) -> str:
    return await asyncio.to_thread(reader.read, is_last)


async def test_only_what_is_new_is_sent(log: Log, reader: LogReader) -> None:
    assert await look(reader) == ""
    log.content = b"one\n" * 10_000
    assert await look(reader) == "one\n" * 10_000
    log.content += "zwölf\nhalf a li".encode()
    assert await look(reader) == "zwölf\n"
    assert log.sent[-1][0] == 206
    assert log.sent[-1][1] < 2000
    assert await look(reader) == ""
    assert log.sent[-1] == (304, 0)
    log.content += b"ne\n"
    assert await look(reader) == "half a line\n"
    log.content += b"the end"
    assert await look(reader) == ""
    assert await look(reader, is_last=True) == "the end"


async def test_last_line_that_is_written_anew(log: Log, reader: LogReader) -> None:
    log.content = b"begin\n 10 %"
    assert await look(reader) == "begin\n"
    log.content = b"begin\n 100 %"
    assert await look(reader) == ""
    log.content = b"begin\n 100 %\nend\n"
    assert await look(reader) == " 100 %\nend\n"


async def test_middle_that_is_taken_out(log: Log, reader: LogReader) -> None:
    lines = [f"line {number}\n".encode() for number in range(1000)]
    log.content = b"".join(lines[:500])
    assert (await look(reader)).endswith("line 499\n")
    # What was seen last is in the tail: nothing is lost.
    log.content = b"".join([*lines[:100], b"[300 lines]\n", *lines[400:600]])
    assert await look(reader) == "".join(f"line {number}\n" for number in range(500, 600))
    log.content += lines[600]
    assert await look(reader) == "line 600\n"
    # It is among what was taken out.
    log.content = b"".join([*lines[:100], b"[700 lines]\n", *lines[800:1000]])
    told = await look(reader)
    assert told.startswith(f"{GAP}line 8")
    assert told.endswith("line 999\n")
    log.content += b"more\n"
    assert await look(reader) == "more\n"


async def test_log_that_begins_anew(log: Log, reader: LogReader) -> None:
    log.content = b"first attempt, and what it said\n" * 100
    await look(reader)
    log.content = b"second attempt\n"
    assert await look(reader, is_last=True) == f"{GAP}second attempt\n"


async def test_until_the_end(scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
    monkeypatch.setattr(following, "_FIRST_INTERVAL", 0.01)
    answer = scripted.answers.pop("GET runs/r/log")
    state = {"id": "r", "state": "PENDING"}
    scripted.answers["GET runs/r"] = state
    heard: list[str] = []

    def write(text: str) -> None:
        heard.append(text)
        log.content += b"last words"
        state["state"] = "ERROR"

    run = await asyncio.to_thread(Client().get_run, "r")
    task = asyncio.create_task(asyncio.to_thread(run.follow_log, write))
    await until(lambda: scripted.paths().count("GET runs/r/log") >= 2)
    assert not task.done(), "a run that waits has no log"
    log.content = b"one\ntw"
    scripted.answers["GET runs/r/log"] = answer
    state["state"] = "RUNNING"
    await asyncio.wait_for(task, 30)
    assert heard[:2] == ["one\n", "twlast words"]
    assert run.state.value == "ERROR"


async def test_service_without_logs(scripted: ScriptedService) -> None:
    scripted.answers["GET runs/r"] = {"id": "r", "state": "SUCCESS"}
    run = await asyncio.to_thread(Client().get_run, "r")
    with pytest.raises(NotFound):
        await asyncio.to_thread(run.follow_log, lambda text: None)

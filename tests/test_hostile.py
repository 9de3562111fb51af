"""The Jupyter server and the command line before a service at a URL that means them harm."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.iostream import StreamClosedError

from jupyterlab_rob.client import Client
from jupyterlab_rob.credentials import Credentials, token_file
from jupyterlab_rob.errors import ServiceUnavailable
from jupyterlab_rob.exchange import Exchange, ExchangeBroken
from jupyterlab_rob.flows import Request, get
from jupyterlab_rob.remote import MAX_ANSWER, RemoteService
from jupyterlab_rob.upstream import Upstream

from .scripted import TOKEN, ScriptedService

Fetch = Callable[..., Any]

PAGE = "<script>alert(1)</script>"
CHUNK = b" " * 1_000_000


class Flood:
    """An answer of so many MB; ``sent`` are those that were taken."""

    def __init__(self, total: int, status: int = 200) -> None:
        self.total, self.status, self.sent = total, status, 0

    async def __call__(self, handler: Any) -> None:
        handler.set_status(self.status)
        try:
            for _ in range(self.total):
                handler.write(CHUNK)
                await handler.flush()
                self.sent += 1
        except StreamClosedError:
            return
        handler.finish("{}")


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))


@pytest.fixture
def extension(scripted: ScriptedService, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The extension, logged in at the scripted service as one at a URL."""
    assert scripted.connection is not None
    extension = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app
    remote = RemoteService(scripted.connection.url, Credentials())
    remote.credentials.keep(scripted.connection.url, TOKEN, "alice")
    extension.upstream.remote = remote
    # It lets everyone in, for a stranger asks it what it is.
    scripted.is_open = True
    return extension


async def refused(fetch: Fetch, *args: Any, **options: Any) -> tuple[int, str]:
    """Status and message."""
    with pytest.raises(HTTPClientError) as caught:
        await fetch(*args, **options)
    assert caught.value.response is not None
    assert caught.value.response.headers["Content-Type"].startswith("application/json")
    return caught.value.code, json.loads(caught.value.response.body)["message"]


async def test_answer_that_does_not_end(scripted: ScriptedService) -> None:
    flood = scripted.answers["GET x"] = Flood(400)
    with pytest.raises(ServiceUnavailable, match="larger than the 16 MB"):
        await Upstream(scripted.data_dir).run(get("x"))
    assert flood.sent < 100


async def test_answer_that_does_not_end_on_the_command_line(scripted: ScriptedService) -> None:
    flood = scripted.answers["GET x"] = Flood(400)
    with pytest.raises(ServiceUnavailable, match="larger than the 16 MB"):
        await asyncio.to_thread(Client(scripted.data_dir).transport.fetch, Request("GET", "x"))
    assert flood.sent < 100


async def test_large_answer_is_taken(scripted: ScriptedService) -> None:
    document = {"x": "x" * (MAX_ANSWER - 100)}
    scripted.answers["GET x"] = document
    assert await Upstream(scripted.data_dir).run(get("x")) == document
    assert await asyncio.to_thread(Client(scripted.data_dir).transport.run, get("x")) == document


async def test_error_and_descriptor_that_do_not_end(extension: Any, scripted: ScriptedService, jp_fetch: Fetch) -> None:
    await extension.upstream.link()
    for path, status in (("workflows", 500), ("", 200)):
        flood = scripted.answers[f"GET {path}"] = Flood(400, status)
        code, message = await refused(jp_fetch, "rob/api/v1", path)
        assert (code, "16 MB" in message) == (503, True)
        assert flood.sent < 100


async def test_downloads_have_no_limit(extension: Any, scripted: ScriptedService, jp_fetch: Fetch) -> None:
    scripted.answers |= {"GET runs/r/log": Flood(20), "GET workflows/b/leaderboard": Flood(20)}
    for path in ("runs/r/log", "workflows/b/leaderboard"):
        assert len((await jp_fetch("rob/api/v1", path)).body) == 20_000_002


@pytest.mark.parametrize("status", [200, 404])
async def test_page_for_an_answer(extension: Any, scripted: ScriptedService, jp_fetch: Fetch, status: int) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(status)
        handler.set_header("Content-Type", "text/html")
        handler.finish(PAGE)

    scripted.answers |= {"GET workflows": answer, "POST groups/g/runs": answer, "DELETE runs/r": answer}
    for method, path in [("GET", "workflows"), ("POST", "groups/g/runs"), ("DELETE", "runs/r")]:
        body = {"body": "{}"} if method == "POST" else {}
        response = await jp_fetch("rob/api/v1", path, method=method, raise_error=False, **body)
        assert (response.code, response.body) == (status, PAGE.encode())
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_page_for_an_error_of_ones_own_service(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(500)
        handler.set_header("Content-Type", "text/html")
        handler.finish(PAGE)

    scripted.answers["GET runs/r/log"] = answer
    response = await jp_fetch("rob/api/v1/runs/r/log", raise_error=False)
    assert (response.code, response.headers["Content-Type"]) == (500, "application/json")


@pytest.mark.parametrize("status", [300, 302, 308])
async def test_redirect(extension: Any, scripted: ScriptedService, jp_fetch: Fetch, status: int) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(status)
        handler.set_header("Location", "http://127.0.0.1:9/")
        handler.finish(PAGE)

    scripted.answers |= {"GET groups": answer, "PUT runs/r": answer, "GET runs/r/log": answer}
    for method, path in [("GET", "groups"), ("PUT", "runs/r"), ("GET", "runs/r/log")]:
        body = {"body": "{}"} if method == "PUT" else {}
        code, message = await refused(jp_fetch, "rob/api/v1", path, method=method, follow_redirects=False, **body)
        assert (code, f"redirect (status {status}): is the URL right?" in message) == (503, True)
    with pytest.raises(ServiceUnavailable, match="redirect"):
        await asyncio.to_thread(Client(scripted.data_dir).transport.run, get("groups"))


async def test_what_the_browser_has_already(extension: Any, scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(304)
        handler.finish()

    scripted.answers["GET workflows"] = answer
    response = await jp_fetch("rob/api/v1/workflows", headers={"If-None-Match": '"e"'}, raise_error=False)
    assert (response.code, response.body) == (304, b"")


@pytest.mark.parametrize("token", ["tok\r\nX: 1", "a b", "\x1b[2J", "é", "x" * 513, "", 7])
async def test_token_that_is_none(scripted: ScriptedService, token: Any) -> None:
    scripted.is_open = True
    scripted.answers["POST users/login"] = {"username": "alice", "token": token}
    assert scripted.connection is not None
    service = RemoteService(scripted.connection.url, Credentials())
    with pytest.raises(ServiceUnavailable, match="without a token that can be used"):
        await asyncio.to_thread(service.login, "alice", "password", remember=True)
    assert service.credentials.token(scripted.connection.url) is None
    assert not token_file().exists()


async def test_former_token_is_not_used_after_a_log_in_that_ended_badly(
    extension: Any, scripted: ScriptedService, jp_fetch: Fetch
) -> None:
    scripted.answers["GET workflows"] = {}
    await jp_fetch("rob/api/v1/workflows")

    async def vanish(handler: Any) -> None:
        handler.detach().close()

    descriptor = scripted.answers["GET "]
    scripted.answers |= {"POST users/login": {"username": "bob", "token": "new"}, "GET ": vanish}
    body = json.dumps({"username": "bob", "password": "password"})
    code, _ = await refused(jp_fetch, "rob/session", method="POST", body=body)
    assert code == 503
    scripted.answers["GET "] = descriptor
    await jp_fetch("rob/api/v1/workflows")
    assert scripted.requests[-1].headers["Authorization"] == "token new"


async def test_no_end_of_answers_before_the_answer() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 5000)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with await Exchange.open("GET", f"http://127.0.0.1:{port}/x", {}) as exchange:
            exchange.end()
            with pytest.raises(ExchangeBroken):
                await asyncio.wait_for(exchange.response(), 30)

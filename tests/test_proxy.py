"""The proxy before a scripted service: what passes, what does not, and what happens in a fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.iostream import StreamClosedError

from jupyterlab_rob import upstream
from jupyterlab_rob.credentials import Credentials
from jupyterlab_rob.proxy import find_route
from jupyterlab_rob.remote import RemoteService

from .scripted import TOKEN, ScriptedService

Fetch = Callable[..., Any]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "workflows/b 1/leaderboard"),
        ("POST", "groups/g/runs"),
        ("GET", "runs/r/log"),
        ("GET", "runs/r/coordinator-log"),
        ("GET", "runs/r/notebooks/my step"),
        ("DELETE", "uploads/g/files/f"),
    ],
)
def test_routes_that_pass(method: str, path: str) -> None:
    assert find_route(method, path) is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "users"),
        ("GET", "users/whoami"),
        ("POST", "users/login"),
        ("POST", "shutdown"),
        ("GET", "events"),
        ("POST", "runs/r"),
        ("DELETE", "runs/r/coordinator-log"),
        ("PUT", "workflows/b"),
        ("DELETE", "workflows/b"),
        ("GET", "runs/../shutdown"),
        ("GET", "runs/.."),
        ("GET", "runs/r/.."),
        ("GET", "runs//log"),
        ("GET", "runs/r\r\nX: y"),
        ("GET", "workflowsx"),
    ],
)
def test_routes_that_do_not(method: str, path: str) -> None:
    assert find_route(method, path) is None


async def status_of(fetch: Fetch, *args: Any, **options: Any) -> int:
    try:
        response = await fetch(*args, **options)
    except HTTPClientError as error:
        return error.code
    return int(response.code)


async def test_only_listed_routes_reach_the_service(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    for method, path in [("GET", "users/whoami"), ("POST", "shutdown"), ("GET", "events"), ("POST", "runs/r")]:
        body = {"body": ""} if method == "POST" else {}
        assert await status_of(jp_fetch, "rob/api/v1", path, method=method, **body) == 404
    assert scripted.paths() == []


async def test_headers_pass_by_a_list_in_both_directions(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.set_cookie("session", "theirs")
        handler.set_header("X-Internal", "theirs")
        handler.set_header("Authorization", "theirs")
        handler.set_header("ETag", '"e"')
        handler.set_header("Access-Control-Allow-Origin", "*")
        handler.finish({"ok": 1})

    scripted.answers["GET workflows"] = answer
    headers = {"Cookie": "mine=1", "api_key": "mine", "X-Forwarded-For": "x", "Accept-Language": "de"}
    query = {"limit": "5", "_xsrf": "mine", "api_key": "mine"}
    response = await jp_fetch("rob/api/v1/workflows", headers=headers, params=query)
    assert json.loads(response.body) == {"ok": 1}
    assert response.headers["ETag"] == '"e"'
    for name in ("Set-Cookie", "X-Internal", "Authorization"):
        assert "theirs" not in response.headers.get(name, "")
    assert response.headers.get("Access-Control-Allow-Origin") != "*"

    (sent,) = [request for request in scripted.requests if "workflows" in str(request.uri)]
    assert sent.uri == "/rob/api/v1/workflows?limit=5"
    assert sent.headers["Authorization"] == f"token {TOKEN}"
    assert sent.headers["Accept-Language"] == "de"
    assert sent.headers["Host"].startswith("127.0.0.1")
    assert not {"cookie", "api_key", "x-forwarded-for"} & {name.lower() for name in sent.headers}


async def test_descriptor_has_the_proxys_address(scripted: ScriptedService, jp_fetch: Fetch, jp_base_url: str) -> None:
    for path in ("rob/api/v1", "rob/api/v1/"):
        document = json.loads((await jp_fetch(path)).body)
        assert document["url"] == f"{jp_base_url}rob/api/v1"
        assert document["username"] == "alice"


async def test_errors_pass_as_they_are(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(409)
        handler.finish({"message": "has ended"})

    scripted.answers["PUT runs/r"] = answer
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("rob/api/v1/runs/r", method="PUT", body="{}")
    assert caught.value.response is not None
    assert (caught.value.code, json.loads(caught.value.response.body)) == (409, {"message": "has ended"})


@pytest.mark.parametrize(("status", "name", "value"), [(429, "Retry-After", "7"), (416, "Content-Range", "bytes */10")])
async def test_errors_of_a_service_at_a_url_keep_their_headers(
    scripted: ScriptedService,
    jp_serverapp: Any,
    jp_fetch: Fetch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    status: int,
    name: str,
    value: str,
) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(status)
        handler.set_header(name, value)
        handler.set_header("X-Internal", "theirs")
        handler.finish({"message": "not now"})

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    assert scripted.connection is not None
    scripted.is_open = True
    scripted.answers["GET runs/r/log"] = answer
    remote = RemoteService(scripted.connection.url, Credentials())
    remote.credentials.keep(scripted.connection.url, TOKEN, "alice")
    jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app.upstream.remote = remote
    response = await jp_fetch("rob/api/v1/runs/r/log", raise_error=False)
    assert (response.code, response.headers[name]) == (status, value)
    assert "X-Internal" not in response.headers
    assert response.headers["Content-Type"].startswith("application/json")
    assert json.loads(response.body) == {"message": "not now"}


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 19, "x"])
async def test_length_that_is_none(
    scripted: ScriptedService,
    jp_fetch: Fetch,
    http_server_client: Any,
    jp_auth_header: dict[str, str],
    jp_base_url: str,
    length: str,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", http_server_client.get_http_port())
    try:
        fields = {"Host": "127.0.0.1", "Content-Length": length, **jp_auth_header}
        lines = [f"POST {jp_base_url}rob/submit HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        assert b" 400 " in await asyncio.wait_for(reader.readline(), 20)
    finally:
        writer.close()
        await writer.wait_closed()
    assert scripted.paths() == []


async def test_no_content(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(204)
        handler.finish()

    scripted.answers["DELETE runs/r"] = answer
    response = await jp_fetch("rob/api/v1/runs/r", method="DELETE")
    assert (response.code, response.body) == (204, b"")


async def test_upload_is_streamed(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    total = 0

    async def produce(write: Callable[[bytes], Any]) -> None:
        nonlocal total
        for _ in range(300):
            await write(b"x" * 1_000_000)
            total += 1_000_000

    async def answer(handler: Any) -> None:
        handler.set_status(201)
        handler.finish({"size": handler.size})

    scripted.answers["POST uploads/g/files"] = answer
    response = await jp_fetch(
        "rob/api/v1/uploads/g/files",
        method="POST",
        body_producer=produce,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        request_timeout=60,
    )
    assert json.loads(response.body) == {"size": total}


async def test_too_large(scripted: ScriptedService, jp_serverapp: Any, jp_fetch: Fetch) -> None:
    extension = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app
    extension.max_body_size = 1000
    for path in ("rob/api/v1/uploads/g/files", "rob/submit"):
        assert await status_of(jp_fetch, path, method="POST", body="x" * 1001) == 413
    assert scripted.paths() == []


async def test_files_are_confined(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.set_header("Content-Type", "text/html")
        handler.finish("<script>alert(1)</script>")

    scripted.answers["GET runs/r/downloads/files/f"] = answer
    response = await jp_fetch("rob/api/v1/runs/r/downloads/files/f")
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["Content-Security-Policy"].endswith("sandbox allow-scripts")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_download_is_streamed_and_ends_with_its_reader(
    scripted: ScriptedService,
    jp_fetch: Fetch,
    jp_serverapp: Any,
    http_server_client: Any,
    jp_auth_header: dict[str, str],
) -> None:
    gone = asyncio.Event()
    waits = asyncio.Event()

    async def answer(handler: Any) -> None:
        try:
            while True:
                handler.write(b"x" * 1_000_000)
                flushing = asyncio.ensure_future(_flush(handler))
                done, _ = await asyncio.wait([flushing], timeout=0.5)
                if not done:
                    waits.set()
                await flushing
        except StreamClosedError:
            gone.set()

    scripted.answers["GET runs/r/log"] = answer
    reader, writer = await asyncio.open_connection("127.0.0.1", http_server_client.get_http_port())
    path = f"{jp_serverapp.base_url}rob/api/v1/runs/r/log"
    authorization = jp_auth_header["Authorization"]
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n\r\n".encode())
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    await asyncio.wait_for(waits.wait(), 20)
    writer.transport.abort()
    await asyncio.wait_for(gone.wait(), 10)


async def _flush(handler: Any) -> None:
    await handler.flush()


async def test_half_a_file_does_not_look_whole(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.write("x" * 200_000)
        await handler.flush()
        handler.detach().close()

    scripted.answers["GET runs/r/log"] = answer
    assert await status_of(jp_fetch, "rob/api/v1/runs/r/log") == 599


async def test_service_that_does_not_answer(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    async def answer(handler: Any) -> None:
        handler.detach().close()

    scripted.answers["GET workflows"] = answer
    scripted.answers["POST groups/g/runs"] = answer
    assert await status_of(jp_fetch, "rob/api/v1/workflows") == 503
    assert await status_of(jp_fetch, "rob/api/v1/groups/g/runs", method="POST", body="{}") == 503
    assert scripted.paths() == ["GET workflows", "GET workflows", "POST groups/g/runs"], "only a GET is repeated"


async def test_service_that_hangs(scripted: ScriptedService, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(handler: Any) -> None:
        await handler.gone.wait()

    monkeypatch.setattr(upstream, "REQUEST_TIMEOUT", 0.2)
    scripted.answers |= {"GET workflows": answer, "DELETE runs/r": answer, "PUT runs/r": answer}
    for method, path in [("GET", "workflows"), ("DELETE", "runs/r"), ("PUT", "runs/r")]:
        body = {"body": "{}"} if method == "PUT" else {}
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("rob/api/v1", path, method=method, request_timeout=5, **body)
        assert caught.value.code == 503
        assert caught.value.response is not None
        assert "did not answer within 0.2 s" in json.loads(caught.value.response.body)["message"]


async def test_service_with_another_token_on_the_same_port(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    scripted.answers |= {"GET workflows": {}, "DELETE runs/r": {}, "PUT runs/r": {}}
    assert await status_of(jp_fetch, "rob/api/v1/workflows") == 200
    scripted.renew_token()
    assert await status_of(jp_fetch, "rob/api/v1/workflows") == 200
    scripted.renew_token()
    assert await status_of(jp_fetch, "rob/api/v1/runs/r", method="DELETE") == 200
    scripted.renew_token()
    # Its body has been passed on and is gone.
    assert await status_of(jp_fetch, "rob/api/v1/runs/r", method="PUT", body="{}") == 503
    assert await status_of(jp_fetch, "rob/api/v1/runs/r", method="PUT", body="{}") == 200


async def test_service_that_moved(scripted: ScriptedService, jp_fetch: Fetch) -> None:
    scripted.answers["GET workflows"] = {"workflows": []}
    scripted.answers["POST groups/g/runs"] = {"id": "r"}
    assert await status_of(jp_fetch, "rob/api/v1/workflows") == 200
    await scripted.stop()
    await scripted.start()
    assert await status_of(jp_fetch, "rob/api/v1/groups/g/runs", method="POST", body="{}") == 200

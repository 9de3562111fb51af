"""Where a service is, and whether one is there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.client import Client
from jupyterlab_rob.connection import Connection
from jupyterlab_rob.credentials import Credentials
from jupyterlab_rob.errors import Forbidden, InvalidInput, LoginRequired, ServiceUnavailable, TooManyAttempts
from jupyterlab_rob.remote import RemoteService, configured_url

from .protocol import GOOD_CELL, make_notebook
from .scripted import DESCRIPTOR, ScriptedService


@pytest.fixture(autouse=True)
def environment(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    for name in ("ROB_URL", "ROB_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_configured_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_url() is None
    assert configured_url(" https://host:5000/rob/api/v1/ ") == "https://host:5000/rob/api/v1"
    monkeypatch.setenv("ROB_URL", "http://host")
    assert configured_url("") == "http://host"
    assert configured_url("http://other") == "http://other"


@pytest.mark.parametrize(
    "url",
    [
        "host/rob",
        "ftp://host",
        "http://",
        "http://host:x",
        "http://a:secret@host",
        "http://host/?token=secret",
        "http://h/a b",
    ],
)
def test_url_that_is_none(url: str) -> None:
    with pytest.raises(InvalidInput, match="URL of the ROB service") as caught:
        configured_url(url)
    assert "a:secret" not in caught.value.message


def remote(url: str) -> RemoteService:
    return RemoteService(url, Credentials())


@pytest.fixture
def base(scripted: ScriptedService) -> str:
    assert scripted.connection is not None
    return scripted.connection.url


@pytest.mark.parametrize("ending", ["/rob/api/v1", ""])
def test_own_service_at_a_url(real_service: Connection, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    server = real_service.url.removesuffix("/rob/api/v1")
    monkeypatch.setenv("ROB_URL", f"{server}{ending}/")
    client = Client()
    with pytest.raises(LoginRequired, match=f"not logged in at the ROB service {server}") as caught:
        client.benchmarks()
    assert "It is your own service: without ROB_URL" in caught.value.message
    monkeypatch.setenv("ROB_TOKEN", real_service.token)
    assert [benchmark["id"] for benchmark in client.benchmarks()] == ["number-predictor", "top-tagger"]
    session = remote(f"{server}{ending}").session().to_dict()
    assert (session["kind"], session["state"], session["url"]) == ("shared", "ready", real_service.url)
    assert "events" in session["additions"]
    run = client.submit("number-predictor", make_notebook(GOOD_CELL, "1"), submission="from afar").wait(60)
    assert not run.state.is_active
    monkeypatch.setenv("ROB_TOKEN", "another")
    client = Client()
    with pytest.raises(LoginRequired, match=r"The token in ROB_TOKEN is not .* valid"):
        client.benchmarks()
    with pytest.raises(LoginRequired, match=r"The token in ROB_TOKEN is not .* valid"):
        client.benchmarks()
    monkeypatch.delenv("ROB_TOKEN")
    with pytest.raises(LoginRequired, match="You are not logged in"):
        client.benchmarks()
    monkeypatch.setenv("ROB_TOKEN", "another")
    assert remote(real_service.url).session().is_ready is False


async def test_anothers_service(scripted: ScriptedService, base: str, tmp_path: Path) -> None:
    scripted.is_open = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROB_DATA_DIR", str(tmp_path / "elsewhere"))
        with pytest.raises(LoginRequired) as caught:
            await asyncio.to_thread(Client(url=base).benchmarks)
    assert "your own" not in caught.value.message


@pytest.mark.parametrize("document", [{"hello": "world"}, [], "text"])
async def test_something_else(scripted: ScriptedService, base: str, document: Any) -> None:
    scripted.answers["GET "] = document
    with pytest.raises(ServiceUnavailable, match=f"There is no ROB service at {base}") as caught:
        await asyncio.to_thread(remote_with(scripted, base).locate)
    assert "ROB_URL" in caught.value.message


def remote_with(scripted: ScriptedService, base: str) -> RemoteService:
    """Without its check of the token."""
    scripted.is_open = True
    return remote(base)


async def test_redirection_is_told_not_followed(scripted: ScriptedService, base: str) -> None:
    async def elsewhere(handler: Any) -> None:
        handler.redirect("https://elsewhere/rob")

    scripted.answers["GET "] = elsewhere
    with pytest.raises(ServiceUnavailable, match="leads to https://elsewhere/rob"):
        await asyncio.to_thread(remote_with(scripted, base).locate)


def test_nobody_listens() -> None:
    with pytest.raises(ServiceUnavailable, match=r"http://127\.0\.0\.1:9 can't be reached") as caught:
        remote("http://127.0.0.1:9").locate()
    assert "c.RobExtension.url" in caught.value.message


async def test_log_in_and_out(scripted: ScriptedService, base: str) -> None:
    service = remote_with(scripted, base)
    scripted.answers |= {
        "GET ": {**DESCRIPTOR, "role": "coordinator", "registration": True},
        "POST users/login": {"id": "u", "username": "alice", "token": "given"},
        "POST users/register": {"id": "u", "username": "alice"},
        "POST users/logout": {},
    }
    session = await asyncio.to_thread(service.login, "alice", "password", register=True)
    assert session.to_dict() | {"url": ""} == {
        "kind": "shared",
        "state": "ready",
        "name": "ROB",
        "version": "1",
        "username": "alice",
        "url": "",
        "registration": True,
        "additions": ["events"],
        "role": "coordinator",
    }
    assert scripted.paths() == ["POST users/register", "POST users/login"]
    assert scripted.requests[-1].headers["Authorization"] == "token given"
    assert all("given" not in str(request.uri) for request in scripted.requests)
    assert service.token() == "given"
    scripted.answers["GET "] = {**DESCRIPTOR, "username": None}
    assert (await asyncio.to_thread(service.logout)).is_ready is False
    with pytest.raises(LoginRequired):
        service.token()


@pytest.mark.parametrize(("status", "error"), [(401, Forbidden), (404, Forbidden), (429, TooManyAttempts)])
async def test_refused_log_in(scripted: ScriptedService, base: str, status: int, error: type[Exception]) -> None:
    async def refuse(handler: Any) -> None:
        handler.set_status(status)
        handler.finish({"message": "as the service says"})

    scripted.answers["POST users/login"] = refuse
    with pytest.raises(error):
        await asyncio.to_thread(remote_with(scripted, base).login, "alice", "wrong")

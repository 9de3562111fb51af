"""A service for many users at a URL, by https, behind the extension and the Python API."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob import tls
from jupyterlab_rob.client import Client
from jupyterlab_rob.credentials import Credentials
from jupyterlab_rob.errors import LoginRequired, ServiceUnavailable
from jupyterlab_rob.remote import RemoteService

from .contract.asking import Panel
from .protocol import GOOD_CELL, make_notebook
from .service.api import ServiceProcess
from .waiting import until

PREDICT = "lines = open(inputfile).read().splitlines()\nopen(outputfile, 'w').write('1\\n' * len(lines))"
SCHEMA = "https://schema.jupyterlab-rob.org/run/v1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "rob.pem", folder / "rob.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[str]:
    """A shared service by https; everybody may register."""
    folder = tmp_path_factory.mktemp("shared")
    service = ServiceProcess(folder)
    certfile, keyfile = certificate
    with pytest.MonkeyPatch.context() as patch:
        # Its connection file, away from the user's own.
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
        service.start(f"--certfile={certfile}", f"--keyfile={keyfile}", "--registration")
    try:
        text = (service.data_dir / "service.log").read_text()
        yield "https" + text.rpartition(" at https")[2].partition('"')[0]
    finally:
        service.end()


@pytest.fixture(autouse=True)
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment that knows the certificate, and no service."""
    for name in ("ROB_URL", "ROB_TOKEN", "ROB_BENCHMARK", "ROB_SUBMISSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    tls.context.cache_clear()
    yield
    tls.context.cache_clear()


@pytest.fixture
def jp_server_config(url: str) -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyterlab_rob": True}}, "RobExtension": {"url": url}}


async def test_extension(url: str, jp_fetch: Callable[..., Any], jp_serverapp: Any) -> None:
    events: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        events.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    panel = Panel(jp_fetch)
    session = await panel.ask("GET", "session")
    assert (session["kind"], session["state"], session["registration"]) == ("shared", "login", True)
    answer = await panel.ask("GET", "api/v1/workflows")
    assert (panel.status, answer["loginRequired"]) == (403, True)
    await panel.login("alice", register=True)
    notebook = make_notebook(GOOD_CELL, PREDICT)
    run = await panel.submit(notebook)
    assert run["groupName"] == "alice"
    await until(lambda: events and events[-1]["state"] == "SUCCESS")
    assert (await panel.ended(run["id"]))["result"]

    # Logged out elsewhere.
    remote = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app.upstream.remote
    stolen = RemoteService(url, Credentials())
    stolen.credentials.keep(url, remote.token(), "alice")
    await asyncio.to_thread(stolen.logout)
    for method, path in [("GET", f"api/v1/runs/{run['id']}"), ("GET", f"api/v1/runs/{run['id']}/log")]:
        answer = await panel.ask(method, path)
        assert (panel.status, answer.get("loginRequired")) == (403, True), path
    events.clear()
    await panel.login("alice")
    again = await panel.submit(notebook)
    await until(lambda: [event["state"] for event in events if event["run"] == again["id"]][-1:] == ["SUCCESS"])
    session = await panel.ask("DELETE", "session")
    assert session["state"] == "login"


def test_python(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = RemoteService(url, Credentials())
    remote.login("bob", "a password", register=True)
    monkeypatch.setenv("ROB_TOKEN", remote.token())
    monkeypatch.setenv("ROB_URL", url)
    states: list[str] = []
    run = Client().submit("number-predictor", make_notebook(GOOD_CELL, PREDICT), submission="mine")
    run.wait(60, on_change=lambda changed: states.append(changed.state.value))
    assert (states[-1], run.result is not None) == ("SUCCESS", True)
    assert run.log() is not None
    remote.logout()
    with pytest.raises(LoginRequired, match=url):
        Client().benchmarks()


def test_certificate_that_nobody_vouches_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    tls.context.cache_clear()
    with pytest.raises(ServiceUnavailable, match="certificate"):
        RemoteService(url, Credentials()).locate()

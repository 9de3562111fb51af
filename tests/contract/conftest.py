"""The servers, each started once, and a Jupyter server that is set to one of them.

A test that takes ``server`` runs with each kind: the panel must not be able to tell them apart. One that takes
``classic`` is about the published server alone.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlab_rob import polling

from .asking import SCHEMA, Panel
from .classic import ClassicServer
from .shared import SharedServer

Server = ClassicServer | SharedServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """A running server of a kind, ``classic`` or ``shared``, the same for all tests."""
    running: dict[str, Server] = {}

    def server(kind: str) -> Server:
        if kind not in running:
            make = ClassicServer if kind == "classic" else SharedServer
            running[kind] = make(tmp_path_factory.mktemp(kind))
            running[kind].start()
        return running[kind]

    try:
        yield server
    finally:
        for made in running.values():
            made.stop()


@pytest.fixture(params=["classic", "shared"])
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    return servers(request.param)


@pytest.fixture
def classic(servers: Callable[[str], Server]) -> ClassicServer:
    """A real rob-flask with one benchmark."""
    server = servers("classic")
    assert isinstance(server, ClassicServer)
    return server


@pytest.fixture
def current(request: pytest.FixtureRequest) -> Server:
    """The server that this test is about."""
    names = request.fixturenames
    found = request.getfixturevalue("server" if "server" in names else "classic")
    assert isinstance(found, Server)
    return found


@pytest.fixture
def user(current: Server) -> str:
    """A registered user of this test's own; the password is the servers' default one."""
    name = f"user{next(_numbers)}"
    current.register(name)
    return name


@pytest.fixture
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no service."""
    for name in ("ROB_URL", "ROB_TOKEN", "ROB_BENCHMARK", "ROB_SUBMISSION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def jp_server_config(current: Server, no_service: None) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_rob": True}, "allow_unauthenticated_access": False},
        "RobExtension": {"url": current.url},
    }


@pytest.fixture
def stranger(jp_fetch: Callable[..., Any]) -> Panel:
    """A panel whose user has not logged in."""
    return Panel(jp_fetch, "Sequences")


@pytest.fixture
def panel(stranger: Panel, user: str, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Panel:
    jp_asyncio_loop.run_until_complete(stranger.login(user))
    return stranger


@pytest.fixture
def extension(jp_serverapp: Any) -> Any:
    return jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app


@pytest.fixture
def events(jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the panel is told."""
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    monkeypatch.setattr(polling, "INTERVAL", 0.05)
    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    return heard

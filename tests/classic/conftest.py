"""The classic server for the session, and a Jupyter server that is set to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from .server import ClassicServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassicServer]:
    """A real rob-flask with one benchmark, the same for all tests."""
    server = ClassicServer(tmp_path_factory.mktemp("classic"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def user(classic: ClassicServer) -> str:
    """A registered user of this test's own; the password is the server's default one."""
    name = f"user{next(_numbers)}"
    classic.register(name)
    return name


@pytest.fixture
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no service."""
    for name in ("ROB_URL", "ROB_TOKEN", "ROB_BENCHMARK", "ROB_SUBMISSION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def jp_server_config(classic: ClassicServer, no_service: None) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_rob": True}, "allow_unauthenticated_access": False},
        "RobExtension": {"url": classic.url},
    }

"""Fixtures of the client side: a real service for the session, and a scripted one for faults."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyterlab_rob import embedded
from jupyterlab_rob.connection import Connection

from .scripted import ScriptedService

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture(autouse=True)
def jp_server_cleanup(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """As in pytest-jupyter, but without making a server just to clean it up."""
    yield
    if ServerApp.initialized():
        app = ServerApp.instance()
        jp_asyncio_loop.run_until_complete(app._cleanup())
        app.kernel_manager.context.destroy()
        ServerApp.clear_instance()


class Home:
    """Folders of one embedded service, and the environment that makes them the default."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.runtime_dir = folder / "runtime"
        self.runtime_dir.mkdir(parents=True, mode=0o700)
        # Most of these services run a notebook or two, or none: nothing is to be made ready for more.
        self._config = folder / "config"
        self._config.mkdir()
        (self._config / "jupyter_rob_service_config.py").write_text("c.RobService.warm_workers = 0\n")

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(self.runtime_dir))
        patch.setenv("ROB_DATA_DIR", str(self.data_dir))
        patch.setenv("JUPYTER_CONFIG_PATH", str(self._config))
        for name in ("ROB_BENCHMARK", "ROB_SUBMISSION", "ROB_URL", "ROB_TOKEN"):
            patch.delenv(name, raising=False)


def end(pid: int) -> None:
    """Kill one process, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a real service that all tests share."""
    home = Home(tmp_path_factory.mktemp("rob"))
    with pytest.MonkeyPatch.context() as patch:
        home.enter(patch)
        connection = embedded.ensure(timeout=60)
        yield home
        home.enter(patch)
        try:
            embedded.stop()
        finally:
            end(connection.pid)


@pytest.fixture
def real_service(request: pytest.FixtureRequest, shared_home: Home, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The real service, as the default of this test."""
    _before_the_server(request)
    shared_home.enter(monkeypatch)
    return embedded.ensure(timeout=60)


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home of this test's own, without a service at first; what it starts is ended."""
    _before_the_server(request)
    home = Home(tmp_path / "rob")
    home.enter(monkeypatch)
    yield home
    home.enter(monkeypatch)
    connection = embedded.find()
    if connection and connection.pid != os.getpid():
        try:
            embedded.stop()
        finally:
            end(connection.pid)


@pytest.fixture
def scripted(home: Home, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[ScriptedService]:
    """A service in this process that answers what the test wants."""
    service = ScriptedService(home.data_dir)
    jp_asyncio_loop.run_until_complete(service.start())
    yield service
    jp_asyncio_loop.run_until_complete(service.stop())


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyterlab_rob": True},
            "allow_unauthenticated_access": False,
        }
    }


def _before_the_server(request: pytest.FixtureRequest) -> None:
    # pytest-jupyter sets an environment of its own; ours comes after it, and before the server reads it.
    if "jp_serverapp" in request.fixturenames:
        request.getfixturevalue("jp_environ")

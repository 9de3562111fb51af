"""A service whose database is PostgreSQL: it serves as with SQLite, and tells nobody the password."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyterlab_rob.connection import EXIT_LOCKED
from jupyterlab_rob.service.store import Store

from .api import PROBE, TIMEOUT, ServiceProcess, notebook, scoring
from .postgresql import PostgreSQL


@pytest.fixture
def url(postgresql: PostgreSQL) -> Iterator[str]:
    url = postgresql.create()
    yield url
    postgresql.drop(url)


@pytest.fixture
def shared(tmp_path: Path, url: str) -> Iterator[ServiceProcess]:
    """A service that is not started, with the benchmark ``probe`` in the database at ``url``."""
    process = ServiceProcess(tmp_path)
    process.data_dir.mkdir()
    store = Store(process.data_dir, url)
    store.open()
    store.benchmarks.add(PROBE, "probe")
    store.close()
    yield process
    if process.process is not None:
        process.process.kill()
        process.process.communicate()


def test_runs_reach_the_leaderboard_and_the_password_nobody(
    shared: ServiceProcess, url: str, postgresql: PostgreSQL
) -> None:
    environment = "import os\nprint({name: value for name, value in os.environ.items()})"
    with shared.running(ROB_DATABASE=url) as api:
        run = api.ended(api.started(notebook(environment, scoring(5))))
        assert (run["state"], run["rank"]) == ("SUCCESS", 1)
        assert [row["run"]["id"] for row in api.get("workflows/probe/leaderboard?limit=10")["ranking"]] == [run["id"]]
        assert shared.process is not None
        said = [api.log(run["id"]), str(api.get("status")), *psutil.Process(shared.process.pid).cmdline()]
        api.get("")
    said.append((shared.data_dir / "service.log").read_text())
    assert "JUPYTER_RUNTIME_DIR" in said[0]
    assert not any("ROB_DATABASE" in text or postgresql.password in text for text in said)
    assert not (shared.data_dir / "rob.db").exists()


def test_service_outlives_the_databases_server(tmp_path: Path) -> None:
    server = PostgreSQL()
    try:
        url = server.create()
        with ServiceProcess(tmp_path).running(ROB_DATABASE=url) as api:
            submission = api.submission("number-predictor", "kept")
            server.stop()
            path = f"groups/{submission}"
            for answer in (api.request("GET", path), api.request("PUT", path, json={"name": "lost"})):
                assert answer.status_code == 503
                assert "lost its database" in answer.json()["message"]
            assert api.get("status")["running"] == 0
            server.start()
            assert api.get(path)["name"] == "kept"
    finally:
        server.close()


@pytest.mark.parametrize(
    "url", ["postgresql://me:secret@127.0.0.1:1/name", "no URL with a secret", "mysql://me:secret@127.0.0.1/name"]
)
def test_wrong_url_is_one_line(tmp_path: Path, url: str) -> None:
    process = ServiceProcess(tmp_path).spawn(ROB_DATABASE=url)
    _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert said.startswith("ERROR: ")
    assert said.count("\n") == 1
    assert "atabase" in said
    assert "secret" not in said


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_one_service_owns_a_database(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    database = f"sqlite:///{tmp_path / 'one.db'}" if kind == "sqlite" else request.getfixturevalue("url")
    first, second = ServiceProcess(tmp_path / "first"), ServiceProcess(tmp_path / "second")
    with first.running(ROB_DATABASE=database) as api:
        process = second.spawn(ROB_DATABASE=database)
        said = process.communicate(timeout=TIMEOUT)[1]
        assert process.returncode == EXIT_LOCKED
        assert "is in use by another ROB service" in said
        assert "Traceback" not in said
        assert api.get("status")["kind"] == "embedded"
    # Its lock goes with it, also when it is killed.
    first.start(ROB_DATABASE=database)
    first.end(signal.SIGKILL)
    with second.running(ROB_DATABASE=database) as api:
        assert api.get("workflows")["workflows"]

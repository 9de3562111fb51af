from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlab_rob.service.store import Store
from jupyterlab_rob.service.store.database import Database

from .api import PROBE, Api, ServiceProcess
from .postgresql import PostgreSQL

WARM = "--RobService.warm_workers=1"


@pytest.fixture(autouse=True, scope="session")
def runtime_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Connection files of the tests' services, away from the user's own."""
    folder = tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
        patch.delenv("ROB_DATA_DIR", raising=False)
        patch.delenv("ROB_DATABASE", raising=False)
        yield folder


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service of the test's own, with the benchmark ``probe``; not started."""
    process = ServiceProcess(tmp_path)
    process.add_probe()
    yield process
    if process.process is not None:
        process.process.kill()
        process.process.communicate()


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A service that many tests share."""
    process = ServiceProcess(tmp_path_factory.mktemp("shared"))
    process.add_probe()
    with process.running("--slots=2", WARM, SECRET_TOKEN="do not tell") as client:
        yield client


@pytest.fixture(scope="module")
def users_service(tmp_path_factory: pytest.TempPathFactory) -> ServiceProcess:
    """A service with users of its own, for one module: how often somebody may try is limited."""
    return ServiceProcess(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def owner(users_service: ServiceProcess) -> Iterator[Api]:
    """The owner's client of ``users_service``, which registers users."""
    users_service.add_probe()
    with users_service.running("--registration") as client:
        yield client


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server that all tests share."""
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database: each test is run with SQLite and with PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'rob.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url).init()
    yield database
    database.close()


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """A store with the benchmark ``probe``."""
    store = Store(tmp_path, database_url)
    store.open()
    store.benchmarks.add(PROBE, "probe")
    yield store
    store.close()

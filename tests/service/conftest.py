from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .api import Api, ServiceProcess


@pytest.fixture(autouse=True, scope="session")
def runtime_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Connection files of the tests' services, away from the user's own."""
    folder = tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
        patch.delenv("ROB_DATA_DIR", raising=False)
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
    with process.running("--slots=2", SECRET_TOKEN="do not tell") as client:
        yield client

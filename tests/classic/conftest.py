"""The classic server for the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .server import ClassicServer


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassicServer]:
    """A real rob-flask with one benchmark, the same for all tests."""
    server = ClassicServer(tmp_path_factory.mktemp("classic"))
    try:
        server.start()
        yield server
    finally:
        server.stop()

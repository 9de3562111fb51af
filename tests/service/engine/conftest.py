"""Sandboxes as fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .boxes import Box, box


@pytest.fixture(scope="module", params=["own", "ordinary"] if os.geteuid() == 0 else ["own"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def plain(kind: str) -> Iterator[Box]:
    """A box of which nothing else is shown."""
    with box(kind) as found:
        yield found

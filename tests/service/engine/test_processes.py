"""How a worker's session is recognised after its service has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from jupyterlab_rob.service.engine.processes import Session


@pytest.fixture
def written(tmp_path: Path) -> Path:
    session = Session.of(os.getpid())
    assert session is not None
    session.write(tmp_path / "session")
    return tmp_path / "session"


def test_is_recognised(written: Path) -> None:
    assert Session.read(written) == Session.of(os.getpid())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells times that no clock changes")
def test_is_recognised_when_the_clock_was_set(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What psutil tells is a time of day, which goes along with the clock."""
    time = psutil.Process().create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: time() - 3600)
    monkeypatch.setattr(psutil, "boot_time", lambda: time() + 3600)
    assert Session.read(written) == Session.of(os.getpid())


@pytest.mark.parametrize("field", [1, 2], ids=["boot", "birth"])
def test_anothers_number(written: Path, field: int) -> None:
    fields = written.read_text().split()
    fields[field] = "0"
    written.write_text(" ".join(fields))
    assert Session.read(written) is None


def test_a_leader_that_has_ended(tmp_path: Path) -> None:
    """Its session may still have members."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        session = Session.of(process.pid)
        assert session is not None
    session.write(tmp_path / "session")
    assert Session.read(tmp_path / "session") == session
    assert Session.of(process.pid) is None


@pytest.mark.parametrize("text", ["", "17", "17 x", "a b c", "17 1764000000.5"])
def test_what_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "session").write_text(text)
    assert Session.read(tmp_path / "session") is None
    assert Session.read(tmp_path / "nothing") is None

"""Finding, starting and stopping the real service; what the user is told when that fails."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyterlab_rob import embedded
from jupyterlab_rob.connection import (
    EXIT_LOCKED,
    Connection,
    connection_file,
    default_data_dir,
    read_connection,
    write_connection,
)
from jupyterlab_rob.errors import DataFolderLocked, ServiceUnavailable

from .conftest import Home


@pytest.fixture
def fake_service(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the service's place; write what it does into the file."""
    program = tmp_path / "program.py"
    launcher = tmp_path / "python"
    launcher.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n')
    launcher.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(launcher))
    return program


def test_start_find_stop(home: Home) -> None:
    assert embedded.find() is None
    connection = embedded.ensure()
    assert embedded.ensure() == connection
    assert embedded.find(home.data_dir) == connection
    assert embedded.request(connection, "GET", "status")["pid"] == connection.pid
    for path in (connection_file(home.data_dir), embedded.log_file()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert connection.token not in embedded.log_file().read_text()
    assert embedded.stop() == connection
    assert embedded.find() is None
    assert embedded.stop() is None


def test_it_has_a_session_of_its_own_and_none_of_our_secrets(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TOKEN", "secret")
    connection = embedded.ensure()
    assert os.getsid(connection.pid) == connection.pid
    if sys.platform == "linux":
        assert b"JUPYTER_TOKEN" not in Path(f"/proc/{connection.pid}/environ").read_bytes()
        assert connection.token.encode() not in Path(f"/proc/{connection.pid}/cmdline").read_bytes()


def test_many_at_once_start_one(home: Home) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: embedded.ensure(), range(4)))
    assert len({connection.pid for connection in found}) == 1


def test_started_again_at_once_after_stop_and_after_kill(home: Home) -> None:
    first = embedded.ensure()
    embedded.stop()
    second = embedded.ensure()
    assert second.pid != first.pid
    os.kill(second.pid, signal.SIGKILL)
    third = embedded.ensure()
    assert third.pid != second.pid


def test_stop_returns_when_the_folder_is_free(home: Home) -> None:
    embedded.ensure()
    embedded.stop()
    with open(home.data_dir / "service.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another's lock is not what is waited for.
        assert embedded.stop() is None


def test_file_of_a_newer_service(home: Home) -> None:
    connection = Connection("http://127.0.0.1:9/rob/api/v1", "t", 1, str(home.data_dir), "1")
    path = write_connection(connection)
    path.write_text(json.dumps({**json.loads(path.read_text()), "started": "today"}))
    assert read_connection(home.data_dir) == connection
    for damaged in ("{}", "[]", "1"):
        path.write_text(damaged)
        assert read_connection(home.data_dir) is None


def test_data_folder_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ROB_DATA_DIR", "~/rob")
    assert default_data_dir() == tmp_path / "rob"


def test_file_of_a_service_that_is_gone(home: Home) -> None:
    write_connection(Connection("http://127.0.0.1:9/rob/api/v1", "t", 1, str(home.data_dir), "1"))
    assert embedded.find() is None
    connection_file(home.data_dir).write_text("not JSON")
    assert embedded.find() is None
    assert embedded.ensure().pid != 1


def test_folder_is_a_file(home: Home) -> None:
    home.data_dir.write_text("")
    with pytest.raises(ServiceUnavailable, match="can't be started") as caught:
        embedded.ensure()
    assert str(home.data_dir) in caught.value.message
    assert "Traceback" not in caught.value.message


def test_error_line_is_the_message(fake_service: Path) -> None:
    fake_service.write_text("import sys\nprint('noise')\nsys.exit('ERROR: the disk is full\\n')")
    with pytest.raises(ServiceUnavailable, match=r"^The ROB service can't be started: the disk is full$"):
        embedded.ensure(timeout=20)


def test_only_its_own_words_are_quoted(fake_service: Path) -> None:
    embedded.log_file().write_text("ERROR: of yesterday\n")
    fake_service.write_text("import os\nprint('of today', flush=True)\nos._exit(5)")
    with pytest.raises(ServiceUnavailable, match=r"status 5\. of today") as caught:
        embedded.ensure(timeout=20)
    assert "yesterday" not in caught.value.message


def test_service_that_never_answers(fake_service: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    fake_service.write_text(f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)")
    with pytest.raises(ServiceUnavailable, match="within 1 s"):
        embedded.ensure(timeout=1)
    pid = int(pid_file.read_text())
    deadline = time.monotonic() + 5
    while is_alive(pid):
        assert time.monotonic() < deadline, "it was left behind"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_folder_is_locked(fake_service: Path, home: Home) -> None:
    fake_service.write_text(f"import sys\nsys.exit({EXIT_LOCKED})")
    with pytest.raises(DataFolderLocked, match="owns the data folder") as caught:
        embedded.ensure(timeout=1)
    assert str(home.data_dir) in caught.value.message


def test_folder_is_locked_by_a_real_service_that_hangs(home: Home) -> None:
    connection = embedded.ensure()
    os.kill(connection.pid, signal.SIGSTOP)
    try:
        with pytest.raises(DataFolderLocked, match=rf"process \({connection.pid}\) owns"):
            embedded.ensure(timeout=1)
    finally:
        os.kill(connection.pid, signal.SIGCONT)
    assert embedded.ensure() == connection


def test_log_does_not_grow_for_ever(fake_service: Path) -> None:
    embedded.log_file().write_text("x" * 1_000_001)
    fake_service.write_text("import sys\nsys.exit('ERROR: no')")
    with pytest.raises(ServiceUnavailable, match=r"no$"):
        embedded.ensure(timeout=20)
    assert embedded.log_file().stat().st_size < 100


def test_other_platforms(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ServiceUnavailable, match="Linux and macOS only"):
        embedded.ensure()

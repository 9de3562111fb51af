from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.beat import Activity, Beat

from .boxes import wait_for


def test_is_read_as_it_was_written(tmp_path: Path) -> None:
    beat = Beat(1700000010.5, 1700000003.0, 42)
    beat.write(tmp_path / "beat.json")
    assert Beat.read(tmp_path / "beat.json") == beat
    assert beat.idle == 7.5
    assert [path.name for path in tmp_path.iterdir()] == ["beat.json"]


def test_is_never_idle_for_less_than_nothing() -> None:
    assert Beat(1700000000.0, 1700000003.0, 0).idle == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"time": 1}', '{"time": 1, "active": 1, "log_size": 1, "x": 1}']
)
def test_there_is_none_that_can_be_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "beat.json").write_text(text)
    assert Beat.read(tmp_path / "beat.json") is None
    assert Beat.read(tmp_path / "none.json") is None


def test_slow_and_stuck_differ() -> None:
    """A process that calculates is active, one that waits is not."""
    activity = Activity()
    code = (
        "import sys\nwhile sys.stdin.readline():\n    for _ in range(20_000_000): pass\n    print('done', flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        before = activity.last
        activity.look()
        # A new process is a sign of life.
        assert activity.last > before

        def rests() -> bool:
            before = activity.last
            time.sleep(0.1)
            activity.look()
            return activity.last == before

        wait_for(rests)
        resting = activity.last
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        activity.look()
        assert activity.last > resting
        wait_for(rests)
    finally:
        process.kill()
        process.communicate()

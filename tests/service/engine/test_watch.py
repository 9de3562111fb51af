"""The watch over real processes, which it ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.beat import Beat
from jupyterlab_rob.service.engine.limits import Limits
from jupyterlab_rob.service.engine.log import LogWriter
from jupyterlab_rob.service.engine.plan import RunFolder
from jupyterlab_rob.service.engine.watch import Watch, folder_size

from .boxes import wait_for

#: Seconds in which a process must end that ends by itself never.
TIMEOUT = 60


@contextmanager
def watching(tmp_path: Path, limits: Limits, log: LogWriter, wakes: list[int] | None = None) -> Iterator[Watch]:
    (tmp_path / "run").mkdir()
    (tmp_path / "step").mkdir()
    watch = Watch(RunFolder(tmp_path / "run"), log, partial((wakes if wakes is not None else []).append, 1), limits)
    watch.start()
    try:
        yield watch
    finally:
        watch.close()
    assert not watch.is_alive()


def begin(watch: Watch, folder: Path, limits: Limits, kill: Callable[[], None]) -> None:
    """A step begins, and with it the only thing that runs in it."""
    watch.begin_step(limits, folder)
    watch.begin(kill)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogWriter]:
    with LogWriter(tmp_path / "log.txt") as writer:
        yield writer


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("run", "step", "message"),
    [
        (Limits(), Limits(step_time=1), "The step took longer than it may: 1 s."),
        (Limits(time=1), Limits(), "The run took longer than it may: 1 s."),
        (Limits(time=1), Limits(step_time=3600), "The run took longer than it may: 1 s."),
        (Limits(time=3600), Limits(step_time=1.5), "The step took longer than it may: 1.5 s."),
    ],
)
def test_time(
    tmp_path: Path, log: LogWriter, sleeper: subprocess.Popen[bytes], run: Limits, step: Limits, message: str
) -> None:
    with watching(tmp_path, run, log) as watch:
        begin(watch, tmp_path / "step", step, sleeper.kill)
        assert sleeper.wait(TIMEOUT) == -9
        excess = watch.end()
    assert excess is not None
    assert (excess.kind, excess.message) == ("time", message)


def test_the_time_of_a_step_is_that_of_all_its_commands(tmp_path: Path, log: LogWriter) -> None:
    """Each of which takes less."""
    with watching(tmp_path, Limits(), log) as watch:
        watch.begin_step(Limits(step_time=1), tmp_path / "step")
        for _ in range(TIMEOUT * 5):
            with subprocess.Popen(["sleep", "0.2"]) as process:
                watch.begin(process.kill)
            excess = watch.end()
            if excess is not None:
                break
        assert excess is not None


def test_disk(tmp_path: Path, log: LogWriter) -> None:
    code = "import time\nfor n in range(8): open(str(n), 'wb').write(bytes(1 << 20))\ntime.sleep(600)"
    with watching(tmp_path, Limits(), log) as watch:
        with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path / "step") as process:
            begin(watch, tmp_path / "step", Limits(disk=5 << 20), process.kill)
            assert process.wait(TIMEOUT) == -9
        excess = watch.end()
    assert excess is not None
    assert (excess.kind, excess.message) == ("disk", "The step wrote more than it may: 5 MB.")


def test_what_has_ended_is_not_ended(tmp_path: Path, log: LogWriter) -> None:
    """And the next step has its own time."""
    killed = threading.Event()
    wakes: list[int] = []
    with watching(tmp_path, Limits(), log, wakes) as watch:
        begin(watch, tmp_path / "step", Limits(step_time=1e-6), killed.set)
        assert watch.end() is None or killed.is_set()
        killed.clear()
        # Signs of life tell that it has looked.
        wait_for(lambda: wakes)
        wait_for(lambda: Beat.read(tmp_path / "run" / "beat.json"))
        assert not killed.is_set()
        begin(watch, tmp_path / "step", Limits(step_time=3600), killed.set)
        assert watch.end() is None
        assert not killed.is_set()


def test_a_step_is_ended_once(tmp_path: Path, log: LogWriter) -> None:
    ends: list[int] = []
    with watching(tmp_path, Limits(time=1), log) as watch:
        begin(watch, tmp_path / "step", Limits(step_time=1), partial(ends.append, 1))
        wait_for(lambda: ends)
        first = watch.end()
        begin(watch, tmp_path / "step", Limits(), partial(ends.append, 2))
        # The run's time is over for what comes after, as well.
        wait_for(lambda: 2 in ends)
        assert watch.end() is not None
    assert ends == [1, 2]
    assert first is not None


def test_gives_signs_of_life(tmp_path: Path, log: LogWriter) -> None:
    wakes: list[int] = []
    with watching(tmp_path, Limits(), log, wakes):
        wait_for(lambda: Beat.read(tmp_path / "run" / "beat.json") is not None and wakes)
        beat = Beat.read(tmp_path / "run" / "beat.json")
    assert beat is not None
    assert beat.active <= beat.time <= time.time()


def test_folder_size_counts_what_a_copy_would_take(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(10_000))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 20)
    (tmp_path / "link").symlink_to("/usr/bin/env")
    (tmp_path / "loop").symlink_to(tmp_path)
    size = folder_size(tmp_path)
    assert 10_000 + (1 << 20) <= size <= 40_000 + (1 << 20)
    assert folder_size(tmp_path / "nowhere") == 0

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine import advice
from jupyterlab_rob.service.engine.limits import Limits

_OUT = "So."
_LIMITS = Limits(memory=2 << 30, file_size=1 << 20, disk=1 << 10, processes=64, cpu=120)


@pytest.mark.parametrize(
    ("ename", "evalue", "kind", "words"),
    [
        ("ValueError", "no", "notebook", None),
        ("MemoryError", "", "memory", "A process may have 2 GB of memory. So."),
        ("OSError", "[Errno 27] File too large", "disk", "A file may have 1 MB. So."),
        ("OSError", "[Errno 28] No space left on device: '/tmp/x'", "disk", "What is in /tmp may have 1 KB"),
        ("BlockingIOError", "[Errno 11] Resource temporarily unavailable", "notebook", "There may be 64 processes"),
        ("RuntimeError", "can't start new thread", "notebook", "There may be 64 processes and threads at a time. So."),
        ("gaierror", "[Errno -3] Temporary failure in name resolution", "notebook", "have no network"),
        ("URLError", "<urlopen error [Errno 101] Network is unreachable>", "notebook", "have no network"),
        ("StdinNotImplementedError", "raw_input was called", "notebook", "make it a parameter"),
        ("ModuleNotFoundError", "No module named 'x'", "notebook", "installed where the ROB service runs"),
    ],
)
def test_errors(tmp_path: Path, ename: str, evalue: str, kind: str, words: str | None) -> None:
    found, said = advice.of_error(ename, evalue, _LIMITS, tmp_path, _OUT, has_network=False)
    assert found == kind
    assert said == words if words is None else words in str(said)


def test_without_limits_nothing_is_said_of_them(tmp_path: Path) -> None:
    def said(ename: str, evalue: str) -> tuple[str, str | None]:
        return advice.of_error(ename, evalue, Limits(), tmp_path, _OUT, has_network=True)

    assert said("MemoryError", "") == ("memory", _OUT)
    assert said("OSError", "[Errno 27] File too large") == ("notebook", None)
    assert said("RuntimeError", "can't start new thread") == ("notebook", None)
    assert said("gaierror", "[Errno -2] Name or service not known") == ("notebook", None)


@pytest.mark.parametrize("offset", [128, 0], ids=["of bubblewrap", "of Python"])
def test_deaths(offset: int) -> None:
    def said(number: int, limits: Limits = _LIMITS, *, was_short: bool = False) -> tuple[str, str]:
        return advice.of_death(number + offset if offset else -number, limits, was_short=was_short)

    assert said(signal.SIGXCPU) == ("time", "The step used more processor time than it may: 2 min.")
    assert said(signal.SIGXFSZ) == ("disk", "The step wrote a file that is larger than it may be: 1 MB.")
    assert said(signal.SIGKILL, was_short=True)[0] == "memory"
    assert said(signal.SIGSEGV, was_short=True)[0] == "died"
    assert said(signal.SIGABRT) == (
        "died",
        "The kernel died (by SIGABRT); it may have needed more memory than it may have: 2 GB.",
    )
    assert said(signal.SIGKILL, Limits()) == ("died", "The kernel died (by SIGKILL); it may have run out of memory.")


def test_the_way_out_depends_on_whose_step_it_is() -> None:
    assert advice.way_out(True) != advice.way_out(False)
    assert "coordinator" in advice.way_out(True)


def test_the_system_tells_what_it_has_killed_for_memory() -> None:
    counted = advice.killed_for_memory()
    assert counted is None or counted >= 0

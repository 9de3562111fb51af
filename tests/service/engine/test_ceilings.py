from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.ceilings import counted_processes, limit_command, limiter
from jupyterlab_rob.service.engine.limits import (
    Limits,
)

_MB = 1 << 20
_GB = 1 << 30

_LOOK = """\
import json, resource
kinds = ("AS", "CPU", "FSIZE", "CORE", "NPROC")
print(json.dumps({kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in kinds}))
"""


def _limits_of(command: list[str]) -> dict[str, list[int]]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("prlimit", [limiter(), None], ids=["prlimit", "shell"])
def test_a_command_has_its_limits(prlimit: str | None, tmp_path: Path) -> None:
    limits = Limits(memory=2 * _GB, cpu=60, file_size=_MB)
    argv = [sys.executable, "-c", _LOOK]
    found = _limits_of([*limit_command(limits, 50_000, prlimit), *argv])
    assert found["AS"] == [2 * _GB] * 2
    assert found["CPU"][0] == 60
    assert found["FSIZE"] == [_MB] * 2
    assert found["CORE"] == [0, 0]
    assert found["NPROC"] == [min(50_000, *_known(resource.getrlimit(resource.RLIMIT_NPROC)))] * 2


def _known(values: tuple[int, int]) -> list[int]:
    return [value for value in values if value != resource.RLIM_INFINITY]


@pytest.mark.parametrize("prlimit", [limiter(), None], ids=["prlimit", "shell"])
def test_without_limits_a_command_is_as_it_was(prlimit: str | None) -> None:
    own = json.loads(subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, check=True).stdout)
    found = _limits_of([*limit_command(Limits(), None, prlimit), sys.executable, "-c", _LOOK])
    assert found == {**own, "CORE": [0, 0]}


@pytest.mark.parametrize("prlimit", [limiter(), None], ids=["prlimit", "shell"])
def test_a_limit_above_the_services_own_is_no_fault(prlimit: str | None) -> None:
    """As when the service is started with `ulimit -v`: nobody may lift that."""
    command = (
        "import resource, subprocess, sys\n"
        "from jupyterlab_rob.service.engine.ceilings import limit_command\n"
        "from jupyterlab_rob.service.engine.limits import Limits\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        f"before = limit_command(Limits(memory=8 << 30, cpu=100), None, {prlimit!r})\n"
        f"sys.exit(subprocess.run([*before, sys.executable, '-c', {_LOOK!r}]).returncode)\n"
    )
    found = _limits_of([sys.executable, "-c", command])
    assert found["AS"] == [4 * _GB] * 2
    assert found["CPU"] == [60, 60]


def test_processes_that_the_user_has_already_do_not_count() -> None:
    assert counted_processes(None, apart=False) is None
    counted = counted_processes(5, apart=False)
    assert counted is not None
    assert counted > 5


def test_words_with_blanks_and_quotes_stay_what_they_are() -> None:
    words = ["a b", "'", '"', "$HOME", "", "-x"]
    for prlimit in (limiter(), None):
        code = "import json, sys; print(json.dumps({'words': sys.argv[1:]}))"
        done = subprocess.run(
            [*limit_command(Limits(cpu=60), None, prlimit), sys.executable, "-c", code, *words],
            capture_output=True,
            check=True,
        )
        assert json.loads(done.stdout) == {"words": words}

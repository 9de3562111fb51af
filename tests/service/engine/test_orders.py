from __future__ import annotations

from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.forge import MAX_LINE
from jupyterlab_rob.service.engine.limits import Limits
from jupyterlab_rob.service.engine.mounts import Mount
from jupyterlab_rob.service.engine.orders import KernelKind, RunOrder, WorkerOrder
from jupyterlab_rob.service.engine.sandbox import Sandbox
from jupyterlab_rob.service.engine.sandbox_trial import find_sandbox

_KIND = KernelKind("päckchen", Limits(time=1.5, memory=1 << 40, network=True))
_SANDBOX = Sandbox("/usr/bin/bwrap", settings="/x y", mounts=(Mount("show", "/a\nb", "/c"), Mount("hide", "/d")))


@pytest.mark.parametrize("kernel", [None, _KIND])
@pytest.mark.parametrize("sandbox", [_SANDBOX, Sandbox(None, 'it is "off"')])
def test_a_workers_order_is_read_as_it_was_given(kernel: KernelKind | None, sandbox: Sandbox) -> None:
    order = WorkerOrder(Path("/a b/ü\n/slots/1-x"), kernel, sandbox)
    assert WorkerOrder.of(order.line()) == order
    assert order.line().count(b"\n") == 1


def test_a_runs_order_is_read_as_it_was_given() -> None:
    order = RunOrder(Path("/a b/ü\n/runs/x"), 2)
    assert RunOrder.of(order.line()) == order
    assert order.line().count(b"\n") == 1


def test_a_real_sandbox_is_told_in_one_piece(tmp_path: Path) -> None:
    """The forge takes an order in one call."""
    (tmp_path / "data").mkdir()
    line = WorkerOrder(tmp_path / "data" / "slots" / "1-x", _KIND, find_sandbox("auto", tmp_path / "data")).line()
    assert len(line) < MAX_LINE // 2


def test_kinds_are_the_same_by_what_they_are() -> None:
    """A warm kernel serves a run whose limits are the same, whoever has made them."""
    assert KernelKind("python3", Limits.from_dict(Limits(cpu=1).to_dict())) == KernelKind("python3", Limits(cpu=1))
    assert len({KernelKind("python3", Limits(cpu=1)), KernelKind("python3", Limits(cpu=2))}) == 2

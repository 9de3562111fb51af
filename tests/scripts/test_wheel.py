"""What the check of the wheel says of one that is too large."""

from __future__ import annotations

import runpy
import zipfile
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "scripts" / "check_wheel.py"


@pytest.mark.parametrize(("size", "is_said"), [(10_100_000, True), (9_900_000, False)])
def test_a_large_wheel_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int, is_said: bool) -> None:
    with zipfile.ZipFile(tmp_path / "jupyterlab_rob-1.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("jupyterlab_rob/data.npz", bytes(size))

    assert runpy.run_path(str(CHECK))["main"](tmp_path) == 1
    assert ("10.10 MB are too much; at most 10 MB are allowed" in capsys.readouterr().err) is is_said

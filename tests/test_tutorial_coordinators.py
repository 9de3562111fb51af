"""docs/tutorial-coordinators.md, followed step by step with a service of one's own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

from .conftest import Home
from .protocol import make_notebook
from .tutorials import blocks, change, commands


def test_from_data_to_a_leaderboard(home: Home, tmp_path: Path) -> None:
    cells: list[str] = []
    shares_truth = False
    for block in blocks("tutorial-coordinators.md"):
        path = tmp_path / block.path
        if block.kind == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.kind == "diff":
            change(path, block.text)
            shares_truth = "inputs: ['data/', 'private/'], outputs" in path.read_text()
        elif block.kind == "cell":
            cells.append(block.text)
            (tmp_path / "solution.ipynb").write_text(json.dumps(make_notebook(*cells)))
        else:
            for command, words in commands(block.text):
                code, printed = run(command, tmp_path)
                assert code == (2 if shares_truth else 0), (command, printed)
                assert all(word in printed for word in words), (command, printed)
    assert len(cells) == 2


def run(command: str, folder: Path) -> tuple[int, str]:
    """Exit code and all that a command of the tutorial prints."""
    program, *words = shlex.split(command)
    if program == "jupyter":
        assert words.pop(0) == "rob"
        words = ["-m", "jupyterlab_rob.cli", *words]
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout

"""Run a notebook by papermill and a script by a plain interpreter, each in a folder of its own."""

from __future__ import annotations

import contextlib
import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

# IPython and what belongs to it can't be imported, as where it is not installed; the rest can.
_PLAIN = """
import runpy, sys
for name in ("IPython", "ipykernel", "matplotlib_inline", "nbconvert", "papermill"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_notebook(notebook: dict[str, Any], folder: Path, values: dict[str, Any], *, fails: bool) -> dict[str, bytes]:
    """What the notebook, run by papermill in ``folder``, writes there; it must end with an error if it ``fails``."""
    folder.mkdir()
    # Format 4.4 needs no ids of cells.
    node = nbformat.from_dict({**copy.deepcopy(notebook), "nbformat_minor": 4})
    with pytest.raises(PapermillExecutionError) if fails else contextlib.nullcontext():
        papermill.execute_notebook(node, None, parameters=values, cwd=str(folder), progress_bar=False)
    return _files(folder)


def run_script(content: str, folder: Path, words: list[str], *, packages: bool = False) -> dict[str, bytes]:
    """What the script, run in ``folder`` by a Python without IPython (and without any package, unless ``packages``),
    writes there."""
    folder.mkdir()
    done = start(content, folder, words, packages=packages)
    assert done.returncode == 0, done.stderr
    return _files(folder)


def start(content: str, folder: Path, words: list[str], *, packages: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the script in ``folder``; it is not kept in there."""
    script = folder.with_suffix(".py")
    script.write_text(content, encoding="utf-8", newline="\n")
    options = ["-I", "-c", _PLAIN] if packages else ["-I", "-S"]
    return subprocess.run(
        [sys.executable, *options, str(script), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

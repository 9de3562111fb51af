"""The bundled benchmark Top tagger in tests: its scripts as modules, and its steps as a run carries them out."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

import jupyterlab_rob

FOLDER = Path(jupyterlab_rob.__file__).parent / "benchmarks" / "top_tagger"
SPECIFICATION: dict[str, Any] = yaml.safe_load((FOLDER / "benchmark.yaml").read_text())
PREPROC, TAGGER, EVALUATE = SPECIFICATION["workflow"]["steps"]
(PLOT,) = SPECIFICATION["postproc"]["workflow"]["steps"]
VALUES: dict[str, str] = SPECIFICATION["workflow"]["parameters"]


def load(name: str) -> ModuleType:
    """A script of the benchmark as a module. Not by its full name: that would put the folder ``benchmarks`` in the
    place of the function ``jupyterlab_rob.benchmarks``."""
    specification = importlib.util.spec_from_file_location(f"top_tagger_{Path(name).stem}", FOLDER / name)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


def provide(step: dict[str, Any], folder: Path) -> None:
    """Put what a step is given of the benchmark into its folder."""
    for name in step["files"]["inputs"]:
        if (FOLDER / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FOLDER / name, folder / name)


def run(step: dict[str, Any], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Carry out the command of a step of the coordinator's in a folder with all that it is given."""
    (command,) = step["action"]["commands"]
    (folder / "results").mkdir(exist_ok=True)
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        # There is no home folder, and none can be made.
        env={"PATH": os.defpath, "HOME": "/dev/null", "python": sys.executable, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def evaluate(folder: Path, scores: NDArray[Any] | bytes) -> subprocess.CompletedProcess[str]:
    """The step ``evaluate`` for these scores, or for a file with these bytes."""
    provide(EVALUATE, folder)
    path = folder / VALUES["scorefile"]
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(scores, bytes):
        path.write_bytes(scores)
    else:
        np.save(path, scores)
    return run(EVALUATE, folder, scorefile=VALUES["scorefile"])


def results(folder: Path, scores: NDArray[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and curves of these scores."""
    done = evaluate(folder, scores)
    assert (done.returncode, done.stderr) == (0, "")
    metrics, curves = (json.loads((folder / name).read_text()) for name in EVALUATE["files"]["outputs"])
    return metrics, curves


def labels_of_test() -> NDArray[np.uint8]:
    with np.load(FOLDER / "private" / "test_labels.npz") as file:
        labels: NDArray[np.uint8] = file["labels"]
    return labels

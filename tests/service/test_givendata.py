"""Which of a benchmark's files participants may take home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flowserv.model.base import WorkflowObject
from flowserv.model.template.parameter import ParameterIndex

from jupyterlab_rob.service.store.givendata import given_files, gives_files

NOTEBOOK = {"name": "notebook", "label": "Notebook", "dtype": "actor", "index": 0, "isRequired": True}
FILE = {"name": "predictions", "label": "Predictions", "dtype": "file", "index": 0, "isRequired": True}
EVALUATE = {
    "name": "evaluate",
    "files": {"inputs": ["code/", "private/truth.txt", "results/p.txt"]},
    "action": {"environment": "python", "commands": ["${python} code/evaluate.py"]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("code/evaluate.py", "code/theirs/a.py", "private/truth.txt", "data/a/1.txt", "data/2.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def given(folder: Path, parameter: dict[str, Any], *steps: dict[str, Any]) -> list[str]:
    parameters = ParameterIndex.from_dict([parameter])
    declared = WorkflowObject(workflow_spec={"steps": list(steps)}, parameters=parameters)
    found = given_files(declared, folder)
    assert gives_files(declared, folder) == bool(found)
    return found


def test_what_the_notebook_is_given(folder: Path) -> None:
    step = {"name": "a", "files": {"inputs": ["data/", "made/by/another.txt"]}, "action": "$[[notebook]]"}
    assert given(folder, NOTEBOOK, step, EVALUATE) == ["data/2.txt", "data/a/1.txt"]


def test_a_step_without_inputs_is_given_nothing(folder: Path) -> None:
    assert given(folder, NOTEBOOK, {"name": "a", "action": "$[[notebook]]"}, EVALUATE) == []


def test_a_notebook_that_is_uploaded_as_a_file(folder: Path) -> None:
    step = {"name": "a", "files": {"inputs": ["data/2.txt"]}, "action": {"notebook": "code/theirs.ipynb"}}
    own = {"name": "b", "files": {"inputs": ["private/"]}, "action": {"notebook": "code/own.ipynb"}}
    assert given(folder, {**FILE, "target": "code/theirs.ipynb"}, step, own, EVALUATE) == ["data/2.txt"]


@pytest.mark.parametrize("place", [{}, {"defaultValue": "results/p.txt"}, {"target": "results/p.txt"}])
def test_an_uploaded_file_is_the_evaluations(folder: Path, place: dict[str, str]) -> None:
    """What reads it is the coordinator's, wherever it is put."""
    assert given(folder, {**FILE, **place}, EVALUATE) == []


def test_a_link_is_not_followed(folder: Path) -> None:
    (folder / "data" / "link.txt").symlink_to(folder / "private" / "truth.txt")
    step = {"name": "a", "files": {"inputs": ["data/link.txt"]}, "action": "$[[notebook]]"}
    assert given(folder, NOTEBOOK, step) == []

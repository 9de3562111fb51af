"""Which parameter a notebook fills, and in which form it is sent for it."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.targets import NotebookTarget, notebook_target

ACTOR = {"name": "step", "dtype": "actor"}
NOTEBOOK = {"name": "notebook", "dtype": "file", "target": "code/predict.ipynb"}
SCRIPT = {"name": "script", "dtype": "file", "target": "code/predict.py"}
DATA = {"name": "data", "dtype": "file", "target": "data/weights.h5"}


def target(*parameters: dict[str, Any]) -> NotebookTarget:
    return notebook_target({"name": "x", "parameters": list(parameters)})


def test_first_a_step_then_a_notebook_then_a_script() -> None:
    assert target(DATA, SCRIPT, NOTEBOOK, ACTOR) == NotebookTarget("step", "notebook", is_step=True)
    assert target(DATA, SCRIPT, NOTEBOOK) == NotebookTarget("notebook", "notebook")
    assert target(DATA, SCRIPT) == NotebookTarget("script", "script")
    assert target({**SCRIPT, "isTargetOpen": True}) == NotebookTarget("script", "script", path="code/predict.py")


@pytest.mark.parametrize("kind", [ACTOR, NOTEBOOK, SCRIPT])
def test_required_before_optional(kind: dict[str, Any]) -> None:
    optional, required = {**kind, "name": "a"}, {**kind, "name": "b", "isRequired": True}
    assert target(optional, required).name == "b"
    assert target(optional).name == "a"
    for parameters in ([optional, optional], [required, required]):
        with pytest.raises(InvalidInput, match=r"x takes several notebooks"):
            target(*parameters)


def test_none() -> None:
    for parameters in ([], [DATA], [{"name": "a", "dtype": "file", "target": None}]):
        with pytest.raises(InvalidInput, match="x has no step that takes a notebook"):
            target(*parameters)

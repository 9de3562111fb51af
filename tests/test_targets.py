"""Which parameters notebooks fill, and in which form they are sent for them."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.targets import NotebookTarget, notebook_targets, wanted_targets

ACTOR = {"name": "step", "dtype": "actor"}
NOTEBOOK = {"name": "notebook", "dtype": "file", "target": "code/predict.ipynb"}
SCRIPT = {"name": "script", "dtype": "file", "target": "code/predict.py"}
DATA = {"name": "data", "dtype": "file", "target": "data/weights.h5"}


def targets(*parameters: dict[str, Any]) -> list[NotebookTarget]:
    return notebook_targets({"name": "x", "parameters": list(parameters)})


def test_first_steps_then_notebooks_then_scripts() -> None:
    assert targets(DATA, SCRIPT, NOTEBOOK, ACTOR) == [NotebookTarget("step", "notebook", is_step=True)]
    assert targets(DATA, SCRIPT, NOTEBOOK) == [NotebookTarget("notebook", "notebook")]
    assert targets(DATA, SCRIPT) == [NotebookTarget("script", "script")]
    assert targets({**SCRIPT, "isTargetOpen": True}) == [NotebookTarget("script", "script", path="code/predict.py")]


@pytest.mark.parametrize("kind", [ACTOR, NOTEBOOK, SCRIPT])
def test_several_of_a_kind(kind: dict[str, Any]) -> None:
    a, b, c = ({**kind, "name": name} for name in "abc")
    assert [target.name for target in targets(DATA, b, a, c)] == ["b", "a", "c"], "in the benchmark's order"
    wanted = [target.name for target in wanted_targets(targets(a, b, c), ())]
    assert wanted == ["a", "b", "c"], "all when none is required"


@pytest.mark.parametrize("kind", [ACTOR, NOTEBOOK, SCRIPT])
def test_the_required_and_the_named_are_wanted(kind: dict[str, Any]) -> None:
    a, b, c = ({**kind, "name": name, "isRequired": name == "b"} for name in "abc")
    found = targets(a, b, c)
    assert [target.name for target in wanted_targets(found, ())] == ["b"]
    assert [target.name for target in wanted_targets(found, ["c"])] == ["b", "c"]
    assert [target.name for target in wanted_targets(found, ["c"], has_main=False)] == ["b", "c"]
    optional = targets(a, c)
    assert [target.name for target in wanted_targets(optional, ["c"])] == ["a", "c"]
    assert [target.name for target in wanted_targets(optional, ["c"], has_main=False)] == ["c"]


def test_of_several_open_ones_only_the_named_are_wanted() -> None:
    """A server that leaves targets open does not tell which files are programs."""
    a, b = ({**SCRIPT, "name": name, "isTargetOpen": True} for name in "ab")

    def wanted(*parameters: dict[str, Any], named: tuple[str, ...] = (), has_main: bool = True) -> list[str]:
        return [target.name for target in wanted_targets(targets(*parameters), named, has_main=has_main)]

    for has_main in (True, False):
        required = [{**parameter, "isRequired": True} for parameter in (a, b)]
        assert wanted(*required, has_main=has_main) == []
        assert wanted(*required, named=("b",), has_main=has_main) == ["b"]
        assert wanted(*required, named=("a", "b"), has_main=has_main) == ["a", "b"]
    assert wanted(a, b) == []
    assert wanted(a, b, named=("a",)) == ["a"]
    assert wanted(a) == ["a"]
    assert wanted(a, SCRIPT, DATA) == ["a", "script"], "the only one"
    assert wanted(a, b, SCRIPT) == ["script"], "what is known to be a program is wanted as ever"
    assert wanted(a, {**b, "isRequired": True}) == ["b"], "the only one that must be given"
    assert wanted(a, {**b, "isRequired": True}, named=("a",)) == ["a"], "the other may be data"


def test_none() -> None:
    for parameters in ([], [DATA], [{"name": "a", "dtype": "file", "target": None}]):
        with pytest.raises(InvalidInput, match="x has no step that takes a notebook"):
            targets(*parameters)

"""What a step gives to a notebook, and whether that takes it, where there are several steps."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlab_rob.models import Problem
from jupyterlab_rob.offers import check_parameters_cell, meets, offer
from jupyterlab_rob.splitting import Source, divide

from .relay import HANDLE, split_notebook, tagged


def found(document: dict[str, Any], benchmark: dict[str, Any] = HANDLE) -> dict[str, list[Problem]]:
    """Problems by parameter."""
    return {
        part.target.name: [*check_parameters_cell(part, offer(benchmark, part.target, {}), is_shared=True)]
        for part in divide(benchmark, Source("a.ipynb", document))
    }


def test_each_step_is_offered_what_it_has_a_use_for() -> None:
    first, second = (part.target for part in divide(HANDLE, Source("a.ipynb", split_notebook())))
    assert offer(HANDLE, first, {}).own == ("numbers", "features", "factor")
    assert offer(HANDLE, second, {}).own == ("features", "outputfile", "factor")
    assert offer(HANDLE, first, {}).outputs == ("features",)
    assert offer(HANDLE, second, {}).outputs == ("outputfile",)
    assert set(offer(HANDLE, first, {}).all) == set(offer(HANDLE, second, {}).all), "none can be chosen"


def test_a_path_that_only_the_evaluation_knows() -> None:
    """``elsewhere`` tells; a service of before does not."""
    steps = [{key: value for key, value in step.items() if key != "elsewhere"} for step in HANDLE["notebookSteps"]]
    first, _ = (part.target for part in divide(HANDLE, Source("a.ipynb", split_notebook())))
    assert "scorefile" in offer({**HANDLE, "notebookSteps": steps}, first, {}).own
    assert "outputfile" not in offer({**HANDLE, "notebookSteps": steps}, first, {}).own


def test_a_variable_that_refers_to_a_parameter() -> None:
    parameters = [
        *HANDLE["parameters"],
        {"name": "weights", "dtype": "file", "target": "data/weights.bin"},
        {"name": "place", "dtype": "string", "defaultValue": "features/n.txt"},
    ]
    steps = [
        {**step, "variables": {"weights": "$[[weights]]", "place": "$[[place]]", "numbers": "data/numbers.txt"}}
        for step in HANDLE["notebookSteps"]
    ]
    steps[0] = {**steps[0], "inputs": [*steps[0]["inputs"], "data/weights.bin"]}
    benchmark = {**HANDLE, "parameters": parameters, "notebookSteps": steps}
    first, second = (part.target for part in divide(benchmark, Source("a.ipynb", split_notebook())))
    assert offer(benchmark, first, {}).own == ("weights", "place", "numbers")
    assert offer(benchmark, first, {}).outputs == ("place",)
    assert offer(benchmark, second, {}).own == ("place",)
    assert offer(benchmark, second, {"place": "data/numbers.txt"}).own == ()


@pytest.mark.parametrize(
    ("value", "paths", "answer"),
    [
        ("features", ["features/"], True),
        ("./features/", ["features"], True),
        ("features/n.txt", ["features/"], True),
        ("features", ["features/n.txt"], True),
        ("feature", ["features/"], False),
        ("data/a", ["data/b"], False),
        ("fast", ["."], False),
        ("", ["a"], False),
        (1, ["1"], False),
        (["a"], ["a"], False),
        ("a", [], False),
    ],
)
def test_paths_that_meet(value: object, paths: list[str], answer: bool) -> None:
    assert meets(value, paths) is answer


def test_nothing_is_missing() -> None:
    assert found(split_notebook()) == {"prepare": [], "answer": []}


def test_what_is_missing_is_told_of_the_step() -> None:
    document = split_notebook()
    document["cells"][1]["source"] = "numbers = ''\nfactor = 1"
    document["cells"][3]["source"] = "features = ''\noutputfile = ''"
    problems = found(document)
    (error,), (warning,) = problems["prepare"], problems["answer"]
    assert (error.severity, error.cell) == ("error", 2)
    assert error.message.startswith("The `parameters` cell of step prepare does not assign features, so the notebook")
    assert (warning.severity, warning.cell) == ("warning", 4)
    assert "of step answer does not assign factor: what the benchmark gives there is not used" in warning.message
    assert "scorefile" not in error.message + warning.message


def test_a_step_without_the_cell() -> None:
    document = split_notebook()
    document["cells"][3]["metadata"]["tags"] = ["rob:answer"]
    (error,) = found(document)["answer"]
    assert error.message == (
        "Step answer has no `parameters` cell, so the benchmark can't tell it features, outputfile, factor. Assign "
        "them in one cell and tag it `parameters` and `rob:answer`: select it, open the property inspector (gears, "
        "right sidebar), add the tags."
    )


def test_one_cell_for_both_steps() -> None:
    document = tagged(
        ("numbers = ''\nfeatures = ''\noutputfile = ''\nfactor = 1", ["parameters"]),
        ("1", ["rob:prepare"]),
        ("2", ["rob:answer"]),
    )
    assert found(document) == {"prepare": [], "answer": []}


def test_two_cells_in_one_step() -> None:
    """The second would undo what the benchmark has set in the first."""
    document = split_notebook()
    document["cells"][0]["metadata"]["tags"] = ["parameters"]
    document["cells"][0]["source"] = "numbers = ''\nfeatures = ''\noutputfile = ''\nfactor = 1"
    problems = found(document)
    assert [(problem.severity, problem.cell) for problem in problems["prepare"]] == [("warning", 2)]
    assert "Cell 2 is tagged `parameters` as well as cell 1" in problems["prepare"][0].message
    assert [problem.cell for problem in problems["answer"]] == [4]

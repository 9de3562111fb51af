"""What is found about a notebook before it is sent."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import pytest

from jupyterlab_rob import preflight
from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.models import Problem
from jupyterlab_rob.preflight import coerce_arguments, may_take, split_arguments
from jupyterlab_rob.splitting import Source, divide

from .protocol import BENCHMARK, GOOD_CELL, KERNEL, make_notebook
from .relay import HANDLE, first_notebook, second_notebook, split_notebook


def check(notebook: dict[str, Any], benchmark: dict[str, Any], arguments: dict[str, Any]) -> list[Problem]:
    """What is found about a benchmark's only notebook."""
    return preflight.check(divide(benchmark, Source("a.ipynb", notebook)), benchmark, arguments)


def errors(notebook: dict[str, Any], arguments: dict[str, Any] | None = None, **benchmark: Any) -> list[str]:
    found = check(notebook, {**BENCHMARK, **benchmark}, arguments or {})
    return [problem.message for problem in found if problem.severity == "error"]


def test_nothing_to_say() -> None:
    assert check(make_notebook(GOOD_CELL, "print(1)"), BENCHMARK, {"shift": 3}) == []


def test_no_kernel() -> None:
    (message,) = errors(make_notebook(GOOD_CELL, metadata={}))
    assert "no kernel" in message
    assert "save" in message


def test_no_parameters_cell() -> None:
    (message,) = errors(make_notebook(GOOD_CELL, tagged=None))
    assert "no `parameters` cell" in message
    assert "inputfile, outputfile, shift" in message
    assert "property inspector" in message


def test_tag_on_a_markdown_cell() -> None:
    notebook = make_notebook(GOOD_CELL)
    notebook["cells"][0]["cell_type"] = "markdown"
    (problem,) = check(notebook, BENCHMARK, {})
    assert (problem.cell, problem.message) == (1, "Cell 1 is tagged `parameters`, but it is not a code cell.")


def test_parameters_cell_takes_nothing() -> None:
    (message,) = errors(make_notebook("a = 1", "b = 2", tagged=1))
    assert "none of what the benchmark gives" in message


def test_output_path_is_not_taken() -> None:
    (message,) = errors(make_notebook("inputfile = 'a'\noutput_file = 'b'"))
    assert "does not assign outputfile" in message
    assert "you have output_file" in message


def test_output_path_by_reference_and_folder() -> None:
    step = {**BENCHMARK["notebookSteps"][0], "variables": {"inputfile": "x", "folder": "$[[target]]"}}
    parameters = [*BENCHMARK["parameters"], {"dtype": "string", "name": "target", "defaultValue": "results/"}]
    more: dict[str, Any] = {"notebookSteps": [step], "parameters": parameters}
    assert "does not assign folder" in errors(make_notebook("inputfile = 1"), **more)[0]
    assert errors(make_notebook("folder = 1"), **more) == []
    assert errors(make_notebook("inputfile = 1"), {"target": "elsewhere"}, **more) == []


def test_only_some_are_taken() -> None:
    (problem,) = check(make_notebook("outputfile = 1\nshfit = 0"), BENCHMARK, {})
    assert (problem.severity, problem.cell) == ("warning", 1)
    assert "inputfile (you have outputfile), shift (you have shfit)" in problem.message


def test_other_language_is_left_to_papermill() -> None:
    r = {"kernelspec": {"name": "ir", "language": "R"}}
    assert check(make_notebook("x <- 1; input()", metadata=r), BENCHMARK, {"whatever": 1}) == []


def test_benchmark_that_says_nothing_of_its_steps() -> None:
    assert check(make_notebook("x = 1"), {**BENCHMARK, "notebookSteps": []}, {"x": 2}) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"shift": "1"}, 'shift takes a whole number, not "1"'),
        ({"shift": 10}, "in [0,10)"),
        ({"shfit": 1}, "Did you mean shift?"),
        ({"zzz": 1}, "There are: shift."),
        ({"predictor": "x"}, "is the notebook itself"),
        ({"outputfile": "/etc/passwd"}, "set by the benchmark"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], reason: str) -> None:
    (problem,) = check(make_notebook(GOOD_CELL), BENCHMARK, arguments)
    assert reason in problem.message
    assert problem.parameter == next(iter(arguments))


@pytest.mark.parametrize("value", [math.nan, -math.inf, [1, {"a": (2, math.inf)}], {"a": object()}])
@pytest.mark.parametrize("name", ["depth", "options"])
def test_arguments_that_are_not_json(name: str, value: Any) -> None:
    parameters = [*BENCHMARK["parameters"], {"dtype": "any", "name": "options"}]
    benchmark = {**BENCHMARK, "parameters": parameters}
    (problem,) = check(make_notebook(GOOD_CELL + "\ndepth = 1"), benchmark, {name: value})
    assert (problem.severity, problem.parameter) == ("error", name)
    assert problem.message.startswith(f"{name} holds what JSON can't say: give finite numbers")
    r = {"kernelspec": {"name": "ir", "language": "R"}}
    assert len(check(make_notebook("x <- 1", metadata=r), benchmark, {name: value})) == 1


def test_missing_argument() -> None:
    parameters = [*BENCHMARK["parameters"], {"dtype": "string", "name": "team", "isRequired": True}]
    assert errors(make_notebook(GOOD_CELL), parameters=parameters) == [
        "team is missing: the benchmark needs a value for it."
    ]
    assert errors(make_notebook(GOOD_CELL), {"team": None}, parameters=parameters)
    assert errors(make_notebook(GOOD_CELL), {"team": "x"}, parameters=parameters) == []


def test_arguments_are_the_benchmarks_first_then_the_notebooks() -> None:
    notebook = make_notebook(GOOD_CELL + "\ndepth = 1\ntitle = ''")
    arguments = {"shift": 2, "depth": 3, "title": None}
    assert check(notebook, BENCHMARK, arguments) == []
    assert split_arguments(BENCHMARK, arguments) == ({"shift": 2}, {"depth": 3, "title": None})
    assert coerce_arguments(BENCHMARK, {"shift": "2", "depth": "3", "title": "x"}) == {
        "shift": 2,
        "depth": 3,
        "title": "x",
    }


def test_calls_that_do_not_work_in_a_run() -> None:
    notebook = make_notebook(GOOD_CELL, "%pip list\nname = input('?')", "import sys\nif name:\n    sys.exit()")
    notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "input()"})
    notebook["cells"] += make_notebook("from getpass import getpass\ngetpass()", "exit()\n!ls", "x = (")["cells"]
    found = check(notebook, BENCHMARK, {})
    assert [(p.severity, p.cell, p.message.split()[3].split("(")[0]) for p in found] == [
        ("warning", 2, "input"),
        ("warning", 3, "sys.exit"),
        ("warning", 5, "getpass"),
        ("warning", 6, "exit"),
    ]


def test_errors_about_the_target() -> None:
    with pytest.raises(InvalidInput, match="no step that takes a notebook"):
        check(make_notebook("x = 1"), {**BENCHMARK, "parameters": []}, {})


SCRIPT: dict[str, Any] = {
    "notebookSteps": [],
    "parameters": [
        {"dtype": "file", "name": "code", "target": "code/predict.py", "isRequired": True},
        {"dtype": "int", "name": "shift", "range": "[0,10)"},
        {"dtype": "string", "name": "title"},
    ],
}


def test_notebook_that_is_sent_as_a_script() -> None:
    assert check(make_notebook(GOOD_CELL, metadata=KERNEL), {**BENCHMARK, **SCRIPT}, {"shift": 3, "title": "a b"}) == []
    # It needs no kernel, but Python.
    found = errors(make_notebook(GOOD_CELL, metadata={"language_info": {"name": "R"}}), **SCRIPT)
    assert found == ["Only a Python notebook can be sent as a script; its language is r."]
    (message,) = errors(make_notebook(GOOD_CELL, "a = !ls"), **SCRIPT)
    assert message.startswith("Cell 2, line 1: ")


def test_script_without_options() -> None:
    (problem,) = check(make_notebook("x = 1", tagged=None), {**BENCHMARK, **SCRIPT}, {})
    assert problem.severity == "warning"
    assert "no `parameters` cell" in problem.message


def test_arguments_of_a_script() -> None:
    notebook = make_notebook(GOOD_CELL + "\ndepth = 1")
    (message,) = errors(notebook, {"depth": 2}, **SCRIPT)
    assert message == (
        "depth can't be given: the notebook is sent as a script file, and the benchmark sets only shift, title. "
        "Assign depth in the notebook."
    )
    (message,) = errors(notebook, {"shfit": 2}, **SCRIPT)
    assert "Did you mean shift?" in message
    assert errors(notebook, {"shift": 10}, **SCRIPT) == ["shift takes a number in [0,10), not 10."]
    assert errors(notebook, {"code": 1}, **SCRIPT) == ["code is the notebook itself and takes no other value."]
    assert "the program ends" in check(make_notebook(GOOD_CELL, "exit()"), {**BENCHMARK, **SCRIPT}, {})[0].message


def test_values_that_become_part_of_a_command() -> None:
    classic = {**SCRIPT, "valuesInCommands": True}
    notebook = make_notebook(GOOD_CELL)
    assert errors(notebook, {"title": "$(id)"}) != []
    assert errors(notebook, {"title": "$(id)"}, **SCRIPT) == []
    (message,) = errors(notebook, {"title": "$(id)"}, **classic)
    assert message.startswith('title holds "$"')
    (problem,) = check(notebook, {**BENCHMARK, **classic}, {"title": "two words"})
    assert problem.severity == "warning"
    assert check(notebook, {**BENCHMARK, **classic}, {"title": None, "shift": 1}) == []


def test_notebook_file() -> None:
    parameters = [{"dtype": "file", "name": "code", "target": "code/predict.ipynb"}]
    assert errors(make_notebook("x = 1", metadata={}), notebookSteps=[], parameters=parameters) == [
        "The notebook has no kernel: choose one in JupyterLab (top right) and save the notebook."
    ]
    found = errors(make_notebook("x = 1"), {"x": 2}, notebookSteps=[], parameters=parameters)
    assert "sent as a notebook file" in found[0]


# -- Where a benchmark takes several notebooks --

SPLIT = Source("both.ipynb", split_notebook())
TWO = {"prepare": Source("first.ipynb", first_notebook()), "answer": Source("second.ipynb", second_notebook())}


def told(
    main: Source | None, own: dict[str, Source] | None = None, arguments: dict[str, Any] | None = None
) -> list[Problem]:
    return preflight.check(divide(HANDLE, main, own), HANDLE, arguments or {})


def changed(source: Source, cell: int, text: str, **metadata: Any) -> Source:
    """The notebook with another text in the cell of this number."""
    document = deepcopy(source.notebook)
    document["cells"][cell - 1]["source"] = text
    return Source(source.name, {**document, **({"metadata": metadata["metadata"]} if metadata else {})})


def test_several_and_nothing_to_say() -> None:
    assert told(SPLIT) == []
    assert told(None, TWO, {"factor": 2, "power": 3}) == []


def test_what_the_parts_of_a_notebook_share_is_told_once() -> None:
    shared, own = changed(SPLIT, 1, "input()"), changed(SPLIT, 5, "exit()")
    assert [(p.cell, p.notebook, p.message.split()[2]) for p in told(shared)] == [(1, "prepare", "uses")]
    assert [(p.cell, p.notebook, p.message.split()[2]) for p in told(own)] == [(5, "answer", "calls")]
    (problem,) = told(changed(SPLIT, 1, "1", metadata={}))
    assert (problem.severity, problem.notebook) == ("error", "prepare")
    assert problem.message.startswith("The notebook has no kernel"), "there is one notebook only"


def test_problems_of_several_notebooks_name_theirs() -> None:
    kernelless = {name: changed(source, 2, "input()", metadata={}) for name, source in TWO.items()}
    problems = told(None, kernelless)
    assert [(p.severity, p.notebook, p.message.split(":")[0]) for p in problems] == [
        ("error", "prepare", "first.ipynb"),
        ("error", "answer", "second.ipynb"),
    ]
    alike = {name: Source("a.ipynb", source.notebook) for name, source in kernelless.items()}
    assert [p.message.split(":")[0] for p in told(None, alike)] == ["a.ipynb (prepare)", "a.ipynb (answer)"]


def test_the_same_notebook_given_twice_is_one() -> None:
    same = changed(SPLIT, 1, "input()")
    (problem,) = told(None, {"prepare": same, "answer": Source(same.name, deepcopy(same.notebook))})
    assert problem.message.startswith("Cell 1 uses input()")


def test_names_across_steps_are_among_the_problems() -> None:
    (problem,) = told(changed(SPLIT, 5, "open(outputfile, 'w').write(str(read))"))
    assert (problem.severity, problem.cell, problem.notebook) == ("warning", 5, "answer")
    assert problem.message.startswith("Cell 5 uses read in step answer, but only cells of prepare assign it")


def test_values_for_the_notebooks_own_parameters() -> None:
    only_second = changed(changed(SPLIT, 2, "numbers = ''\nfeatures = ''\nfactor = 1"), 3, "1")
    assert told(only_second, arguments={"power": 2}) == [], "one of them takes it"
    first, second = divide(HANDLE, only_second)
    assert [may_take(part, "power") for part in (first, second)] == [False, True]
    (problem,) = told(SPLIT, arguments={"pwoer": 2})
    assert (problem.parameter, problem.notebook) == ("pwoer", None)
    assert "Did you mean power?" in problem.message
    for name in ("prepare", "answer"):
        (problem,) = told(SPLIT, arguments={name: "x"})
        assert problem.message == f"{name} is the notebook itself and takes no other value."
    (problem,) = told(SPLIT, arguments={"scorefile": "x"})
    assert problem.message == "scorefile is set by the benchmark and can't be chosen."
    r = {"kernelspec": {"name": "ir", "language": "R"}}
    own = {**TWO, "answer": Source("r.ipynb", make_notebook("x <- 1", metadata=r))}
    assert told(None, own, {"whatever": 1}) == [], "nobody can tell what it takes"

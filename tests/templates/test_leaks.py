"""What a template would give away, or let participants do."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyterlab_rob.templates import Finding, check_template
from jupyterlab_rob.templates.leaks import looks_like_truth

from .template import SPECIFICATION, line_of, shown, spoilt, write

_EVALUATE_INPUTS = "        inputs: ['code/evaluate.py', 'private/truth.txt', 'results/sums.txt']\n"
_ADD_INPUTS = "inputs: ['data/numbers.txt']"


def findings_of(tmp_path: Path, *changes: tuple[str, str], files: dict[str, str] | None = None) -> list[Finding]:
    text = SPECIFICATION
    for old, new in changes:
        text = spoilt(text, old, new)
    return check_template(write(tmp_path, {"benchmark.yaml": text, **(files or {})}))


def test_a_folder_that_holds_what_the_evaluation_names(tmp_path: Path) -> None:
    text = spoilt(spoilt(SPECIFICATION, _ADD_INPUTS, "inputs: ['data/']"), "'private/truth.txt', ", "'data/sums.txt', ")
    (finding,) = check_template(write(tmp_path, {"benchmark.yaml": text, "data/sums.txt": "3\n7\n"}))
    assert (finding.severity, finding.line) == ("error", line_of(text, "inputs: ['data/']"))
    assert "'data/' and with it 'data/sums.txt', which the step 'evaluate' needs" in finding.message


def test_a_folder_that_holds_what_a_command_names(tmp_path: Path) -> None:
    """The evaluation declares no inputs, so its command tells what it reads."""
    (finding,) = findings_of(
        tmp_path,
        (_ADD_INPUTS, "inputs: ['data/']"),
        (_EVALUATE_INPUTS, ""),
        ("private/truth.txt results", "data/sums.txt results"),
        files={"data/sums.txt": "3\n7\n"},
    )
    assert finding.severity == "error"
    assert "'data/sums.txt'" in finding.message


def test_a_folder_that_holds_what_a_value_names(tmp_path: Path) -> None:
    (finding,) = findings_of(
        tmp_path,
        (_ADD_INPUTS, "inputs: ['data/']"),
        (_EVALUATE_INPUTS, ""),
        ("private/truth.txt results", '"${sums}" results'),
        ("    shift: $", "    sums: 'data/sums.txt'\n    shift: $"),
        files={"data/sums.txt": "3\n7\n"},
    )
    assert "'data/sums.txt'" in finding.message


def test_files_named_one_by_one_are_shared_on_purpose(tmp_path: Path) -> None:
    assert (
        findings_of(tmp_path, ("'private/truth.txt', 'results", "'private/truth.txt', 'data/numbers.txt', 'results"))
        == []
    )


def test_a_folder_of_both_is_no_leak_by_itself(tmp_path: Path) -> None:
    assert findings_of(tmp_path, (_ADD_INPUTS, "inputs: ['data/']"), ("'private/truth.txt', 'r", "'data/', 'r")) == []


def test_names_that_right_answers_go_by(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, (_ADD_INPUTS, "inputs: ['data/']"), files={"data/test_labels.npz": ""})
    assert finding.severity == "warning"
    assert "'data/test_labels.npz': by the name these are right answers" in finding.message


@pytest.mark.parametrize(
    "name", ["private/x", "data/labels.pkl", "data/ground_truth.csv", "a/Solution.ipynb", "y-answers.txt"]
)
def test_looks_like_truth(name: str) -> None:
    assert looks_like_truth(name)


@pytest.mark.parametrize(
    "name", ["data/train_labels.npz", "training/labels.txt", "data/labeller.py", "resolution.txt", "x"]
)
def test_looks_like_no_truth(name: str) -> None:
    assert not looks_like_truth(name)


def test_a_target_that_replaces_the_evaluation(tmp_path: Path) -> None:
    more = "  - {name: 'extra', dtype: 'file', target: 'private/truth.txt'}\nparameterGroups:"
    (finding,) = findings_of(tmp_path, ("parameterGroups:", more))
    assert (finding.severity, "would replace 'private/truth.txt'" in finding.message) == ("error", True)


def test_an_uploaded_script_is_the_participants(tmp_path: Path) -> None:
    """A step that runs an uploaded file is watched as one that a notebook fills; without inputs it gets everything."""
    more = "  - {name: 'script', dtype: 'file', target: 'submitted/add.py'}\nparameterGroups:"
    own = "action: {environment: 'python', commands: ['\"${python}\" submitted/add.py']}"
    changes = (("parameterGroups:", more), ("action: $[[adder]]", own))
    findings = findings_of(tmp_path, *changes, ("        inputs: ['data/numbers.txt']\n", ""))
    assert "gets every file, the evaluation's as well" in shown(findings)
    findings = findings_of(tmp_path, *changes, (_ADD_INPUTS, "inputs: ['submitted/add.py', 'private/']"))
    assert "'private/truth.txt', which the step 'evaluate' needs" in shown(findings)


def test_an_uploaded_notebook_is_the_participants(tmp_path: Path) -> None:
    more = "  - {name: 'book', dtype: 'file', target: 'submitted/add.ipynb'}\nparameterGroups:"
    own = "action: {notebook: 'submitted/add.ipynb'}"
    findings = findings_of(
        tmp_path, ("parameterGroups:", more), ("action: $[[adder]]", own), (_ADD_INPUTS, "inputs: ['.']")
    )
    assert "'private/truth.txt', which the step 'evaluate' needs" in shown(findings)
    assert "does not exist" not in shown(findings)


@pytest.mark.parametrize(
    ("script", "line", "called"),
    [
        ("import pickle\n\npickle.load(open('x', 'rb'))\n", 3, "pickle.load"),
        ("from pickle import loads as read\nread(b'')\n", 2, "pickle.loads"),
        ("import joblib as j\nprint(j.load('x'))\n", 2, "joblib.load"),
        ("import numpy as np\nnp.load('x', allow_pickle=True)\n", 2, "numpy.load"),
        ("import pandas\nx = pandas.read_pickle('x')\n", 2, "pandas.read_pickle"),
        ("import torch\ntorch.load('x')\n", 2, "torch.load"),
    ],
)
def test_an_evaluation_that_unpickles(script: str, line: int, called: str, tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, files={"code/evaluate.py": script})
    assert (finding.severity, finding.file, finding.line) == ("error", "code/evaluate.py", line)
    assert f"`{called}` runs code that the file may hold" in finding.message
    assert "the step 'evaluate' with this script is given files that participants write" in finding.message
    assert "(`numpy.load` with `allow_pickle=False`), JSON or CSV" in finding.message


@pytest.mark.parametrize(
    "script",
    [
        "import numpy as np\nnp.load('x')\nnp.load('x', allow_pickle=False)\n",
        "import torch\ntorch.load('x', weights_only=True)\n",
        "import json\njson.load(open('x'))\n",
        "import pickle\npickle.dump(1, open('x', 'wb'))\n",
        "load = {}.get\nload('pickle')\n",
    ],
)
def test_an_evaluation_that_does_not_unpickle(script: str, tmp_path: Path) -> None:
    assert findings_of(tmp_path, files={"code/evaluate.py": script}) == []


UNPICKLES = "import pickle\n\n\ndef read(path):\n    return pickle.load(open(path, 'rb'))\n"


@pytest.mark.parametrize(
    ("script", "severity"),
    [
        ("import helpers\n", "error"),
        ("from helpers import read\n", "error"),
        ("from . import helpers\n", "error"),
        ("import middle\n", "error"),
        ("import json\n", "warning"),
    ],
)
def test_a_script_beside_the_evaluation(script: str, severity: str, tmp_path: Path) -> None:
    """Whether it is run with what participants have written depends on who imports it."""
    inputs = _EVALUATE_INPUTS.replace("'code/evaluate.py'", "'code/'")
    files = {"code/evaluate.py": script, "code/helpers.py": UNPICKLES, "code/middle.py": "from helpers import read\n"}
    (finding,) = findings_of(tmp_path, (_EVALUATE_INPUTS, inputs), files=files)
    assert (finding.severity, finding.file, finding.line) == (severity, "code/helpers.py", 5)


def test_an_evaluation_of_which_nobody_can_tell_what_it_runs(tmp_path: Path) -> None:
    inputs = _EVALUATE_INPUTS.replace("'code/evaluate.py'", "'code/'")
    (finding,) = findings_of(
        tmp_path,
        (_EVALUATE_INPUTS, inputs),
        ('code/evaluate.py "${outputfile}"', '-m code.evaluate "${outputfile}"'),
        files={"code/helpers.py": UNPICKLES},
    )
    assert (finding.severity, finding.file) == ("error", "code/helpers.py")


def test_an_evaluation_that_is_given_everything(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, (_EVALUATE_INPUTS, ""), files={"code/evaluate.py": UNPICKLES})
    assert (finding.severity, finding.file) == ("error", "code/evaluate.py")


def test_post_processing_that_unpickles_what_participants_write(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, files={"code/plot.py": "import pickle\npickle.load(open('runs/1', 'rb'))\n"})
    assert (finding.severity, finding.file, finding.line) == ("error", "code/plot.py", 2)


def test_post_processing_that_unpickles_what_the_evaluation_writes(tmp_path: Path) -> None:
    (finding,) = findings_of(
        tmp_path,
        ("    files: ['results/sums.txt']", "    files: ['results/score.json']"),
        ("  - source: 'results/sums.txt'", "  - {source: 'results/score.json'}\n  - source: 'results/sums.txt'"),
        files={"code/plot.py": "import pickle\npickle.load(open('runs/1', 'rb'))\n"},
    )
    assert (finding.severity, finding.file, finding.line) == ("warning", "code/plot.py", 2)
    assert "see that no participant can have written that file" in finding.message


@pytest.mark.parametrize("place", ["target: 'results/p.pkl'", "defaultValue: 'results/p.pkl'"])
@pytest.mark.parametrize("inputs", ["['code/evaluate.py', 'private/truth.txt', 'results/p.pkl']", "['.']"])
def test_an_evaluation_that_unpickles_an_uploaded_file(tmp_path: Path, place: str, inputs: str) -> None:
    """There is no step of a participant's at all: they hand in what they have computed elsewhere."""
    specification = f"""\
workflow:
  files: {{inputs: ['code/', 'private/'], outputs: ['results/score.json']}}
  parameters: {{predictions: '$[[predictions]]'}}
  steps:
    - name: 'evaluate'
      files: {{inputs: {inputs}, outputs: ['results/score.json']}}
      action:
        environment: 'python'
        commands: ['"${{python}}" code/evaluate.py "${{predictions}}" private/truth.txt']
parameters:
  - {{name: 'predictions', label: 'Predictions', dtype: 'file', {place}, isRequired: true}}
results:
  file: 'results/score.json'
  schema: [{{name: 'score', label: 'Score', dtype: 'float'}}]
"""
    files = {"benchmark.yaml": specification, "code/evaluate.py": UNPICKLES, "private/truth.txt": "1\n"}
    found = [f for f in check_template(write(tmp_path, files)) if "unpickle" in f.message or "pickle.load" in f.message]
    assert [(finding.severity, finding.file) for finding in found] == [("error", "code/evaluate.py")]


def test_a_step_that_reads_only_the_coordinators_files_may_unpickle(tmp_path: Path) -> None:
    step = (
        "    - name: 'prepare'\n      files: {inputs: ['code/prepare.py'], outputs: ['results/p.txt']}\n"
        "      action: {environment: 'python', commands: ['\"${python}\" code/prepare.py']}\n    - name: 'evaluate'"
    )
    script = "import pickle\npickle.load(open('x', 'rb'))\n"
    assert findings_of(tmp_path, ("    - name: 'evaluate'", step), files={"code/prepare.py": script}) == []


def test_a_script_that_is_no_python(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, files={"code/evaluate.py": "import sys\nprint 'hello'\n"})
    assert (finding.severity, finding.file, finding.line) == ("warning", "code/evaluate.py", 2)

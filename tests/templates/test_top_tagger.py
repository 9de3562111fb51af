"""A benchmark in the shape of the published top-tagger demo, with the faults that such older templates come with."""

from __future__ import annotations

from pathlib import Path

import pytest
from flowserv.model.template.base import WorkflowTemplate
from yaml import safe_load

from jupyterlab_rob.templates import Finding, check_template

from ..conftest import Home
from ..test_cli import document, rob
from .template import line_of, shown, spoilt

#: Layout of 0.9, and no manifest beside it.
SPECIFICATION = """\
workflow:
  files:
    inputs: ['code/', 'data/']
    outputs: ['results/yProbBest.pkl', 'results/results.json', 'results/analyze.log']
  steps:
    - name: 'preproc_step'
      files:
        inputs: ['code/', 'data/']
        outputs: ['results/processed_jets.pkl']
      action: $[[preproc]]
    - name: 'ml_step'
      files:
        inputs: ['code/', 'data/', 'results/processed_jets.pkl']
        outputs: ['results/yProbBest.pkl']
      action: $[[tagger]]
    - name: 'compute_score'
      files:
        inputs: ['code/', 'data/evaluate/', 'results/yProbBest.pkl']
        outputs: ['results/results.json', 'results/analyze.log']
      action:
        environment: 'toptagger/demo:1.0'
        commands: ['python code/compute-score.py data/evaluate/ results/']
parameterGroups:
  - {name: 'preproc', title: 'Pre-Processing Step', index: 0}
  - {name: 'ml', title: 'ML Evaluation Step', index: 1}
parameters:
  - name: 'preproc'
    label: 'Pre-processing'
    dtype: 'actor'
    group: 'preproc'
    defaultValue:
      - 'container'
      - environment: 'toptagger/demo:1.0'
        commands: ['python code/preprocess.py data/test_jets.pkl results/']
  - name: 'tagger'
    label: 'Tagger'
    dtype: 'actor'
    group: 'ml'
    defaultValue: ['container', {environment: 'toptagger/demo:1.0', commands: ['python code/evaluate.py results/']}]
results:
  file: 'results/results.json'
  schema:
    - {name: 'bg_reject', label: 'Background rejection (at 50%)', dtype: 'float'}
    - {name: 'auc', label: 'AUC', dtype: 'float'}
  orderBy:
    - {name: 'bg_reject', sortDesc: true}
postproc:
  workflow:
    files:
      inputs: ['code/', 'data/evaluate/labels.pkl', '$[[runs]]']
      outputs: ['results/ROC-AUC.png']
    parameters:
      rundir: $[[runs]]
    steps:
      - name: 'plot'
        files:
          inputs: ['code/', 'data/evaluate/labels.pkl', 'runs/']
          outputs: ['results/ROC-AUC.png']
        action:
          environment: 'toptagger/demo:1.0'
          commands: ['python code/plot-roc-auc.py "${rundir}" data/evaluate/labels.pkl results/']
  inputs: {files: ['results/yProbBest.pkl'], runs: 'runs/'}
  outputs:
    - {source: 'results/ROC-AUC.png', title: 'ROC curves', format: {type: 'image'}}
"""

SCORE = """\
import pickle
import sys

with open(f"{sys.argv[2]}/yProbBest.pkl", "rb") as file:
    predictions = pickle.load(file)
"""

FILES = {
    "benchmark.yaml": SPECIFICATION,
    "code/preprocess.py": "print('preprocess')\n",
    "code/evaluate.py": "print('evaluate')\n",
    "code/compute-score.py": SCORE,
    "code/plot-roc-auc.py": "print('plot')\n",
    "data/test_jets.pkl": "",
    "data/evaluate/labels.pkl": "",
    "data/evaluate/params.json": "{}",
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def findings(tmp_path: Path) -> list[Finding]:
    return check_template(write(tmp_path / "top-tagger", FILES))


def test_flowserv_itself_sees_no_fault() -> None:
    assert WorkflowTemplate.from_dict(safe_load(SPECIFICATION), validate=True)


EXPLAINED = [
    ("flowserv.yaml", None, "error", "The manifest is missing"),
    ("benchmark.yaml", "        inputs: ['code/', 'data/']", "error", "gives participants 'data/' and with it"),
    ("benchmark.yaml", "        inputs: ['code/', 'data/', ", "error", "'data/evaluate/labels.pkl'"),
    (
        "benchmark.yaml",
        "        environment: 'toptagger",
        "error",
        "The action of the step 'compute_score' asks for the",
    ),
    (
        "benchmark.yaml",
        "          environment: 'toptagger",
        "error",
        "The action of the step 'plot' asks for the container",
    ),
    ("benchmark.yaml", "      - 'container'", "error", "default of the parameter 'preproc' is in an old form"),
    (
        "benchmark.yaml",
        "    defaultValue: ['container'",
        "error",
        "default of the parameter 'tagger' is in an old form",
    ),
    ("benchmark.yaml", "        commands: ['python code/compute", "warning", "calls whatever `python` is found"),
    ("code/compute-score.py", "    predictions", "error", "`pickle.load` runs code"),
]


@pytest.mark.parametrize(("file", "part", "severity", "words"), EXPLAINED)
def test_explains_each_fault(file: str, part: str | None, severity: str, words: str, findings: list[Finding]) -> None:
    line = line_of(FILES[file], part) if part is not None else None
    assert [f.severity for f in findings if (f.file, f.line) == (file, line) and words in f.message] == [severity], (
        shown(findings)
    )


def test_tells_which_image_a_default_needs(findings: list[Finding]) -> None:
    """What stands in the old form is looked at, too: mending the form alone would not make it run."""
    about = [
        finding.line for finding in findings if "The default of the" in finding.message and "image" in finding.message
    ]
    lines = [number for number, line in enumerate(SPECIFICATION.splitlines(), 1) if "environment: 'toptagger" in line]
    assert set(about) == {lines[1], lines[2]}


def mended() -> dict[str, str]:
    """The files with all that is explained done."""
    text = SPECIFICATION.replace("'toptagger/demo:1.0'", "'python'").replace("'python code", '\'"${python}" code')
    text = spoilt(
        text, "        inputs: ['code/', 'data/']", "        inputs: ['data/test_jets.pkl', 'code/preprocess.py']"
    )
    text = spoilt(text, "['code/', 'data/', 'results/p", "['code/evaluate.py', 'results/p")
    text = spoilt(text, "      - 'container'\n      - environment", "      environment").replace(
        '        commands: [\'"${python}" code/prep', '      commands: [\'"${python}" code/prep'
    )
    text = spoilt(
        text,
        "['container', {environment: 'python', commands: ['\"${python}\" code/evaluate.py results/']}]",
        "{environment: 'python', commands: ['\"${python}\" code/evaluate.py results/']}",
    )
    text = text.replace("yProbBest.pkl", "yProbBest.npy")
    score = "import sys\n\nimport numpy\n\nnumpy.load(f'{sys.argv[2]}/yProbBest.npy', allow_pickle=False)\n"
    manifest = "name: 'Older tagger'\nspecfile: 'benchmark.yaml'\ninstructions: 'instructions.md'\n"
    changes = {
        "benchmark.yaml": text,
        "code/compute-score.py": score,
        "flowserv.yaml": manifest,
        "instructions.md": "Tag top jets.\n",
    }
    return {**FILES, **changes}


def test_nothing_is_left_once_mended(tmp_path: Path) -> None:
    left = check_template(write(tmp_path / "top-tagger", mended()))
    assert left == [], shown(left)


def test_unpickling_alone_is_reason_to_refuse(tmp_path: Path) -> None:
    files = {**mended(), "code/compute-score.py": SCORE}
    (finding,) = check_template(write(tmp_path / "top-tagger", files))
    assert (finding.severity, finding.file, finding.line) == ("error", "code/compute-score.py", 5)
    assert "the step 'compute_score' with this script is given files that participants write" in finding.message


def test_it_is_added_when_it_is_mended(tmp_path: Path, home: Home) -> None:
    """By the command line, which explains what is wrong before anything is sent."""
    # Not as one that comes with the package.
    folder = write(tmp_path / "older-tagger", FILES)
    done = rob("benchmarks", "add", str(folder))
    assert (done.returncode, done.stdout) == (2, "")
    errors = [fault for fault in EXPLAINED if fault[2] == "error"]
    told = done.stderr.splitlines()
    for file, part, severity, words in errors:
        line = f":{line_of(FILES[file], part)}" if part is not None else ""
        assert [text for text in told if text.startswith(f"{file}{line}: {severity}: ") and words in text], words
    assert told[-1].startswith("jupyter rob: Nothing was sent: ")
    assert not home.data_dir.exists(), "no service was started"

    write(folder, mended())
    done = rob("benchmarks", "add", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The benchmark older-tagger was added: version 1.\n"
    handle = document("benchmarks", "show", "older-tagger")["benchmark"]
    assert [(parameter["name"], parameter["dtype"]) for parameter in handle["parameters"]] == [
        ("preproc", "actor"),
        ("tagger", "actor"),
    ]

"""Templates in the layout of flowserv 0.7: one explanation, and a workflow to go on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jupyterlab_rob.templates import check_template, migrate, suggest_migration

from .template import SPECIFICATION, line_of, shown, write

FORMER = """\
workflow:
  version: '0.3.0'
  inputs:
    files: ['code/', 'data/', 'private/']
    parameters:
      outputfile: 'results/sums.txt'
  workflow:
    type: 'serial'
    specification:
      steps:
        - environment: $[[image]]
          commands: ['$[[adder]]']
        - environment: 'python:3.7'
          commands: ['python code/evaluate.py "${outputfile}" private/truth.txt results/score.json']
  outputs:
    files: ['results/sums.txt', 'results/score.json']
parameters:
  - {name: 'adder', label: 'Command', dtype: 'string'}
  - {name: 'image', label: 'Environment', dtype: 'string', defaultValue: 'python:3.7'}
results:
  file: 'results/score.json'
  schema: [{name: 'deviation', label: 'Deviation', dtype: 'float'}]
  orderBy: [{name: 'deviation', sortDesc: false}]
"""


def test_explains_the_layout_once(tmp_path: Path) -> None:
    findings = check_template(write(tmp_path, {"benchmark.yaml": FORMER}))
    (finding,) = findings
    assert (finding.severity, finding.line) == ("error", line_of(FORMER, "  workflow:\n    type"))
    assert "layout of flowserv 0.7" in finding.message
    assert "`workflow.steps` for `workflow.workflow.specification.steps`" in finding.message


def test_suggests_a_workflow(tmp_path: Path) -> None:
    text = suggest_migration(write(tmp_path, {"benchmark.yaml": FORMER}))
    assert text is not None
    assert "# Let the parameter 'adder' have the type 'actor'" in text
    assert yaml.safe_load(text)["workflow"] == {
        "files": {"inputs": ["code/", "data/", "private/"], "outputs": ["results/sums.txt", "results/score.json"]},
        "parameters": {"outputfile": "results/sums.txt"},
        "steps": [
            {"name": "step1", "files": {"inputs": [], "outputs": ["results/sums.txt"]}, "action": "$[[adder]]"},
            {
                "name": "step2",
                "files": {"outputs": ["results/score.json"]},
                "action": {
                    "environment": "python",
                    "commands": ['"${python}" code/evaluate.py "${outputfile}" private/truth.txt results/score.json'],
                },
            },
        ],
    }


def test_what_is_suggested_is_in_order(tmp_path: Path) -> None:
    """Only what the comments say is left to do."""
    suggested = migrate(yaml.safe_load(FORMER))
    rest = FORMER[FORMER.index("parameters:\n  - ") :]
    rest = rest.replace("'Command', dtype: 'string'", "'Notebook', dtype: 'actor'")
    rest = "".join(line for line in rest.splitlines(keepends=True) if "'image'" not in line)
    findings = check_template(write(tmp_path, {"benchmark.yaml": suggested + rest}))
    assert findings == [], shown(findings)


def test_suggests_nothing_for_the_present_layout(tmp_path: Path) -> None:
    assert suggest_migration(write(tmp_path, {"benchmark.yaml": SPECIFICATION})) is None


def test_explains_the_layout_in_post_processing(tmp_path: Path) -> None:
    text = SPECIFICATION[: SPECIFICATION.index("postproc:")] + (
        "postproc:\n  workflow:\n    workflow: {type: 'serial', specification: {steps: []}}\n"
        "  inputs: {files: ['results/sums.txt']}\n"
    )
    (finding,) = check_template(write(tmp_path, {"benchmark.yaml": text}))
    assert (finding.severity, finding.line) == ("error", line_of(text, "    workflow: {type"))


def test_suggests_something_for_any_document() -> None:
    workflows: list[Any] = [None, []]
    for workflow in (
        *workflows,
        {"workflow": 5},
        {"inputs": []},
        {"workflow": {"specification": {"steps": [None, 7]}}},
    ):
        assert yaml.safe_load(migrate({"workflow": workflow}))["workflow"].keys() >= {"files", "steps"}


def test_the_metrics_are_the_last_steps(tmp_path: Path) -> None:
    """A command that only names a folder does not tell what it writes."""
    text = FORMER.replace("private/truth.txt results/score.json'", "private/truth.txt results/'")
    participants, own = yaml.safe_load(migrate(yaml.safe_load(text)))["workflow"]["steps"]
    assert participants["files"]["outputs"] == ["results/sums.txt"]
    assert own["files"]["outputs"] == ["results/score.json"]


def test_names_what_keys_are_called_now(tmp_path: Path) -> None:
    former = "{id: 'deviation', name: 'Deviation', type: 'decimal'}"
    text = SPECIFICATION.replace("{name: 'deviation', label: 'Deviation', dtype: 'float'}", former)
    messages = shown(check_template(write(tmp_path, {"benchmark.yaml": text})))
    assert "takes no 'id'; it is called 'name' now, and what was the 'name' is the 'label'" in messages
    assert "takes no 'type'; it is called 'dtype' now" in messages

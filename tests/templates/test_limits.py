"""``limits`` of a workflow and of a step: what the check says, and that flowserv takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from flowserv.model.template.base import WorkflowTemplate

from jupyterlab_rob.service.engine.limits import Limits, step_limits, workflow_limits

from .template import SPECIFICATION, check_specification, line_of, shown, spoilt

_WORKFLOW = "limits: {time: 10 min, step_time: 300, memory: 2 GB, cpu: 600, processes: 64, file_size: 1 GB, disk: 5 GB}"
_STEP = "limits: {memory: 500 MB, step_time: 60, network: false}"

LIMITED = spoilt(
    spoilt(SPECIFICATION, "  steps:\n    - name: 'add'\n", f"  {_WORKFLOW}\n  steps:\n    - name: 'add'\n"),
    "      action: $[[adder]]\n",
    f"      action: $[[adder]]\n      {_STEP}\n",
)


def test_finds_nothing_in_good_limits(tmp_path: Path) -> None:
    findings = check_specification(tmp_path, LIMITED)
    assert findings == [], shown(findings)


def test_flowserv_takes_limits_and_keeps_them() -> None:
    template = WorkflowTemplate.from_dict(yaml.safe_load(LIMITED), validate=True)
    template = WorkflowTemplate.from_dict(template.to_dict(), validate=True)
    run = workflow_limits(template.workflow_spec)
    assert run == Limits(
        time=600, step_time=300, memory=2 << 30, cpu=600, processes=64, file_size=1 << 30, disk=5 << 30
    )
    adding, evaluating = template.workflow_spec["steps"]
    assert step_limits(adding, run).memory == 500 << 20
    assert step_limits(evaluating, run) == run


#: As in test_check.py: § is at the line of the finding.
FAULTS = [
    (_WORKFLOW, "limits: §much", "error", "'limits' of the workflow must be a mapping of names to values, not 'much'"),
    (_WORKFLOW, "limits:\n§   ", "error", "'limits' of the workflow must be a mapping"),
    (_WORKFLOW, "limits:\n    time: 5\n    §tim: 5", "error", "takes no 'tim'; did you mean 'time'"),
    (_WORKFLOW, "limits:\n    time: 5\n    memory: §2 Giga", "error", "'memory' of 'limits' of the workflow must be"),
    (_WORKFLOW, "limits:\n    time: 5\n    memory: §2", "error", "at least 16 MB"),
    (_WORKFLOW, "limits:\n    network: §'no'", "error", "must be true or false, not 'no'"),
    (_WORKFLOW, "limit: {}", "warning", "takes no 'limit'; did you mean 'limits'"),
    (_STEP, "limits: §[]", "error", "'limits' of the step 'add' must be a mapping of names to values, not a list"),
    (_STEP, "limits:\n        §proceses: 5", "error", "'limits' of the step 'add' takes no 'proceses'; did you mean"),
    (_STEP, "limits:\n        cpu: §-1", "error", "'cpu' of 'limits' of the step 'add' must be at least 1 s, not -1"),
    (_STEP, "limits:\n        cpu: 5\n        §memory: 3 GB", "warning", "'memory' of 'limits' of the step 'add' has"),
    (_STEP, "limits:\n        cpu: 5\n        §network: true", "warning", "the workflow's limits do not allow it"),
    (_STEP, "limits: {cpu: §2024-01-01}", "error", "read as a date; put it in quotes"),
]


@pytest.mark.parametrize(("old", "new", "severity", "words"), FAULTS, ids=[fault[1][:40] for fault in FAULTS])
def test_explains_a_fault(old: str, new: str, severity: str, words: str, tmp_path: Path) -> None:
    marked = spoilt(LIMITED, old, new)
    findings = check_specification(tmp_path, marked.replace("§", ""))
    assert [(f.severity, f.file) for f in findings if words in f.message] == [(severity, "benchmark.yaml")], shown(
        findings
    )
    assert len(findings) == 1, shown(findings)
    if "§" in marked and "\n§" not in marked:
        assert findings[0].line == line_of(marked, "§"), shown(findings)


def test_post_processing_has_limits_as_well(tmp_path: Path) -> None:
    text = spoilt(SPECIFICATION, "postproc:\n  workflow:\n", "postproc:\n  workflow:\n    limits: {cpus: 5}\n")
    (finding,) = check_specification(tmp_path, text)
    assert (finding.severity, finding.line) == ("error", line_of(text, "limits: {cpus"))

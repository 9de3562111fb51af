"""What flowserv rejects, the check finds: every part of a good template is spoilt in many ways and given to both."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flowserv.model.parameter.actor import ActorValue
from flowserv.model.template.base import WorkflowTemplate
from flowserv.model.workflow.manifest import WorkflowManifest

from jupyterlab_rob.service.engine.files import FileProblem, relative_path
from jupyterlab_rob.service.engine.limits import Limits
from jupyterlab_rob.service.engine.plan import Plan, RunFolder
from jupyterlab_rob.service.store.controller import PlanController
from jupyterlab_rob.templates import check_template

from .template import MANIFEST, SPECIFICATION, shown, write

_WRONG: tuple[Any, ...] = (None, True, 7, "", "../x", "text", "$[[nobody]]", [], {}, ["text"], [["a"]], {"text": 1})
_MORE_PARAMETERS = """\
parameters:
  - {name: 'kind', dtype: 'select', values: [{name: 'One', value: 1}, {name: 'Two', value: 2}], defaultValue: 1}
  - {name: 'file', dtype: 'file', target: 'uploaded.txt', isRequired: false}
  - {name: 'words', dtype: 'list', para: {name: 'word', dtype: 'string', index: 0, isRequired: true}}
  - name: 'point'
    dtype: 'record'
    fields: [{name: 'x', dtype: 'float', index: 0, isRequired: true, range: '(0,1]'}]
  - {name: 'quick', dtype: 'bool', defaultValue: false}
"""


def _specification() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SPECIFICATION)
    document["parameters"] += yaml.safe_load(_MORE_PARAMETERS)["parameters"]
    return document


def _mutations(document: Any) -> Iterator[tuple[str, Any]]:
    """The document with one part left out, doubled, renamed or replaced, and a name for what was done."""
    for path in list(_paths(document)):
        for name, change in _CHANGES.items():
            mutated = copy.deepcopy(document)
            parent = mutated
            for key in path[:-1]:
                parent = parent[key]
            if change(parent, path[-1]):
                yield f"{name} {'.'.join(map(str, path))}", mutated
        for wrong in _WRONG:
            mutated = copy.deepcopy(document)
            parent = mutated
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = wrong
            yield f"{'.'.join(map(str, path))} = {wrong!r}", mutated


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    listed = document if isinstance(document, list) else ()
    for key, child in document.items() if isinstance(document, dict) else enumerate(listed):
        yield from _paths(child, (*path, key))


def _leave_out(parent: Any, key: Any) -> bool:
    del parent[key]
    return True


def _double(parent: Any, key: Any) -> bool:
    if isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    return isinstance(parent, list)


def _rename(parent: Any, key: Any) -> bool:
    if isinstance(parent, dict):
        parent[f"{key}X"] = parent.pop(key)
    return isinstance(parent, dict)


_CHANGES = {"without": _leave_out, "twice": _double, "renamed": _rename}


def _rejection(document: Any) -> str | None:
    """Why flowserv rejects a specification; None when it takes it."""
    try:
        WorkflowTemplate.from_dict(copy.deepcopy(document), validate=True)
    except Exception as error:
        # flowserv fails in many ways on a wrong type; each is a rejection.
        return f"{type(error).__name__}: {error}"
    return None


def _failure(document: Any, folder: Path, runs: Path) -> str | None:
    """Why the service can't write the plan of a run of it; None when it can."""
    template = WorkflowTemplate.from_dict(copy.deepcopy(document), validate=True)
    # What flowserv fills in itself when a run is started: nothing but the arguments that are given.
    required = [name for name, parameter in template.parameters.items() if parameter.required]
    notebook = ActorValue(spec={"notebook": "submitted/adder.ipynb"}, files=[])
    arguments = {
        name: notebook if template.parameters[name].is_actor() else 1
        for name in required
        if not template.parameters[name].is_file()
    }
    controller = PlanController(runs, Limits())
    controller.folder("run").create()
    try:
        controller.write_plan("run", "sums", "group", template, arguments, folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    plan = Plan.read(RunFolder(runs / "run"))
    inputs = [name for step in plan.steps for name in step.inputs or ()]
    try:
        for name in [*inputs, *plan.outputs, *(name for step in plan.steps for name in step.outputs)]:
            relative_path(name)
    except (FileProblem, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def test_finds_every_specification_that_flowserv_or_the_service_rejects(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "benchmark.yaml").unlink()
    (folder / "flowserv.yaml").write_text(MANIFEST.replace("benchmark.yaml", "benchmark.json"))
    (folder / "benchmark.json").write_text(json.dumps(_specification()))
    assert [finding for finding in check_template(folder) if finding.severity == "error"] == []
    missed, rejected = [], 0
    for name, document in _mutations(_specification()):
        rejection = _rejection(document) or _failure(document, folder, tmp_path / "runs")
        (folder / "benchmark.json").write_text(json.dumps(document))
        findings = check_template(folder)
        if rejection is not None:
            rejected += 1
            if not any(finding.severity == "error" for finding in findings):
                missed.append(f"{name}: {rejection}")
    assert missed == []
    assert rejected > 500


def test_finds_every_manifest_that_flowserv_rejects(tmp_path: Path) -> None:
    folder = write(tmp_path)
    missed, rejected = [], 0
    for name, document in _mutations(yaml.safe_load(MANIFEST)):
        (folder / "flowserv.yaml").write_text(yaml.safe_dump(document))
        try:
            manifest = WorkflowManifest.load(basedir=str(folder))
            manifest.template()
            manifest.copyfiles("target")
        except Exception as error:
            rejected += 1
            if not any(finding.severity == "error" for finding in check_template(folder)):
                missed.append(f"{name}: {type(error).__name__}: {error}")
    assert missed == []
    assert rejected > 50


@pytest.mark.parametrize("old", ["'int'", "'actor'", "'[-10,10]'", "'data/numbers.txt'", "- name: 'add'", "workflow:"])
@pytest.mark.parametrize(
    "new", ["!include x.yaml", "!!python/name:os.system", "&a [*a]", "[", '"', "\t", "{{", "!!binary x"]
)
def test_survives_broken_notation(old: str, new: str, tmp_path: Path) -> None:
    findings = check_template(write(tmp_path, {"benchmark.yaml": SPECIFICATION.replace(old, new)}))
    assert any(finding.severity == "error" and finding.line for finding in findings), shown(findings)

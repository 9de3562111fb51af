"""Checks a benchmark's folder from the manifest to the scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import InvalidInput
from .findings import Finding, in_order
from .flow import check_flow, made_by
from .folder import Folder, normal, read_folder
from .layout import check_layout, is_former, migrate
from .leaks import check_leaks
from .limits import check_limits
from .manifest import check_manifest, find_manifest, find_specification, read_document
from .nodes import Node
from .parameters import Parameter, check_parameters, read_parameters
from .references import check_references, check_used
from .results import check_kept_files, check_metrics_made, check_results, check_shown_files, is_made, kept_files
from .scripts import Scripts, written_by_participants
from .shape import Kind, check_mapping
from .steps import Step, check_paths, check_steps, check_values, read_steps

#: Where post-processing finds the results of all runs.
RUNS = "runs"

_SECTIONS: dict[str, Kind] = {
    "parameters": "list",
    "parameterGroups": "list",
    "outputs": "list",
    "results": "value",
    "postproc": "mapping",
}


def check_template(folder: Path) -> list[Finding]:
    """Everything that is wrong with the benchmark in ``folder``, a template in the layout of flowserv 0.9.

    By file and line. Nothing of the folder is carried out, imported or changed.

    Raises:
        InvalidInput: There is no such folder.
    """
    return in_order(_check(_open(folder)))


def suggest_migration(folder: Path) -> str | None:
    """The template's workflow rewritten from the layout of flowserv 0.7, as YAML; None when it is not in that layout.

    Raises:
        InvalidInput: There is no such folder.
    """
    specification, _ = _read_specification(_open(folder))
    if specification is None or not is_former(specification.get("workflow")):
        return None
    return migrate(specification.value)


def _open(folder: Path) -> Folder:
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise InvalidInput(f"'{folder}' {what}; give the folder of a benchmark.")
    return read_folder(folder)


def _check(folder: Folder) -> Iterator[Finding]:
    yield from folder.findings
    manifest, findings = find_manifest(folder)
    yield from findings
    if manifest is not None:
        yield from check_manifest(manifest, folder)
    specification, findings = _read_specification(folder)
    yield from findings
    if specification is not None:
        yield from _check_specification(specification, folder)


def _read_specification(folder: Folder) -> tuple[Node | None, list[Finding]]:
    """The specification that the manifest names; without a name, the one that is found."""
    manifest, _ = find_manifest(folder)
    name = manifest.text("specfile") if manifest is not None else None
    if name is None or not folder.has(name):
        name = find_specification(folder)
        if name is None:
            return None, []
    return read_document(folder, normal(name))


def _check_specification(specification: Node, folder: Folder) -> Iterator[Finding]:
    yield from check_mapping(specification, "The specification", {"workflow": "mapping"}, _SECTIONS, unknown="warning")
    if not isinstance(specification.value, dict):
        return
    yield from check_parameters(specification, folder)
    yield from check_results(specification)
    workflow = specification.get("workflow")
    parameters = read_parameters(specification)
    steps: list[Step] = []
    scripts = Scripts(folder)
    if workflow is not None and is_former(workflow):
        yield from check_layout(workflow)
    elif workflow is not None:
        steps = read_steps(workflow, parameters)
        yield from _check_workflow(workflow, steps, parameters, folder, set())
        yield from check_used(specification, parameters)
        yield from check_shown_files(specification, made_by(steps), "the workflow")
        yield from check_kept_files(specification, made_by(steps))
        yield from check_metrics_made(specification, made_by(steps))
        yield from check_leaks(specification, workflow, steps, parameters, folder)
    theirs = written_by_participants(steps, parameters)
    if workflow is not None:
        scripts.of_workflow(workflow, steps, theirs)
    yield from _check_postprocessing(specification, folder, theirs, scripts)
    yield from scripts.check()


def _check_workflow(
    workflow: Node, steps: list[Step], parameters: Mapping[str, Parameter], folder: Folder, given: set[str]
) -> Iterator[Finding]:
    yield from check_mapping(
        workflow,
        "'workflow'",
        {"steps": "list"},
        {"files": "mapping", "parameters": "mapping", "limits": "value"},
        unknown="warning",
    )
    yield from check_limits(workflow)
    files = workflow.get("files")
    if files is not None:
        yield from check_mapping(
            files, "'files' of the workflow", {}, {"inputs": "list", "outputs": "list"}, unknown="warning"
        )
    yield from check_values(workflow)
    yield from check_steps(workflow, steps, parameters, folder)
    yield from check_references(workflow, parameters)
    yield from check_flow(workflow, steps, parameters, folder, given)


def _check_postprocessing(specification: Node, folder: Folder, theirs: set[str], scripts: Scripts) -> Iterator[Finding]:
    """``postproc``: a workflow of its own, whose one parameter is the folder with the results of all runs. ``theirs``
    are files that participants' steps write; what is run beside them is added to ``scripts``."""
    section = specification.get("postproc")
    if section is None:
        return
    yield from check_mapping(section, "'postproc'", {"workflow": "mapping"}, {"inputs": "mapping", "outputs": "list"})
    inputs, workflow = section.get("inputs"), section.get("workflow")
    if inputs is not None:
        yield from check_mapping(inputs, "'inputs' of the post-processing", {"files": "list"}, {"runs": "text"})
        yield from check_paths(inputs.get("files"), "the files of each run")
        yield from _check_collected(specification, inputs)
    if workflow is None:
        return
    if is_former(workflow):
        yield from check_layout(workflow)
        return
    parameters = {RUNS: Parameter(RUNS, "file", True, None, RUNS, section)}
    steps = read_steps(workflow, parameters)
    yield from _check_workflow(workflow, steps, parameters, folder, set())
    yield from check_shown_files(section, made_by(steps), "the post-processing")
    collected = inputs.texts_of("files") if inputs is not None else []
    has_theirs = any(is_made(path.value, theirs) for path in collected if path.value)
    scripts.of_postprocessing(workflow, steps, {RUNS} if has_theirs else set())


def _check_collected(specification: Node, inputs: Node) -> Iterator[Finding]:
    """What post-processing takes of each run must be a result file of it."""
    kept = {node.value for node in kept_files(specification)}
    for path in inputs.texts_of("files"):
        if path.value and path.value not in kept:
            where = "'outputs'" if specification.elements_of("outputs") else "workflow.files.outputs"
            yield path.error(f"'{path.value}' is no result file of a run; add it to {where}.")
    runs = inputs.text("runs")
    if runs is not None and normal(runs) != RUNS:
        yield inputs.at("runs").warning(
            f"The results of all runs are in the folder '{RUNS}', whatever stands here; write '{RUNS}'."
        )

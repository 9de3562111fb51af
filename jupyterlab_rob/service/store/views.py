"""flowserv's objects as the JSON of docs/protocol.md: the published shapes, made by flowserv's serializers, and the
additions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flowserv.model.template.parameter as tp
from flowserv.model.base import GroupObject, RunFile, RunObject, WorkflowObject
from flowserv.model.template.files import WorkflowOutputFile
from flowserv.model.template.schema import ResultSchema
from flowserv.view.run import RunSerializer
from flowserv.view.workflow import WorkflowSerializer

from ...models import JSON
from ...offers import meets
from ...uploads import notebook_fields
from ..engine.cause import blame_for
from ..engine.metrics import Column
from ..leaderboard import Page, SortColumn
from .arguments import public_arguments, submitted_notebooks

_workflows = WorkflowSerializer()
_runs = RunSerializer()
_FILES = ("inputs", "outputs")


def benchmark_descriptor(workflow: WorkflowObject) -> JSON:
    return dict(_workflows.workflow_descriptor(workflow))


def benchmark_handle(workflow: WorkflowObject, groups: Sequence[GroupObject]) -> JSON:
    return {**_workflows.workflow_handle(workflow, groups=groups), "notebookSteps": notebook_steps(workflow)}


def notebook_steps(workflow: WorkflowObject) -> list[JSON]:
    """The steps that participants' notebooks fill, with the values that each offers."""
    specification = workflow.workflow_spec
    variables = dict(specification.get("parameters", {}))
    steps = specification.get("steps", [])
    return [
        {
            "parameter": tp.get_name(step["action"]),
            "step": step["name"],
            "inputs": _paths(step, "inputs"),
            "outputs": _paths(step, "outputs"),
            "variables": variables,
            # Nothing but what the variables tell: the coordinator's own files are nobody's business.
            "elsewhere": sorted({value for value in variables.values() if _is_of_others(value, step, steps)}),
        }
        for step in steps
        if isinstance(step.get("action"), str)
    ]


def _is_of_others(value: object, step: JSON, steps: Sequence[JSON]) -> bool:
    """Whether a variable's value is a path that other steps read or write; what refers to a parameter is none yet."""
    others = [path for other in steps if other is not step for key in _FILES for path in _paths(other, key)]
    return "$[[" not in str(value) and meets(value, others)


def _paths(step: JSON, key: str) -> list[str]:
    return list(step.get("files", {}).get(key, ()))


def run_descriptor(run: RunObject) -> JSON:
    return dict(_runs.run_descriptor(run))


def run_handle(
    run: RunObject,
    declared: WorkflowObject,
    *,
    version: int,
    cause: JSON | None,
    rank: int | None,
    notebooks: Sequence[JSON],
    progress: Mapping[str, Any] | None,
    attempt: int,
) -> JSON:
    """``declared`` is the benchmark as the run's version declares it."""
    arguments = run.arguments or []
    uploads = {file.file_id: file.name for file in run.group.uploads} if run.group is not None else {}
    return {
        # In the place of flowserv's group, whose parameters are the current version's.
        **_runs.run_handle(run, declared),
        **_result_files(run, declared),
        "arguments": public_arguments(arguments),
        "groupName": run.group.name if run.group is not None else None,
        **notebook_fields(submitted_notebooks(arguments, uploads)),
        "version": version,
        "progress": dict(progress) if progress is not None else None,
        "attempt": attempt,
        "result": run.result if run.is_success() else None,
        "rank": rank,
        "notebooks": list(notebooks),
        "cause": _cause(cause) if cause is not None else None,
    }


def _cause(cause: JSON) -> JSON:
    """With whose fault it is, which was not written down in former times."""
    return {"blame": blame_for(cause["kind"], cause.get("step") is not None), **cause}


def _result_files(run: RunObject, declared: WorkflowObject) -> JSON:
    """The result files with what the run's version tells of them; flowserv asks the current one."""
    if not run.is_success():
        return {}
    told = {file.source: file for file in declared.outputs or ()}
    return {"files": [_result_file(file, told.get(file.name)) for file in run.files]}


def _result_file(file: RunFile, told: WorkflowOutputFile | None) -> JSON:
    handle: JSON = {"id": file.file_id, "name": file.name}
    if told is not None:
        details = {"title": told.title, "caption": told.caption, "widget": told.widget, "format": told.format}
        handle |= {"name": told.key, **{name: value for name, value in details.items() if value is not None}}
    return handle


def postprocessing_handle(run: RunObject) -> JSON:
    return dict(_runs.run_handle(run))


def leaderboard(schema: ResultSchema, order: Sequence[SortColumn], page: Page, version: int) -> JSON:
    return {
        "schema": [
            {"name": column.column_id, "label": column.name, "dtype": column.dtype} for column in schema.columns
        ],
        "orderBy": [{"name": column.name, "sortDesc": column.descending} for column in order],
        "ranking": [
            {
                "run": {
                    "id": row.result.run,
                    "createdAt": row.result.created_at,
                    "startedAt": row.result.started_at,
                    "finishedAt": row.result.finished_at,
                },
                "group": {"id": row.result.submission, "name": row.result.submission_name},
                # An older version's result may lack columns, or have others.
                "results": [
                    {"name": column.column_id, "value": row.result.values.get(column.column_id)}
                    for column in schema.columns
                ],
                "rank": row.rank,
                "version": row.result.version,
            }
            for row in page.rows
        ],
        "total": page.total,
        "version": version,
    }


def columns(schema: ResultSchema) -> list[Column]:
    return [Column(column.column_id, column.dtype, tuple(column.jpath()), column.required) for column in schema.columns]


def default_order(schema: ResultSchema) -> list[SortColumn]:
    return [SortColumn(column.column_id, column.sort_desc) for column in schema.get_default_order()]

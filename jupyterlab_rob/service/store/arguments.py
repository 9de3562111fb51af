"""Turns the arguments of a request into what flowserv takes; an ``actor`` is filled by an uploaded notebook and by
nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from flowserv.model.group import WorkflowGroupManager
from flowserv.model.parameter.actor import ActorValue
from flowserv.model.parameter.files import InputFile
from flowserv.model.template.parameter import ParameterIndex
from jupyter_client.kernelspec import KernelSpecManager

from ...errors import InvalidInput
from ...models import JSON
from ...notebooks import kernel_name, parse
from ...uploads import uploaded_notebook
from .storage import ConfinedFile

#: Type of an argument that names an uploaded notebook; see docs/protocol.md.
NOTEBOOK = "$notebook"
#: The same for an uploaded file of any kind, as published.
FILE = "$file"


def flowserv_arguments(
    arguments: Sequence[dict[str, Any]], parameters: ParameterIndex, groups: WorkflowGroupManager, submission: str
) -> list[dict[str, Any]]:
    """The arguments for flowserv's ``start_run``, which checks names, types and ranges itself.

    Raises InvalidInput for an actor that is no notebook: flowserv would take any shell command from a client.
    """
    return [_argument(argument, parameters, groups, submission) for argument in arguments]


def public_arguments(stored: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stored arguments as they were given: the step that flowserv keeps for an actor becomes its notebook again."""
    return [
        {"name": argument["name"], "value": _public(argument["value"])} if _is_step(argument["value"]) else argument
        for argument in stored
    ]


def submitted_notebook(stored: Sequence[dict[str, Any]], uploads: Mapping[str, str]) -> JSON | None:
    """Name and sha256 of the notebook among the stored arguments; ``uploads`` are names of files by their id."""
    for argument in stored:
        value = argument["value"]
        if _is_step(value):
            return {"name": value["name"], "sha256": value["sha256"]}
        if isinstance(value, dict) and value.get("type") == FILE:
            found = uploaded_notebook(uploads.get(value["value"]["fileId"], ""))
            if found is not None:
                return found
    return None


def _argument(
    argument: dict[str, Any], parameters: ParameterIndex, groups: WorkflowGroupManager, submission: str
) -> dict[str, Any]:
    if not isinstance(argument, dict) or not isinstance(argument.get("name"), str) or "value" not in argument:
        raise InvalidInput("Each argument must be an object with a name and a value.")
    name, value = argument["name"], argument["value"]
    if isinstance(value, str) and "\0" in value:
        raise InvalidInput(f"The argument '{name}' has a null character.")
    parameter = parameters.get(name)
    if parameter is None:
        known = ", ".join(sorted(parameters)) or "none"
        raise InvalidInput(f"The benchmark has no parameter '{name}'. It has: {known}.")
    if parameter.is_actor():
        return {"name": name, "value": _actor(name, value, groups, submission)}
    if parameter.is_file() or (isinstance(value, dict) and value.get("type") == FILE):
        _require_file(name, value, parameter.target if parameter.is_file() else None)
    elif isinstance(value, (dict, list)) and not (parameter.is_list() or parameter.is_record()):
        # flowserv would make a text of it.
        raise InvalidInput(f"The argument '{name}' must be a single value.")
    return argument


def _require_file(name: str, value: Any, declared: str | None) -> None:
    """flowserv takes the value apart without a look, and lets a client's target go before the benchmark's own."""
    reference = value.get("value") if isinstance(value, dict) and value.get("type") == FILE else None
    if not isinstance(reference, dict) or not isinstance(reference.get("fileId"), str):
        raise InvalidInput(f"The argument '{name}' must be an uploaded file.")
    target = reference.get("targetPath")
    if target is not None and (not isinstance(target, str) or "\0" in target):
        raise InvalidInput(f"The target path of the argument '{name}' must be a path inside the run's folder.")
    if declared and target is not None and target != declared:
        raise InvalidInput(f"The benchmark puts the file of the argument '{name}' at '{declared}' and nowhere else.")


def _actor(name: str, value: Any, groups: WorkflowGroupManager, submission: str) -> ActorValue:
    reference = value.get("value") if isinstance(value, dict) and value.get("type") == NOTEBOOK else None
    if not isinstance(reference, dict) or not isinstance(reference.get("fileId"), str):
        raise InvalidInput(f"The argument '{name}' must be an uploaded notebook.")
    values = reference.get("parameters", {})
    if not isinstance(values, dict):
        raise InvalidInput(f"The values for the notebook's parameters in '{name}' must be an object.")
    handle = groups.get_uploaded_file(group_id=submission, file_id=reference["fileId"])
    with handle.open() as file:
        content = file.read()
    _check_kernel(parse(content, f"'{handle.name}'"), handle.name)
    target = f"submitted/{name}.ipynb"
    return ActorValue(
        # flowserv stores this and nothing else of the value, so it holds what a later look or run needs.
        spec={
            "notebook": target,
            "fileId": reference["fileId"],
            "name": handle.name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "parameters": values,
        },
        files=[InputFile(source=_file(handle.fileobj), target=target)],
    )


def _file(file: Any) -> ConfinedFile:
    assert isinstance(file, ConfinedFile)
    return file


def _check_kernel(notebook: dict[str, Any], name: str) -> None:
    kernel = kernel_name(notebook)
    if not kernel:
        raise InvalidInput(
            f"'{name}' does not say which kernel it needs. Open it in JupyterLab, choose a kernel and save it."
        )
    installed = sorted(KernelSpecManager().find_kernel_specs())
    if kernel not in installed:
        raise InvalidInput(
            f"'{name}' needs the kernel '{kernel}', which is not installed where the ROB service runs. "
            f"Installed: {', '.join(installed) or 'none'}."
        )


def _is_step(value: Any) -> bool:
    return isinstance(value, dict) and "notebook" in value and "fileId" in value


def _public(step: dict[str, Any]) -> dict[str, Any]:
    return {"type": NOTEBOOK, "value": {"fileId": step["fileId"], "parameters": step.get("parameters") or {}}}

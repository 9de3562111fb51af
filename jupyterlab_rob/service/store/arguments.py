"""Turns the arguments of a request into what flowserv takes; an ``actor`` is filled by an uploaded notebook and by
nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flowserv.model.group import WorkflowGroupManager
from flowserv.model.parameter.actor import ActorValue
from flowserv.model.parameter.base import Parameter
from flowserv.model.parameter.files import InputFile
from flowserv.model.template.parameter import ParameterIndex
from jupyter_client.kernelspec import KernelSpecManager

from ...errors import InvalidInput, TooLarge
from ...models import JSON
from ...notebooks import kernel_name, parse
from ...uploads import uploaded_notebook
from ..limits import readable
from .storage import ConfinedFile
from .targets import require_apart, require_good

#: Type of an argument that names an uploaded notebook; see docs/protocol.md.
NOTEBOOK = "$notebook"
#: The same for an uploaded file of any kind, as published.
FILE = "$file"

#: Largest notebook, in bytes: reading one takes some thirty times its size of memory.
MAX_NOTEBOOK = 16 << 20
#: All arguments of a run together, in bytes as JSON: they are kept with the run and shown with it.
MAX_ARGUMENTS = 64 << 10
#: How deep lists and objects in an argument may be nested.
MAX_DEPTH = 50


def flowserv_arguments(
    arguments: Sequence[dict[str, Any]], parameters: ParameterIndex, groups: WorkflowGroupManager, submission: str
) -> list[dict[str, Any]]:
    """The arguments for flowserv's ``start_run``, which checks names, types and ranges itself.

    Raises:
        InvalidInput: An actor is no notebook (flowserv would take any shell command from a client), a file can't be put
            where it is wanted, or a value can't be stored.
        TooLarge: A notebook, or all arguments together, are larger than what is taken.
    """
    for argument in arguments:
        _require_shape(argument)
    _require_storable(arguments)
    prepared = [_argument(argument, parameters, groups, submission) for argument in arguments]
    require_apart(_targets(prepared, parameters))
    return prepared


def public_arguments(stored: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stored arguments as they were given: the step that flowserv keeps for an actor becomes its notebook again."""
    return [
        {"name": argument["name"], "value": _public(argument["value"])} if _is_step(argument["value"]) else argument
        for argument in stored
    ]


def submitted_notebooks(stored: Sequence[dict[str, Any]], uploads: Mapping[str, str]) -> list[JSON]:
    """``{parameter, name, sha256}`` of each notebook among the stored arguments; ``uploads`` are names of files by
    their id."""
    found = []
    for argument in stored:
        value = argument["value"]
        notebook: JSON | None = None
        if _is_step(value):
            notebook = {"name": value["name"], "sha256": value["sha256"]}
        elif isinstance(value, dict) and value.get("type") == FILE:
            notebook = uploaded_notebook(uploads.get(value["value"]["fileId"], ""))
        if notebook is not None:
            found.append({"parameter": argument["name"], **notebook})
    return found


def _require_shape(argument: object) -> None:
    if not isinstance(argument, dict) or not isinstance(argument.get("name"), str) or "value" not in argument:
        raise InvalidInput("Each argument must be an object with a name and a value.")
    name = argument["name"]
    if _is_deeper(argument, MAX_DEPTH):
        raise InvalidInput(f"The argument '{name}' is nested too deeply: more than {MAX_DEPTH} levels.")
    try:
        json.dumps(argument, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"The argument '{name}' has half of a character, which can't be stored as text.") from error


def _require_storable(arguments: Sequence[dict[str, Any]]) -> None:
    if len(json.dumps(arguments)) > MAX_ARGUMENTS:
        raise TooLarge(
            f"The arguments are larger than {readable(MAX_ARGUMENTS)} together. Upload what is larger as a file, if "
            "the benchmark takes one."
        )


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether lists and objects are nested in more than ``depth`` levels; found without recursion."""
    level = [value]
    while level and depth >= 0:
        nested = [part for part in level if isinstance(part, (dict, list))]
        level = [inner for part in nested for inner in (part.values() if isinstance(part, dict) else part)]
        if not nested:
            return False
        depth -= 1
    return depth < 0


def _targets(arguments: Sequence[dict[str, Any]], parameters: ParameterIndex) -> dict[str, str]:
    """Where the arguments' files are put, by the arguments' names."""
    found = {}
    for argument in arguments:
        target = _target(argument["value"], parameters.get(argument["name"]))
        if target is not None:
            found[argument["name"]] = target
    return found


def _target(value: Any, parameter: Parameter) -> str | None:
    """Where the file of an argument is put; None for what is no file's."""
    if not parameter.is_file():
        return None
    target = value["value"].get("targetPath") or parameter.target or parameter.default
    return None if target is None else str(target)


def _argument(
    argument: dict[str, Any], parameters: ParameterIndex, groups: WorkflowGroupManager, submission: str
) -> dict[str, Any]:
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
        if str(_target(value, parameter)).lower().endswith(".ipynb"):
            _require_small(groups.get_uploaded_file(group_id=submission, file_id=value["value"]["fileId"]))
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
    if target is not None:
        require_good(name, target)
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
    _require_small(handle)
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


def _require_small(handle: Any) -> None:
    """Before the notebook is read."""
    if _file(handle.fileobj).size() > MAX_NOTEBOOK:
        raise TooLarge(
            f"The notebook '{handle.name}' is larger than {readable(MAX_NOTEBOOK)}. Clear its outputs in JupyterLab, "
            "save it and upload it again."
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

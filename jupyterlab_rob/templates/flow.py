"""The way of the files: what each step needs must be there, and what a workflow promises must be made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from .findings import Finding
from .folder import Folder, normal, outside
from .nodes import Node
from .parameters import Parameter
from .references import whole_reference
from .results import is_made
from .steps import Step, check_paths


def made_by(steps: list[Step]) -> set[str]:
    return {normal(output.value) for step in steps for output in step.outputs}


def check_flow(
    workflow: Node, steps: list[Step], parameters: Mapping[str, Parameter], folder: Folder, given: set[str]
) -> Iterator[Finding]:
    """``given`` are files that are there from the start, beside those of the folder and the parameters' targets."""
    ready = given | {normal(parameter.target) for parameter in parameters.values() if parameter.target}
    yield from _check_declared(workflow, steps, parameters, folder, ready)
    optional = {
        normal(parameter.target): parameter.name
        for parameter in parameters.values()
        if parameter.target and not parameter.required
    }
    available = set(ready)
    for number, step in enumerate(steps):
        for path in step.inputs or ():
            if not _exists(path.value, folder) and not is_made(path.value, available):
                yield path.error(_missing(path.value, steps[number:]))
            elif normal(path.value) in optional and not _exists(path.value, folder):
                yield path.error(
                    f"The input '{path.value}' is there only if one is given for '{optional[normal(path.value)]}', "
                    "which is not required: let it be required, or put a file for all others into the folder."
                )
        available |= made_by([step])


def _check_declared(
    workflow: Node, steps: list[Step], parameters: Mapping[str, Parameter], folder: Folder, ready: set[str]
) -> Iterator[Finding]:
    """``workflow.files``."""
    files = workflow.get("files")
    if files is None:
        return
    for key in ("inputs", "outputs"):
        yield from check_paths(files.get(key), f"the workflow's {key}")
    for path in files.texts_of("inputs"):
        parameter = parameters.get(whole_reference(path.value) or "")
        if "$[[" in path.value:
            if parameter is not None and parameter.dtype != "file":
                yield path.error(
                    f"The parameter '{parameter.name}' is no file; take it away from the workflow's inputs."
                )
        elif not outside(path.value) and not _exists(path.value, folder) and not is_made(path.value, ready):
            yield path.error(f"The file or folder '{path.value}' does not exist; add it or take the line away.")
    for path in files.texts_of("outputs"):
        if "$[[" not in path.value and not outside(path.value) and not is_made(path.value, made_by(steps)):
            yield path.error(f"No step makes '{path.value}'; add it to the `files.outputs` of the step that writes it.")


def _missing(name: str, later: list[Step]) -> str:
    maker = next((step.name for step in later if is_made(name, made_by([step]))), None)
    if maker is not None:
        return (
            f"The input '{name}' is made by the step '{maker}', which does not come earlier; change the steps' order."
        )
    return f"The input '{name}' does not exist: add it to the folder, or to the `files.outputs` of an earlier step."


def _exists(name: str, folder: Folder) -> bool:
    path = os.path.join(folder.path, normal(name))
    return bool(folder.covered(name)) or (os.path.isdir(path) and not os.path.islink(path))

"""The layout of flowserv 0.7, whose templates 0.9 reads as empty workflows, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from .findings import Finding
from .nodes import Node

_HINT = (
    "This is the layout of flowserv 0.7, of which nothing would be run. Write `workflow.files.inputs` for "
    "`workflow.inputs.files`, `workflow.parameters` for `workflow.inputs.parameters`, `workflow.steps` for "
    "`workflow.workflow.specification.steps`, `workflow.files.outputs` for `workflow.outputs.files`; give each step a "
    "`name`, its `files` (`inputs` and `outputs`), and put `environment` and `commands` into its `action`."
)


def is_former(workflow: Node | None) -> bool:
    """Whether the workflow is written in the layout of 0.7."""
    return workflow is not None and any(
        workflow.get(key) is not None for key in ("workflow", "inputs", "outputs") if workflow.get("steps") is None
    )


def check_layout(workflow: Node) -> Iterator[Finding]:
    key = next(key for key in ("workflow", "inputs", "outputs") if key in workflow.value)
    yield workflow.at(key).error(_HINT)


def migrate(document: dict[str, Any]) -> str:
    """The ``workflow`` section of a specification in the layout of 0.7, rewritten for 0.9, as YAML.

    A suggestion: which files each step makes is guessed from its commands, and which ones participants may have is for
    the coordinator to fill in. Comments say where.
    """
    former = _mapping(document.get("workflow"))
    inputs, outputs = _mapping(former.get("inputs")), _list(_mapping(former.get("outputs")).get("files"))
    specification = _mapping(_mapping(former.get("workflow")).get("specification"))
    values = {**_mapping(inputs.get("parameters")), **_mapping(specification.get("parameters"))}
    steps = [_step(number, step) for number, step in enumerate(_list(specification.get("steps")), start=1)]
    metrics = _mapping(document.get("results")).get("file")
    _place_outputs(steps, [str(output) for output in outputs], values, metrics)
    workflow: dict[str, Any] = {"files": {"inputs": _list(inputs.get("files")), "outputs": outputs}}
    if values:
        workflow["parameters"] = values
    workflow["steps"] = steps
    text = yaml.safe_dump({"workflow": workflow}, sort_keys=False, allow_unicode=True, default_flow_style=False)
    notes = ["# Name in the `files.outputs` of each step what it makes for later steps."]
    filled = [step for step in steps if isinstance(step["action"], str)]
    for step in filled:
        name = step["action"][3:-2]
        notes.append(
            f"# Let the parameter '{name}' have the type 'actor': participants fill the step '{step['name']}'."
        )
    if filled:
        notes.append("# Name in its `files.inputs` what participants may read, and nothing of the evaluation's.")
    return "\n".join([*notes, text])


def _step(number: int, former: Any) -> dict[str, Any]:
    former = _mapping(former)
    commands = [str(command) for command in _list(former.get("commands"))]
    step: dict[str, Any] = {"name": str(former.get("name") or f"step{number}"), "files": {"inputs": [], "outputs": []}}
    if len(commands) == 1 and re.fullmatch(r"\$\[\[\w+\]\]", commands[0]):
        # The participant's own command: their notebook takes its place.
        return {**step, "action": commands[0]}
    # A step of the coordinator's that declares no inputs gets all files.
    return {
        **step,
        "files": {"outputs": []},
        "action": {"environment": "python", "commands": [_interpreter(command) for command in commands]},
    }


def _interpreter(command: str) -> str:
    return re.sub(r"^python3?\s", '"${python}" ', command)


def _place_outputs(steps: list[dict[str, Any]], outputs: list[str], values: dict[str, Any], metrics: Any) -> None:
    """Give each output to the step whose command ends with it, else to the participants', else to the last, which
    also makes the ``metrics``."""
    filled = [step for step in steps if isinstance(step["action"], str)]
    for output in outputs:
        names = {output, *(f"${{{name}}}" for name, value in values.items() if value == output)}
        makers = [
            step
            for step in steps
            if isinstance(step["action"], dict)
            and any(
                command.split()[-1].strip("'\"") in names for command in step["action"]["commands"] if command.strip()
            )
        ]
        for step in (makers or (steps if output == metrics else filled) or steps)[-1:]:
            step["files"]["outputs"].append(output)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

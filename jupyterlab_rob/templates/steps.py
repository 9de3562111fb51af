"""The steps of a workflow: what each does, gets and makes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ..service.engine import plan
from ..service.engine.environment import is_taken
from .actions import check_action
from .findings import Finding
from .folder import Folder, normal, outside
from .nodes import Node
from .parameters import Parameter
from .references import whole_reference
from .shape import check_mapping, check_texts

_SCRIPTS = (".ipynb", ".jl", ".py", ".r", ".sh")
_WORDS = re.compile(r"[\w./@%+=,-]+")


@dataclass(frozen=True)
class Step:
    """A step as far as it can be read. ``inputs`` is None when none are declared, ``parameter`` what a participant
    fills it with."""

    node: Node
    name: str
    inputs: tuple[Node, ...] | None
    outputs: tuple[Node, ...]
    action: Node | None
    parameter: Parameter | None

    def words(self, workflow: Node) -> set[str]:
        """The words of its commands that may be paths, with the workflow's own values put in; normal."""
        values = workflow.get("parameters")
        found: set[str] = set()
        for command in self.action.texts_of("commands") if self.action is not None else ():
            text = command.value
            for name, value in values.items() if values is not None else ():
                if isinstance(value.value, str):
                    text = text.replace(f"${{{name}}}", f" {value.value} ")
            found.update(normal(word) for word in _WORDS.findall(text))
        return found


def read_steps(workflow: Node, parameters: Mapping[str, Parameter]) -> list[Step]:
    steps = []
    for node in workflow.elements_of("steps"):
        action = node.get("action")
        step = Step(
            node,
            node.text("name") or "",
            tuple(_paths(node, "inputs")) if node.get("files", "inputs") is not None else None,
            tuple(_paths(node, "outputs")),
            action,
            None,
        )
        parameter = _filled_by(step, workflow, parameters)
        steps.append(Step(node, step.name, step.inputs, step.outputs, action, parameter))
    return steps


def _paths(step: Node, key: str) -> list[Node]:
    """The declared paths that can be followed; the others have findings of their own."""
    return [
        path
        for path in step.texts_of("files", key)
        if path.value and not outside(path.value) and "$[[" not in path.value
    ]


def _filled_by(step: Step, workflow: Node, parameters: Mapping[str, Parameter]) -> Parameter | None:
    """The parameter by which a participant provides the step's code."""
    if step.action is None:
        return None
    if isinstance(step.action.value, str):
        parameter = parameters.get(whole_reference(step.action.value) or "")
        return parameter if parameter is not None and parameter.dtype == "actor" else None
    run = step.words(workflow) | {normal(step.action.text("notebook") or "")}
    return next(
        (
            parameter
            for parameter in parameters.values()
            if parameter.target and normal(parameter.target) in run and parameter.target.lower().endswith(_SCRIPTS)
        ),
        None,
    )


def check_steps(
    workflow: Node, steps: list[Step], parameters: Mapping[str, Parameter], folder: Folder
) -> Iterator[Finding]:
    listed = workflow.get("steps")
    if listed is not None and listed.value == []:
        yield listed.error("The workflow has no steps; add some.")
    values = workflow.get("parameters")
    variables = [name for name, _ in values.items()] if values is not None else []
    made = {normal(parameter.target) for parameter in parameters.values() if parameter.target}
    for step in steps:
        yield from _check_step(step, parameters, folder, variables, made)
        made |= {normal(output.value) for output in step.outputs}
    yield from _check_names(steps)


def _check_step(
    step: Step, parameters: Mapping[str, Parameter], folder: Folder, variables: Collection[str], made: Collection[str]
) -> Iterator[Finding]:
    what = f"The step '{step.name}'" if step.name else "A step"
    yield from check_mapping(
        step.node,
        what,
        {"name": "text", "action": "value"},
        {"files": "mapping", "limits": "value"},
        unknown="warning",
    )
    if step.node.text("name") == "":
        yield step.node.at("name").error("A step's name is empty; give it one.")
    files = step.node.get("files")
    if files is not None:
        yield from check_mapping(
            files,
            f"'files' of {what.lower()[0]}{what[1:]}",
            {},
            {"inputs": "list", "outputs": "list"},
            unknown="warning",
        )
        for key in ("inputs", "outputs"):
            yield from check_paths(files.get(key), f"the {key}")
    action = step.action
    if action is None:
        return
    if isinstance(action.value, str):
        yield from _check_reference(action, what, parameters)
    else:
        yield from check_action(action, f"The action of {what.lower()[0]}{what[1:]}", folder, variables, made)
    yield from _check_hand_over(step, what)


def check_paths(paths: Node | None, what: str) -> Iterator[Finding]:
    """Whether ``paths`` is a list of names of files in the folder; it may be missing."""
    if paths is None:
        return
    yield from check_texts(paths, what)
    for path in paths.elements():
        if isinstance(path.value, str) and path.value and outside(path.value):
            yield path.error(f"The path '{path.value}' among {what} {outside(path.value)}.")


def _check_reference(action: Node, what: str, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """An action that a participant provides."""
    name = whole_reference(action.value)
    way_out = "write `$[[name]]` with the name of an `actor` parameter, or a mapping with `commands` or a `notebook`"
    if name is None or "?" in action.value:
        yield action.error(f"'{action.value[:60]}' is no action for {what[0].lower()}{what[1:]}; {way_out}.")
        return
    parameter = parameters.get(name)
    if parameter is None:
        return  # Said in references.py.
    if parameter.dtype != "actor":
        yield action.error(
            f"The parameter '{name}' has the type '{parameter.dtype}' and can't be a step's action; {way_out}."
        )
    elif parameter.may_lack:
        yield action.error(
            f"'{name}' is neither required nor has a default: without it {what[0].lower()}{what[1:]} would be left out "
            "silently; write `isRequired: true`."
        )


def _check_hand_over(step: Step, what: str) -> Iterator[Finding]:
    """Whether the step declares what it gets and makes."""
    if step.parameter is not None and step.inputs is None:
        if step.parameter.dtype == "actor":
            gets = "so the participant's notebook gets no file at all; name there what it may read"
        else:
            gets = "so the participant's code gets every file, the evaluation's as well; name there what it may read"
        yield step.node.error(f"{what} has no `files.inputs`, {gets}.")
    outputs = step.node.get("files", "outputs")
    if outputs is None or outputs.value == []:
        if step.parameter is not None:
            yield step.node.error(
                f"{what} has no `files.outputs`, so nothing that participants' code writes is kept; name what it makes."
            )
        elif step.action is not None and isinstance(step.action.value, dict):
            yield step.node.warning(
                f"{what} has no `files.outputs`, so nothing that it writes is kept; name what it makes."
            )


def _check_names(steps: list[Step]) -> Iterator[Finding]:
    """Names must differ, as the file names that are made of them."""
    first: dict[str, Step] = {}
    for step in steps:
        if not step.name:
            continue
        slug = plan.Step(step.name, None, ()).slug
        if slug in first:
            other = first[slug]
            like = "is" if other.name == step.name else f"is as a file name the same as '{other.name}', that"
            yield step.node.at("name").error(
                f"The step's name '{step.name}' {like} used already (line {other.node.line}); give each step its own."
            )
        first.setdefault(slug, step)


def check_values(workflow: Node) -> Iterator[Finding]:
    """The names under ``workflow.parameters``: they become environment variables and names in notebooks."""
    values = workflow.get("parameters")
    if values is None:
        return
    for name, _ in values.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield values.at(name).error(
                f"'{name}' is no name for a value: use letters, digits and '_', no digit first."
            )
        elif is_taken(name):
            yield values.at(name).error(
                f"The name '{name}' is taken: values reach the commands as environment variables; choose another."
            )

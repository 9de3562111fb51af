"""References ``$[[name]]`` from the workflow to the parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .findings import Finding
from .nodes import Node
from .parameters import Parameter
from .shape import nearest

_REFERENCE = re.compile(r"\$\[\[(.*?)\]\]")
_WHOLE = re.compile(r"\$\[\[((?:(?!\]\]).)*)\]\]")


def names_in(node: Node) -> Iterator[tuple[str, Node]]:
    """Names that the texts below ``node`` refer to, and where."""
    for part in node.everything():
        if isinstance(part.value, str):
            for match in _REFERENCE.finditer(part.value):
                yield match[1].partition("?")[0].strip(), part


def whole_reference(text: str) -> str | None:
    """The name in a text that is one reference and nothing else."""
    match = _WHOLE.fullmatch(text)
    return match[1].partition("?")[0].strip() if match else None


def check_references(workflow: Node, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Each reference names a parameter and stands where it is replaced: as a value under ``workflow.parameters`` or as
    a step's action."""
    for name, node in names_in(workflow):
        if name not in parameters:
            hint = nearest(name, list(parameters)) or "; declare it under parameters."
            yield node.error(f"There is no parameter '{name}'{hint}")
    yield from _check_lists(workflow)
    values = workflow.get("parameters")
    replaced = {id(value) for _, value in (values.items() if values is not None else ())}
    replaced |= {id(action) for step in workflow.elements_of("steps") if (action := step.get("action")) is not None}
    # flowserv copies all static files; a file parameter among them says only that there will be one.
    replaced |= {id(name) for name in workflow.elements_of("files", "inputs")}
    for name, node in names_in(workflow):
        if id(node) not in replaced:
            parameter = parameters.get(name)
            target = parameter.target if parameter is not None else None
            way_out = (
                f"write the file's target, '{target}'"
                if target
                else f"give it a name under workflow.parameters and write `${{{name}}}` in a command"
            )
            yield node.error(f"`$[[{name}]]` is not replaced here; {way_out}.")
    for key, value in values.items() if values is not None else ():
        yield from _check_value(key, value, parameters)


def _check_value(key: str, value: Node, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """A value under ``workflow.parameters``."""
    if not isinstance(value.value, str) or "$[[" not in value.value:
        return
    name = whole_reference(value.value)
    if name is None:
        yield value.error(f"A reference must be the whole value; '{key}' has more than `$[[name]]`.")
        return
    parameter = parameters.get(name)
    inner = value.value[3:-2]
    if "?" not in inner and inner != name:
        yield value.error(f"Write `$[[{name}]]` without blanks; they are taken for a part of the name.")
    if parameter is None:
        return
    if parameter.dtype == "actor":
        yield value.error(f"'{name}' is an actor: it can be a step's action, but no value.")
    elif "?" in inner and not parameter.required:
        yield value.error(
            f"`$[[{name} ? …]]` fails when no value is given, even with a default: let '{name}' be required."
        )
    elif parameter.may_lack:
        yield value.error(
            f"'{name}' is neither required nor has a default: a run without it would fail; add a `defaultValue` or "
            "`isRequired: true`."
        )


def _check_lists(node: Node) -> Iterator[Finding]:
    for part in node.everything():
        for element in part.elements():
            if isinstance(element.value, list):
                yield element.error("A list in a list is not taken in a workflow; write it flat.")


def check_used(specification: Node, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Warnings for parameters that nothing refers to."""
    workflow = specification.get("workflow")
    used = {name for name, _ in names_in(workflow)} if workflow is not None else set()
    for parameter in parameters.values():
        if parameter.name not in used and not (parameter.dtype == "file" and parameter.target):
            yield parameter.node.warning(
                f"The parameter '{parameter.name}' is not used; write `$[[{parameter.name}]]` where it is needed, or "
                "take it away."
            )

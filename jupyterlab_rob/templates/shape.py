"""Whether a mapping has the keys and kinds of values that it must have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from .findings import Finding
from .nodes import Node

Kind = Literal["text", "whole number", "flag", "list", "mapping", "value"]

_TESTS: dict[Kind, tuple[str, Any]] = {
    "text": ("a text", lambda value: isinstance(value, str)),
    "whole number": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "list": ("a list", lambda value: isinstance(value, list)),
    "mapping": ("a mapping of names to values", lambda value: isinstance(value, dict)),
    "value": ("a value", lambda value: True),
}

#: Keys of earlier versions and what they are called now.
_FORMERLY = {
    "as": "target",
    "choices": "values",
    "datatype": "dtype",
    "default": "defaultValue",
    "id": "name",
    "image": "environment",
    "module": "group",
    "modules": "parameterGroups",
    "required": "isRequired",
    "type": "dtype",
}


def is_kind(node: Node, kind: Kind, what: str) -> Iterator[Finding]:
    """Nothing when the value is of this kind; ``what`` names it."""
    description, fits = _TESTS[kind]
    if not node.refused and not fits(node.value):
        yield node.error(f"{what} must be {description}, not {shown(node.value)}.")


def check_mapping(
    node: Node,
    what: str,
    required: Mapping[str, Kind],
    optional: Mapping[str, Kind],
    *,
    unknown: Literal["error", "warning"] = "error",
) -> Iterator[Finding]:
    """Whether ``node``, called ``what``, is a mapping with these keys and kinds of values.

    ``unknown`` tells how bad another key is: an error where the platform refuses it, a warning where it is ignored.
    An optional text, number or flag may be null.
    """
    yield from is_kind(node, "mapping", what)
    if not isinstance(node.value, dict):
        return
    for key in required:
        if key not in node.value:
            yield node.error(f"{what} has no '{key}'; add it.")
    kinds = {**required, **optional}
    for key, child in node.items():
        if key not in kinds:
            message = f"{what} takes no '{key}'{_instead(key, kinds)}."
            yield node.at(key).error(message) if unknown == "error" else node.at(key).warning(message)
        elif child.value is not None or key in required or kinds[key] in ("list", "mapping"):
            yield from is_kind(child, kinds[key], f"'{key}'")


def check_texts(node: Node | None, what: str) -> Iterator[Finding]:
    """Whether ``node`` is a list of texts, none of them empty; it may be missing."""
    for element in node.elements() if node is not None else ():
        yield from is_kind(element, "text", f"Each of {what}")
        if element.value == "":
            yield element.error(f"One of {what} is empty; write its name or take the line away.")


def check_unique(nodes: Sequence[Node], what: str) -> Iterator[Finding]:
    """Findings for values that stand a second time."""
    first: dict[str, int] = {}
    for node in nodes:
        if isinstance(node.value, str):
            if node.value in first:
                yield node.error(
                    f"The {what} '{node.value}' is used twice (first in line {first[node.value]}); give each its own."
                )
            first.setdefault(node.value, node.line)


def nearest(name: str, names: Sequence[str]) -> str:
    """``; did you mean …`` when one of ``names`` is like ``name``, else nothing."""
    close = difflib.get_close_matches(name[:100], names, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _instead(key: str, known: Mapping[str, Kind]) -> str:
    name = _FORMERLY.get(key)
    if name in known:
        and_label = ", and what was the 'name' is the 'label'" if key == "id" and "label" in known else ""
        return f"; it is called '{name}' now{and_label}"
    suggestion = nearest(key, list(known))
    return suggestion.rstrip("?") if suggestion else f" (it takes {', '.join(known)})"

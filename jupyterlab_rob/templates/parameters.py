"""The parameters that a participant gives values for, and the groups that they are shown in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..arguments import misfit
from .actions import check_action
from .findings import Finding
from .folder import Folder, outside
from .nodes import Node
from .shape import Kind, check_mapping, check_unique, nearest

DTYPES = ("bool", "int", "float", "string", "select", "file", "list", "record", "actor")

_BY_DTYPE: dict[str, tuple[dict[str, Kind], dict[str, Kind]]] = {
    "int": ({}, {"range": "text"}),
    "float": ({}, {"range": "text"}),
    "select": ({"values": "list"}, {}),
    "file": ({}, {"target": "text"}),
    "list": ({"para": "mapping"}, {}),
    "record": ({"fields": "list"}, {}),
}
_FORMER_DTYPES = {
    "boolean": "bool",
    "decimal": "float",
    "double": "float",
    "enum": "select",
    "enumeration": "select",
    "integer": "int",
    "number": "float",
    "str": "string",
    "text": "string",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Parameter:
    """What the rest of the template needs to know of a parameter."""

    name: str
    dtype: str
    required: bool
    default: Node | None
    target: str | None
    node: Node

    @property
    def may_lack(self) -> bool:
        """Whether a run may come without a value for it."""
        return not self.required and (self.default is None or self.default.value is None)


def read_parameters(specification: Node) -> dict[str, Parameter]:
    """The parameters by name, as far as they can be read."""
    found = {}
    for node in specification.elements_of("parameters"):
        name, required, default = node.text("name"), node.get("isRequired"), node.get("defaultValue")
        if name is not None:
            is_required = bool(required.value) if required is not None else default is None
            target = node.text("target") or node.text("defaultValue")
            dtype = node.text("dtype") or ""
            found[name] = Parameter(name, dtype, is_required, default, target if dtype == "file" else None, node)
    return found


def check_parameters(specification: Node, folder: Folder) -> Iterator[Finding]:
    declared = specification.elements_of("parameters")
    for node in declared:
        yield from _check_parameter(node, "A parameter", folder)
    yield from check_unique([name for node in declared if (name := node.get("name")) is not None], "parameter name")
    yield from _check_groups(specification)


def _check_parameter(node: Node, what: str, folder: Folder, *, nested: bool = False) -> Iterator[Finding]:
    """A declaration; a ``nested`` one, in a list or record, must say more: nothing is filled in there."""
    name, dtype = node.text("name"), node.text("dtype") or ""
    what = f"The parameter '{name}'" if name else what
    more_required, more_optional = _BY_DTYPE.get(dtype, ({}, {}))
    required: dict[str, Kind] = {"name": "text", "dtype": "text", **more_required}
    optional: dict[str, Kind] = {"label": "text", "help": "text", "defaultValue": "value", "group": "text"}
    places: dict[str, Kind] = {"index": "whole number", "isRequired": "flag"}
    if nested:
        required.update(places)
    else:
        optional.update(places)
    yield from check_mapping(node, what, required, {**optional, **more_optional})
    for key in ("index", "isRequired", "range"):
        child = node.get(key)
        # Taken as it is, and compared or read later.
        if child is not None and child.value is None and key not in required and key in {**optional, **more_optional}:
            yield child.error(f"'{key}' is empty; give it a value or take it away.")
    name_node, dtype_node = node.get("name"), node.get("dtype")
    if name is not None and name_node is not None and not _NAME.fullmatch(name):
        yield name_node.error(f"'{name}' is no name for a parameter: use letters, digits and '_', no digit first.")
    if dtype_node is not None and isinstance(dtype_node.value, str) and dtype not in DTYPES:
        hint = f"; write '{_FORMER_DTYPES[dtype]}'" if dtype in _FORMER_DTYPES else nearest(dtype, DTYPES)
        yield dtype_node.error(f"{what} has the unknown type '{dtype}' (known: {', '.join(DTYPES)}){hint}")
        return
    yield from _check_kind(node, what, dtype, folder)
    yield from _check_default(node, what, dtype, folder)


def _check_kind(node: Node, what: str, dtype: str, folder: Folder) -> Iterator[Finding]:
    interval, target = node.get("range"), node.get("target")
    if interval is not None and isinstance(interval.value, str) and dtype in ("int", "float"):
        problem = _interval_problem(interval.value)
        if problem:
            yield interval.error(f"The range '{interval.value}' of {_small(what)} {problem}.")
    if dtype == "select":
        yield from _check_values(node, what)
    elif dtype == "list" and (element := node.get("para")) is not None:
        yield from _check_parameter(element, f"The element of {_small(what)}", folder, nested=True)
    elif dtype == "record":
        fields = node.elements_of("fields")
        for field in fields:
            yield from _check_parameter(field, f"A field of {_small(what)}", folder, nested=True)
        yield from check_unique([name for field in fields if (name := field.get("name")) is not None], "field")
    elif dtype == "file" and target is not None and isinstance(target.value, str):
        reason = outside(target.value)
        if reason:
            yield target.error(f"The target '{target.value}' of {_small(what)} {reason}.")
    if dtype == "file" and node.text("target") is None and node.text("defaultValue") is None:
        yield node.warning(f"{what} has no target; say as which file the steps find what is uploaded.")


def _check_values(node: Node, what: str) -> Iterator[Finding]:
    values = node.elements_of("values")
    listed = node.get("values")
    if listed is not None and listed.value == []:
        yield listed.error(f"{what} has no values to choose from; add some.")
    for value in values:
        yield from check_mapping(
            value, f"A value of {_small(what)}", {"name": "text", "value": "value"}, {"isDefault": "flag"}
        )
    yield from check_unique([child for value in values if (child := value.get("name")) is not None], "value's name")
    yield from check_unique([child for value in values if (child := value.get("value")) is not None], "value")


def _check_default(node: Node, what: str, dtype: str, folder: Folder) -> Iterator[Finding]:
    default, required = node.get("defaultValue"), node.get("isRequired")
    if default is None or default.value is None or default.refused:
        return
    if required is not None and required.value is True:
        yield required.warning(f"{what} is required and yet has a default; take one of the two away.")
    if dtype == "actor":
        yield from check_action(default, f"The default of {_small(what)}", folder)
    elif dtype == "file":
        if not isinstance(default.value, str):
            yield default.error(f"The default of {_small(what)} must be the name of a file.")
        elif outside(default.value):
            yield default.error(f"The default '{default.value}' of {_small(what)} {outside(default.value)}.")
    elif dtype in ("list", "record"):
        if not isinstance(default.value, list if dtype == "list" else (list, dict)):
            yield default.error(f"The default of {_small(what)} must be a {dtype}.")
    else:
        interval = node.text("range")
        known = {
            "dtype": dtype,
            "values": [value.value for value in node.elements_of("values") if value.get("value") is not None],
            **({"range": interval} if interval is not None and not _interval_problem(interval) else {}),
        }
        problem = misfit(known, default.value)
        if problem:
            yield default.error(f"The default does not fit: {_small(what)} {problem}.")


def _check_groups(specification: Node) -> Iterator[Finding]:
    groups = specification.elements_of("parameterGroups")
    for group in groups:
        yield from check_mapping(
            group, "A parameter group", {"name": "text", "title": "text", "index": "whole number"}, {}
        )
    names = [group.text("name") or "" for group in groups]
    yield from check_unique([name for group in groups if (name := group.get("name")) is not None], "group")
    for node in specification.elements_of("parameters"):
        group_name = node.text("group")
        if group_name is not None and group_name not in names:
            hint = nearest(group_name, names)
            yield node.at("group").warning(
                f"There is no group '{group_name}' under parameterGroups{hint or '; add it.'}"
            )


def _interval_problem(interval: str) -> str | None:
    way_out = "write, for instance, '[0,10]' or '(0,)'"
    low, comma, high = (part.strip() for part in interval.partition(","))
    if not comma or "," in high or low[:1] not in ("[", "(") or high[-1:] not in ("]", ")"):
        return f"is no interval; {way_out}"
    try:
        left, right = float(low[1:] or "-inf"), float(high[:-1] or "inf")
    except ValueError:
        return f"has a bound that is no number; {way_out}"
    if not left <= right:
        return "is empty: its first bound must be the smaller one"
    return None


def _small(what: str) -> str:
    return what[0].lower() + what[1:]

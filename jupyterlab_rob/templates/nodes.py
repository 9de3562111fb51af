"""A YAML or JSON document as plain data that knows its lines.

Nothing is constructed but text, numbers, true and false, null, lists and mappings; a tag such as ``!include`` or
``!!python/object`` is a finding and never carried out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from .findings import Finding

#: Values in a document, aliases written out.
MAX_VALUES = 20_000


class _Refused:
    """In the place of a value that was found wrong already, so that nobody complains about it again."""


REFUSED = _Refused()


@dataclass(frozen=True)
class Node:
    """A value and where it stands; ``children`` are the nodes of a mapping's or list's values by key or index,
    ``keys`` the lines of a mapping's keys."""

    file: str
    line: int
    value: Any
    children: Mapping[Any, Node] = field(default_factory=dict)
    keys: Mapping[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return self.value is REFUSED

    def error(self, message: str) -> Finding:
        return Finding("error", self.file, self.line, message)

    def warning(self, message: str) -> Finding:
        return Finding("warning", self.file, self.line, message)

    def at(self, key: str) -> Node:
        """The line of ``key``, for what is to be said about the key."""
        return Node(self.file, self.keys.get(key, self.line), None)

    def get(self, *path: str) -> Node | None:
        """The node below a path of keys; None when there is none."""
        node: Node | None = self
        for key in path:
            node = node.children.get(key) if node is not None and isinstance(node.value, dict) else None
        return node

    def text(self, *path: str) -> str | None:
        """The text below a path of keys; None when there is none or it is something else."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, str) else None

    def items(self) -> Iterator[tuple[str, Node]]:
        return iter(self.children.items()) if isinstance(self.value, dict) else iter(())

    def elements(self) -> Iterator[Node]:
        return iter(self.children.values()) if isinstance(self.value, list) else iter(())

    def elements_of(self, *path: str) -> list[Node]:
        """The elements of the list below a path of keys; none when there is no list."""
        node = self.get(*path)
        return list(node.elements()) if node is not None else []

    def texts_of(self, *path: str) -> list[Node]:
        return [node for node in self.elements_of(*path) if isinstance(node.value, str)]

    def everything(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for child in self.children.values():
            yield from child.everything()


def parse(text: str, file: str) -> tuple[Node | None, list[Finding]]:
    """The document in ``text`` and what is wrong with its notation; no node when it can't be read at all."""
    if file.endswith(".json"):
        try:
            json.loads(text, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            return None, [Finding("error", file, error.lineno, f"This is not JSON: {error.msg}.")]
        except (ValueError, RecursionError) as error:
            return None, [Finding("error", file, None, f"This is not JSON: {str(error) or 'it is nested too deeply'}.")]
        # Valid JSON has tabs between its values only, where the YAML reader does not take them.
        text = text.replace("\t", " ")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return None, [Finding("error", file, None, "The file is empty.")]
        builder = _Builder(file)
        return builder.build(root), builder.findings
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.context, error.problem)))
        if mark and "$[[" in text.split("\n")[mark.line]:
            what += "; put a reference in quotes, '$[[name]]'"
        return None, [Finding("error", file, mark.line + 1 if mark else None, f"This is not YAML: {what}.")]
    except yaml.YAMLError as error:
        reason = getattr(error, "reason", None) or "it has a character that YAML does not allow"
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        return None, [Finding("error", file, line, f"This is not YAML: {reason}.")]
    except RecursionError:
        return None, [Finding("error", file, None, "The document is nested too deeply; write it flatter.")]
    except _TooLarge as error:
        return None, [error.finding]


class _TooLarge(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Builder:
    def __init__(self, file: str) -> None:
        self.findings: list[Finding] = []
        self._file = file
        self._values = 0
        self._open: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()

    def build(self, node: yaml.Node) -> Node:
        line = node.start_mark.line + 1
        self._values += 1
        if self._values > MAX_VALUES or id(node) in self._open:
            what = "refers to itself" if id(node) in self._open else f"has more than {MAX_VALUES} values"
            raise _TooLarge(
                Finding("error", self._file, line, f"The document {what}; write it without anchors and aliases.")
            )
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
                return self._mapping(node, line)
            if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
                children = {index: self.build(child) for index, child in enumerate(node.value)}
                return Node(self._file, line, [child.value for child in children.values()], children)
            return Node(self._file, line, self._scalar(node, line))
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, line: int) -> Node:
        children: dict[Any, Node] = {}
        merged: dict[Any, Node] = {}
        keys: dict[str, int] = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = {**self._merged(value_node), **merged}
                continue
            key = self._scalar(key_node, key_line) if isinstance(key_node, yaml.ScalarNode) else None
            child = self.build(value_node)
            if not isinstance(key, str):
                if key is not REFUSED:
                    self._wrong(key_line, "A key must be a text; put it in quotes.")
                continue
            if key in children:
                self._wrong(
                    key_line, f"'{key}' stands here twice (first in line {keys[key]}); only the last one counts."
                )
            children[key], keys[key] = child, key_line
        children = {**merged, **children}
        return Node(self._file, line, {key: child.value for key, child in children.items()}, children, keys)

    def _merged(self, node: yaml.Node) -> Mapping[Any, Node]:
        """What ``<<`` brings in: a mapping, or several of which the first that has a key counts."""
        built = self.build(node)
        parts = list(built.elements()) if isinstance(built.value, list) else [built]
        if not all(isinstance(part.value, dict) for part in parts):
            self._wrong(built.line, "'<<' must be followed by a mapping or a list of mappings.")
        return {key: child for part in reversed(parts) for key, child in part.items()}

    def _scalar(self, node: yaml.Node, line: int) -> Any:
        if not isinstance(node, yaml.ScalarNode) or not node.tag.startswith("tag:yaml.org,2002:"):
            self._wrong(line, _tag_message(node.tag))
            return REFUSED
        if self._file.endswith(".json"):
            return self._checked(node.value if node.style else json.loads(node.value), line)
        kind = node.tag.rpartition(":")[2]
        if kind not in ("str", "int", "float", "bool", "null", "value"):
            what = "a date" if kind == "timestamp" else f"of the kind '{kind}'"
            self._wrong(line, f"'{node.value[:40]}' is read as {what}; put it in quotes.")
            return REFUSED
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError, yaml.YAMLError):
            self._wrong(line, f"'{node.value[:40]}' can't be read as {kind}; put it in quotes.")
            return REFUSED
        return self._checked(value, line)

    def _checked(self, value: Any, line: int) -> Any:
        """``value``, unless it is a number that JSON or the database can't hold."""
        if isinstance(value, float) and not math.isfinite(value):
            self._wrong(line, f"{value} is not a finite number; write a finite one.")
            return REFUSED
        if isinstance(value, int) and abs(value) >= 1 << 63:
            self._wrong(line, "The whole number is too large; write one below 2 to the power of 63.")
            return REFUSED
        return value

    def _wrong(self, line: int, message: str) -> None:
        self.findings.append(Finding("error", self._file, line, message))


def _tag_message(tag: str) -> str:
    if tag == "!include":
        return "'!include' reads other files while the benchmark is read and is refused; write the content here."
    if tag.startswith("tag:yaml.org,2002:python"):
        return f"'!!{tag.rpartition(',2002:')[2]}' makes Python objects and is refused; write plain values."
    shown = tag.replace("tag:yaml.org,2002:", "!!")
    return f"The tag '{shown}' is not taken; write plain text, numbers, lists and mappings."


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a finite number")

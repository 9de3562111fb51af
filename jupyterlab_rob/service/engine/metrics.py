"""Checks a run's metrics against the benchmark's result schema, before the run may become SUCCESS."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import FileProblem, regular_files

Value = int | float | str | None

#: A metrics file is a few numbers; what is larger is something else.
MAX_SIZE = 1 << 20
#: Longest string of a metric, in characters: it is shown in a column of the leaderboard.
MAX_STRING = 1000


class MetricsProblem(Exception):
    """The metrics are not what the benchmark declares; the message says what was expected and found."""


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard, of dtype int, float or string; ``path`` leads to its value in the metrics
    document."""

    name: str
    dtype: str
    path: tuple[str, ...]
    required: bool = True


def read_metrics(files: Path, name: str, columns: Sequence[Column]) -> dict[str, Value]:
    """The values of ``columns`` in the JSON document ``name`` below the folder ``files``.

    Raises MetricsProblem when the file is missing, not JSON, or lacks a required value, has one of the wrong type or
    one that is not finite.
    """
    document = _read(files, name)
    return {column.name: _value(document, name, column) for column in columns}


def _read(files: Path, name: str) -> Any:
    try:
        if list(regular_files(files, name)) != [name]:
            raise MetricsProblem(f"The metrics file '{name}' is a folder.")
    except FileProblem as problem:
        raise MetricsProblem(f"The evaluation wrote no metrics: {problem}.") from problem
    path = files / name
    if path.stat().st_size > MAX_SIZE:
        raise MetricsProblem(f"The metrics file '{name}' is larger than {MAX_SIZE} bytes.")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise MetricsProblem(f"The metrics file '{name}' is not JSON: {error}.") from error


def _value(document: Any, name: str, column: Column) -> Value:
    value = document
    for key in column.path:
        value = value.get(key) if isinstance(value, dict) else None
    where = f"The metric '{column.name}' in '{name}'"
    if value is None:
        if column.required:
            raise MetricsProblem(f"{where} is missing; the benchmark declares it as {column.dtype}.")
        return None
    if not _is_finite(value):
        raise MetricsProblem(f"{where} is {str(value)[:40]}; a finite number is expected.")
    if not _fits(value, column.dtype):
        raise MetricsProblem(f"{where} is {json.dumps(value)[:80]}; a value of type {column.dtype} is expected.")
    if isinstance(value, str) and len(value) > MAX_STRING:
        raise MetricsProblem(f"{where} has {len(value)} characters; at most {MAX_STRING} are taken.")
    return _TYPES[column.dtype](value)


_TYPES: dict[str, type[int] | type[float] | type[str]] = {"int": int, "float": float, "string": str}


def _is_finite(value: Any) -> bool:
    """Whether a number is one that a float can hold; what is no number has nothing to hold."""
    try:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    except OverflowError:
        return False


def _fits(value: Any, dtype: str) -> bool:
    if dtype == "string":
        return isinstance(value, str)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and (dtype == "float" or float(value).is_integer())

"""Ranks results: the best run of each submission, ties with the same rank, what has no value last."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SortColumn:
    name: str
    descending: bool


@dataclass(frozen=True)
class Result:
    """The result of a successful run; times are ISO 8601 in UTC."""

    run: str
    submission: str
    submission_name: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A row of the leaderboard; ``rank`` counts from 1."""

    rank: int
    result: Result


def rank(results: Sequence[Result], order: Sequence[SortColumn], *, include_all: bool = False) -> list[Row]:
    """The leaderboard's rows: one for each submission, its best, or with ``include_all`` one for each run.

    None and NaN come last, whatever the direction. Of equal results the earlier one comes first; they share a rank.
    """
    ordered = sorted(results, key=lambda result: (result.finished_at or "", result.run))
    for column in reversed(order):
        present = [result for result in ordered if not _is_empty(result.values.get(column.name))]
        empty = [result for result in ordered if _is_empty(result.values.get(column.name))]
        present.sort(key=lambda result: result.values[column.name], reverse=column.descending)
        ordered = present + empty
    if not include_all:
        best: dict[str, Result] = {}
        for result in ordered:
            best.setdefault(result.submission, result)
        ordered = list(best.values())
    rows: list[Row] = []
    for position, result in enumerate(ordered, 1):
        tied = rows and _key(rows[-1].result, order) == _key(result, order)
        rows.append(Row(rows[-1].rank if tied else position, result))
    return rows


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _key(result: Result, order: Sequence[SortColumn]) -> tuple[Any, ...]:
    values = (result.values.get(column.name) for column in order)
    return tuple(None if _is_empty(value) else value for value in values)

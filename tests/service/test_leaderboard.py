"""Rank keys order as the leaderboard is defined: here once more, as one would say it, and compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyterlab_rob.service.leaderboard import MAX_KEY, SortColumn, rank_key, rank_order

#: A result's values, with the submission that it is of.
_Result = tuple[str, dict[str, Any]]


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _expected(
    results: Sequence[_Result], order: Sequence[SortColumn], *, include_all: bool = False
) -> list[tuple[int, str]]:
    """The leaderboard by its definition: column after column, from the last to the first, what is empty behind; then
    the first of each submission. Runs are named by their number, and end in that order."""
    ordered = list(range(len(results)))
    for column in reversed(order):
        present = [run for run in ordered if not _is_empty(results[run][1].get(column.name))]
        empty = [run for run in ordered if _is_empty(results[run][1].get(column.name))]
        present.sort(key=lambda run: results[run][1][column.name], reverse=column.descending)
        ordered = present + empty
    if not include_all:
        first = {results[run][0]: run for run in reversed(ordered)}
        ordered = [run for run in ordered if first[results[run][0]] == run]
    rows: list[tuple[int, str]] = []
    last: list[Any] | None = None
    for position, run in enumerate(ordered, 1):
        values = [results[run][1].get(column.name) for column in order]
        values = [None if _is_empty(value) else value for value in values]
        rows.append((rows[-1][0] if rows and values == last else position, _name(run)))
        last = values
    return rows


def _actual(
    results: Sequence[_Result], order: Sequence[SortColumn], *, include_all: bool = False
) -> list[tuple[int, str]]:
    keyed = [
        (rank_key(values, order), f"{number:06}", _name(number), submission)
        for number, (submission, values) in enumerate(results)
    ]
    return rank_order(keyed, include_all=include_all)


def _name(number: int) -> str:
    return f"run-{number:06}"


_empty = st.none() | st.just(math.nan)
_beside_floats = st.integers(50, 1100).flatmap(lambda bits: st.integers(2**bits - 3, 2**bits + 3))
_numbers = st.floats(allow_nan=False) | st.integers() | _beside_floats | _beside_floats.map(lambda number: -number)
_texts = st.text(max_size=20) | st.text(alphabet="\x00\x01a\ud800\uffff\U00010000", max_size=5)
#: Few values, so that there are ties.
_few = st.sampled_from([0, 1, 1.0, -0.0, 0.0, 2, None, math.nan])
_columns = st.sampled_from([_numbers | _empty, _texts | _empty, _few])


@st.composite
def _boards(draw: st.DrawFn) -> tuple[list[_Result], list[SortColumn]]:
    kinds = draw(st.lists(_columns, min_size=1, max_size=3))
    order = [SortColumn(f"column-{number}", draw(st.booleans())) for number in range(len(kinds))]
    values = st.fixed_dictionaries({column.name: kind for column, kind in zip(order, kinds)})
    return draw(st.lists(st.tuples(st.sampled_from("abc"), values), max_size=12)), order


@given(_boards(), st.booleans())
def test_keys_order_as_the_leaderboard_is_defined(
    board: tuple[list[_Result], list[SortColumn]], include_all: bool
) -> None:
    assert _actual(*board, include_all=include_all) == _expected(*board, include_all=include_all)


@given(_numbers, _numbers, st.booleans())
@example(2**53, 2**53 + 1, False)
@example(float(2**53), 2**53 + 1, False)
@example(10**400, math.inf, False)
@example(-(10**400), -math.inf, True)
@example(0.0, -0.0, True)
@example(1, 1.0, False)
def test_numbers_compare_by_their_exact_values(one: float, other: float, descending: bool) -> None:
    order = [SortColumn("x", descending)]
    first, second = rank_key({"x": one}, order), rank_key({"x": other}, order)
    if descending:
        one, other = other, one
    assert (first < second, first == second) == (one < other, one == other)


@pytest.mark.parametrize("descending", [True, False])
def test_empty_is_last_whatever_the_direction(descending: bool) -> None:
    order = [SortColumn("x", descending)]
    present = [rank_key({"x": value}, order) for value in (-math.inf, -1, 0, 1e308, math.inf)]
    empty = {rank_key(values, order) for values in ({}, {"x": None}, {"x": math.nan})}
    assert len(empty) == 1
    assert max(present) < empty.pop()


def test_a_text_is_no_prefix_of_the_next_column() -> None:
    order = [SortColumn("x", False), SortColumn("y", False)]
    texts = ["", "a", "a\x00", "a\x01", "ab", "b"]
    keys = [rank_key({"x": x, "y": y}, order) for x in texts for y in ("", "z")]
    assert keys == sorted(set(keys))
    inverted = [rank_key({"x": x}, [SortColumn("x", True)]) for x in texts]
    assert inverted == sorted(set(inverted), reverse=True)


def test_keys_are_short_however_long_a_text_is() -> None:
    order = [SortColumn("x", False)]
    long = "x" * 100_000
    keys = [rank_key({"x": text}, order) for text in (long, long + "a", long + "b")]
    assert len(set(keys)) == 3
    assert max(len(key) for key in keys) == MAX_KEY
    assert all(rank_key({"x": "w"}, order) < key < rank_key({"x": "y"}, order) for key in keys)


def test_ties_share_a_rank_and_the_earlier_is_first() -> None:
    results: list[_Result] = [("last", {"x": 4}), ("early", {"x": 5}), ("late", {"x": 5.0})]
    assert _actual(results, [SortColumn("x", True)]) == [(1, _name(1)), (1, _name(2)), (3, _name(0))]


def test_best_run_of_each_submission() -> None:
    results: list[_Result] = [("a", {"x": 1}), ("a", {"x": 3}), ("b", {"x": 2})]
    order = [SortColumn("x", True)]
    assert _actual(results, order) == [(1, _name(1)), (2, _name(2))]
    assert _actual(results, order, include_all=True) == [(1, _name(1)), (2, _name(2)), (3, _name(0))]
    assert _actual([], order) == []

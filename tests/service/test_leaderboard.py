from __future__ import annotations

import math

import pytest

from jupyterlab_rob.service.leaderboard import Result, SortColumn, rank


def _result(submission: str, at: int = 0, **values: object) -> Result:
    return Result(f"{submission}-{at}", submission, submission, "", "", f"2026-01-01T00:00:{at:02}", values)


def _ranked(*results: Result, descending: bool = True, include_all: bool = False) -> list[tuple[int, str]]:
    rows = rank(results, [SortColumn("x", descending)], include_all=include_all)
    return [(row.rank, row.result.run) for row in rows]


@pytest.mark.parametrize(("descending", "expected"), [(True, ["b", "a", "c"]), (False, ["c", "a", "b"])])
def test_direction(descending: bool, expected: list[str]) -> None:
    rows = _ranked(_result("a", x=2), _result("b", x=3), _result("c", x=1), descending=descending)
    assert [run.split("-")[0] for _, run in rows] == expected


@pytest.mark.parametrize("descending", [True, False])
def test_empty_is_last_whatever_the_direction(descending: bool) -> None:
    rows = _ranked(
        _result("none", x=None),
        _result("nan", x=math.nan),
        _result("missing"),
        _result("one", x=1),
        descending=descending,
    )
    assert rows[0] == (1, "one-0")
    assert [place for place, _ in rows[1:]] == [2, 2, 2]


def test_ties_share_a_rank_and_the_earlier_is_first() -> None:
    rows = _ranked(_result("late", 2, x=5), _result("early", 1, x=5), _result("last", 3, x=4))
    assert rows == [(1, "early-1"), (1, "late-2"), (3, "last-3")]


def test_best_run_of_each_submission() -> None:
    results = [_result("a", 1, x=1), _result("a", 2, x=3), _result("b", 3, x=2)]
    assert _ranked(*results) == [(1, "a-2"), (2, "b-3")]
    assert _ranked(*results, include_all=True) == [(1, "a-2"), (2, "b-3"), (3, "a-1")]


def test_second_column_decides() -> None:
    order = [SortColumn("x", True), SortColumn("y", False)]
    rows = rank([_result("a", x=1, y=2), _result("b", x=1, y=1), _result("c", x=1, y=None)], order)
    assert [row.result.submission for row in rows] == ["b", "a", "c"]
    assert [row.rank for row in rows] == [1, 2, 3]


def test_nothing_to_rank() -> None:
    assert rank([], [SortColumn("x", True)]) == []

"""The leaderboard in the store: how runs that end and runs that are deleted change it, page by page, with both
databases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.packing import PackingLimits
from jupyterlab_rob.service.engine.cause import Cause
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.leaderboard import SortColumn
from jupyterlab_rob.service.store import Store

from .benchmark import packed, write_benchmark
from .submitting import Participant

#: Rank, submission, value of the first column.
_Row = tuple[int, str, Any]


@pytest.fixture
def ann(store: Store) -> Participant:
    return Participant(store)


def _rows(participant: Participant, order: Sequence[SortColumn] | None = None, **asked: Any) -> list[_Row]:
    return [
        (row["rank"], row["group"]["name"], row["results"][0]["value"])
        for row in participant.board(order, **asked)["ranking"]
    ]


def test_next_best_run_stands_for_a_submission_whose_best_is_deleted(ann: Participant) -> None:
    first, best = ann.scored("a", 1), ann.scored("a", 5)
    other = ann.scored("b", 3)
    last = ann.scored("c", 2)
    assert _rows(ann) == [(1, "a", 5), (2, "b", 3), (3, "c", 2)]
    assert [ann.rank(run) for run in (first, best, other, last)] == [None, 1, 2, 3]

    ann.store.runs.delete(ann.identity, best)
    assert _rows(ann) == [(1, "b", 3), (2, "c", 2), (3, "a", 1)]
    assert [ann.rank(run) for run in (first, other, last)] == [3, 1, 2]

    ann.store.runs.delete(ann.identity, first)
    assert _rows(ann) == _rows(ann, include_all=True) == [(1, "b", 3), (2, "c", 2)]
    assert ann.board()["total"] == 2


def test_a_worse_run_or_one_that_fails_changes_nothing(ann: Participant) -> None:
    best = ann.scored("a", 5)
    ann.scored("b", 4)
    expected = [(1, "a", 5), (2, "b", 4)]
    worse = ann.scored("a", 1)
    assert _rows(ann) == expected
    failed = ann.started("b")
    ann.store.ledger.finish_run(failed, Cause("notebook", "no"))
    canceled = ann.started("b")
    ann.store.ledger.cancel_run(canceled, None)
    assert _rows(ann) == expected
    for run in (worse, failed, canceled):
        ann.store.runs.delete(ann.identity, run)
    assert _rows(ann) == expected
    assert ann.rank(best) == 1


def test_of_equal_runs_the_earlier_stands_for_its_submission(ann: Participant) -> None:
    early, late = ann.scored("a", 5), ann.scored("a", 5.0)
    assert (ann.rank(early), ann.rank(late)) == (1, None)
    ann.store.runs.delete(ann.identity, early)
    assert ann.rank(late) == 1


@pytest.mark.parametrize("order", [None, [SortColumn("points", True), SortColumn("remark", True)]])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_make_up_the_whole_whatever_ties_they_cut(
    ann: Participant, order: Sequence[SortColumn] | None, size: int
) -> None:
    for name, points in zip("abcdefg", (3, 9, 5, 5, 9, 5, 1)):
        ann.scored(name, points)
    whole = _rows(ann, order)
    assert whole == [(1, "b", 9), (1, "e", 9), (3, "c", 5), (3, "d", 5), (3, "f", 5), (6, "a", 3), (7, "g", 1)]
    for offset in range(8):
        page = ann.board(order, limit=size, offset=offset)
        assert _rows(ann, order, limit=size, offset=offset) == whole[offset : offset + size]
        assert page["total"] == 7


@pytest.mark.parametrize("order", [None, [SortColumn("remark", False)]])
def test_pages_of_all_runs(ann: Participant, order: Sequence[SortColumn] | None) -> None:
    for name, points, remark in (("a", 5, "p"), ("a", 7, "q"), ("b", 5, "p"), ("a", 5, None), ("b", 1, None)):
        ann.scored(name, points, remark)
    whole = _rows(ann, order, include_all=True)
    assert whole == (
        [(1, "a", 7), (2, "a", 5), (2, "b", 5), (2, "a", 5), (5, "b", 1)]
        if order is None
        else [(1, "a", 5), (1, "b", 5), (3, "a", 7), (4, "a", 5), (4, "b", 1)]
    )
    pages = [_rows(ann, order, include_all=True, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [row for page in pages for row in page] == whole
    assert ann.board(order, include_all=True, limit=2)["total"] == 5
    assert ann.board(order, limit=2)["total"] == 2


@pytest.mark.parametrize(("descending", "names"), [(False, "ebcfad"), (True, "fbcead")])
def test_another_column_orders_with_what_is_empty_at_the_end(ann: Participant, descending: bool, names: str) -> None:
    for name, remark in zip("abcdef", (None, "m", "m", None, "Z", "é")):
        ann.scored(name, 1, remark)
    found = _rows(ann, [SortColumn("remark", descending)])
    assert [(rank, name) for rank, name, _ in found] == list(zip((1, 2, 2, 4, 5, 5), names))


def test_a_board_that_is_remembered_follows_the_runs(ann: Participant) -> None:
    order = [SortColumn("points", False)]
    ann.scored("a", 2)
    assert _rows(ann, order) == [(1, "a", 2)]
    run = ann.scored("b", 1)
    assert _rows(ann, order) == [(1, "b", 1), (2, "a", 2)]
    ann.store.runs.delete(ann.identity, run)
    assert _rows(ann, order) == [(1, "a", 2)]
    ann.store.submissions.update(ann.identity, ann.submission("a"), name="renamed")
    assert _rows(ann, order) == _rows(ann) == [(1, "renamed", 2)]


def test_more_orders_than_are_remembered(ann: Participant) -> None:
    for name, points, remark in (("a", 1, "x"), ("b", 2, "y")):
        ann.scored(name, points, remark)
    orders = [
        [SortColumn(name, descending) for name, descending in zip(names, directions)]
        for names in (("points", "remark"), ("remark", "points"))
        for directions in ((True, True), (True, False), (False, True), (False, False))
    ] + [[SortColumn("remark", True)], [SortColumn("remark", False)]]
    for _ in range(2):
        for order in orders:
            assert [name for _, name, _ in _rows(ann, order)] == (["b", "a"] if order[0].descending else ["a", "b"])


def test_leaderboard_of_one_version(store: Store, tmp_path: Path) -> None:
    coordinator = Identity(store.accounts.ensure_owner("owner"), "owner", Role.ADMINISTRATOR)
    limits = PackingLimits(1 << 20)

    def renew(truth: int) -> None:
        incoming = store.benchmarks.begin(coordinator, "guess", limits)
        incoming.write(packed(write_benchmark(tmp_path / str(truth), truth)))
        incoming.complete()
        store.benchmarks.update(coordinator, "guess", None, incoming, limits)
        incoming.discard()

    store.benchmarks.add(write_benchmark(tmp_path / "1", 1), "guess")
    ann = Participant(store, benchmark="guess")

    def guess(name: str, off: float) -> str:
        run = ann.started(name)
        ann.end(run, off=off)
        return run

    best = guess("a", 0)
    guess("b", 3)
    of_the_first = ann.started("b")
    renew(2)
    guess("b", 2)
    guess("c", 2)
    guess("a", 4)
    # It was submitted to the first version, and so is judged and ranked by it.
    ann.end(of_the_first, off=1)

    assert _rows(ann) == [(1, "a", 0), (2, "b", 1), (3, "c", 2)]
    assert _rows(ann, version=1) == [(1, "a", 0), (2, "b", 1)]
    assert _rows(ann, version=2) == [(1, "b", 2), (1, "c", 2), (3, "a", 4)]
    assert _rows(ann, version=2, limit=1, offset=1) == [(1, "c", 2)]
    assert _rows(ann, version=1, include_all=True) == [(1, "a", 0), (2, "b", 1), (3, "b", 3)]
    assert _rows(ann, [SortColumn("off", True)], version=2) == [(1, "a", 4), (2, "b", 2), (2, "c", 2)]
    assert ann.board(version=2)["total"] == 3
    assert ann.board(version=3)["ranking"] == []
    store.runs.delete(ann.identity, best)
    assert _rows(ann, version=1) == [(1, "b", 1)]
    assert _rows(ann) == [(1, "b", 1), (2, "c", 2), (3, "a", 4)]

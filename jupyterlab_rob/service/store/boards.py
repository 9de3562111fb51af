"""Pages of leaderboards."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flowserv.model.base import GroupObject, RunObject
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from ..leaderboard import Keyed, Page, Result, Row, SortColumn, rank_key, rank_order
from .tables import results

#: Orders beside the benchmark's own that are remembered for each benchmark.
_REMEMBERED = 8
#: Rows that are asked for by their identifiers at once.
_AT_ONCE = 500

#: Runs in the order of a leaderboard, each with its rank.
_Ranked = Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Board:
    """Which leaderboard: by which columns (None: the benchmark's own order), every run or each submission's best, of
    which version (None: all)."""

    benchmark: str
    order: tuple[SortColumn, ...] | None = None
    include_all: bool = False
    version: int | None = None


class Boards:
    """Reads leaderboards; safe to use from several threads.

    One in the benchmark's own order is read from an index, page by page. Any other is sorted here and remembered until
    a run changes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ranked: dict[str, dict[Board, _Ranked]] = {}
        self._totals: dict[tuple[str, bool], int] = {}
        self._changes: dict[str, int] = {}

    def page(self, session: Session, board: Board, limit: int | None = None, offset: int = 0) -> Page:
        """At most ``limit`` rows (None: all) after the first ``offset``."""
        if board.order is None and board.version is None:
            return self._indexed(session, board, limit, offset)
        ranked = self._sorted(session, board)
        wanted = ranked[offset : None if limit is None else offset + limit]
        found = _results(session, [run for _, run in wanted])
        return Page([Row(rank, found[run]) for rank, run in wanted if run in found], len(ranked))

    def get(self, session: Session, benchmark: str) -> Sequence[Row]:
        """All rows of a benchmark's leaderboard in its own order."""
        return self.page(session, Board(benchmark)).rows

    def forget(self, benchmark: str) -> None:
        """Call after the change is committed."""
        with self._lock:
            self._ranked.pop(benchmark, None)
            for include_all in (False, True):
                self._totals.pop((benchmark, include_all), None)
            self._changes[benchmark] = self._changes.get(benchmark, 0) + 1

    def _indexed(self, session: Session, board: Board, limit: int | None, offset: int) -> Page:
        of = results.c
        ranked = [of.workflow_id == board.benchmark] + ([] if board.include_all else [of.is_best])
        order = (of.rank_key, of.finished_at, of.run_id)
        # First the page, by the index alone; then what its rows say. PostgreSQL might else join all runs.
        page = select(of.run_id).where(*ranked).order_by(*order).limit(limit).offset(offset)
        query = _rows(of.rank_key).where(of.run_id.in_(page)).order_by(*order)
        rows: list[Row] = []
        last = None
        for position, (key, *values) in enumerate(session.execute(query), offset + 1):
            if key != last:
                # The first row may continue a tie that began on the page before.
                rank = position if rows or position == 1 else _better(session, ranked, key) + 1
            last = key
            rows.append(Row(rank, Result(*values)))
        return Page(rows, self._total(session, board, ranked))

    def _total(self, session: Session, board: Board, ranked: Sequence[ColumnElement[bool]]) -> int:
        key = (board.benchmark, board.include_all)
        with self._lock:
            total = self._totals.get(key)
            changes = self._changes.get(board.benchmark, 0)
        if total is None:
            total = session.scalar(select(func.count()).select_from(results).where(*ranked)) or 0
            with self._lock:
                # A run may have changed the board while it was read; then this is already old.
                if self._changes.get(board.benchmark, 0) == changes:
                    self._totals[key] = total
        return total

    def _sorted(self, session: Session, board: Board) -> _Ranked:
        with self._lock:
            ranked = self._ranked.get(board.benchmark, {}).get(board)
            changes = self._changes.get(board.benchmark, 0)
        if ranked is None:
            ranked = rank_order(_keys(session, board), include_all=board.include_all)
            with self._lock:
                if self._changes.get(board.benchmark, 0) == changes:
                    remembered = self._ranked.setdefault(board.benchmark, {})
                    if len(remembered) >= _REMEMBERED:
                        del remembered[next(iter(remembered))]
                    remembered[board] = ranked
        return ranked


def ranks_of(session: Session, runs: Iterable[str]) -> dict[str, int]:
    """The ranks of those of the runs that stand for their submissions, in one query."""
    other = aliased(results)
    better = (
        select(func.count())
        .where(
            other.c.workflow_id == results.c.workflow_id,
            other.c.is_best,
            other.c.rank_key < results.c.rank_key,
        )
        .correlate(results)
        .scalar_subquery()
    )
    query = select(results.c.run_id, better + 1).where(results.c.is_best, results.c.run_id.in_(list(runs)))
    return {row[0]: row[1] for row in session.execute(query)}


def _better(session: Session, ranked: Sequence[ColumnElement[bool]], key: bytes) -> int:
    """How many rows come before all that have this key."""
    query = select(func.count()).select_from(results).where(*ranked, results.c.rank_key < key)
    return session.scalar(query) or 0


def _keys(session: Session, board: Board) -> list[Keyed]:
    """Key, time, run and submission of each result; columns only, since flowserv's objects would load each run with
    its files."""
    of = results.c
    key: Any = of.rank_key if board.order is None else RunObject.result
    query = select(key, of.finished_at, of.run_id, of.group_id).where(of.workflow_id == board.benchmark)
    if board.order is not None:
        query = query.join(RunObject, RunObject.run_id == of.run_id)
    if board.version is not None:
        query = query.where(of.version == board.version)
    found: Iterable[Any] = session.execute(query)
    if board.order is None:
        return [tuple(row) for row in found]
    order = board.order
    return [(rank_key(values, order), *rest) for values, *rest in found]


def _results(session: Session, runs: Sequence[str]) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for start in range(0, len(runs), _AT_ONCE):
        for row in session.execute(_rows().where(results.c.run_id.in_(runs[start : start + _AT_ONCE]))):
            found[row[0]] = Result(*row)
    return found


def _rows(*first: Any) -> Select[Any]:
    """Results as :class:`Result` has them, after the columns ``first``."""
    return (
        select(
            *first,
            RunObject.run_id,
            RunObject.group_id,
            GroupObject.name,
            RunObject.created_at,
            RunObject.started_at,
            RunObject.ended_at,
            RunObject.result,
            results.c.version,
        )
        .select_from(results)
        .join(RunObject, RunObject.run_id == results.c.run_id)
        .join(GroupObject, GroupObject.group_id == RunObject.group_id)
    )

"""Leaderboards of the benchmarks by their own order, each kept until a run changes it."""

from __future__ import annotations

import threading

from flowserv.model.base import GroupObject, RunObject, WorkflowObject
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...models import RunState
from ..leaderboard import Result, Row, rank
from .views import default_order


class Boards:
    """A cache of leaderboards, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, list[Row]] = {}
        self._changes: dict[str, int] = {}

    def get(self, session: Session, benchmark: str) -> list[Row]:
        with self._lock:
            rows = self._rows.get(benchmark)
            changes = self._changes.get(benchmark, 0)
        if rows is None:
            workflow = session.get_one(WorkflowObject, benchmark)
            rows = rank(results(session, benchmark), default_order(workflow.result_schema))
            with self._lock:
                # A run may have changed the board while it was read; then this one is already old.
                if self._changes.get(benchmark, 0) == changes:
                    self._rows[benchmark] = rows
        return rows

    def rank_of(self, session: Session, run: RunObject) -> int | None:
        """The rank of the run, if it stands for its submission."""
        if not run.is_success() or run.result is None:
            return None
        return next((row.rank for row in self.get(session, run.workflow_id) if row.result.run == run.run_id), None)

    def forget(self, benchmark: str) -> None:
        """Call after the change is committed."""
        with self._lock:
            self._rows.pop(benchmark, None)
            self._changes[benchmark] = self._changes.get(benchmark, 0) + 1


def results(session: Session, benchmark: str) -> list[Result]:
    """Results of all successful runs: columns only, since flowserv's objects would load each run with its files."""
    rows = session.execute(
        select(
            RunObject.run_id,
            RunObject.group_id,
            GroupObject.name,
            RunObject.created_at,
            RunObject.started_at,
            RunObject.ended_at,
            RunObject.result,
        )
        .join(GroupObject, GroupObject.group_id == RunObject.group_id)
        .where(
            RunObject.workflow_id == benchmark,
            RunObject.state_type == RunState.SUCCESS.value,
            RunObject.result.is_not(None),
        )
    )
    return [Result(*row) for row in rows]

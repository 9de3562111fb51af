"""The order of results, kept in the database: each successful run has a rank key, and the best of each submission a
mark.

So a leaderboard is a range of an index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowserv.model.base import RunObject, WorkflowObject
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ...models import RunState
from ..leaderboard import rank_key, rank_order
from .tables import results, runs
from .views import default_order


def add(session: Session, run: RunObject, values: Mapping[str, Any], finished_at: str) -> None:
    """Rank a run that becomes SUCCESS with these metrics, in the session's transaction."""
    version = session.scalar(select(runs.c.version).where(runs.c.run_id == run.run_id))
    session.execute(
        insert(results).values(
            run_id=run.run_id,
            workflow_id=run.workflow_id,
            version=version or 1,
            group_id=run.group_id,
            rank_key=rank_key(values, default_order(run.workflow.result_schema)),
            finished_at=finished_at,
            is_best=False,
        )
    )
    _choose_best(session, run.group_id)


def remove(session: Session, run: RunObject) -> None:
    """Take a run's result off, in the session's transaction; the submission's next best stands for it then."""
    session.execute(delete(results).where(results.c.run_id == run.run_id))
    if run.group_id is not None:
        _choose_best(session, run.group_id)


def rebuild(session: Session, benchmark: str) -> None:
    """Rank all results of a benchmark anew, in the session's transaction: call it when its columns or their order have
    changed."""
    session.execute(delete(results).where(results.c.workflow_id == benchmark))
    schema = session.get_one(WorkflowObject, benchmark).result_schema
    if schema is None:
        return
    order = default_order(schema)
    found = session.execute(
        select(RunObject.run_id, RunObject.group_id, RunObject.ended_at, RunObject.result, runs.c.version)
        .outerjoin(runs, runs.c.run_id == RunObject.run_id)
        .where(
            RunObject.workflow_id == benchmark,
            RunObject.group_id.is_not(None),
            RunObject.state_type == RunState.SUCCESS.value,
            RunObject.result.is_not(None),
        )
    )
    rows = [
        {
            "run_id": run,
            "workflow_id": benchmark,
            "version": version or 1,
            "group_id": submission,
            "rank_key": rank_key(values, order),
            "finished_at": finished_at or "",
            "is_best": False,
        }
        for run, submission, finished_at, values, version in found
    ]
    best = {
        run
        for _, run in rank_order((row["rank_key"], row["finished_at"], row["run_id"], row["group_id"]) for row in rows)
    }
    for row in rows:
        row["is_best"] = row["run_id"] in best
    if rows:
        session.execute(insert(results), rows)


def _choose_best(session: Session, submission: str) -> None:
    of = results.c
    best = session.scalar(
        select(of.run_id).where(of.group_id == submission).order_by(of.rank_key, of.finished_at, of.run_id).limit(1)
    )
    session.execute(
        update(results).where(of.group_id == submission, of.is_best, of.run_id != best).values(is_best=False)
    )
    session.execute(update(results).where(of.run_id == best).values(is_best=True))

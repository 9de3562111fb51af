"""The runs' states, as the queue writes them down; see :class:`~jupyterlab_rob.service.engine.runstore.RunStore`."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import PurePosixPath

from flowserv.model.base import RunObject, WorkflowObject
from flowserv.model.run import RunManager
from flowserv.model.workflow.state import (
    ACTIVE_STATES,
    STATE_CANCELED,
    STATE_PENDING,
    STATE_RUNNING,
    STATE_SUCCESS,
)
from flowserv.util import to_datetime
from sqlalchemy import select, update

from ...errors import Conflict
from ...models import RunState
from ..engine.cause import Cause, shortened
from ..engine.files import FileProblem, regular_files
from ..engine.metrics import MetricsProblem, Value, read_metrics
from ..engine.plan import Plan, RunFolder
from . import ranks, tables, versions
from .boards import Boards
from .controller import PlanController
from .database import Database, bytewise
from .storage import ConfinedStorage
from .views import columns

#: From how many runs is guessed how long one takes.
_LAST_RUNS = 9


@dataclass(frozen=True)
class UnfinishedRun:
    """``submission`` is None for post-processing."""

    id: str
    submission: str | None
    is_running: bool


class Ledger:
    """Moves runs from state to state; a run that has ended stays as it is."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, boards: Boards
    ) -> None:
        self._database = database
        self._storage = storage
        self._controller = controller
        self._boards = boards

    def unfinished_runs(self) -> list[UnfinishedRun]:
        """Runs that are PENDING or RUNNING, in the order in which they came: after a start, those that another
        service has left."""
        columns = (RunObject.run_id, RunObject.group_id, RunObject.state_type)
        unfinished = select(*columns).where(RunObject.state_type.in_(ACTIVE_STATES))
        with self._database.reading() as session:
            rows = session.execute(unfinished.order_by(bytewise(RunObject.created_at), RunObject.run_id))
            return [UnfinishedRun(run, submission, state == STATE_RUNNING) for run, submission, state in rows]

    def expected_time(self, run: str) -> float | None:
        """Seconds that a run will probably take: the median of the last ones of its benchmark that were a SUCCESS;
        None when there are none."""
        with self._database.reading() as session:
            benchmark = select(RunObject.workflow_id).where(RunObject.run_id == run).scalar_subquery()
            times = (
                select(RunObject.started_at, RunObject.ended_at)
                .where(
                    RunObject.workflow_id == benchmark,
                    RunObject.group_id.is_not(None),
                    RunObject.state_type == STATE_SUCCESS,
                )
                .order_by(bytewise(RunObject.created_at).desc())
                .limit(_LAST_RUNS)
            )
            taken = [
                (to_datetime(ended) - to_datetime(started)).total_seconds() for started, ended in session.execute(times)
            ]
        return round(statistics.median(taken), 1) if taken else None

    def requeue_run(self, run: str) -> None:
        """A run that was RUNNING is PENDING again."""
        with self._database.writing() as session:
            found = active_run(RunManager(session=session, fs=self._storage), run)
            found.state_type = STATE_PENDING
            found.started_at = None

    def start_run(self, run: str) -> None:
        with self._database.writing() as session:
            manager = RunManager(session=session, fs=self._storage)
            manager.update_run(run, active_run(manager, run).state().start())

    def cancel_run(self, run: str, reason: str | None) -> None:
        with self._database.writing() as session:
            manager = RunManager(session=session, fs=self._storage)
            if manager.get_run(run).state_type == STATE_CANCELED:
                return
            found = active_run(manager, run)
            manager.update_run(run, found.state().cancel(messages=[_storable(reason or "Canceled by the user.")]))

    def finish_run(self, run: str, cause: Cause | None) -> RunState:
        """Bring a run to its end: SUCCESS if there is no ``cause`` and its outputs and metrics are what the benchmark
        declares."""
        folder = self._controller.folder(run)
        with self._database.writing() as session:
            manager = RunManager(session=session, fs=self._storage)
            found = active_run(manager, run)
            benchmark = found.workflow_id
            own = versions.of_run(session, found)
            if cause is None:
                # flowserv reads the metrics as well, but drops them without a word when anything is odd about them.
                found.result, cause = _result(own, folder)
            if cause is None:
                names = [name for output in Plan.read(folder).outputs for name in regular_files(folder.files, output)]
                state = found.state().success(names)
                is_ranked = found.workflow.result_schema is not None
                if is_ranked and found.result is not None and found.group_id is not None:
                    # Before the update, which commits: the run is on the leaderboard when its state is seen.
                    ranks.add(session, found, found.result, state.finished_at)
                versions.impose(found, own)
                manager.update_run(run, state, runstore=ConfinedStorage(folder.files))
            else:
                # Before the update, which commits: the cause must be there when the state is seen.
                session.execute(update(tables.runs).where(tables.runs.c.run_id == run).values(cause=cause.to_dict()))
                manager.update_run(run, found.state().error(messages=[_storable(cause.message)]))
        if cause is None:
            self._boards.forget(benchmark)
        return RunState.ERROR if cause else RunState.SUCCESS


def active_run(manager: RunManager, run: str) -> RunObject:
    """The run; Conflict when it has ended."""
    found = manager.get_run(run)
    if not found.is_active():
        raise Conflict(f"The run has ended already: it is {found.state_type}.")
    return found


def _result(benchmark: WorkflowObject, folder: RunFolder) -> tuple[dict[str, Value] | None, Cause | None]:
    """The metrics of a run whose steps all went well, or what is wrong with its files; ``benchmark`` is as the run's
    version declares it."""
    try:
        for name in sorted({*Plan.read(folder).outputs, *(file.source for file in benchmark.outputs or ())}):
            list(regular_files(folder.files, name))
    except FileProblem as problem:
        return None, Cause("output", f"The run ended without a declared result: {problem}.")
    schema = benchmark.result_schema
    if schema is None:
        return None, None
    try:
        return read_metrics(folder.files, schema.result_file, columns(schema)), None
    except MetricsProblem as problem:
        return None, _of_its_step(Cause("metrics", str(problem)), schema.result_file, Plan.read(folder))


def _of_its_step(cause: Cause, file: str, plan: Plan) -> Cause:
    """The cause with the step that has written the file, and so with whose fault it is."""
    written = PurePosixPath(file)
    for step in reversed(plan.steps):
        if any(PurePosixPath(name) in (written, *written.parents) for name in step.outputs):
            return cause.in_step(step.name, step.is_participants)
    return cause


def _storable(text: str) -> str:
    """The text, cut if it is long, without what a notebook's error may hold and no database keeps: halves of
    characters, and NUL."""
    return shortened(text).encode("utf-8", "replace").decode().replace("\0", "\ufffd")

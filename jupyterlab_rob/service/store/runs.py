"""Runs, as their owners see them; ledger.py moves them from state to state."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from flowserv.model.base import GroupObject, RunObject, User
from sqlalchemy import delete, insert, select

from ...errors import Conflict, NotFound
from ...models import JSON
from ..engine.plan import Plan, RunFolder
from ..identity import Identity
from . import tables, views
from .access import find_benchmark
from .arguments import flowserv_arguments
from .boards import Boards
from .controller import PlanController, PreparationFailed
from .database import Database
from .part import Download, Part, Unit
from .storage import ConfinedStorage


class Runs(Part):
    """Everybody sees and changes only those of their own submissions."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, boards: Boards
    ) -> None:
        super().__init__(database, storage, controller)
        self._boards = boards

    def create(self, identity: Identity, submission: str, arguments: list[JSON]) -> tuple[JSON, Plan, RunFolder]:
        """A new run, PENDING, with its plan; the arguments are as in docs/protocol.md."""
        with self._writing(identity) as unit:
            group = unit.submission(submission)
            prepared = flowserv_arguments(arguments, group.parameters, unit.groups, submission)
            try:
                run = unit.run_service().start_run(group_id=submission, arguments=prepared)["id"]
            except PreparationFailed as failure:
                # flowserv writes the run down before it is prepared; one that can't run must not stay.
                unit.runs.delete_run(failure.run)
                assert failure.__cause__ is not None
                raise failure.__cause__ from None
            version = unit.session.scalar(
                select(tables.benchmarks.c.version).where(tables.benchmarks.c.workflow_id == group.workflow_id)
            )
            unit.session.execute(insert(tables.runs).values(run_id=run, version=version or 1))
            folder = self._controller.folder(run)
            return self._handle(unit, unit.runs.get_run(run), None), Plan.read(folder), folder

    def get(self, identity: Identity, run: str, progress: JSON | None = None) -> JSON:
        with self._reading(identity) as unit:
            return self._handle(unit, unit.run(run), progress)

    def of_submission(self, identity: Identity, submission: str, state: str | None) -> JSON:
        with self._reading(identity) as unit:
            unit.submission(submission)
            return dict(unit.run_service().list_runs(submission, state=state))

    def of_benchmark(
        self, identity: Identity, benchmark: str, limit: int, progress: Callable[[str], JSON | None]
    ) -> JSON:
        """The user's newest runs of a benchmark; ``progress`` knows where an active one is."""
        with self._reading(identity) as unit:
            find_benchmark(unit.session, benchmark)
            runs = unit.session.scalars(
                select(RunObject)
                .join(GroupObject, GroupObject.group_id == RunObject.group_id)
                .where(RunObject.workflow_id == benchmark, GroupObject.members.any(User.user_id == identity.user))
                .order_by(RunObject.created_at.desc())
                .limit(limit)
            )
            return {"runs": [self._handle(unit, run, progress(run.run_id)) for run in runs]}

    def delete(self, identity: Identity, run: str) -> None:
        with self._writing(identity) as unit:
            found = unit.run(run)
            if found.is_active():
                raise Conflict("The run is active. Cancel it before you delete it.")
            benchmark = found.workflow_id
            unit.runs.delete_run(run)
            unit.session.execute(delete(tables.runs).where(tables.runs.c.run_id == run))
        shutil.rmtree(self._controller.folder(run).path, ignore_errors=True)
        self._boards.forget(benchmark)

    def result_file(self, identity: Identity, run: str, file: str) -> Download:
        with self._reading(identity) as unit:
            unit.run(run)
            return Download.of(unit.runs.get_runfile(run_id=run, file_id=file))

    def log(self, identity: Identity, run: str) -> Download:
        with self._reading(identity) as unit:
            unit.run(run)
            return self._kept(self._controller.folder(run).log, f"{run}.log", "text/plain")

    def executed_notebook(self, identity: Identity, run: str, step: str) -> Download:
        with self._reading(identity) as unit:
            found = unit.run(run)
            names = {notebook["step"] for notebook in self._notebooks(found)}
            if step not in names:
                raise NotFound(f"The run has no executed notebook for the step '{step}'.")
            path = self._controller.folder(run).executed(step)
            return self._kept(path, f"{step}.ipynb", "application/x-ipynb+json")

    def _handle(self, unit: Unit, run: RunObject, progress: JSON | None) -> JSON:
        cause = None
        if run.is_error():
            cause = unit.session.scalar(select(tables.runs.c.cause).where(tables.runs.c.run_id == run.run_id))
        return views.run_handle(
            run,
            cause=cause,
            rank=self._boards.rank_of(unit.session, run),
            notebooks=self._notebooks(run),
            progress=progress if run.is_running() else None,
        )

    def _notebooks(self, run: RunObject) -> list[JSON]:
        """The executed notebooks that there are, in order of their steps."""
        folder = self._controller.folder(run.run_id)
        if not folder.notebooks.is_dir():
            return []
        return [{"step": path.stem, "name": path.name} for path in sorted(folder.notebooks.glob("*.ipynb"))]

    def _kept(self, path: Path, name: str, mime_type: str) -> Download:
        if not path.is_file():
            raise NotFound(f"'{name}' is not there (yet).")
        return Download(path, name, mime_type)

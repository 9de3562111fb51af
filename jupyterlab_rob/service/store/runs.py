"""Runs, as their owners see them; ledger.py moves them from state to state."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from flowserv.model.base import GroupObject, RunObject, User
from flowserv.model.workflow.state import ACTIVE_STATES
from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session, joinedload, selectinload

from ...errors import Conflict, NotFound
from ...models import JSON
from ..engine.plan import Plan, RunFolder
from ..identity import Identity
from . import ranks, tables, versions, views
from .access import coordinator_of_run, find_benchmark
from .archives import Archive, result_archive
from .arguments import flowserv_arguments
from .boards import Boards, ranks_of
from .controller import PlanController, PreparationFailed
from .database import Database, bytewise
from .part import Download, Part, Unit
from .storage import ConfinedStorage


class Runs(Part):
    """Everybody sees and changes only those of their own submissions."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, boards: Boards
    ) -> None:
        super().__init__(database, storage, controller)
        self._boards = boards

    def create(
        self, identity: Identity, submission: str, arguments: list[JSON], most_active: int | None = None
    ) -> tuple[JSON, Plan, RunFolder]:
        """A new run, PENDING, with its plan; the arguments are as in docs/protocol.md.

        Raises Conflict when ``most_active`` runs of the user's submissions wait or run already.
        """
        with self._writing(identity) as unit:
            group = unit.submission(submission)
            versions.require_open(unit.session, group.workflow_id)
            if most_active is not None and _active(unit) >= most_active:
                raise Conflict(
                    f"{most_active} runs of yours wait or run, the most there may be. "
                    "Wait until one has ended, or cancel one."
                )
            prepared = flowserv_arguments(arguments, group.parameters, unit.groups, submission)
            try:
                run = unit.run_service().start_run(group_id=submission, arguments=prepared)["id"]
            except PreparationFailed as failure:
                # flowserv writes the run down before it is prepared; one that can't run must not stay.
                unit.runs.delete_run(failure.run)
                assert failure.__cause__ is not None
                raise failure.__cause__ from None
            version = versions.current(unit.session, group.workflow_id)
            unit.session.execute(insert(tables.runs).values(run_id=run, version=version))
            folder = self._controller.folder(run)
            plan = replace(Plan.read(folder), owner=identity.user)
            plan.write(folder)
            return self._handles(unit, [unit.runs.get_run(run)])[0], plan, folder

    def get(self, identity: Identity, run: str, progress: JSON | None = None) -> JSON:
        with self._reading(identity) as unit:
            return self._handles(unit, [unit.run(run)], lambda _: progress)[0]

    def outcome(self, identity: Identity, run: str) -> JSON:
        """The run's handle, whoever's it is: for the service, which tells it to those who may hear of it."""
        with self._reading(identity) as unit:
            return self._handles(unit, [unit.runs.get_run(run)])[0]

    def of_submission(
        self, identity: Identity, submission: str, state: str | None, limit: int | None = None, offset: int = 0
    ) -> JSON:
        """A submission's runs, newest first: ``{runs: [{id, state, createdAt}], total}``; ``limit`` None: all."""
        with self._reading(identity) as unit:
            unit.submission(submission)
            wanted = [RunObject.group_id == submission]
            if state is not None:
                wanted.append(RunObject.state_type == state)
            runs = select(RunObject).where(*wanted)
            return {
                "runs": [views.run_descriptor(run) for run in unit.session.scalars(_newest(runs, limit, offset))],
                "total": _count(unit.session, runs),
            }

    def of_benchmark(
        self,
        identity: Identity,
        benchmark: str,
        limit: int,
        progress: Callable[[str], JSON | None],
        offset: int = 0,
    ) -> JSON:
        """The user's runs of a benchmark, newest first: ``{runs: [run handle], total}``; ``progress`` knows where an
        active one is."""
        with self._reading(identity) as unit:
            find_benchmark(unit.session, benchmark)
            own = select(GroupObject.group_id).where(
                GroupObject.workflow_id == benchmark, GroupObject.members.any(User.user_id == identity.user)
            )
            runs = select(RunObject).where(RunObject.group_id.in_(own))
            # All that the handles tell, in a few queries however many runs there are.
            loaded = _newest(runs, limit, offset).options(
                joinedload(RunObject.group).selectinload(GroupObject.uploads),
                selectinload(RunObject.files),
                selectinload(RunObject.log),
            )
            found = unit.session.scalars(loaded).all()
            return {"runs": self._handles(unit, found, progress), "total": _count(unit.session, runs)}

    def delete(self, identity: Identity, run: str) -> str:
        """Delete a run with its files; returns its benchmark."""
        with self._writing(identity) as unit:
            found = unit.run(run)
            if found.is_active():
                raise Conflict("The run is active. Cancel it before you delete it.")
            benchmark = found.workflow_id
            # Before flowserv's part, which commits.
            ranks.remove(unit.session, found)
            unit.session.execute(delete(tables.runs).where(tables.runs.c.run_id == run))
            unit.runs.delete_run(run)
        shutil.rmtree(self._controller.folder(run).path, ignore_errors=True)
        self._boards.forget(benchmark)
        return str(benchmark)

    def result_file(self, identity: Identity, run: str, file: str) -> Download:
        with self._reading(identity) as unit:
            unit.run(run)
            return Download.of(unit.runs.get_runfile(run_id=run, file_id=file))

    def archive(self, identity: Identity, run: str) -> Archive:
        """All result files of a run."""
        with self._reading(identity) as unit:
            found = unit.run(run)
            return result_archive(unit, found, found.workflow_id, found.group.name, run[:8])

    def log(self, identity: Identity, run: str) -> Download:
        with self._reading(identity) as unit:
            unit.run(run)
            return self._kept(self._controller.folder(run).log, f"{run}.log", "text/plain")

    def coordinator_log(self, identity: Identity, run: str) -> Download:
        """What the coordinator's own steps printed, for them alone: it may tell of the truth."""
        with self._reading(identity) as unit:
            coordinator_of_run(unit.session, run, identity)
            path = self._controller.folder(run).coordinator_log
            return self._kept(path, f"{run}.coordinator.log", "text/plain")

    def executed_notebook(self, identity: Identity, run: str, step: str) -> Download:
        with self._reading(identity) as unit:
            folder = self._controller.folder(run)
            if step in _steps(folder.coordinator_notebooks):
                # What the benchmark's own notebook shows may tell of the truth, as its log does.
                coordinator_of_run(unit.session, run, identity)
                path = folder.coordinator_notebooks
            else:
                unit.run(run)
                path = folder.notebooks
            if step not in _steps(path):
                raise NotFound(f"The run has no executed notebook for the step '{step}'.")
            return self._kept(path / f"{step}.ipynb", f"{step}.ipynb", "application/x-ipynb+json")

    def _handles(
        self, unit: Unit, runs: Sequence[RunObject], progress: Callable[[str], JSON | None] = lambda run: None
    ) -> list[JSON]:
        found = [run.run_id for run in runs]
        of = tables.runs.c
        own = {row.run_id: row for row in unit.session.execute(select(tables.runs).where(of.run_id.in_(found)))}
        places = ranks_of(unit.session, found)
        numbers = {run.run_id: own[run.run_id].version if run.run_id in own else 1 for run in runs}
        declared = {
            key: versions.declared(unit.session, *key) for key in {(r.workflow_id, numbers[r.run_id]) for r in runs}
        }
        return [
            views.run_handle(
                run,
                declared[run.workflow_id, numbers[run.run_id]],
                version=numbers[run.run_id],
                cause=own[run.run_id].cause if run.run_id in own else None,
                rank=places.get(run.run_id),
                notebooks=self._notebooks(run),
                progress=progress(run.run_id) if run.is_active() else None,
                attempt=max(1, self._controller.folder(run.run_id).begun()),
            )
            for run in runs
        ]

    def _notebooks(self, run: RunObject) -> list[JSON]:
        """The participant's executed notebooks that there are, in order of their steps."""
        folder = self._controller.folder(run.run_id)
        steps = folder.in_order(_steps(folder.notebooks))
        return [{"step": step, "name": f"{step}.ipynb"} for step in steps]

    def _kept(self, path: Path, name: str, mime_type: str) -> Download:
        if not path.is_file():
            raise NotFound(f"'{name}' is not there (yet).")
        return Download(path, name, mime_type)


def _steps(notebooks: Path) -> list[str]:
    """The steps whose executed notebooks are in the folder."""
    return sorted(path.stem for path in notebooks.glob("*.ipynb"))


def _newest(runs: Select[tuple[RunObject]], limit: int | None, offset: int) -> Select[tuple[RunObject]]:
    return runs.order_by(bytewise(RunObject.created_at).desc(), RunObject.run_id).limit(limit).offset(offset)


def _count(session: Session, runs: Select[tuple[RunObject]]) -> int:
    return session.scalar(runs.with_only_columns(func.count())) or 0


def _active(unit: Unit) -> int:
    """How many runs of the user's submissions have not ended."""
    theirs = select(GroupObject.group_id).where(GroupObject.members.any(User.user_id == unit.identity.user))
    active = RunObject.group_id.in_(theirs) & RunObject.state_type.in_(ACTIVE_STATES)
    return unit.session.scalar(select(func.count()).select_from(RunObject).where(active)) or 0

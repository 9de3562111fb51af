"""What post-processing has made of a benchmark's results, for everybody, and how it stands, for its coordinators; see
postprocessing_runs.py for how it is made."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from flowserv.model.base import RunObject, WorkflowObject
from flowserv.model.run import RunManager
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...errors import NotFound
from ...models import JSON
from ..identity import Identity
from . import tables, views
from .access import coordinator_of, find_benchmark, is_coordinator_of
from .controller import PlanController
from .part import Download, Part

IDLE, PENDING, RUNNING, ERROR = "IDLE", "PENDING", "RUNNING", "ERROR"


class Standing(NamedTuple):
    """Where a benchmark's post-processing is; ``run_id`` is the newest that succeeded."""

    state: str
    run_id: str | None
    message: str | None


class Postprocessing(Part):
    """Plots and tables on the benchmark: files of a run that nobody can get as such."""

    def published(self, benchmark: str) -> JSON:
        """What everybody sees of it, as members of the benchmark's handle: ``postproc``, once there is any."""
        with self._database.reading() as session:
            return _published(session, find_benchmark(session, benchmark))

    def describe(self, identity: Identity, benchmark: str) -> JSON:
        """The same, and for coordinators how it stands: ``postprocStatus``, if the benchmark has post-processing."""
        with self._database.reading() as session:
            workflow = find_benchmark(session, benchmark)
            described = _published(session, workflow)
            if workflow.postproc_spec is not None and is_coordinator_of(session, benchmark, identity):
                row = standing(session, benchmark)
                has_log = _log(self._controller, workflow) is not None
                described["postprocStatus"] = {"state": row.state, "message": row.message, "log": has_log}
            return described

    def result_file(self, benchmark: str, file: str) -> Download:
        """One of the files that everybody sees on the benchmark."""
        with self._database.reading() as session:
            manager = RunManager(session=session, fs=self._storage)
            return Download.of(manager.get_runfile(run_id=_shown(session, benchmark).run_id, file_id=file))

    def result_files(self, benchmark: str) -> list[Download]:
        """All of these files, in their order on the benchmark."""
        with self._database.reading() as session:
            manager = RunManager(session=session, fs=self._storage)
            run = _shown(session, benchmark)
            return [Download.of(manager.get_runfile(run_id=run.run_id, file_id=file.file_id)) for file in run.files]

    def log(self, identity: Identity, benchmark: str) -> Download:
        """What the newest post-processing printed, for coordinators."""
        with self._database.reading() as session:
            workflow = coordinator_of(session, benchmark, identity)
            path = _log(self._controller, workflow)
        if path is None:
            raise NotFound(f"Post-processing of '{benchmark}' has not run yet.")
        return Download(path, f"{benchmark}-postprocessing.log", "text/plain")


def standing(session: Session, benchmark: str) -> Standing:
    of = tables.postprocessing.c
    row = session.execute(select(of.state, of.run_id, of.message).where(of.workflow_id == benchmark)).one_or_none()
    return Standing(*row) if row is not None else Standing(IDLE, None, None)


def _published(session: Session, workflow: WorkflowObject) -> JSON:
    row = standing(session, workflow.workflow_id)
    run = session.get(RunObject, row.run_id) if row.run_id and workflow.postproc_spec is not None else None
    return {"postproc": views.postprocessing_handle(run)} if run is not None else {}


def _shown(session: Session, benchmark: str) -> RunObject:
    find_benchmark(session, benchmark)
    run = session.get(RunObject, standing(session, benchmark).run_id or "")
    if run is None:
        raise NotFound(f"The benchmark '{benchmark}' has no results of post-processing (yet).")
    return run


def _log(controller: PlanController, workflow: WorkflowObject) -> Path | None:
    path = controller.folder(workflow.postproc_run_id).coordinator_log if workflow.postproc_run_id else None
    return path if path is not None and path.is_file() else None

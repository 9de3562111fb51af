"""Post-processing: a workflow of the coordinator's over the best runs of all submissions, for plots and tables.

A template written for flowserv runs unchanged: its steps find in the folder ``runs`` (the value of ``$[[runs]]``) the
ranked runs in ``runs.json``, ``[{"id", "name", "files"}]`` with the best first, where ``name`` is the submission's,
and each run's files in ``runs/ID/``. When post-processing runs is the business of
:mod:`jupyterlab_rob.service.postprocessing`.

flowserv's own is never called: it runs within the request or run that caused it, for one run after the other, loses
results of runs that end together, takes its files with it when it fails, and lets anyone delete it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import flowserv.model.files as dirs
from flowserv.model.base import RunObject, WorkflowObject
from flowserv.model.run import RunManager
from flowserv.model.template.base import WorkflowTemplate
from flowserv.service.postproc.base import PARA_RUNS, PARAMETERS, RUNS_DIR, RUNS_FILE
from flowserv.util import utc_now
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ...errors import Conflict, StorageFull
from ...models import JSON, RunState
from ..engine.cause import Cause
from ..engine.files import FileProblem, link, regular_files
from ..engine.plan import Plan, RunFolder
from ..engine.record import RecordReader
from . import tables, versions
from .access import find_benchmark
from .boards import Boards
from .controller import PlanController
from .database import Database, translated_errors
from .ledger import active_run
from .part import Part
from .postprocessing import ERROR, IDLE, PENDING, RUNNING, standing
from .storage import ConfinedStorage


class PostprocessingRuns(Part):
    """Runs that belong to no submission, and so to no participant: nobody can get, cancel or delete one.

    The newest that succeeded is shown until the next one has; of those that failed the newest is kept for its log.
    The methods ``start_run``, ``finish_run`` and ``cancel_run`` are the queue's.
    """

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, boards: Boards
    ) -> None:
        super().__init__(database, storage, controller)
        self._boards = boards

    def recover(self) -> list[str]:
        """After a start: the benchmarks that have post-processing. What a dead service left unfinished is due again."""
        with self._database.writing() as session:
            found = session.scalars(select(WorkflowObject)).all()
            for workflow in found:
                row = standing(session, workflow.workflow_id)
                if row.state in (PENDING, RUNNING) or (row.state == ERROR and not self._has_ended(workflow)):
                    _write(session, workflow.workflow_id, state=PENDING)
            return [workflow.workflow_id for workflow in found]

    def mark(self, benchmark: str) -> bool:
        """Whether post-processing is due, since what it would be given has changed; if so, that is written down.

        What has been made of runs that are all gone is removed.
        """
        with self._database.reading() as session:
            workflow = session.get(WorkflowObject, benchmark)
            given = self._given(session, workflow) if workflow is not None else None
            row = standing(session, benchmark)
            attempt = workflow.postproc_run_id if workflow is not None else None
        if given is None:
            self._remove_all(benchmark)
            return False
        if row.state != PENDING and attempt is not None and _read(self._controller.folder(attempt).ranked) == given:
            return False
        with self._database.writing() as session:
            _write(session, benchmark, state=PENDING, message=None)
        return True

    def prepare(self, benchmark: str) -> tuple[Plan, RunFolder] | None:
        """A new post-processing run, PENDING, with its plan; None when it could not be prepared, which is written
        down."""
        with self._database.writing() as session:
            workflow = find_benchmark(session, benchmark)
            given = self._given(session, workflow)
            if given is None:
                return None
            specification = workflow.postproc_spec["workflow"]
            arguments = [{"name": PARA_RUNS, "value": RUNS_DIR}]
            run = RunManager(session=session, fs=self._storage).create_run(workflow, arguments=arguments, runs=[])
            identifier = str(run.run_id)
        # Not in the transaction: there may be many files.
        folder = self._controller.folder(identifier)
        try:
            with translated_errors():
                folder.create()
                folder.ranked.write_text(json.dumps(given))
                self._provide(benchmark, given["runs"], folder)
                plan = self._controller.write_plan(
                    identifier,
                    benchmark,
                    None,
                    WorkflowTemplate(workflow_spec=specification, parameters=PARAMETERS),
                    {PARA_RUNS: RUNS_DIR},
                    versions.folder(self._storage, benchmark, given["version"]),
                )
        except FileProblem as problem:
            cause = Cause("output", f"Post-processing could not begin: {problem}.")
        except StorageFull as error:
            cause = Cause("storage", f"Post-processing could not begin: {error.message}")
        except Exception as error:
            cause = Cause("template", f"Post-processing could not be prepared: {type(error).__name__}: {error}")
        else:
            return plan, folder
        self.finish_run(identifier, cause)
        shutil.rmtree(folder.work, ignore_errors=True)
        return None

    def start_run(self, run: str) -> None:
        with self._database.writing() as session:
            manager = RunManager(session=session, fs=self._storage)
            found = active_run(manager, run)
            _write(session, found.workflow_id, state=RUNNING)
            manager.update_run(run, found.state().start())

    def requeue_run(self, run: str) -> None:
        with self._database.writing() as session:
            found = active_run(RunManager(session=session, fs=self._storage), run)
            _write(session, found.workflow_id, state=PENDING)
            found.state_type, found.started_at = PENDING, None

    def expected_time(self, run: str) -> None:
        """Nobody waits for it."""

    def finish_run(self, run: str, cause: Cause | None) -> RunState:
        """Bring a run to its end: SUCCESS if there is no ``cause`` and its outputs are there."""
        folder = self._controller.folder(run)
        with self._database.writing() as session:
            manager = RunManager(session=session, fs=self._storage)
            found = active_run(manager, run)
            benchmark = found.workflow_id
            names: list[str] = []
            if cause is None:
                names, cause = _outputs(found, folder)
            if cause is None:
                files = ConfinedStorage(folder.files)
                # First the update: the row must not name a run whose files could not be stored.
                manager.update_run(run, found.state().success(files=names), runstore=files)
                _write(session, benchmark, state=IDLE, run_id=run, message=None)
            else:
                _write(session, benchmark, state=ERROR, message=cause.message)
                manager.update_run(run, found.state().error(messages=[cause.message]))
        self._remove_old(benchmark)
        return RunState.ERROR if cause else RunState.SUCCESS

    def cancel_run(self, run: str, reason: str | None) -> None:
        """Never: only the service ends post-processing, when it stops."""
        raise Conflict("Post-processing can't be canceled.")

    def has_failed(self, benchmark: str) -> bool:
        with self._database.reading() as session:
            return standing(session, benchmark).state == ERROR

    def _given(self, session: Session, workflow: WorkflowObject) -> JSON | None:
        """What post-processing is given now; None when there is none, or nothing to do it with."""
        if workflow.postproc_spec is None or workflow.result_schema is None:
            return None
        files = list((workflow.postproc_spec.get("inputs") or {}).get("files") or [])
        ranked = [row.result for row in self._boards.get(session, workflow.workflow_id)]
        if not ranked:
            return None
        return {
            "version": versions.current(session, workflow.workflow_id),
            "runs": [{"id": result.run, "name": result.submission_name, "files": files} for result in ranked],
        }

    def _provide(self, benchmark: str, runs: Sequence[JSON], folder: RunFolder) -> None:
        """Fill the folder ``runs`` that the steps get.

        A run that lacks one of the files, as one of an older version may, is left out; FileProblem when all do.
        """
        complete = []
        lacking = ""
        with folder.coordinator_log.open("a", encoding="utf-8") as log:
            for run in runs:
                stored = self._storage.locate(dirs.run_basedir(benchmark, run["id"]))
                missing = [name for name in run["files"] if not (stored / name).is_file()]
                if missing:
                    lacking = f"'{missing[0]}' of the submission '{run['name']}' (run {run['id']})"
                    log.write(f"Left out: there is no {lacking}.\n")
                    continue
                for name in run["files"]:
                    link(stored, name, folder.given / RUNS_DIR / run["id"])
                complete.append(run)
        if not complete:
            raise FileProblem(f"no ranked run has all the files that it declares as its inputs; there is no {lacking}")
        (folder.given / RUNS_DIR).mkdir(exist_ok=True)
        (folder.given / RUNS_DIR / RUNS_FILE).write_text(json.dumps(complete))

    def _has_ended(self, workflow: WorkflowObject) -> bool:
        """Whether the newest run came to its end by itself, well or not, and was not cut off."""
        if workflow.postproc_run_id is None:
            return False
        folder = self._controller.folder(workflow.postproc_run_id)
        entries = RecordReader(folder.record(folder.current_attempt())).read()
        return bool(entries) and entries[-1]["event"] == "end"

    def _remove_old(self, benchmark: str) -> None:
        """Remove all runs but the one that is shown and the newest, of which the log may be wanted."""
        with self._database.writing() as session:
            workflow = find_benchmark(session, benchmark)
            self._remove(session, benchmark, keep={standing(session, benchmark).run_id, workflow.postproc_run_id})

    def _remove_all(self, benchmark: str) -> None:
        with self._database.writing() as session:
            workflow = session.get(WorkflowObject, benchmark)
            if workflow is not None:
                workflow.postproc_run_id = None
            session.execute(delete(tables.postprocessing).where(tables.postprocessing.c.workflow_id == benchmark))
            self._remove(session, benchmark, keep=())

    def _remove(self, session: Session, benchmark: str, keep: Collection[str | None]) -> None:
        manager = RunManager(session=session, fs=self._storage)
        of_none = select(RunObject).where(RunObject.workflow_id == benchmark, RunObject.group_id.is_(None))
        for run in session.scalars(of_none).all():
            if run.run_id not in keep and not run.is_active():
                folder = self._controller.folder(run.run_id).path
                manager.delete_run(run.run_id)
                shutil.rmtree(folder, ignore_errors=True)


def _outputs(run: RunObject, folder: RunFolder) -> tuple[list[str], Cause | None]:
    """The results of a run whose steps all went well, or what is wrong with them."""
    if run.workflow.postproc_spec is None:
        return [], Cause("template", "The benchmark's new version has no post-processing.")
    try:
        declared = [name for output in Plan.read(folder).outputs for name in regular_files(folder.files, output)]
        for name in run.outputs():
            if list(regular_files(folder.files, name)) != [name]:
                raise FileProblem(f"'{name}' is a folder; list its files")
            if not (folder.files / name).stat().st_size:
                # A browser would show a broken picture in place of the one that there was.
                raise FileProblem(f"'{name}' is empty (0 bytes)")
    except FileProblem as problem:
        return [], Cause("output", f"Post-processing ended without a declared result: {problem}.")
    return declared, None


def _write(session: Session, benchmark: str, **values: str | None) -> None:
    values["changed_at"] = utc_now()
    table = tables.postprocessing
    if session.scalar(select(table.c.workflow_id).where(table.c.workflow_id == benchmark)) is None:
        session.execute(insert(table).values(workflow_id=benchmark, **values))
    else:
        session.execute(update(table).where(table.c.workflow_id == benchmark).values(**values))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None

"""The store's face: what the service's handlers and its queue ask for. All methods block; call them in a thread."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flowserv.model.auth import DefaultAuthPolicy
from flowserv.model.base import GroupObject, RunObject, User, WorkflowObject
from flowserv.model.group import WorkflowGroupManager
from flowserv.model.ranking import RankingManager
from flowserv.model.run import RunManager
from flowserv.model.workflow.manager import WorkflowManager
from flowserv.service.files.local import LocalUploadFileService
from flowserv.service.group.local import LocalWorkflowGroupService
from flowserv.service.run.local import LocalRunService
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ...errors import Conflict, InvalidInput, NotFound
from ...models import JSON
from ..engine.plan import Plan, RunFolder
from ..leaderboard import SortColumn, rank
from . import views
from .access import member_of, owner_of
from .arguments import flowserv_arguments
from .benchmarks import add_benchmark, bundled_folders
from .boards import Boards, results
from .controller import PlanController, PreparationFailed
from .database import Database, run_causes
from .ledger import Ledger
from .storage import ConfinedStorage, UploadedContent


@dataclass(frozen=True)
class Download:
    """A file to send; ``name`` is what the user knows it by."""

    path: Path
    name: str
    mime_type: str


class _Unit:
    """flowserv's managers on one session."""

    def __init__(self, session: Session, storage: ConfinedStorage, controller: PlanController, user: str) -> None:
        self.session = session
        self.user = user
        self.benchmarks = WorkflowManager(session=session, fs=storage)
        self.groups = WorkflowGroupManager(session=session, fs=storage)
        self.runs = RunManager(session=session, fs=storage)
        self._storage = storage
        self._controller = controller
        self._auth = DefaultAuthPolicy(session)

    def submission(self, submission: str) -> GroupObject:
        return member_of(self.session, self.groups, submission, self.user)

    def run(self, run: str) -> RunObject:
        return owner_of(self.session, self.groups, self.runs, run, self.user)

    def group_service(self) -> LocalWorkflowGroupService:
        return LocalWorkflowGroupService(
            group_manager=self.groups,
            workflow_repo=self.benchmarks,
            backend=self._controller,
            run_manager=self.runs,
            auth=self._auth,
            user_id=self.user,
        )

    def upload_service(self) -> LocalUploadFileService:
        return LocalUploadFileService(group_manager=self.groups, auth=self._auth, user_id=self.user)

    def run_service(self) -> LocalRunService:
        return LocalRunService(
            run_manager=self.runs,
            group_manager=self.groups,
            ranking_manager=RankingManager(self.session),
            backend=self._controller,
            fs=self._storage,
            auth=self._auth,
            user_id=self.user,
        )


class Store:
    """Everything that the service keeps, below one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._database = Database(f"sqlite:///{data_dir / 'rob.db'}")
        self._storage = ConfinedStorage(data_dir / "files")
        self._runs = data_dir / "runs"
        self._controller = PlanController(self._runs)
        self._boards = Boards()
        #: For the queue.
        self.ledger = Ledger(self._database, self._storage, self._controller, self._boards)

    # -- Life -----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Create the database where there is none and add the bundled benchmarks that are missing."""
        self._runs.mkdir(exist_ok=True, mode=0o700)
        self._database.init()
        known = {benchmark["id"] for benchmark in self.benchmarks()["workflows"]}
        for identifier, folder in bundled_folders().items():
            if identifier not in known:
                self.add_benchmark(folder, identifier)

    def add_benchmark(self, folder: Path, identifier: str) -> None:
        """Add the benchmark in ``folder``; see :mod:`.benchmarks`."""
        with self._database.writing() as session:
            add_benchmark(session, self._storage, folder, identifier)

    def close(self) -> None:
        self._database.close()

    def ensure_user(self, name: str) -> str:
        """The identifier of the user ``name``, made if need be. Nobody logs in by flowserv's passwords: there is
        none."""
        with self._database.writing() as session:
            user = session.scalar(select(User).where(User.name == name))
            if user is None:
                user = User(user_id=uuid.uuid4().hex, name=name, secret="!", active=True)  # noqa: S106 (no password matches)
                session.add(user)
            return str(user.user_id)

    # -- Benchmarks -----------------------------------------------------------------------------------------------

    def benchmarks(self) -> JSON:
        with self._database.reading() as session:
            workflows = session.scalars(select(WorkflowObject).order_by(WorkflowObject.name))
            return {"workflows": [views.benchmark_descriptor(workflow) for workflow in workflows]}

    def benchmark(self, user: str, benchmark: str) -> JSON:
        with self._reading(user) as unit:
            workflow = unit.benchmarks.get_workflow(benchmark)
            return views.benchmark_handle(workflow, unit.groups.list_groups(workflow_id=benchmark, user_id=user))

    def leaderboard(
        self, user: str, benchmark: str, order: Sequence[SortColumn] | None = None, *, include_all: bool = False
    ) -> JSON:
        with self._reading(user) as unit:
            schema = unit.benchmarks.get_workflow(benchmark).result_schema
            if schema is None:
                raise NotFound(f"The benchmark '{benchmark}' has no leaderboard: it declares no results.")
            unknown = {column.name for column in order or ()} - {column.column_id for column in schema.columns}
            if unknown:
                raise InvalidInput(f"The leaderboard of '{benchmark}' has no column '{sorted(unknown)[0]}'.")
            own = views.default_order(schema)
            if order is None and not include_all:
                return views.leaderboard(schema, own, self._boards.get(unit.session, benchmark))
            rows = rank(results(unit.session, benchmark), order or own, include_all=include_all)
            return views.leaderboard(schema, order or own, rows)

    # -- Submissions ----------------------------------------------------------------------------------------------

    def submissions(self, user: str, benchmark: str | None = None) -> JSON:
        with self._reading(user) as unit:
            if benchmark is not None:
                unit.benchmarks.get_workflow(benchmark)
            return dict(unit.group_service().list_groups(workflow_id=benchmark))

    def submission(self, user: str, submission: str) -> JSON:
        with self._reading(user) as unit:
            unit.submission(submission)
            return dict(unit.group_service().get_group(submission))

    def create_submission(self, user: str, benchmark: str, name: str, members: list[str] | None) -> JSON:
        with self._writing(user) as unit:
            try:
                handle = unit.group_service().create_group(workflow_id=benchmark, name=name, members=members)
                unit.session.flush()
            except IntegrityError as error:
                raise Conflict(f"There is a submission '{name}' already.") from error
            return dict(handle)

    def delete_submission(self, user: str, submission: str) -> None:
        """Delete a submission with its files; Conflict when it has runs, which are results that others compare with."""
        with self._writing(user) as unit:
            if unit.submission(submission).runs:
                raise Conflict("The submission has runs. Delete them first.")
            unit.group_service().delete_group(submission)

    # -- Uploads --------------------------------------------------------------------------------------------------

    def uploads(self, user: str, submission: str) -> JSON:
        with self._reading(user) as unit:
            unit.submission(submission)
            return dict(unit.upload_service().list_uploaded_files(submission))

    def upload(self, user: str, submission: str, name: str, content: IO[bytes], size: int) -> JSON:
        with self._writing(user) as unit:
            unit.submission(submission)
            return dict(unit.upload_service().upload_file(submission, UploadedContent(content, size), name))

    def uploaded_file(self, user: str, submission: str, file: str) -> Download:
        with self._reading(user) as unit:
            unit.submission(submission)
            handle = unit.groups.get_uploaded_file(group_id=submission, file_id=file)
            return _download(handle)

    def delete_upload(self, user: str, submission: str, file: str) -> None:
        with self._writing(user) as unit:
            unit.submission(submission)
            unit.upload_service().delete_file(submission, file)

    # -- Runs -----------------------------------------------------------------------------------------------------

    def create_run(self, user: str, submission: str, arguments: list[JSON]) -> tuple[JSON, Plan, RunFolder]:
        """A new run, PENDING, with its plan; the arguments are as in docs/protocol.md."""
        with self._writing(user) as unit:
            group = unit.submission(submission)
            prepared = flowserv_arguments(arguments, group.parameters, unit.groups, submission)
            try:
                run = unit.run_service().start_run(group_id=submission, arguments=prepared)["id"]
            except PreparationFailed as failure:
                # flowserv writes the run down before it is prepared; one that can't run must not stay.
                unit.runs.delete_run(failure.run)
                assert failure.__cause__ is not None
                raise failure.__cause__ from None
            folder = self._controller.folder(run)
            return self._handle(unit, unit.runs.get_run(run), None), Plan.read(folder), folder

    def run(self, user: str, run: str, progress: JSON | None = None) -> JSON:
        with self._reading(user) as unit:
            return self._handle(unit, unit.run(run), progress)

    def runs_of_submission(self, user: str, submission: str, state: str | None) -> JSON:
        with self._reading(user) as unit:
            unit.submission(submission)
            return dict(unit.run_service().list_runs(submission, state=state))

    def runs_of_benchmark(self, user: str, benchmark: str, limit: int, progress: Callable[[str], JSON | None]) -> JSON:
        """The user's newest runs of a benchmark; ``progress`` knows where an active one is."""
        with self._reading(user) as unit:
            unit.benchmarks.get_workflow(benchmark)
            runs = unit.session.scalars(
                select(RunObject)
                .join(GroupObject, GroupObject.group_id == RunObject.group_id)
                .where(RunObject.workflow_id == benchmark, GroupObject.members.any(User.user_id == user))
                .order_by(RunObject.created_at.desc())
                .limit(limit)
            )
            return {"runs": [self._handle(unit, run, progress(run.run_id)) for run in runs]}

    def delete_run(self, user: str, run: str) -> None:
        with self._writing(user) as unit:
            found = unit.run(run)
            if found.is_active():
                raise Conflict("The run is active. Cancel it before you delete it.")
            benchmark = found.workflow_id
            unit.runs.delete_run(run)
            unit.session.execute(delete(run_causes).where(run_causes.c.run_id == run))
        shutil.rmtree(self._controller.folder(run).path, ignore_errors=True)
        self._boards.forget(benchmark)

    def result_file(self, user: str, run: str, file: str) -> Download:
        with self._reading(user) as unit:
            unit.run(run)
            return _download(unit.runs.get_runfile(run_id=run, file_id=file))

    def run_log(self, user: str, run: str) -> Download:
        with self._reading(user) as unit:
            unit.run(run)
            return self._kept(self._controller.folder(run).log, f"{run}.log", "text/plain")

    def executed_notebook(self, user: str, run: str, step: str) -> Download:
        with self._reading(user) as unit:
            found = unit.run(run)
            names = {notebook["step"] for notebook in self._notebooks(found)}
            if step not in names:
                raise NotFound(f"The run has no executed notebook for the step '{step}'.")
            path = self._controller.folder(run).executed(step)
            return self._kept(path, f"{step}.ipynb", "application/x-ipynb+json")

    # -- Within ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self, user: str) -> Iterator[_Unit]:
        with self._database.reading() as session:
            yield _Unit(session, self._storage, self._controller, user)

    @contextmanager
    def _writing(self, user: str) -> Iterator[_Unit]:
        with self._database.writing() as session:
            yield _Unit(session, self._storage, self._controller, user)

    def _handle(self, unit: _Unit, run: RunObject, progress: JSON | None) -> JSON:
        cause = None
        if run.is_error():
            cause = unit.session.scalar(select(run_causes.c.cause).where(run_causes.c.run_id == run.run_id))
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


def _download(handle: Any) -> Download:
    return Download(handle.fileobj.path, handle.name, handle.mime_type or "application/octet-stream")

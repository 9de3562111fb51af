"""What the parts of the store share: sessions with flowserv's managers, on behalf of somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowserv.model.auth import DefaultAuthPolicy
from flowserv.model.base import GroupObject, RunObject
from flowserv.model.group import WorkflowGroupManager
from flowserv.model.ranking import RankingManager
from flowserv.model.run import RunManager
from flowserv.model.workflow.manager import WorkflowManager
from flowserv.service.files.local import LocalUploadFileService
from flowserv.service.group.local import LocalWorkflowGroupService
from flowserv.service.run.local import LocalRunService
from sqlalchemy.orm import Session

from ..identity import Identity
from .access import member_of, owner_of
from .controller import PlanController
from .database import Database
from .storage import ConfinedStorage


@dataclass(frozen=True)
class Download:
    """A file to send; ``name`` is what the user knows it by."""

    path: Path
    name: str
    mime_type: str

    @classmethod
    def of(cls, handle: Any) -> Download:
        """The file behind one of flowserv's handles."""
        return cls(handle.fileobj.path, handle.name, handle.mime_type or "application/octet-stream")


class Unit:
    """One session, on behalf of ``identity``, with flowserv's managers on it."""

    def __init__(
        self, session: Session, storage: ConfinedStorage, controller: PlanController, identity: Identity
    ) -> None:
        self.session = session
        self.identity = identity
        self.benchmarks = WorkflowManager(session=session, fs=storage)
        self.groups = WorkflowGroupManager(session=session, fs=storage)
        self.runs = RunManager(session=session, fs=storage)
        self._storage = storage
        self._controller = controller
        self._auth = DefaultAuthPolicy(session)

    def submission(self, submission: str) -> GroupObject:
        """One of theirs; see :mod:`.access`."""
        return member_of(self.session, submission, self.identity)

    def run(self, run: str) -> RunObject:
        """One of theirs; see :mod:`.access`."""
        return owner_of(self.session, run, self.identity)

    def group_service(self) -> LocalWorkflowGroupService:
        return LocalWorkflowGroupService(
            group_manager=self.groups,
            workflow_repo=self.benchmarks,
            backend=self._controller,
            run_manager=self.runs,
            auth=self._auth,
            user_id=self.identity.user,
        )

    def upload_service(self) -> LocalUploadFileService:
        return LocalUploadFileService(group_manager=self.groups, auth=self._auth, user_id=self.identity.user)

    def run_service(self) -> LocalRunService:
        return LocalRunService(
            run_manager=self.runs,
            group_manager=self.groups,
            ranking_manager=RankingManager(self.session),
            backend=self._controller,
            fs=self._storage,
            auth=self._auth,
            user_id=self.identity.user,
        )


class Part:
    """A part of the store. Its methods block: call them in a thread."""

    def __init__(self, database: Database, storage: ConfinedStorage, controller: PlanController) -> None:
        self._database = database
        self._storage = storage
        self._controller = controller

    @contextmanager
    def _reading(self, identity: Identity) -> Iterator[Unit]:
        with self._database.reading() as session:
            yield Unit(session, self._storage, self._controller, identity)

    @contextmanager
    def _writing(self, identity: Identity) -> Iterator[Unit]:
        with self._database.writing() as session:
            yield Unit(session, self._storage, self._controller, identity)

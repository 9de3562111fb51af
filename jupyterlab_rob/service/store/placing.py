"""Makes folders versions of benchmarks: each is written down and moved to its place, or neither."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowserv.model.base import WorkflowObject
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from ...errors import Conflict
from . import ranks, tables, versions
from .database import Database
from .incoming import Incoming
from .storage import ConfinedStorage
from .versions import NewVersion


class Placing:
    """A transaction in which folders become versions; see :func:`placing`."""

    def __init__(self, session: Session, storage: ConfinedStorage, incoming: Incoming) -> None:
        self.session = session
        #: The versions' folders in their places.
        self.placed: list[Path] = []
        self._storage = storage
        self._incoming = incoming

    def first(self, benchmark: str, folder: Path, new: NewVersion) -> None:
        """Add a benchmark, whose coordinator the version's user becomes.

        Raises:
            Conflict: The identifier or the name is taken.
        """
        if self.session.get(WorkflowObject, benchmark) is not None:
            raise Conflict(_taken(benchmark, versions.is_archived(self.session, benchmark)))
        self._require_free_name(benchmark, new)
        # There may be the mark of a bundled benchmark that was removed.
        self.session.execute(delete(tables.benchmarks).where(tables.benchmarks.c.workflow_id == benchmark))
        versions.write_first(self.session, benchmark, new)
        if new.user is not None:
            self.session.execute(insert(tables.coordinators).values(workflow_id=benchmark, user_id=new.user))
        self._move(folder, benchmark, 1)

    def next(self, workflow: WorkflowObject, folder: Path, new: NewVersion) -> None:
        """Add a version to a benchmark, which is the current one from now on.

        Raises:
            Conflict: Another benchmark has its name.
        """
        benchmark = workflow.workflow_id
        self._require_free_name(benchmark, new)
        number = versions.write_next(self.session, workflow, new)
        self.session.flush()
        ranks.rebuild(self.session, benchmark)
        self._move(folder, benchmark, number)

    def _move(self, folder: Path, benchmark: str, version: int) -> None:
        target = versions.folder(self._storage, benchmark, version)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A service that was killed may have left one that was never written down.
        self._incoming.remove(target)
        os.replace(folder, target)
        self.placed.append(target)

    def _require_free_name(self, benchmark: str, new: NewVersion) -> None:
        name = new.declaration["name"]
        other = select(WorkflowObject.workflow_id).where(
            WorkflowObject.name == name, WorkflowObject.workflow_id != benchmark
        )
        if (taken := self.session.scalar(other)) is not None:
            raise Conflict(f"The benchmark '{taken}' has the name '{name}' already. Choose another in the manifest.")


@contextmanager
def placing(database: Database, storage: ConfinedStorage, incoming: Incoming) -> Iterator[Placing]:
    """A transaction, committed in the end; when it fails, what was moved to its place is removed."""
    place: Placing | None = None
    try:
        with database.writing() as session:
            place = Placing(session, storage, incoming)
            yield place
    except BaseException:
        for path in place.placed if place is not None else ():
            shutil.rmtree(path, ignore_errors=True)
        raise


def _taken(benchmark: str, is_archived: bool) -> str:
    if is_archived:
        return (
            f"There is an archived benchmark '{benchmark}'. Choose another identifier, or bring it back: jupyter rob "
            "benchmarks update."
        )
    return (
        f"There is a benchmark '{benchmark}' already. Choose another identifier, or give it a new version: jupyter rob "
        "benchmarks update."
    )

"""Benchmarks, their versions and their leaderboards."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import flowserv.model.files as dirs
from flowserv.model.base import RunObject, WorkflowObject
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ... import __version__
from ...errors import Conflict, InvalidInput, NotFound, RobError
from ...models import JSON
from ...packing import PackingLimits
from ...templates import Finding
from ..identity import Identity
from ..leaderboard import SortColumn
from ..limits import readable
from . import importing, tables, versions, views
from .access import coordinator_of, find_benchmark, is_coordinator_of, require_coordinator
from .archives import Archive
from .boards import Board, Boards
from .controller import PlanController
from .database import Database, bytewise, translated_errors
from .givendata import given_files, gives_files
from .importing import bundled_folders
from .incoming import Incoming, IncomingFile
from .part import Download, Part
from .placing import Placing, placing
from .storage import ConfinedStorage

MAX_NOTE = 1000

_log = logging.getLogger("jupyterlab_rob.service")


class Benchmarks(Part):
    """What can be submitted to; everybody sees them, and their coordinators change them."""

    def __init__(
        self,
        database: Database,
        storage: ConfinedStorage,
        controller: PlanController,
        boards: Boards,
        incoming: Incoming,
    ) -> None:
        super().__init__(database, storage, controller)
        self._boards = boards
        self._incoming = incoming

    def open(self) -> None:
        """Bring files of before there were versions to their places, and the bundled benchmarks up to date."""
        with self._database.writing() as session:
            for benchmark in session.scalars(select(WorkflowObject.workflow_id)).all():
                self._settle_first(session, benchmark)
        for identifier, folder in bundled_folders().items():
            try:
                self._bring_up_to_date(identifier, folder)
            except RobError as error:
                # A coordinator's benchmark has its name, say: no reason not to serve.
                _log.warning("The bundled benchmark '%s' is left as it is: %s", identifier, error.message)

    def listing(self) -> JSON:
        """All that are not archived."""
        of = tables.benchmarks.c
        with self._database.reading() as session:
            found = session.execute(
                select(WorkflowObject, of.version)
                .outerjoin(tables.benchmarks, of.workflow_id == WorkflowObject.workflow_id)
                .where(of.is_archived.is_not(True))
                .order_by(bytewise(WorkflowObject.name))
            )
            return {
                "workflows": [
                    {**views.benchmark_descriptor(workflow), "version": version or 1} for workflow, version in found
                ]
            }

    def get(self, identity: Identity, benchmark: str, version: int | None = None) -> JSON:
        """The benchmark's handle, as its current version declares it or another."""
        with self._reading(identity) as unit:
            find_benchmark(unit.session, benchmark)
            groups = unit.groups.list_groups(workflow_id=benchmark, user_id=identity.user)
            groups.sort(key=lambda group: group.name)
            version = versions.current(unit.session, benchmark) if version is None else version
            declared = versions.declared(unit.session, benchmark, version)
            return {
                **views.benchmark_handle(declared, groups),
                "version": version,
                "hasData": gives_files(declared, versions.folder(self._storage, benchmark, version)),
                "isCoordinator": is_coordinator_of(unit.session, benchmark, identity),
                "isArchived": versions.is_archived(unit.session, benchmark),
            }

    def versions(self, benchmark: str) -> JSON:
        with self._database.reading() as session:
            find_benchmark(session, benchmark)
            return {"versions": versions.listing(session, benchmark)}

    def data(self, benchmark: str, version: int | None = None) -> Archive:
        """What participants' notebooks are given, for everybody; NotFound when that is nothing."""
        with self._database.reading() as session:
            find_benchmark(session, benchmark)
            version = versions.current(session, benchmark) if version is None else version
            folder = versions.folder(self._storage, benchmark, version)
            names = given_files(versions.declared(session, benchmark, version), folder)
        if not names:
            raise NotFound(f"The benchmark '{benchmark}' gives participants' notebooks no files.")
        files = (Download(folder / name, name, "application/octet-stream") for name in names)
        return Archive(f"{benchmark}-data.tar.gz", tuple(files))

    def leaderboard(
        self,
        identity: Identity,
        benchmark: str,
        order: Sequence[SortColumn] | None = None,
        *,
        include_all: bool = False,
        version: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> JSON:
        """At most ``limit`` rows (None: all) after the first ``offset``, of all versions or of one; see
        docs/protocol.md."""
        with self._reading(identity) as unit:
            schema = find_benchmark(unit.session, benchmark).result_schema
            if schema is None:
                raise NotFound(f"The benchmark '{benchmark}' has no leaderboard: it declares no results.")
            unknown = {column.name for column in order or ()} - {column.column_id for column in schema.columns}
            if unknown:
                raise InvalidInput(f"The leaderboard of '{benchmark}' has no column '{sorted(unknown)[0]}'.")
            own = views.default_order(schema)
            asked = None if not order or list(order) == own else tuple(order)
            board = Board(benchmark, asked, include_all, version)
            page = self._boards.page(unit.session, board, limit, offset)
            current = unit.session.scalar(
                select(tables.benchmarks.c.version).where(tables.benchmarks.c.workflow_id == benchmark)
            )
            return views.leaderboard(schema, order or own, page, current or 1)

    # -- for coordinators --

    def begin(self, identity: Identity, benchmark: str | None, limits: PackingLimits) -> IncomingFile:
        """A file to write a packed folder into; the caller discards it in the end.

        Args:
            benchmark: The one that gets a new version; None for a new benchmark, or one that is only checked.
        """
        if benchmark is None:
            require_coordinator(identity)
        else:
            with self._database.reading() as session:
                coordinator_of(session, benchmark, identity)
        return self._incoming.begin(
            limits.size,
            f"The file is larger than {readable(limits.size)}, the largest benchmark that this service takes. Its "
            "administrator can change that by RobService.max_benchmark.",
        )

    def check(self, content: IncomingFile, limits: PackingLimits) -> list[Finding]:
        """What is wrong with the folder that was sent."""
        with translated_errors(), importing.unpacked(content, "benchmark", limits) as folder:
            findings = importing.check(folder)
            if not any(finding.severity == "error" for finding in findings):
                importing.parse(folder)
            return findings

    def create(
        self, identity: Identity, benchmark: str, note: str | None, content: IncomingFile, limits: PackingLimits
    ) -> list[Finding]:
        """Add a benchmark, whose coordinator they become; the warnings about it.

        Raises:
            InvalidInput: The identifier, the note, the archive or the template is wrong; ``problems`` tells all.
            TooLarge: It is larger than ``limits`` when unpacked.
            Conflict: The identifier or the name is taken.
        """
        require_coordinator(identity)
        importing.require_identifier(benchmark)
        note = _good_note(note)
        with translated_errors(), importing.unpacked(content, benchmark, limits) as folder:
            warnings = importing.require_sound(folder)
            new = importing.read(folder, identity.user, note)
            with self._placing() as place:
                place.first(benchmark, folder, new)
        return warnings

    def update(
        self, identity: Identity, benchmark: str, note: str | None, content: IncomingFile, limits: PackingLimits
    ) -> list[Finding]:
        """Add a version, which is the current one from now on; the warnings about it. An archived benchmark is no
        longer archived then.

        Raises:
            Conflict: The folder is the same as the current version's, or another benchmark has its name.
            RobError: As :meth:`create`.
        """
        note = _good_note(note)
        with translated_errors(), importing.unpacked(content, benchmark, limits) as folder:
            warnings = importing.require_sound(folder)
            new = importing.read(folder, identity.user, note)
            with self._placing() as place:
                workflow = coordinator_of(place.session, benchmark, identity)
                if new.digest == _current_digest(place.session, benchmark):
                    if not versions.is_archived(place.session, benchmark):
                        raise Conflict("Nothing has changed: the folder is the same as that of the current version.")
                    versions.set_current(place.session, benchmark, is_archived=False)
                else:
                    place.next(workflow, folder, new)
        self._boards.forget(benchmark)
        return warnings

    def remove(self, identity: Identity, benchmark: str, *, archive: bool = False) -> None:
        """Delete a benchmark with its submissions and files, or only archive it: then it is not listed any more and
        takes no runs, but its results stay.

        Raises:
            Conflict: It has runs and is not to be archived.
        """
        with self._writing(identity) as unit:
            workflow = coordinator_of(unit.session, benchmark, identity)
            if archive:
                versions.set_current(unit.session, benchmark, is_archived=True)
                return
            of_participants = [RunObject.workflow_id == benchmark, RunObject.group_id.is_not(None)]
            runs = unit.session.scalar(select(func.count()).select_from(RunObject).where(*of_participants))
            if runs:
                raise Conflict(
                    f"The benchmark '{benchmark}' has {'a run' if runs == 1 else f'{runs} runs'}: results that others "
                    "compare with. Archive it (jupyter rob benchmarks remove --archive): it is hidden then, and its "
                    "results stay."
                )
            folders = [self._controller.folder(run.run_id).path for run in workflow.runs]
            unit.session.delete(workflow)
            for table in (tables.versions, tables.coordinators, tables.postprocessing, tables.results):
                unit.session.execute(delete(table).where(table.c.workflow_id == benchmark))
            if benchmark in bundled_folders():
                # What is left says that it is not to come back.
                versions.set_current(unit.session, benchmark, is_archived=True)
            else:
                unit.session.execute(delete(tables.benchmarks).where(tables.benchmarks.c.workflow_id == benchmark))
        self._boards.forget(benchmark)
        for path in [self._storage.locate(dirs.workflow_basedir(benchmark)), *folders]:
            self._incoming.remove(path)

    def add(self, folder: Path, benchmark: str, note: str | None = None) -> None:
        """Add the benchmark in a folder of this machine's, unchecked and nobody's."""
        importing.require_identifier(benchmark)
        with translated_errors(), importing.copied(folder, benchmark, self._incoming.folder) as copy:
            new = importing.read(copy, None, note)
            with self._placing() as place:
                place.first(benchmark, copy, new)

    def _placing(self) -> AbstractContextManager[Placing]:
        return placing(self._database, self._storage, self._incoming)

    # -- at the start --

    def _settle_first(self, session: Session, benchmark: str) -> None:
        """What a database from before there were versions lacks of the first: its folder's place, and its digest."""
        first = versions.folder(self._storage, benchmark, 1)
        static = self._storage.locate(dirs.workflow_staticdir(benchmark))
        if static.is_dir() and not first.exists():
            first.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(static, first)
        if first.is_dir() and not versions.digest(session, benchmark, 1):
            versions.set_digest(session, benchmark, 1, importing.digest_of(first))

    def _bring_up_to_date(self, benchmark: str, source: Path) -> None:
        """Add a bundled benchmark, or a version of it, unless a coordinator has changed or removed it."""
        note = f"jupyterlab_rob {__version__}"
        with self._database.reading() as session:
            is_there = session.get(WorkflowObject, benchmark) is not None
            if versions.is_archived(session, benchmark) or (
                is_there
                and (
                    versions.are_somebodys(session, benchmark)
                    or _current_digest(session, benchmark) == importing.digest_of(source)
                )
            ):
                return
        if not is_there:
            self.add(source, benchmark, note)
            return
        with translated_errors(), importing.copied(source, benchmark, self._incoming.folder) as folder:
            new = importing.read(folder, None, note)
            with self._placing() as place:
                place.next(find_benchmark(place.session, benchmark), folder, new)


def _current_digest(session: Session, benchmark: str) -> str:
    return versions.digest(session, benchmark, versions.current(session, benchmark))


def _good_note(note: str | None) -> str | None:
    note = (note or "").strip()
    if len(note) > MAX_NOTE or not note.replace("\n", " ").isprintable():
        raise InvalidInput(f"A note has at most {MAX_NOTE} characters, and all can be printed.")
    return note or None

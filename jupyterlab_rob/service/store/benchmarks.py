"""Benchmarks and their leaderboards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowserv.model.base import WorkflowObject
from sqlalchemy import select

from ...errors import InvalidInput, NotFound
from ...models import JSON
from ..identity import Identity
from ..leaderboard import SortColumn
from . import tables, views
from .access import find_benchmark
from .boards import Board, Boards
from .controller import PlanController
from .database import Database, bytewise
from .importing import add_benchmark, bundled_folders
from .part import Part
from .storage import ConfinedStorage


class Benchmarks(Part):
    """What can be submitted to."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, boards: Boards
    ) -> None:
        super().__init__(database, storage, controller)
        self._boards = boards

    def listing(self) -> JSON:
        with self._database.reading() as session:
            workflows = session.scalars(select(WorkflowObject).order_by(bytewise(WorkflowObject.name)))
            return {"workflows": [views.benchmark_descriptor(workflow) for workflow in workflows]}

    def get(self, identity: Identity, benchmark: str) -> JSON:
        with self._reading(identity) as unit:
            workflow = find_benchmark(unit.session, benchmark)
            groups = unit.groups.list_groups(workflow_id=benchmark, user_id=identity.user)
            return views.benchmark_handle(workflow, groups)

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

    def add(self, folder: Path, identifier: str) -> None:
        """Add the benchmark in ``folder``; see :mod:`.importing`."""
        with self._database.writing() as session:
            add_benchmark(session, self._storage, folder, identifier)

    def add_bundled(self) -> None:
        """Add the bundled benchmarks that are missing."""
        known = {benchmark["id"] for benchmark in self.listing()["workflows"]}
        for identifier, folder in bundled_folders().items():
            if identifier not in known:
                self.add(folder, identifier)

"""Benchmarks (``workflows``) and their leaderboards."""

from __future__ import annotations

from ...errors import InvalidInput
from ..leaderboard import SortColumn
from .handler import ServiceHandler
from .pages import Page

#: Run handles in one answer, at most and when nothing is said.
MAX_RUNS = 200
DEFAULT_RUNS = 50


class WorkflowsHandler(ServiceHandler):
    async def get(self) -> None:
        self.answer(await self.call(self.context.store.benchmarks.listing))


class WorkflowHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        store = self.context.store
        handle = await self.call(store.benchmarks.get, self.identity, workflow, _version(self))
        self.answer(handle | await self.call(store.postprocessing.describe, self.identity, workflow))


class DataHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        await self.send_archive(await self.call(self.context.store.benchmarks.data, workflow, _version(self)))


class LeaderboardHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        order = [_sort_column(column) for column in self.get_query_argument("orderBy", "").split(",") if column]
        include_all = self.get_query_argument("includeAll", "").lower() in ("1", "true", "yes")
        page = Page.of(self)
        store = self.context.store
        board = await self.call(
            store.benchmarks.leaderboard,
            self.identity,
            workflow,
            order or None,
            include_all=include_all,
            version=_version(self),
            limit=page.limit,
            offset=page.offset,
        )
        self.answer(board | await self.call(store.postprocessing.published, workflow))


class WorkflowRunsHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        page = Page.of(self, MAX_RUNS)
        runs = await self.call(
            self.context.store.runs.of_benchmark,
            self.identity,
            workflow,
            page.limit or DEFAULT_RUNS,
            self.context.progress,
            page.offset,
        )
        self.answer(page.shown(runs))


def _sort_column(column: str) -> SortColumn:
    """``name`` or ``name:asc`` or ``name:desc``, as published; descending where nothing is said."""
    name, _, direction = column.partition(":")
    if direction.lower() not in ("", "asc", "desc"):
        raise InvalidInput(f"'{column}' is no order: say {name}:asc or {name}:desc.")
    return SortColumn(name, direction.lower() != "asc")


def _version(handler: ServiceHandler) -> int | None:
    version = handler.get_query_argument("version", None)
    if version is None:
        return None
    if not (version.isascii() and version.isdecimal() and len(version) <= 9 and int(version) >= 1):
        raise InvalidInput("The version must be a number; the benchmark's versions count from 1.")
    return int(version)

"""Benchmarks (``workflows``) and their leaderboards."""

from __future__ import annotations

from ...errors import InvalidInput
from ..leaderboard import SortColumn
from .handler import ServiceHandler

MAX_RUNS = 200


class WorkflowsHandler(ServiceHandler):
    async def get(self) -> None:
        self.answer(await self.call(self.context.store.benchmarks.listing))


class WorkflowHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        self.answer(await self.call(self.context.store.benchmarks.get, self.identity, workflow))


class LeaderboardHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        order = [_sort_column(column) for column in self.get_query_argument("orderBy", "").split(",") if column]
        include_all = self.get_query_argument("includeAll", "").lower() in ("1", "true", "yes")
        self.answer(
            await self.call(
                self.context.store.benchmarks.leaderboard,
                self.identity,
                workflow,
                order or None,
                include_all=include_all,
            )
        )


class WorkflowRunsHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        limit = self.get_query_argument("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= MAX_RUNS:
            raise InvalidInput(f"The limit must be a number from 1 to {MAX_RUNS}.")
        self.answer(
            await self.call(
                self.context.store.runs.of_benchmark, self.identity, workflow, int(limit), self.context.progress
            )
        )


def _sort_column(column: str) -> SortColumn:
    """``name`` or ``name:asc`` or ``name:desc``, as published; descending where nothing is said."""
    name, _, direction = column.partition(":")
    if direction.lower() not in ("", "asc", "desc"):
        raise InvalidInput(f"'{column}' is no order: say {name}:asc or {name}:desc.")
    return SortColumn(name, direction.lower() != "asc")

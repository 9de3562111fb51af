"""Submissions (``groups``) and the start of their runs."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidInput
from ...models import JSON, RunState
from .handler import ServiceHandler
from .pages import Page


class SubmissionsHandler(ServiceHandler):
    """What listings of submissions share."""

    async def answer_listing(self, workflow: str | None) -> None:
        page, listing = Page.of(self), self.context.store.submissions.listing
        self.answer(page.shown(await self.call(listing, self.identity, workflow, page.limit, page.offset)))


class WorkflowGroupsHandler(SubmissionsHandler):
    async def get(self, workflow: str) -> None:
        await self.answer_listing(workflow)

    async def post(self, workflow: str) -> None:
        body = self.body()
        name, members = _name(body), _members(body)
        if name is None:
            raise InvalidInput("A submission needs a name.")
        store = self.context.store
        self.answer(await self.call(store.submissions.create, self.identity, workflow, name, members), 201)


class GroupsHandler(SubmissionsHandler):
    async def get(self) -> None:
        await self.answer_listing(None)


class GroupHandler(ServiceHandler):
    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.submissions.get, self.identity, group))

    async def put(self, group: str) -> None:
        body = self.body()
        update = self.context.store.submissions.update
        handle = await self.call(update, self.identity, group, _name(body), _members(body))
        # Plots and tables show the submission's name.
        self.context.postprocessing.trigger(handle["workflow"])
        self.answer(handle)

    async def delete(self, group: str) -> None:
        await self.call(self.context.store.submissions.delete, self.identity, group)
        self.set_status(204)


class GroupRunsHandler(ServiceHandler):
    async def get(self, group: str) -> None:
        state = self.get_query_argument("state", None)
        if state is not None and state not in RunState.__members__:
            raise InvalidInput(f"There is no run state '{state}'. States: {', '.join(RunState.__members__)}.")
        page = Page.of(self)
        runs = self.context.store.runs.of_submission
        self.answer(page.shown(await self.call(runs, self.identity, group, state, page.limit, page.offset)))

    async def post(self, group: str) -> None:
        self.context.queue.require_open()
        await self.context.queue.require_space(self.context.store.run_folders)
        arguments = self.body().get("arguments", [])
        if not isinstance(arguments, list):
            raise InvalidInput("The arguments must be a list.")
        most = None if self.identity.is_administrator else self.context.max_active_runs
        create = self.context.store.runs.create
        handle, plan, folder = await self.call(create, self.identity, group, arguments, most)
        self.context.queue.submit(plan, folder)
        self.answer(handle, 201)


def _name(body: JSON) -> str | None:
    name: Any = body.get("name")
    if name is not None and not isinstance(name, str):
        raise InvalidInput("The name must be a text.")
    return name


def _members(body: JSON) -> list[str] | None:
    members: Any = body.get("members")
    if members is not None and not (isinstance(members, list) and all(isinstance(member, str) for member in members)):
        raise InvalidInput("The members must be a list of user identifiers.")
    return members

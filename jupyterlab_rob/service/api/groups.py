"""Submissions (``groups``) and the start of their runs."""

from __future__ import annotations

from ...errors import InvalidInput
from ...models import RunState
from .handler import ServiceHandler


class WorkflowGroupsHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        self.answer(await self.call(self.context.store.submissions.listing, self.identity, workflow))

    async def post(self, workflow: str) -> None:
        body = self.body()
        name, members = body.get("name"), body.get("members")
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput("A submission needs a name.")
        if members is not None and not (
            isinstance(members, list) and all(isinstance(member, str) for member in members)
        ):
            raise InvalidInput("The members must be a list of user identifiers.")
        store = self.context.store
        self.answer(await self.call(store.submissions.create, self.identity, workflow, name.strip(), members), 201)


class GroupsHandler(ServiceHandler):
    async def get(self) -> None:
        self.answer(await self.call(self.context.store.submissions.listing, self.identity))


class GroupHandler(ServiceHandler):
    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.submissions.get, self.identity, group))

    async def delete(self, group: str) -> None:
        await self.call(self.context.store.submissions.delete, self.identity, group)
        self.set_status(204)


class GroupRunsHandler(ServiceHandler):
    async def get(self, group: str) -> None:
        state = self.get_query_argument("state", None)
        if state is not None and state not in RunState.__members__:
            raise InvalidInput(f"There is no run state '{state}'. States: {', '.join(RunState.__members__)}.")
        self.answer(await self.call(self.context.store.runs.of_submission, self.identity, group, state))

    async def post(self, group: str) -> None:
        self.context.queue.require_open()
        arguments = self.body().get("arguments", [])
        if not isinstance(arguments, list):
            raise InvalidInput("The arguments must be a list.")
        handle, plan, folder = await self.call(self.context.store.runs.create, self.identity, group, arguments)
        self.context.queue.submit(plan, folder)
        self.answer(handle, 201)

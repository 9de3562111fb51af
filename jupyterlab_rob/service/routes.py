"""ROB's REST API v1: thin handlers, and the URL table at the end. docs/protocol.md has the shapes."""

from __future__ import annotations

import io
from typing import Any

from tornado import web
from tornado.httputil import HTTPFile, HTTPInputError, parse_body_arguments
from tornado.iostream import StreamClosedError

from .. import __version__
from ..errors import Forbidden, InvalidInput
from ..models import RunState
from .context import Context
from .handler import NotFoundHandler, ServiceHandler
from .leaderboard import SortColumn

KEEP_ALIVE = 15.0
MAX_RUNS = 200

#: What this service has beyond the published API.
ADDITIONS = ("notebook-arguments", "events", "run-log", "executed-notebook", "benchmark-runs", "status", "shutdown")


class ServiceDescriptorHandler(ServiceHandler):
    def get(self) -> None:
        self.answer(
            {
                "name": "ROB",
                "version": __version__,
                "url": self.context.url,
                "username": self.identity.name,
                "routes": [{"id": name, "pattern": pattern} for name, pattern in PATTERNS.items()],
                "additions": list(ADDITIONS),
            }
        )


class WorkflowsHandler(ServiceHandler):
    async def get(self) -> None:
        self.answer(await self.call(self.context.store.benchmarks))


class WorkflowHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        self.answer(await self.call(self.context.store.benchmark, self.identity.user, workflow))


class LeaderboardHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        order = [_sort_column(column) for column in self.get_query_argument("orderBy", "").split(",") if column]
        include_all = self.get_query_argument("includeAll", "").lower() in ("1", "true", "yes")
        self.answer(
            await self.call(
                self.context.store.leaderboard, self.identity.user, workflow, order or None, include_all=include_all
            )
        )


class WorkflowRunsHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        limit = self.get_query_argument("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= MAX_RUNS:
            raise InvalidInput(f"The limit must be a number from 1 to {MAX_RUNS}.")
        self.answer(
            await self.call(
                self.context.store.runs_of_benchmark, self.identity.user, workflow, int(limit), self.context.progress
            )
        )


class WorkflowGroupsHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        self.answer(await self.call(self.context.store.submissions, self.identity.user, workflow))

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
        self.answer(await self.call(store.create_submission, self.identity.user, workflow, name.strip(), members), 201)


class GroupsHandler(ServiceHandler):
    async def get(self) -> None:
        self.answer(await self.call(self.context.store.submissions, self.identity.user))


class GroupHandler(ServiceHandler):
    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.submission, self.identity.user, group))

    async def delete(self, group: str) -> None:
        await self.call(self.context.store.delete_submission, self.identity.user, group)
        self.set_status(204)


class GroupRunsHandler(ServiceHandler):
    async def get(self, group: str) -> None:
        state = self.get_query_argument("state", None)
        if state is not None and state not in RunState.__members__:
            raise InvalidInput(f"There is no run state '{state}'. States: {', '.join(RunState.__members__)}.")
        self.answer(await self.call(self.context.store.runs_of_submission, self.identity.user, group, state))

    async def post(self, group: str) -> None:
        self.context.queue.require_open()
        arguments = self.body().get("arguments", [])
        if not isinstance(arguments, list):
            raise InvalidInput("The arguments must be a list.")
        handle, plan, folder = await self.call(self.context.store.create_run, self.identity.user, group, arguments)
        self.context.queue.submit(plan, folder)
        self.answer(handle, 201)


class UploadsHandler(ServiceHandler):
    def max_body(self) -> int:
        return self.context.max_upload

    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.uploads, self.identity.user, group))

    async def post(self, group: str) -> None:
        files: dict[str, list[HTTPFile]] = {}
        try:
            parse_body_arguments(self.request.headers.get("Content-Type", ""), bytes(self.received), {}, files)
        except HTTPInputError as error:
            raise InvalidInput(f"The form can't be read: {error}.") from error
        given = files.get("file", [])
        if len(given) != 1:
            raise InvalidInput("Send one file, as multipart/form-data in the field 'file'.")
        name, content = given[0].filename, given[0].body
        store = self.context.store
        self.answer(
            await self.call(store.upload, self.identity.user, group, name, io.BytesIO(content), len(content)), 201
        )


class UploadHandler(ServiceHandler):
    async def get(self, group: str, file: str) -> None:
        await self.send(await self.call(self.context.store.uploaded_file, self.identity.user, group, file))

    async def delete(self, group: str, file: str) -> None:
        await self.call(self.context.store.delete_upload, self.identity.user, group, file)
        self.set_status(204)


class RunHandler(ServiceHandler):
    async def get(self, run: str) -> None:
        await self._answer(run)

    async def put(self, run: str) -> None:
        reason = self.body().get("reason")
        if reason is not None and not isinstance(reason, str):
            raise InvalidInput("The reason must be a text.")
        # First of all the run must be the user's: the queue does not ask.
        await self.call(self.context.store.run, self.identity.user, run)
        await self.context.queue.cancel(run, reason)
        await self._answer(run)

    async def delete(self, run: str) -> None:
        await self.call(self.context.store.delete_run, self.identity.user, run)
        self.set_status(204)

    async def _answer(self, run: str) -> None:
        self.answer(await self.call(self.context.store.run, self.identity.user, run, self.context.progress(run)))


class ResultFileHandler(ServiceHandler):
    async def get(self, run: str, file: str) -> None:
        await self.send(await self.call(self.context.store.result_file, self.identity.user, run, file))


class RunLogHandler(ServiceHandler):
    async def get(self, run: str) -> None:
        await self.send(await self.call(self.context.store.run_log, self.identity.user, run))


class ExecutedNotebookHandler(ServiceHandler):
    async def get(self, run: str, step: str) -> None:
        await self.send(await self.call(self.context.store.executed_notebook, self.identity.user, run, step))


class EventsHandler(ServiceHandler):
    keeps_awake = False

    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        stream = self.context.events.listen(KEEP_ALIVE)
        try:
            async for message in stream:
                self.write(message)
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            await stream.aclose()


class StatusHandler(ServiceHandler):
    def get(self) -> None:
        self.answer(self.context.status())


class ShutdownHandler(ServiceHandler):
    def post(self) -> None:
        if not self.identity.administrator:
            raise Forbidden("Only an administrator may stop the service.")
        self.answer({"message": "The ROB service stops."}, 202)
        self.context.stop()


def _sort_column(column: str) -> SortColumn:
    """``name`` or ``name:asc`` or ``name:desc``, as published; descending where nothing is said."""
    name, _, direction = column.partition(":")
    if direction.lower() not in ("", "asc", "desc"):
        raise InvalidInput(f"'{column}' is no order: say {name}:asc or {name}:desc.")
    return SortColumn(name, direction.lower() != "asc")


#: The routes' patterns, as the descriptor shows them, by the published identifiers.
PATTERNS = {
    "service": "",
    "workflows:list": "workflows",
    "workflows:get": "workflows/{workflowId}",
    "workflows:groups": "workflows/{workflowId}/groups",
    "workflows:runs": "workflows/{workflowId}/runs?limit={limit}",
    "leaderboard": "workflows/{workflowId}/leaderboard?orderBy={orderBy}&includeAll={includeAll}",
    "groups:create": "workflows/{workflowId}/groups",
    "groups:list": "groups",
    "groups:get": "groups/{userGroupId}",
    "groups:delete": "groups/{userGroupId}",
    "groups:runs": "groups/{userGroupId}/runs?state={state}",
    "runs:start": "groups/{userGroupId}/runs",
    "uploads:list": "uploads/{userGroupId}/files",
    "uploads:upload": "uploads/{userGroupId}/files",
    "uploads:download": "uploads/{userGroupId}/files/{fileId}",
    "uploads:delete": "uploads/{userGroupId}/files/{fileId}",
    "runs:get": "runs/{runId}",
    "runs:cancel": "runs/{runId}",
    "runs:delete": "runs/{runId}",
    "runs:download:file": "runs/{runId}/downloads/files/{fileId}",
    "runs:log": "runs/{runId}/log",
    "runs:notebook": "runs/{runId}/notebooks/{step}",
    "events": "events",
    "status": "status",
    "shutdown": "shutdown",
}

_PART = r"([A-Za-z0-9_.-]+)"

_ROUTES: tuple[tuple[str, type[ServiceHandler]], ...] = (
    (r"", ServiceDescriptorHandler),
    (r"/workflows", WorkflowsHandler),
    (rf"/workflows/{_PART}", WorkflowHandler),
    (rf"/workflows/{_PART}/leaderboard", LeaderboardHandler),
    (rf"/workflows/{_PART}/runs", WorkflowRunsHandler),
    (rf"/workflows/{_PART}/groups", WorkflowGroupsHandler),
    (r"/groups", GroupsHandler),
    (rf"/groups/{_PART}", GroupHandler),
    (rf"/groups/{_PART}/runs", GroupRunsHandler),
    (rf"/uploads/{_PART}/files", UploadsHandler),
    (rf"/uploads/{_PART}/files/{_PART}", UploadHandler),
    (rf"/runs/{_PART}", RunHandler),
    (rf"/runs/{_PART}/downloads/files/{_PART}", ResultFileHandler),
    (rf"/runs/{_PART}/log", RunLogHandler),
    (rf"/runs/{_PART}/notebooks/{_PART}", ExecutedNotebookHandler),
    (r"/events", EventsHandler),
    (r"/status", StatusHandler),
    (r"/shutdown", ShutdownHandler),
)


def application(context: Context, base: str) -> web.Application:
    """The service's web application; ``base`` is the path of the API."""
    arguments: dict[str, Any] = {"context": context}
    routes = [(rf"{base}{pattern}/?", handler, arguments) for pattern, handler in _ROUTES]
    return web.Application(
        routes,
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,
    )

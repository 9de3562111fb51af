"""The extension's own routes, thin; the URL table is at the end. docs/protocol.md has the shapes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado import web

from . import notebooks, submission
from .errors import Forbidden, InvalidInput
from .flows import get
from .handlers import RobHandler
from .models import JSON
from .preflight import check
from .proxy import ProxyHandler
from .remote import RemoteService, Session
from .targets import notebook_target

if TYPE_CHECKING:
    from .extension import RobExtension


class SessionHandler(RobHandler):
    """``rob/session``: which service this is and who one is there; log in and out. Starts the embedded service."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        remote = self.extension.upstream.remote
        if remote is not None:
            self._tell(await asyncio.to_thread(remote.session))
            return
        descriptor = await self.extension.upstream.run(get())
        self.extension.monitor.wake()
        known = {key: descriptor.get(key) for key in ("name", "version", "username")}
        more = {"role": descriptor.get("role") or "administrator", "additions": descriptor.get("additions") or []}
        self.answer({"kind": "embedded", "state": "ready", **known, "url": None, "registration": False, **more})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.json_object()
        username, password = body.get("username"), body.get("password")
        remember, register = body.get("remember", False), body.get("register", False)
        if not isinstance(username, str) or not isinstance(password, str) or not username or not password:
            raise InvalidInput("The request needs `username` and `password`.")
        if not isinstance(remember, bool) or not isinstance(register, bool):
            raise InvalidInput("`remember` and `register` must be true or false.")
        await self._change(partial(self._remote().login, username, password, remember, register))

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        await self._change(self._remote().logout)

    def _remote(self) -> RemoteService:
        remote = self.extension.upstream.remote
        if remote is None:
            raise InvalidInput("The ROB service runs on this machine for you alone: there is no log-in.")
        return remote

    async def _change(self, change: Callable[[], Session]) -> None:
        try:
            session = await asyncio.to_thread(change)
        finally:
            # Another user's: neither the token nor what was learned with it holds any more, not even if there is
            # a new one and only what came after it went wrong.
            self.extension.upstream.forget()
        self._tell(session)

    def _tell(self, session: Session) -> None:
        if session.is_ready:
            self.extension.monitor.wake()
        self.answer(session.to_dict())


class NotebookHandler(RobHandler):
    """Base of what takes ``{benchmark, notebook, arguments}``."""

    async def read_request(self, body: JSON) -> tuple[JSON, str, JSON, JSON]:
        """The benchmark's handle, the notebook's name, the notebook, the arguments.

        Raises:
            InvalidInput: A field of the body is malformed, or the notebook is none.
            NotFound: There is no such benchmark.
        """
        benchmark, arguments, given = body.get("benchmark"), body.get("arguments", {}), body.get("notebook")
        if not isinstance(benchmark, str) or not isinstance(arguments, dict) or not isinstance(given, dict):
            raise InvalidInput("The request needs `benchmark` (a name), `notebook` and `arguments` (objects).")
        name, content = await self._content(given)
        notebook = notebooks.validate(content, name)
        handle = await self.extension.upstream.run(submission.find_benchmark(benchmark))
        return handle, name, notebook, arguments

    async def _content(self, given: JSON) -> tuple[str, Any]:
        path, name = given.get("path"), given.get("name", "")
        if not isinstance(name, str):
            raise InvalidInput("`name` of the `notebook` must be the name of a file.")
        if "content" in given or not isinstance(path, str):
            return name or "notebook.ipynb", given.get("content")
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", "contents")):
            raise Forbidden("You are not authorized to read files here.")
        # A drive for real-time collaboration prefixes the path; the server knows it without.
        path = path.removeprefix("RTC:")
        contents: Any = self.contents_manager
        model = await ensure_async(contents.get(path, content=True, type="notebook"))
        return path.rsplit("/", 1)[-1], model["content"]


class CheckHandler(NotebookHandler):
    """``rob/check``: what would be refused."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        benchmark, _, notebook, arguments = await self.read_request(self.json_object())
        self.answer(await asyncio.to_thread(_examine, notebook, benchmark, arguments))


class ExportHandler(NotebookHandler):
    """``rob/export``: what would be uploaded."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        benchmark, name, notebook, arguments = await self.read_request(self.json_object())
        upload = await asyncio.to_thread(submission.prepare, benchmark, notebook, name, arguments)
        self.answer(upload.to_dict())


class SubmitHandler(NotebookHandler):
    """``rob/submit``: starts a run of a notebook."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.json_object()
        benchmark, name, notebook, arguments = await self.read_request(body)
        wanted = body.get("submission")
        if wanted is not None and not isinstance(wanted, str):
            raise InvalidInput("`submission` must be a name.")
        upload = await asyncio.to_thread(submission.prepare, benchmark, notebook, name, arguments)
        run = await self.extension.upstream.run(submission.start(benchmark, upload, arguments, wanted))
        self.extension.monitor.wake()
        self.answer({"run": run}, 201)


def _examine(notebook: JSON, benchmark: JSON, arguments: JSON) -> JSON:
    names = notebooks.parameter_names(notebook)
    return {
        "problems": [problem.to_dict() for problem in check(notebook, benchmark, arguments)],
        "sha256": notebooks.digest(notebook),
        "parameters": None if names is None else sorted(names),
        "format": _format(benchmark),
    }


def _format(benchmark: JSON) -> str:
    try:
        return notebook_target(benchmark).format
    except InvalidInput:
        # Which is among the problems.
        return "notebook"


def routes(extension: RobExtension) -> list[tuple[str, type[RobHandler], dict[str, Any]]]:
    """The URL table, relative to the server's base URL."""
    given = {"extension": extension}
    return [
        (r"/rob/api/v1/?(.*)", ProxyHandler, given),
        (r"/rob/session", SessionHandler, given),
        (r"/rob/check", CheckHandler, given),
        (r"/rob/export", ExportHandler, given),
        (r"/rob/submit", SubmitHandler, given),
    ]

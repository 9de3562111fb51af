"""The extension's own routes, thin; the URL table is at the end. docs/protocol.md has the shapes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado import web

from . import notebooks, submission
from .errors import Forbidden, InvalidInput
from .flows import get
from .handlers import RobHandler
from .models import JSON, Problem
from .preflight import check
from .proxy import ProxyHandler
from .remote import RemoteService, Session
from .splitting import Part, Source, divide

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


@dataclass(frozen=True)
class NotebookRequest:
    """What ``check``, ``export`` and ``submit`` are asked: the benchmark's handle, the main notebook, those of single
    parameters, and arguments."""

    benchmark: JSON
    main: Source | None
    own: Mapping[str, Source]
    arguments: JSON

    def divide(self) -> list[Part]:
        return divide(self.benchmark, self.main, self.own)

    def prepare(self) -> submission.Prepared:
        return submission.prepare(self.benchmark, self.divide(), self.arguments)


class NotebookHandler(RobHandler):
    """Base of what takes ``{benchmark, notebook?, notebooks?, arguments}``."""

    async def read_request(self, body: JSON) -> NotebookRequest:
        """What is asked, with the notebooks read.

        Raises:
            InvalidInput: A field of the body is malformed, or a notebook is none.
            NotFound: There is no such benchmark.
        """
        benchmark, arguments = body.get("benchmark"), body.get("arguments", {})
        main, own = body.get("notebook", {}), body.get("notebooks", {})
        given = [main, arguments, own, *(own.values() if isinstance(own, dict) else ())]
        has_one = "notebook" in body or bool(own)
        if not isinstance(benchmark, str) or not has_one or not all(isinstance(value, dict) for value in given):
            raise InvalidInput(
                "The request needs `benchmark` (a name), `notebook` and `arguments` (objects); or, in the place of "
                "`notebook` or beside it, `notebooks` (an object of such objects by parameter)."
            )
        source = await self._source(main, "notebook") if "notebook" in body else None
        sources = {name: await self._source(given, name) for name, given in own.items()}
        handle = await self.extension.upstream.run(submission.find_benchmark(benchmark))
        return NotebookRequest(handle, source, sources, arguments)

    async def _source(self, given: JSON, stem: str) -> Source:
        name, content = await self._content(given)
        name = name or f"{stem}.ipynb"
        return Source(name, notebooks.validate(content, name))

    async def _content(self, given: JSON) -> tuple[str, Any]:
        path, name = given.get("path"), given.get("name", "")
        if not isinstance(name, str):
            raise InvalidInput("`name` of a notebook must be the name of a file.")
        if "content" in given or not isinstance(path, str):
            return name, given.get("content")
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
        request = await self.read_request(self.json_object())
        self.answer(await asyncio.to_thread(_examine, request))


class ExportHandler(NotebookHandler):
    """``rob/export``: what would be uploaded."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        request = await self.read_request(self.json_object())
        prepared = await asyncio.to_thread(request.prepare)
        self.answer(prepared.to_dict())


class SubmitHandler(NotebookHandler):
    """``rob/submit``: starts a run of a notebook, or of several."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.json_object()
        request = await self.read_request(body)
        wanted = body.get("submission")
        if wanted is not None and not isinstance(wanted, str):
            raise InvalidInput("`submission` must be a name.")
        prepared = await asyncio.to_thread(request.prepare)
        flow = submission.start(request.benchmark, prepared, request.arguments, wanted)
        run = await self.extension.upstream.run(flow)
        self.extension.monitor.wake()
        self.answer({"run": run}, 201)


def _examine(request: NotebookRequest) -> JSON:
    parts: list[Part] = []
    try:
        parts = request.divide()
        problems = check(parts, request.benchmark, request.arguments)
    except InvalidInput as error:
        problems = [Problem("error", error.message)]
    return {
        "problems": [problem.to_dict() for problem in problems],
        "sha256": notebooks.digest(request.main.notebook) if request.main else None,
        "parameters": _parameter_names(request.main, parts),
        "format": parts[0].target.format if parts else "notebook",
        "parts": [part.to_dict() for part in parts],
    }


def _parameter_names(main: Source | None, parts: Sequence[Part]) -> list[str] | None:
    """The names in all `parameters` cells; None when one can't be told."""
    looked_at = [part.notebook for part in parts] or ([main.notebook] if main else [])
    found = [notebooks.parameter_names(notebook) for notebook in looked_at]
    return None if None in found else sorted({name for names in found for name in names or ()})


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

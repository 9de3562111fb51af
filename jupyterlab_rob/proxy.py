"""The proxy of ROB's REST API: allow-lists of routes, queries and headers, and bodies that are streamed both ways."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.iostream import StreamClosedError

from .deadline import within
from .errors import ServiceUnavailable
from .exchange import Exchange, ExchangeBroken
from .flows import Request, Response
from .handlers import RobHandler
from .upstream import REQUEST_TIMEOUT

# One segment of a path, decoded; "." and ".." are none.
_SEGMENT = r"(?!\.{1,2}(?:/|$))[^/\x00-\x1f]+"


@dataclass(frozen=True)
class Route:
    """A route of docs/protocol.md that passes; ``is_file``: what it answers was written by a run or an upload."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    is_file: bool = False

    @classmethod
    def of(cls, methods: str, path: str, is_file: bool = False) -> Route:
        return cls(frozenset(methods.split()), re.compile(path.replace("{}", _SEGMENT)), is_file)


ROUTES = (
    Route.of("GET", ""),
    Route.of("GET", "workflows"),
    Route.of("GET", "workflows/{}"),
    Route.of("GET", "workflows/{}/data", is_file=True),
    Route.of("GET", "workflows/{}/leaderboard"),
    Route.of("GET", "workflows/{}/runs"),
    Route.of("GET", "workflows/{}/versions"),
    Route.of("GET", "workflows/{}/downloads/archive", is_file=True),
    Route.of("GET", "workflows/{}/downloads/files/{}", is_file=True),
    Route.of("GET", "workflows/{}/postproc/log", is_file=True),
    Route.of("GET POST", "workflows/{}/groups"),
    Route.of("GET", "groups"),
    Route.of("GET PUT DELETE", "groups/{}"),
    Route.of("GET POST", "groups/{}/runs"),
    Route.of("GET POST", "uploads/{}/files"),
    Route.of("GET", "uploads/{}/files/{}", is_file=True),
    Route.of("DELETE", "uploads/{}/files/{}"),
    Route.of("GET PUT DELETE", "runs/{}"),
    Route.of("GET", "runs/{}/downloads/files/{}", is_file=True),
    Route.of("GET", "runs/{}/downloads/archive", is_file=True),
    Route.of("GET", "runs/{}/log", is_file=True),
    Route.of("GET", "runs/{}/coordinator-log", is_file=True),
    Route.of("GET", "runs/{}/notebooks/{}", is_file=True),
    Route.of("GET", "status"),
)

_QUERY = ("orderBy", "includeAll", "limit", "offset", "state", "version")
_REQUEST_HEADERS = ("Accept", "Accept-Language", "Content-Type", "Content-Length", "If-None-Match", "If-Range", "Range")
_RESPONSE_HEADERS = (
    "Accept-Ranges",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Retry-After",
)
_BODILESS = (204, 304)


def find_route(method: str, path: str) -> Route | None:
    """The route for a decoded path; None when there is none with this method."""
    return next((route for route in ROUTES if method in route.methods and route.pattern.fullmatch(path)), None)


class ProxyHandler(RobHandler):
    """``rob/api/v1/…``."""

    exchange: Exchange | None = None
    #: Whether the answer is put together for a service that knows the protocol only in part.
    is_adapted = False

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own APIHandler
        await super().prepare()
        if self.request.method == "OPTIONS":
            return
        method, path = str(self.request.method), self.path_args[0].strip("/")
        route = find_route(method, path)
        if route is None:
            raise web.HTTPError(404, f"There is no route {method} {path} here.")
        if route.is_file:
            # As for Jupyter's own files: another site must not make the browser fetch it.
            self.check_xsrf_cookie()
        self.route = route
        target = "/".join(quote(segment, safe="") for segment in path.split("/"))
        query = [(name, value) for name in _QUERY for value in self.get_query_arguments(name)]
        self.target = f"{target}?{urlencode(query)}" if query else target
        self.passed = {name: self.request.headers[name] for name in _REQUEST_HEADERS if name in self.request.headers}
        self.is_adapted = (await self.extension.upstream.link()).dialect.adapts(method, target)
        if method in ("POST", "PUT") and not self.is_adapted:
            if "Content-Length" not in self.passed and "Transfer-Encoding" not in self.request.headers:
                self.passed["Content-Length"] = "0"
            self.exchange = await self.extension.upstream.begin(method, self.target, self.passed)

    async def data_received(self, chunk: bytes) -> None:
        if self.is_adapted:
            await super().data_received(chunk)
        elif self.exchange:
            try:
                await within(REQUEST_TIMEOUT, self.exchange.write(chunk))
            except asyncio.TimeoutError:
                # The service takes no more. An exception here would end the connection without an answer.
                self.exchange.abandon()

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        if self.is_adapted:
            await self._adapt()
        else:
            await self._relay(await self.extension.upstream.send("GET", self.target, self.passed))

    @web.authenticated
    @authorized
    async def delete(self, path: str) -> None:
        if self.is_adapted:
            await self._adapt()
        else:
            await self._relay(await self.extension.upstream.send("DELETE", self.target, self.passed))

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        await self._relay_answer()

    @web.authenticated
    @authorized
    async def put(self, path: str) -> None:
        await self._relay_answer()

    def on_connection_close(self) -> None:
        # The reader went away: no need for the rest.
        if self.exchange:
            self.exchange.abandon()
        super().on_connection_close()

    def on_finish(self) -> None:
        # Also when a request was refused half way.
        if self.exchange:
            self.exchange.abandon()
        super().on_finish()

    async def _adapt(self) -> None:
        """The answer as the dialect makes it, of as many requests as it takes."""
        body = bytes(self.received) if str(self.request.method) in ("POST", "PUT") else None
        response = await self.extension.upstream.fetch(Request(str(self.request.method), self.target, body))
        if response.status < 400:
            self.extension.monitor.wake()
        self._tell(response)

    def _tell(self, response: Response) -> None:
        self.set_status(response.status)
        self.set_header("X-Content-Type-Options", "nosniff")
        if response.status in _BODILESS:
            self.finish()
        elif not self.path_args[0].strip("/") and response.status == 200:
            self.finish(self._rewritten(response.body))
        else:
            self.finish(response.body)

    async def _relay_answer(self) -> None:
        if self.is_adapted:
            await self._adapt()
            return
        exchange = self.exchange
        assert exchange is not None  # made in prepare
        exchange.end()
        await self._relay(exchange)

    async def _relay(self, exchange: Exchange) -> None:
        self.exchange = exchange
        try:
            status, headers = await self.extension.upstream.response(exchange)
        except ExchangeBroken as error:
            raise ServiceUnavailable("The ROB service went away in the middle of a request. Try again.") from error
        if status == 401:
            # The browser must not read this as the end of its own login.
            await self.extension.upstream.refused(exchange)
        if status >= 400 and self.extension.upstream.remote:
            response = await self.extension.upstream.refusal(exchange)
            # The body is another; the rest, when to ask again say, holds.
            self._pass(headers, ("Content-Length", "Content-Type"))
            self._tell(response)
            return
        self.set_status(status)
        self._pass(headers, [name for name in _RESPONSE_HEADERS if status in _BODILESS and name.startswith("Content-")])
        if not self.route.is_file or status >= 400:
            # Whatever the service calls it: a page of its own must not be one of the Jupyter server's.
            self.set_header("Content-Type", "application/json")
        self.set_header("X-Content-Type-Options", "nosniff")
        if self.route.is_file and status < 400:
            self._confine()
        if status < 400:
            self.extension.monitor.wake()
        if not self.path_args[0].strip("/") and status == 200:
            self.clear_header("Content-Length")
            self.finish(self._rewritten(await self.extension.upstream.body(exchange)))
            return
        await self._stream(exchange)

    def _pass(self, headers: Mapping[str, str], but: Collection[str]) -> None:
        for name in _RESPONSE_HEADERS:
            if name in headers and name not in but:
                self.set_header(name, headers[name])

    async def _stream(self, exchange: Exchange) -> None:
        content_type = self._headers.get("Content-Type", "application/json")
        try:
            while (chunk := await exchange.read(REQUEST_TIMEOUT)) is not None:
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            return
        except ExchangeBroken:
            if exchange.is_abandoned:
                return
            # An orderly end would make half a file look whole.
            self.log.warning("The ROB service went away in the middle of %s.", self.request.path)
            self.detach().close()
            return
        self.finish(set_content_type=content_type)

    def _rewritten(self, body: bytes) -> str:
        """The service's descriptor with the address under which the browser reaches it."""
        try:
            document: Any = json.loads(body)
            document["url"] = url_path_join(self.base_url, "rob/api/v1")
        except (ValueError, TypeError, RecursionError) as error:
            raise ServiceUnavailable("The ROB service's descriptor can't be read.") from error
        return json.dumps(document)

    def _confine(self) -> None:
        # HTML or SVG written by a run must not act as a page of the Jupyter server: it gets an origin of its own, as
        # with Jupyter's own files. Not APIHandler's policy, which is for JSON.
        policy = super(APIHandler, self).content_security_policy
        self.set_header("Content-Security-Policy", f"{policy}; sandbox allow-scripts")

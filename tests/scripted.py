"""A service in the test's own process that speaks as much of the protocol as a test gives it, faults included."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.testing import bind_unused_port

from jupyterlab_rob.connection import Connection, remove_connection, write_connection

Answer = Callable[[web.RequestHandler], Awaitable[None]]

TOKEN = "scripted-token"
DESCRIPTOR = {
    "name": "ROB",
    "version": "1",
    "url": "http://elsewhere/rob/api/v1",
    "username": "alice",
    "routes": [],
    "additions": ["events"],
}


class ScriptedService:
    """``answers`` maps ``"GET path"`` to a document, or to a coroutine that is handed the handler."""

    def __init__(self, data_dir: Path) -> None:
        self.answers: dict[str, Any] = {"GET ": DESCRIPTOR}
        self.requests: list[HTTPServerRequest] = []
        self.data_dir = data_dir
        self.token = TOKEN
        #: Whether it answers who has no token, or another.
        self.is_open = False
        self.server: HTTPServer | None = None
        self.connection: Connection | None = None

    async def start(self) -> None:
        socket, port = bind_unused_port()
        app = web.Application([(r"/rob/api/v1/?(.*)", _Handler, {"service": self})])
        self.server = HTTPServer(app, max_body_size=1 << 40)
        self.server.add_socket(socket)
        url = f"http://127.0.0.1:{port}/rob/api/v1"
        self.connection = Connection(url, self.token, os.getpid(), str(self.data_dir), "1")
        write_connection(self.connection)

    async def stop(self, keep_file: bool = False) -> None:
        """End; with ``keep_file`` as if killed."""
        if self.server and self.connection:
            self.server.stop()
            await self.server.close_all_connections()
            if not keep_file:
                remove_connection(self.connection)

    def renew_token(self) -> None:
        """As when another service has been started on the same port."""
        assert self.connection is not None
        self.token += "-new"
        self.connection = replace(self.connection, token=self.token)
        write_connection(self.connection)

    def paths(self) -> list[str]:
        """Method and URI below the base of all requests but probes."""
        return [
            line
            for r in self.requests
            if (line := f"{r.method} {str(r.uri)[len('/rob/api/v1') :].lstrip('/')}") != "GET "
        ]


@web.stream_request_body
class _Handler(web.RequestHandler):
    def initialize(self, service: ScriptedService) -> None:
        self.service = service
        self.size = 0
        self.body = b""
        self.gone = asyncio.Event()

    def on_connection_close(self) -> None:
        self.gone.set()

    def prepare(self) -> None:
        self.service.requests.append(self.request)
        token = self.request.headers.get("Authorization")
        if token != f"token {self.service.token}" and not self.service.is_open:
            raise web.HTTPError(401)

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size < 1_000_000:
            self.body += chunk

    async def _any(self, path: str) -> None:
        answer = self.service.answers.get(f"{self.request.method} {path}")
        if answer is None:
            self.set_status(404)
            self.finish({"message": f"no {path}"})
        elif callable(answer):
            await answer(self)
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps(answer))

    get = post = put = delete = _any

"""What all handlers of the service share: authentication, JSON in and out, errors, files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar
from urllib.parse import quote

from tornado import web
from tornado.iostream import StreamClosedError

from ... import strictjson
from ...errors import RobError, TooLarge, TooManyAttempts, Unauthenticated
from ...models import JSON
from ..identity import Identity
from ..store import Download

if TYPE_CHECKING:
    from ..context import Context

P = ParamSpec("P")
T = TypeVar("T")

#: Largest body that is no upload, in bytes.
MAX_JSON = 4 << 20

_CHUNK = 1 << 20


# A streamed body: without it, all of it would be read before anyone asks who sends it.
@web.stream_request_body
class ServiceHandler(web.RequestHandler):
    """Base of all handlers: nobody gets past ``prepare`` with a wrong token, or without one unless a route is public.

    A token is in a header, never in a cookie, and no answer allows another origin: no web page can use this service on
    behalf of its reader, wherever it listens.
    """

    #: The methods that need no token.
    public: ClassVar[frozenset[str]] = frozenset()

    context: Context
    #: Who asks; on a public route None without a token, and then there is no ``identity``.
    visitor: Identity | None
    identity: Identity
    log: Logger

    #: Whether the service is busy as long as a request is served; it is not while somebody merely listens.
    keeps_awake = True
    _is_counted = False

    def initialize(self, context: Context) -> None:
        self.context = context
        self.log = context.log
        self.received = bytearray()

    async def prepare(self) -> None:
        if self.keeps_awake:
            # First, since a client may leave while it is looked up.
            self._is_counted = True
            self.context.request_begins()
        self.visitor = await self.context.authenticator.authenticate(self.request.headers)
        if self.visitor is not None:
            self.identity = self.visitor
        elif self.request.method not in self.public:
            raise Unauthenticated("This needs a token. Log in.")
        limit = self.max_body()
        if int(self.request.headers.get("Content-Length") or 0) > limit:
            raise TooLarge(f"The request is larger than the {limit} bytes that are allowed here.")
        # Also ends a body that comes without a length.
        connection: Any = self.request.connection
        connection.set_max_body_size(limit)

    def max_body(self) -> int:
        """The largest body that is taken, in bytes."""
        return MAX_JSON

    async def data_received(self, chunk: bytes) -> None:
        self.received += chunk

    def on_finish(self) -> None:
        self._release()

    def on_connection_close(self) -> None:
        # A reader that left: there may be nothing to finish.
        self._release()

    def _release(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self.context.request_ends()

    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function of the store in a thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self.context.executor, lambda: function(*args, **kwargs)
        )

    def body(self) -> JSON:
        """The request's JSON object; an empty body is an empty object."""
        return strictjson.load_object(self.received) if self.received else {}

    def answer(self, document: JSON, status: int = 200) -> None:
        self.set_status(status)
        self.finish(json.dumps(document, allow_nan=False))

    async def send(self, download: Download) -> None:
        """Send a file in pieces; a reader that is slow makes the service wait, not grow."""
        text = download.mime_type.startswith("text/")
        self.set_header("Content-Type", download.mime_type + ("; charset=utf-8" if text else ""))
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(download.name, safe='')}")
        file = await self.call(_open, download.path)
        try:
            while chunk := await self.call(file.read, _CHUNK):
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            return
        finally:
            file.close()
        await self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, RobError):
            self.set_status(error.status)
            document = error.to_dict()
            if isinstance(error, TooManyAttempts) and error.retry_after is not None:
                self.set_header("Retry-After", str(error.retry_after))
        else:
            reason = getattr(error, "log_message", None) or self._reason
            document = {"message": "The ROB service failed; its log says why." if status_code >= 500 else reason}
        self.set_header("Content-Type", "application/json")
        # Who is refused before the body is read is cut off by tornado; a client must not send its next request there.
        self.set_header("Connection", "close")
        self.finish(json.dumps(document))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        # A user's mistake is an answer, not an incident.
        if not isinstance(value, RobError):
            super().log_exception(typ, value, tb)


class NotFoundHandler(ServiceHandler):
    """Whatever is no route."""

    async def prepare(self) -> None:
        await super().prepare()
        raise web.HTTPError(404, "There is no such route in ROB's API.")


def _open(path: Path) -> Any:
    return path.open("rb")

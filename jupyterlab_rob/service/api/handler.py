"""What all handlers of the service share: authentication, JSON in and out, errors, files."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from logging import Logger
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

from tornado import web
from tornado.iostream import StreamClosedError

from ... import strictjson
from ...errors import InvalidInput, RobError, TooLarge, TooManyAttempts, Unauthenticated
from ...models import JSON
from ..identity import Identity
from ..limits import readable
from ..store import Archive, Download
from .archives import tar_gz
from .downloads import attachment, open_file
from .linger import linger
from .ranges import Unsatisfiable, parse_range

if TYPE_CHECKING:
    from ..context import Context

P = ParamSpec("P")
T = TypeVar("T")

#: Largest body that is no upload, in bytes.
MAX_JSON = 4 << 20

_CHUNK = 1 << 18


# A streamed body: without it, all of it would be read before anyone asks who sends it.
@web.stream_request_body
class ServiceHandler(web.RequestHandler):
    """Base of all handlers: nobody gets past ``admit`` with a wrong token, or without one unless a route is public.

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
        self._body_size = 0

    # -- the request --

    async def prepare(self) -> None:
        # The limits of a body are told and kept here; tornado would cut the connection without a word.
        connection: Any = self.request.connection
        connection.set_max_body_size(sys.maxsize)
        try:
            await self.admit()
            if self._declared_size() > self.max_body():
                raise self.too_large()
        except (RobError, web.HTTPError) as error:
            if not self._is_sending():
                raise
            await self._refuse(error)

    async def admit(self) -> None:
        """Decide whether the request may go on, before any of its body is read; raises a RobError when not."""
        if self.keeps_awake:
            self._is_counted = True
            self.context.request_begins()
        hosts = self.context.hosts
        if hosts is not None and self.request.host_name.lower().strip("[]") not in hosts:
            # A name that somebody has made point here (DNS rebinding) would make a page of theirs ours.
            raise web.HTTPError(403, "The ROB service is not known by this name; see RobService.allowed_hosts.")
        self.visitor = await self.context.authenticator.authenticate(self.request.headers)
        if self.visitor is not None:
            self.identity = self.visitor
        elif self.request.method not in self.public:
            raise Unauthenticated("This needs a token. Log in.")

    def max_body(self) -> int:
        """The largest body that is taken, in bytes."""
        return MAX_JSON

    def too_large(self) -> TooLarge:
        """What a larger one is refused with."""
        return TooLarge(f"The request is larger than the {readable(self.max_body())} that are taken here.")

    async def data_received(self, chunk: bytes) -> None:
        self._body_size += len(chunk)
        try:
            if self._body_size > self.max_body():
                raise self.too_large()
            await self.take(chunk)
        except Exception as error:
            if not isinstance(error, RobError):
                self.log_exception(*sys.exc_info())
            await self._refuse(error)

    async def take(self, chunk: bytes) -> None:
        """The next part of the body; nothing more is read until this returns."""
        self.received += chunk

    def body(self) -> JSON:
        """The request's JSON object; an empty body is an empty object."""
        return strictjson.load_object(self.received) if self.received else {}

    def on_finish(self) -> None:
        self.release()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        # A client that left: there may be nothing to finish.
        self.release()

    def release(self) -> None:
        """The request has come to its end, whichever; may be called more than once."""
        if self._is_counted:
            self._is_counted = False
            self.context.request_ends()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function of the store in a thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self.context.executor, lambda: function(*args, **kwargs)
        )

    # -- the answer --

    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def answer(self, document: JSON, status: int = 200) -> None:
        self.set_status(status)
        self.finish(json.dumps(document, allow_nan=False))

    async def head(self, *path: str) -> None:
        # As GET; tornado leaves the body out.
        answered: Any = self.get(*path)
        if answered is not None:
            await answered

    async def send(self, download: Download) -> None:
        """Send a file, or the part that is asked for, in pieces; a reader that is slow makes the service wait, not
        grow."""
        content, size, etag, _ = await self.call(open_file, download)
        try:
            text = download.mime_type.startswith("text/")
            self.set_header("Content-Type", download.mime_type + ("; charset=utf-8" if text else ""))
            self.set_header("Content-Disposition", attachment(download.name))
            self.set_header("Accept-Ranges", "bytes")
            self.set_header("Etag", etag)
            if self.check_etag_header():
                self.set_status(304)
                return
            part = self._part(size, etag)
            if part is None:
                return
            begin, end = part
            self.set_header("Content-Length", str(end - begin))
            if begin == end or self.request.method == "HEAD":
                return
            await self.call(content.seek, begin)
            while begin < end:
                piece = await self.call(content.read, min(_CHUNK, end - begin))
                if not piece:
                    self.log.warning("'%s' became shorter while it was sent", download.name)
                    self.abort()
                    return
                begin += len(piece)
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            return
        finally:
            content.close()

    async def send_archive(self, archive: Archive) -> None:
        """Send files as one, which is made while it is sent; when it can't be made to its end the client sees that the
        answer is not complete."""
        self.set_header("Content-Type", "application/gzip")
        self.set_header("Content-Disposition", attachment(archive.name))
        if self.request.method == "HEAD":
            return
        pieces = tar_gz(archive)
        try:
            while piece := await self.call(next, pieces, b""):
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            return
        finally:
            await self.call(pieces.close)

    def compute_etag(self) -> str | None:
        # Files have one of their own; tornado's would be that of what was written last.
        return self._headers.get("Etag") if "Content-Disposition" in self._headers else super().compute_etag()

    def abort(self) -> None:
        """Cut the connection in the middle of an answer: its client must not take the part for the whole."""
        connection: Any = self.request.connection
        connection.stream.close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        self.finish(self._error_document(status_code, error))

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        if self._headers_written:
            # Too late for an answer; what is sent already must not look complete.
            self.abort()
            return
        super().send_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        # A user's mistake is an answer, not an incident.
        if not isinstance(value, RobError):
            super().log_exception(typ, value, tb)

    # -- within --

    def _declared_size(self) -> int:
        """The length of the body as the client says it, in bytes; 0 when it says nothing."""
        declared = self.request.headers.get("Content-Length", "0")
        if not (declared.isascii() and declared.isdecimal() and len(declared) <= 18):
            raise InvalidInput("The header Content-Length must be a number.")
        return int(declared)

    def _is_sending(self) -> bool:
        """Whether the client is about to send a body; who asked first, by ``Expect``, waits for the answer."""
        headers = self.request.headers
        return "Expect" not in headers and (
            "Transfer-Encoding" in headers or headers.get("Content-Length", "0") not in ("", "0")
        )

    async def _refuse(self, error: BaseException) -> None:
        """Answer, although the client is still sending."""
        self.clear()
        document = self._error_document(500, error)
        self.set_header("Content-Length", str(len(document.encode())))
        self.write(document)
        connection: Any = self.request.connection
        with contextlib.suppress(StreamClosedError):
            await self.flush()
            await linger(connection.stream)
        self.finish()

    def _error_document(self, status: int, error: BaseException | None) -> str:
        """The JSON that tells of an error; sets status and headers."""
        if isinstance(error, RobError):
            self.set_status(error.status)
            document = error.to_dict()
            if isinstance(error, TooManyAttempts) and error.retry_after is not None:
                self.set_header("Retry-After", str(error.retry_after))
        else:
            status = error.status_code if isinstance(error, web.HTTPError) else status
            self.set_status(status)
            reason = getattr(error, "log_message", None) or self._reason
            document = {"message": "The ROB service failed; its log says why." if status >= 500 else reason}
        self.set_header("Content-Type", "application/json")
        # Who is refused before the body is read is cut off; a client must not send its next request there.
        self.set_header("Connection", "close")
        return json.dumps(document)

    def _part(self, size: int, etag: str) -> tuple[int, int] | None:
        """Begin and end (exclusive) of what is to be sent, with the status and headers of a part; None when there is no
        such part, which is answered then."""
        wanted = self.request.headers.get("Range")
        if wanted is None or self.request.headers.get("If-Range", etag) != etag:
            return 0, size
        try:
            part = parse_range(wanted, size)
        except Unsatisfiable:
            self.clear()
            self.set_header("Content-Range", f"bytes */{size}")
            self.answer({"message": f"There is no such part: the file has {size} bytes."}, 416)
            return None
        if part is None:
            return 0, size
        begin, end = part
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        return part


class NotFoundHandler(ServiceHandler):
    """Whatever is no route."""

    async def admit(self) -> None:
        await super().admit()
        raise web.HTTPError(404, "There is no such route in ROB's API.")

"""One HTTP exchange with a ROB service, its bodies streamed both ways.

Made of tornado's own connection rather than of its ``AsyncHTTPClient``: that one can't abandon a request, so a
download whose reader went away, or an event stream at shutdown, would go on. Here nothing is read ahead of who asks
for it, and ``close`` ends the exchange wherever it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from urllib.parse import urlsplit

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient
from tornado.util import TimeoutError as TornadoTimeoutError

from . import tls
from .deadline import within

#: Seconds to wait for a connection.
CONNECT_TIMEOUT = 10.0

_PARAMETERS = HTTP1ConnectionParameters(no_keep_alive=True, max_body_size=sys.maxsize, chunk_size=1 << 16)


class ConnectFailed(OSError):
    """Nobody listens there: nothing was sent."""


class ExchangeBroken(OSError):
    """The other side went away in the middle."""


class Exchange(HTTPMessageDelegate):
    """Made by :meth:`open`; then ``write`` and ``end``, ``response``, ``read`` until None, and always ``close``."""

    def __init__(self, stream: IOStream) -> None:
        self._stream = stream
        self._connection = HTTP1Connection(stream, is_client=True, params=_PARAMETERS)
        self._started: asyncio.Future[tuple[int, HTTPHeaders]] = asyncio.get_running_loop().create_future()
        # One chunk waits for the reader, the rest stays with the service.
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._complete = False
        self.is_abandoned = False
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, method: str, url: str, headers: Mapping[str, str]) -> Exchange:
        """Connect and send the request's head; the body, if any, is for ``write``.

        Raises:
            ConnectFailed: There is no connection; nothing was sent.
        """
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            stream = await TCPClient().connect(
                parts.hostname or "",
                port,
                ssl_options=tls.context() if parts.scheme == "https" else None,
                timeout=timedelta(seconds=CONNECT_TIMEOUT),
            )
        except (OSError, TornadoTimeoutError, asyncio.TimeoutError) as error:
            raise ConnectFailed(f"{parts.netloc}: {error}") from error
        exchange = cls(stream)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        head = HTTPHeaders({**headers, "Host": parts.netloc, "Connection": "close"})
        # What goes wrong here shows in the response.
        exchange._ignore_exception(
            exchange._connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), head)
        )
        exchange._reading = asyncio.create_task(exchange._read_response())
        return exchange

    async def write(self, chunk: bytes) -> None:
        """Send a part of the body; returns when there is room for the next."""
        if self._started.done():
            return  # The service has decided already, and does not want the rest.
        try:
            await self._connection.write(chunk)
        except (OSError, StreamClosedError):
            # If it was refused, the answer says why.
            return

    def end(self) -> None:
        """The request is complete."""
        if not self._stream.closed() and not self._started.done():
            self._connection.finish()

    async def response(self) -> tuple[int, HTTPHeaders]:
        """Status and headers.

        Raises:
            ExchangeBroken: There was no answer.
        """
        return await asyncio.shield(self._started)

    async def read(self, timeout: float | None = None) -> bytes | None:
        """The next part of the answer's body; None at its end.

        Raises:
            ExchangeBroken: The body is not complete, or nothing came for ``timeout`` seconds.
        """
        try:
            chunk = await within(timeout, self._chunks.get())
        except asyncio.TimeoutError as error:
            raise ExchangeBroken(f"nothing was received for {timeout:g} s") from error
        if chunk is None and not self._complete:
            raise ExchangeBroken("the connection was closed in the middle of an answer")
        return chunk

    def abandon(self) -> None:
        """End the exchange, complete or not; a reader that waits is told that it is broken."""
        self.is_abandoned = True
        self._stream.close()
        self._drain()

    async def close(self) -> None:
        """End the exchange, complete or not, and wait until nothing of it is left."""
        self.abandon()
        if self._reading:
            await self._reading

    async def __aenter__(self) -> Exchange:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    # -- what tornado's connection calls --

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        # An informational answer comes before the real one.
        if isinstance(start_line, ResponseStartLine) and start_line.code >= 200 and not self._started.done():
            self._started.set_result((start_line.code, headers))

    async def data_received(self, chunk: bytes) -> None:
        # A coroutine: the connection reads on when it is done.
        if not self.is_abandoned:
            await self._chunks.put(chunk)

    def finish(self) -> None:
        self._complete = True

    async def _read_response(self) -> None:
        try:
            # What a broken connection says here, `response` and `read` say to those who ask.
            with contextlib.suppress(StreamClosedError):
                await self._connection.read_response(self)
        finally:
            if not self._started.done():
                self._started.set_exception(ExchangeBroken("the connection was closed before an answer"))
                self._ignore_exception(self._started)
            self._stream.close()
            if self.is_abandoned:
                self._drain()
            await self._chunks.put(None)

    def _drain(self) -> None:
        while not self._chunks.empty():
            self._chunks.get_nowait()

    @staticmethod
    def _ignore_exception(
        future: asyncio.Future[object] | asyncio.Future[tuple[int, HTTPHeaders]] | asyncio.Future[None],
    ) -> None:
        """Whoever does not ask for an exception need not be told that it was never retrieved."""
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

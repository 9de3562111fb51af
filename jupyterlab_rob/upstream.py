"""The extension's async client of a ROB service: finds or starts it, adds the token, retries where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from tornado.httputil import HTTPHeaders

from . import embedded
from .connection import Connection
from .deadline import within
from .errors import ServiceUnavailable
from .exchange import ConnectFailed, Exchange, ExchangeBroken
from .submission import Flow, Request, Response

T = TypeVar("T")

#: Seconds that the service may take for an answer that is not streamed.
REQUEST_TIMEOUT = 120.0

_UNREACHABLE = "The ROB service can't be reached. Try again; if it stays so, see its log in the data folder."


class Upstream:
    """The embedded service of one data folder.

    Args:
        data_dir: The service's data folder.
        start_timeout: Seconds that the service may take to start.
    """

    def __init__(self, data_dir: Path, start_timeout: float = embedded.START_TIMEOUT) -> None:
        self.data_dir = data_dir
        self.start_timeout = start_timeout
        self._connection: Connection | None = None
        self._starting = asyncio.Lock()

    async def find(self) -> Connection | None:
        """The running service, without starting one."""
        return await asyncio.to_thread(embedded.find, self.data_dir)

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow of ``submission.py`` to its result."""
        try:
            request = next(flow)
            while True:
                request = flow.send(await self.fetch(request))
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def fetch(self, request: Request) -> Response:
        """The whole answer to ``request``.

        Raises:
            ServiceUnavailable: The service can't be started or reached, or does not answer in time.
        """
        try:
            return await within(REQUEST_TIMEOUT + self.start_timeout, self._fetch(request))
        except asyncio.TimeoutError as error:
            raise ServiceUnavailable(f"The ROB service did not answer within {REQUEST_TIMEOUT:g} s.") from error

    async def begin(self, method: str, path: str, headers: Mapping[str, str]) -> Exchange:
        """An exchange whose request body the caller writes; ``path`` is relative to the API's base.

        Raises:
            ServiceUnavailable: The service can't be started or reached.
        """
        for _ in range(2):
            connection = await self._ensure()
            try:
                return await listen(connection, method, path, headers)
            except ConnectFailed:
                # Nothing was sent. The service may have ended, being idle: start it again, once.
                self.forget()
        raise ServiceUnavailable(_UNREACHABLE)

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Exchange:
        """An exchange whose answer has begun; never with the status 401.

        Raises:
            ServiceUnavailable: The service can't be started or reached, or does not answer in time.
        """
        length = {"Content-Length": str(len(body))} if body is not None else {}
        for is_last in (False, True):
            exchange = await self.begin(method, path, {**headers, **length})
            try:
                if body:
                    await exchange.write(body)
                exchange.end()
                status, _ = await self.response(exchange)
                if status != 401:
                    return exchange
                # Another service, with another token, listens where the one that is known did: nothing was done.
                may_repeat = True
            except ExchangeBroken:
                # Something may have been done.
                may_repeat = method == "GET"
            except BaseException:
                await exchange.close()
                raise
            await exchange.close()
            self.forget()
            if is_last or not may_repeat:
                break
        raise ServiceUnavailable(_UNREACHABLE)

    async def response(self, exchange: Exchange) -> tuple[int, HTTPHeaders]:
        """Status and headers of an answer.

        Raises:
            ExchangeBroken: There was none.
            ServiceUnavailable: It did not come in time.
        """
        try:
            return await within(REQUEST_TIMEOUT, exchange.response())
        except asyncio.TimeoutError as error:
            raise ServiceUnavailable(f"The ROB service did not answer within {REQUEST_TIMEOUT:g} s.") from error

    def forget(self) -> None:
        """Look for the service anew before the next request."""
        self._connection = None

    async def _fetch(self, request: Request) -> Response:
        headers = {"Content-Type": request.content_type} if request.body is not None else {}
        async with await self.send(request.method, request.path, headers, request.body) as exchange:
            status, _ = await exchange.response()
            chunks = []
            try:
                while (chunk := await exchange.read()) is not None:
                    chunks.append(chunk)
            except ExchangeBroken as error:
                raise ServiceUnavailable(_UNREACHABLE) from error
        return Response(status, b"".join(chunks))

    async def _ensure(self) -> Connection:
        # Many requests at once start one service, and wait for it together.
        async with self._starting:
            if self._connection is None:
                self._connection = await asyncio.to_thread(embedded.ensure, self.data_dir, self.start_timeout)
            return self._connection


async def listen(connection: Connection, method: str, path: str, headers: Mapping[str, str]) -> Exchange:
    """An exchange with the service at ``connection``, which is not started if it does not run.

    Raises:
        ConnectFailed: It does not listen there; nothing was sent.
    """
    url = f"{connection.url}/{path}".rstrip("/")
    # In the header, never in the URL: URLs end up in logs.
    return await Exchange.open(method, url, {**headers, "Authorization": f"token {connection.token}"})

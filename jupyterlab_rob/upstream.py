"""The extension's async client of a ROB service: finds or starts it, adds the token, retries where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from tornado.httputil import HTTPHeaders

from . import embedded
from .connection import read_connection
from .deadline import within
from .dialects import Classic
from .errors import LoginRequired, RobError, ServiceUnavailable
from .exchange import ConnectFailed, Exchange, ExchangeBroken
from .flows import Flow, Request, Response
from .link import Link
from .models import JSON
from .remote import MAX_ANSWER, RemoteService, is_redirect, redirected, too_large

T = TypeVar("T")

#: Seconds that the service may take for an answer that is not streamed.
REQUEST_TIMEOUT = 120.0

# Requests of one flow that are made at once.
_AT_ONCE = 6


class Upstream:
    """The service that the extension talks to: the embedded one of a data folder, or one at a URL.

    Args:
        data_dir: The embedded service's data folder.
        start_timeout: Seconds that the embedded service may take to start.
        remote: The service at a URL, instead.
        notice: Called with the handles of runs that come by, if nobody else tells of their changes.
    """

    def __init__(
        self,
        data_dir: Path,
        start_timeout: float = embedded.START_TIMEOUT,
        remote: RemoteService | None = None,
        notice: Callable[[JSON], None] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.start_timeout = start_timeout
        self.remote = remote
        self.notice = notice
        self._link: Link | None = None
        # Whose token an exchange carries: meanwhile there may be another.
        self._used: WeakKeyDictionary[Exchange, Link] = WeakKeyDictionary()
        self._starting = asyncio.Lock()

    async def find(self) -> Link | None:
        """The service if it runs and takes our token, without starting one.

        Raises:
            ServiceUnavailable: The service at a URL can't be reached.
        """
        if self.remote is not None:
            try:
                return await self.link()
            except LoginRequired:
                return None
        connection = await asyncio.to_thread(embedded.find, self.data_dir)
        return Link.to_embedded(connection) if connection else None

    async def revive(self) -> bool:
        """Start the embedded service again if it was killed; whether it runs now.

        One that was stopped, or has ended by itself, has removed its connection file, and is left alone.

        Raises:
            ServiceUnavailable: It can't be started.
        """
        if self.remote is not None or await asyncio.to_thread(read_connection, self.data_dir) is None:
            return False
        self.forget()
        await self.link()
        return True

    async def link(self) -> Link:
        """The service, started if need be.

        Raises:
            LoginRequired: There is no token for the service at a URL.
            ServiceUnavailable: The service can't be started or reached.
        """
        # Many requests at once start one service, and wait for it together.
        async with self._starting:
            if self._link is None:
                self._link = await asyncio.to_thread(self._reach)
                if isinstance(self._link.dialect, Classic) and self.notice:
                    self._link.dialect.notice = self.notice
            return self._link

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its result."""
        return await _drive(flow, self.fetch)

    async def run_at(self, link: Link, flow: Flow[T]) -> T:
        """Drive a flow that only asks, at a service that was found; none is started should that one be gone.

        Raises:
            ConnectFailed: It has gone.
            ExchangeBroken: It has gone in the middle of an answer.
            ServiceUnavailable: It does not answer in time.
        """

        async def fetch(request: Request) -> Response:
            async with await listen(link, request.method, request.path, {}) as exchange:
                exchange.end()
                status, _ = await self.response(exchange)
                return Response(status, await self.body(exchange))

        return await _drive(flow, fetch)

    async def fetch(self, request: Request) -> Response:
        """The whole answer to ``request``, in the protocol's shapes.

        Raises:
            LoginRequired: The service does not know the token any more.
            ServiceUnavailable: The service can't be started or reached, or does not answer in time.
        """
        for _ in range(2):
            link = await self.link()
            try:
                return await _drive(link.dialect.answer(request), self._fetch)
            except LoginRequired:
                # What was refused was not done. There may be another token meanwhile.
                self.refuse(link)
        raise self.login_required()

    async def begin(self, method: str, path: str, headers: Mapping[str, str]) -> Exchange:
        """An exchange whose request body the caller writes; ``path`` is relative to the API's base.

        Raises:
            LoginRequired: There is no token.
            ServiceUnavailable: The service can't be started or reached.
        """
        for _ in range(2):
            link = await self.link()
            try:
                exchange = await listen(link, method, path, headers)
                self._used[exchange] = link
                return exchange
            except ConnectFailed:
                # Nothing was sent. The service may have ended, being idle: start it again, once.
                self.forget()
        raise self.unreachable()

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Exchange:
        """An exchange whose answer has begun; never with the status 401.

        Raises:
            LoginRequired: The service does not know the token any more.
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
                status = 0
            except BaseException:
                await exchange.close()
                raise
            await exchange.close()
            self.refuse(self._used[exchange]) if status == 401 else self.forget()
            if is_last or not may_repeat:
                break
        if status == 401 and self.remote:
            raise self.login_required()
        raise self.unreachable()

    async def response(self, exchange: Exchange) -> tuple[int, HTTPHeaders]:
        """Status and headers of an answer.

        Raises:
            ExchangeBroken: There was none.
            ServiceUnavailable: It did not come in time, or leads elsewhere.
        """
        try:
            status, headers = await within(REQUEST_TIMEOUT, exchange.response())
        except asyncio.TimeoutError as error:
            raise self._slow() from error
        if is_redirect(status):
            raise redirected(status)
        return status, headers

    async def body(self, exchange: Exchange) -> bytes:
        """All of an answer's body.

        Raises:
            ServiceUnavailable: It is not complete, or too large.
        """
        chunks, size = [], 0
        try:
            while (chunk := await exchange.read(REQUEST_TIMEOUT)) is not None:
                chunks.append(chunk)
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise too_large()
        except ExchangeBroken as error:
            raise self.unreachable() from error
        return b"".join(chunks)

    async def refusal(self, exchange: Exchange) -> Response:
        """The whole of an error that was meant to be streamed, in our words.

        Raises:
            LoginRequired: It is the token that was refused.
        """
        status, _ = await exchange.response()
        response = Response(status, await self.body(exchange))
        link = self._used[exchange]
        if isinstance(link.dialect, Classic):
            try:
                return await _drive(link.dialect.corrected(response), self._fetch)
            except LoginRequired:
                self.refuse(link)
                raise
        return response

    async def refused(self, exchange: Exchange) -> None:
        """An answer with the status 401 was to be streamed.

        Raises:
            LoginRequired: The service at a URL does not know the token.
            ServiceUnavailable: There is another token; what was asked can be asked again.
        """
        self.refuse(self._used[exchange])
        if self.remote:
            # Raises when there is no other.
            await self.link()
        raise ServiceUnavailable("The ROB service has been started anew, or has a new log-in. Try again.")

    def forget(self) -> None:
        """Look for the service anew before the next request."""
        self._link = None
        if self.remote:
            self.remote.relocate()

    def refuse(self, link: Link) -> None:
        """The service does not take the token of ``link``."""
        if self.remote:
            self.remote.refuse(link.url, link.headers)
        if self._link == link:
            self._link = None

    def login_required(self) -> RobError:
        """What to say when the token is not taken."""
        assert self.remote is not None
        return self.remote.login_required("You are not logged in any more")

    def unreachable(self) -> ServiceUnavailable:
        """What to say when the service has gone."""
        if self.remote:
            return self.remote.unreachable("the connection broke")
        return ServiceUnavailable(
            "The ROB service can't be reached. Try again; if it stays so, see its log in the data folder."
        )

    async def _fetch(self, request: Request) -> Response:
        """The answer as the service gives it."""
        try:
            return await within(REQUEST_TIMEOUT + self.start_timeout, self._fetch_whole(request))
        except asyncio.TimeoutError as error:
            raise self._slow() from error

    async def _fetch_whole(self, request: Request) -> Response:
        headers = {"Content-Type": request.content_type} if request.body is not None else {}
        async with await self.send(request.method, request.path, headers, request.body) as exchange:
            status, _ = await exchange.response()
            return Response(status, await self.body(exchange))

    def _slow(self) -> ServiceUnavailable:
        return ServiceUnavailable(f"The ROB service did not answer within {REQUEST_TIMEOUT:g} s.")

    def _reach(self) -> Link:
        if self.remote:
            return Link.to_remote(self.remote)
        return Link.to_embedded(embedded.ensure(self.data_dir, self.start_timeout))


async def listen(link: Link, method: str, path: str, headers: Mapping[str, str]) -> Exchange:
    """An exchange with the service at ``link``, which is not started if it does not run.

    Raises:
        ConnectFailed: It does not listen there; nothing was sent.
    """
    # The token is in a header, never in the URL: URLs end up in logs.
    return await Exchange.open(method, link.address(path), {**headers, **link.headers})


async def _drive(flow: Flow[T], fetch: Callable[[Request], Any]) -> T:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def take(request: Request) -> Response:
        async with slots:
            response: Response = await fetch(request)
            return response

    proceed: Callable[[], Any] = partial(flow.send, None)
    try:
        while True:
            wanted = proceed()
            try:
                answer = await _gather(map(take, wanted)) if isinstance(wanted, tuple) else await fetch(wanted)
                proceed = partial(flow.send, answer)
            except RobError as error:
                proceed = partial(flow.throw, error)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _gather(requests: Any) -> list[Response]:
    tasks = [asyncio.ensure_future(request) for request in requests]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        # When one fails or we are canceled, nobody waits for the others.
        for task in tasks:
            task.cancel()

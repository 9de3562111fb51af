"""The synchronous client of a ROB service, with requests: the counterpart of ``upstream.py``."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from . import embedded, tls
from .dialects import Classic
from .errors import LoginRequired, RobError, ServiceUnavailable
from .flows import Flow, Request, Response
from .link import Link
from .models import JSON
from .remote import MAX_ANSWER, RemoteService, is_redirect, redirected, too_large
from .sse import EventParser

T = TypeVar("T")

#: Seconds for a connection, and for an answer.
CONNECT_TIMEOUT, TIMEOUT = 10.0, 120.0

# Seconds without a sign of life after which a stream of events counts as dead: the service sends one every 15 s.
_SILENCE = 45.0
_CHUNK = 1 << 16
# Seconds for a last look when the time is over.
_LEAST = 0.5


@dataclass(frozen=True)
class Stream:
    """An answer whose body comes in pieces, however large it is."""

    status: int
    headers: Mapping[str, str]
    _pieces: Iterator[bytes]

    def pieces(self) -> Iterator[bytes]:
        """The body, once.

        Raises:
            ServiceUnavailable: It broke off.
        """
        try:
            yield from self._pieces
        except requests.RequestException as error:
            raise ServiceUnavailable("The ROB service went away in the middle of an answer. Try again.") from error


class Transport:
    """Drives flows; the embedded service is started on the first request.

    Args:
        data_dir: The embedded service's data folder.
        start_timeout: Seconds that the embedded service may take to start.
        remote: The service at a URL, instead.
    """

    def __init__(self, data_dir: Path | None, start_timeout: float, remote: RemoteService | None = None) -> None:
        self.data_dir = data_dir
        self.start_timeout = start_timeout
        self.remote = remote
        self._link: Link | None = None
        self._session = requests.Session()
        # Neither a proxy nor a .netrc is for a service on loopback; the latter would even replace the token.
        self._session.trust_env = False
        # A small answer must not become a large one here.
        self._session.headers["Accept-Encoding"] = "identity"
        # As tls.context has it.
        self._session.verify = os.environ.get("SSL_CERT_FILE") or True

    def link(self) -> Link:
        """The service, started if need be.

        Raises:
            LoginRequired: There is no token for the service at a URL.
            ServiceUnavailable: The service can't be started or reached.
        """
        if self._link is None:
            if self.remote:
                self._link = Link.to_remote(self.remote)
            else:
                self._link = Link.to_embedded(embedded.ensure(self.data_dir, self.start_timeout))
        return self._link

    def run(self, flow: Flow[T], seconds: float = TIMEOUT) -> T:
        """Drive a flow to its result; ``seconds`` are for each answer."""
        return _drive(flow, lambda request: self.fetch(request, seconds))

    def fetch(self, request: Request, seconds: float = TIMEOUT) -> Response:
        """The answer to one request in the protocol's shapes, whatever its status.

        Raises:
            LoginRequired: The service at a URL does not know the token.
            ServiceUnavailable: The service can't be started or reached, or does not answer within ``seconds``.
        """
        for _ in range(2):
            link = self.link()
            try:
                return _drive(link.dialect.answer(request), lambda single: self._fetch(single, seconds))
            except LoginRequired:
                # What was refused was not done. There may be another token, that of an earlier log-in say.
                if self.remote:
                    self.remote.refuse(link.url, link.headers)
                self._link = None
        assert self.remote is not None
        raise self.remote.login_required("You are not logged in any more")

    @contextlib.contextmanager
    def open(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Stream]:
        """The answer to a GET that was not refused, streamed; one with the status 416 (no such part) is not, either.

        Raises:
            RobError: The service refused; the kind goes by the status.
            ServiceUnavailable: The service can't be started or reached.
        """
        if self.link().dialect.adapts("GET", path):
            response = self.fetch(Request("GET", path))
            response.require_good()
            yield Stream(response.status, {}, iter([response.body]))
            return
        with contextlib.closing(self._open(path, headers or {})) as answer:
            if is_redirect(answer.status_code):
                raise redirected(answer.status_code)
            if answer.status_code >= 400 and answer.status_code != 416:
                self._corrected(answer).require_good()
            yield Stream(answer.status_code, answer.headers, answer.iter_content(_CHUNK))

    def events(self, deadline: float) -> Iterator[JSON | None]:
        """Run events (docs/protocol.md) of the service as they come; None where some may have been missed.

        The first is None: from now on none is. Ends when the stream does or has been silent for too long, at
        ``deadline`` on the monotonic clock, and at once when the service has no events.
        """
        link = self.link()
        if not link.dialect.has_events:
            return
        address = urlsplit(link.address("events"))
        host, timeout = address.hostname or "", within(deadline, CONNECT_TIMEOUT)
        # Not with requests: there, a stream's timeout is the same for all its parts, and here the time runs out.
        http = (
            HTTPSConnection(host, address.port, timeout=timeout, context=tls.context())
            if address.scheme == "https"
            else HTTPConnection(host, address.port, timeout=timeout)
        )
        parser = EventParser()
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(http):
            http.connect()
            socket = http.sock
            http.request("GET", address.path, headers=dict(link.headers))
            with http.getresponse() as stream:
                if stream.status != 200:
                    return
                yield None
                while time.monotonic() < deadline:
                    socket.settimeout(within(deadline, _SILENCE))
                    chunk = stream.read1(_CHUNK)
                    if not chunk:
                        return
                    yield from parser.feed(chunk)

    def _open(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        for is_last in (False, True):
            link = self.link()
            try:
                answer = self._session.get(
                    link.address(path),
                    headers={**link.headers, **headers},
                    timeout=(CONNECT_TIMEOUT, TIMEOUT),
                    allow_redirects=False,
                    stream=True,
                )
            except requests.RequestException as error:
                # As in _fetch: the service may have ended, or have another token.
                self._link = None
                if is_last:
                    raise self._unreachable(error) from error
                continue
            if answer.status_code != 401:
                break
            self._link = None
            if self.remote:
                self.remote.refuse(link.url, link.headers)
                if is_last:
                    answer.close()
                    raise self.remote.login_required("You are not logged in any more")
            if not is_last:
                answer.close()
        return answer

    def _corrected(self, answer: requests.Response) -> Response:
        """A refusal, in our words."""
        body = next(answer.iter_content(MAX_ANSWER), b"")
        response, dialect = Response(answer.status_code, body), self.link().dialect
        if isinstance(dialect, Classic):
            return _drive(dialect.corrected(response), lambda single: self._fetch(single, TIMEOUT))
        return response

    def _fetch(self, request: Request, seconds: float) -> Response:
        """The answer as the service gives it."""
        link = self.link()
        try:
            response = self._send(link, request, seconds)
            if response.status != 401:
                return response
            # Another service, with another token, listens where the one that is known did: nothing was done.
            if self.remote:
                self.remote.refuse(link.url, link.headers)
        except requests.RequestException as error:
            # The service may have ended, being idle. Start it again if nothing was done twice by that.
            if request.method != "GET" and not _was_refused(error):
                raise ServiceUnavailable("The ROB service went away in the middle of a request. Try again.") from error
        self._link = None
        try:
            response = self._send(self.link(), request, seconds)
        except requests.RequestException as error:
            raise self._unreachable(error) from error
        if response.status == 401 and self.remote:
            raise self.remote.login_required("You are not logged in any more")
        return response

    def _send(self, link: Link, request: Request, seconds: float) -> Response:
        headers = dict(link.headers)
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        body = bytearray()
        try:
            with self._session.request(
                request.method,
                link.address(request.path),
                data=request.body,
                headers=headers,
                timeout=(min(CONNECT_TIMEOUT, seconds), seconds),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if is_redirect(answer.status_code):
                    raise redirected(answer.status_code)
                for chunk in answer.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise too_large()
        except requests.Timeout as error:
            raise ServiceUnavailable(f"The ROB service did not answer within {seconds:g} s.") from error
        return Response(answer.status_code, bytes(body))

    def _unreachable(self, error: Exception) -> RobError:
        if self.remote:
            return self.remote.unreachable("the connection broke")
        return ServiceUnavailable("The ROB service can't be reached. Try again.")


def _drive(flow: Flow[T], fetch: Callable[[Request], Response]) -> T:
    proceed: Callable[[], Any] = partial(flow.send, None)
    try:
        while True:
            wanted = proceed()
            try:
                answer = list(map(fetch, wanted)) if isinstance(wanted, tuple) else fetch(wanted)
                proceed = partial(flow.send, answer)
            except RobError as error:
                proceed = partial(flow.throw, error)
    except StopIteration as stop:
        result: T = stop.value
        return result


def within(deadline: float, seconds: float) -> float:
    """So many seconds, or as many as are left; enough for one answer of a service that is well."""
    return max(min(deadline - time.monotonic(), seconds), _LEAST)


def _was_refused(error: requests.RequestException) -> bool:
    """Whether there was no connection, so that nothing can have been done."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)

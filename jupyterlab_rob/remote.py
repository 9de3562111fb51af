"""A service at a URL: find its API, log in and out, ask who one is.

Synchronous, as ``embedded.py``: the command line calls it directly, the extension in an executor. What the URL leads
to is told by the descriptor that a ROB service answers there.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shlex
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from . import dialects, tls
from .connection import default_data_dir, read_connection
from .credentials import VARIABLE as TOKEN_VARIABLE
from .credentials import Credentials, is_token
from .dialects import Dialect
from .errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LoginRequired,
    ServiceUnavailable,
    TooManyAttempts,
)
from .flows import Request, Response
from .models import JSON

#: Environment variable with the URL of the service.
VARIABLE = "ROB_URL"
#: Seconds for an answer.
TIMEOUT = 20.0
#: Bytes of an answer that is kept in memory as a whole. A leaderboard of 50 000 rows comes by pages, or is streamed
#: through the proxy, as files are; who sends more than this wants our memory.
MAX_ANSWER = 16 * 1024 * 1024

_API = "/rob/api/v1"
_MAX_DESCRIPTION = 4 * 1024 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        # A token must not travel to where somebody else points.
        return None


def configured_url(url: str | None = None) -> str | None:
    """``url``, else ``$ROB_URL``, without a slash at its end; None when neither is given.

    Raises:
        InvalidInput: It is no http(s) URL, or holds what does not belong there.
    """
    url = (url or os.environ.get(VARIABLE) or "").strip()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput(f"The URL of the ROB service is malformed: {error}.") from error
    if parts.username or parts.password:
        # Not shown: it is a secret.
        raise InvalidInput("The URL of the ROB service must not hold a user name or password. Log in instead.")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidInput(
            f"The URL of the ROB service must begin with http:// or https:// and name a host, not be {url}."
        )
    if parts.query or parts.fragment or any(c.isspace() or not c.isprintable() for c in url):
        raise InvalidInput(f"The URL of the ROB service is its API's base, as https://host{_API}, not {url}.")
    return url.rstrip("/")


@dataclass(frozen=True)
class Session:
    """What a service told about itself and who asks: its descriptor, and whether the token is known to it."""

    dialect: Dialect
    url: str
    descriptor: JSON
    is_ready: bool

    def to_dict(self) -> JSON:
        """As the extension answers it; see docs/protocol.md."""
        told = self.descriptor
        return {
            "kind": self.dialect.kind,
            "state": "ready" if self.is_ready else "login",
            "name": told.get("name"),
            "version": told.get("version"),
            "username": told.get("username") if self.is_ready else None,
            "url": self.url,
            # The published server lets everyone register.
            "registration": bool(told.get("registration", self.dialect.kind == "classic")),
            "additions": list(told.get("additions") or []),
            "role": (told.get("role") or "participant") if self.is_ready else None,
        }


class RemoteService:
    """The service that a URL leads to.

    Args:
        url: As :func:`configured_url` leaves it; if it is none, each request says so.
        credentials: Where its token is.
    """

    def __init__(self, url: str, credentials: Credentials) -> None:
        self.given_url = url
        self.credentials = credentials
        self._found: tuple[str, Dialect] | None = None
        # What was found last, for messages.
        self._url, self._is_own = "", False
        self._lock = threading.Lock()

    def locate(self) -> tuple[str, Dialect]:
        """The API's base, without a slash at its end, and how to speak there; asked for once.

        Raises:
            ServiceUnavailable: Nobody answers, or no ROB service.
            InvalidInput: The URL is none.
        """
        with self._lock:
            found = self._found
            if found is None:
                found = self._found = self._locate()
                self._url = found[0]
                self._is_own = _is_own(self._url)
            return found

    def relocate(self) -> None:
        """Look again before the next request: another version may have been installed there."""
        # Without the lock: it is held for as long as `locate` asks, and this is called on an event loop.
        self._found = None

    def token(self) -> str:
        """The token to use.

        Raises:
            LoginRequired: There is none.
        """
        url, _ = self.locate()
        token = self.credentials.token(url)
        if token is None:
            refused = self.credentials.was_refused(url)
            raise self.login_required("You are not logged in any more" if refused else "You are not logged in")
        return token

    def login_required(self, reason: str = "You are not logged in") -> LoginRequired:
        """What to say when there is no token that the service takes; asks nobody and reads nothing."""
        log_in = f"log in: `{self.command('login')}`, or the panel."
        if self._url and self.credentials.was_given_refused(self._url):
            return LoginRequired(
                f"The token in {TOKEN_VARIABLE} is not (or no longer) valid at the ROB service {self.given_url}. "
                f"Set it anew; or unset it and {log_in}"
            )
        hint = f" It is your own service: without {VARIABLE}, --url or c.RobExtension.url it needs no log-in."
        return LoginRequired(
            f"{reason} at the ROB service {self.given_url}. L{log_in[1:]}" + (hint if self._is_own else "")
        )

    def command(self, words: str) -> str:
        """A command for this service, for messages: ``jupyter rob login --url https://host``."""
        # Where the environment tells, nobody need say it again.
        is_known = (os.environ.get(VARIABLE) or "").strip().rstrip("/") == self.given_url
        return f"jupyter rob {words}" + ("" if is_known else f" --url {shlex.quote(self.given_url)}")

    def unreachable(self, reason: str) -> ServiceUnavailable:
        return ServiceUnavailable(f"The ROB service {self.given_url} can't be reached ({reason}). {_way_out()}")

    def refuse(self, url: str, headers: Mapping[str, str]) -> None:
        """The service has not taken the token in these headers."""
        token = next(iter(headers.values())).removeprefix("token ")
        self.credentials.refuse(url, token)

    def session(self) -> Session:
        """What the service says of itself, and whether the token is valid.

        Raises:
            ServiceUnavailable: It can't be reached.
        """
        url, dialect = self.locate()
        token = self.credentials.token(url)
        if token:
            response = self._ask(Request("GET", ""), token)
            if response.status != 401:
                descriptor = response.json()
                if descriptor.get("username"):
                    return Session(dialect, url, descriptor, True)
            self.credentials.refuse(url, token)
        response = self._ask(Request("GET", ""))
        return Session(dialect, url, response.json() if response.status < 400 else {}, False)

    def login(self, username: str, password: str, remember: bool = False, register: bool = False) -> Session:
        """Log in; ``register`` makes the account first.

        Raises:
            Forbidden: The name or the password is wrong, or there is no registration.
            Conflict: The name is taken.
            InvalidInput: The name or password of a new account is not acceptable.
            TooManyAttempts: Later again.
            ServiceUnavailable: It can't be reached.
        """
        url, _ = self.locate()
        if register:
            self._register(username, password)
        response = self._ask(_post("users/login", {"username": username, "password": password}))
        if response.status in (401, 403, 404):
            raise Forbidden("User name or password is wrong.")
        if response.status == 429:
            raise TooManyAttempts(_message(response) or "Too many attempts to log in. Try again later.")
        answer = response.json()
        token = answer.get("token")
        if not is_token(token):
            raise ServiceUnavailable(
                f"The ROB service {self.given_url} has answered the log-in without a token that can be used."
            )
        self.credentials.keep(url, token, str(answer.get("username") or username), remember)
        return self.session()

    def logout(self) -> Session:
        """Log out at the service as far as it can be reached, and forget the token; what is left is a log-in away."""
        url, _ = self.locate()
        token = self.credentials.token(url)
        try:
            if token:
                # A token that the service does not know any more is what was wanted.
                with contextlib.suppress(ServiceUnavailable):
                    self._ask(_post("users/logout", {}), token)
        finally:
            self.credentials.forget(url)
        return self.session()

    def _register(self, username: str, password: str) -> None:
        _, dialect = self.locate()
        if dialect.kind == "classic" and (password != password.strip() or username != username.strip()):
            # It strips them when it registers but not when it logs in.
            raise InvalidInput("User name and password must not begin or end with a blank.")
        response = self._ask(_post("users/register", {"username": username, "password": password, "verify": False}))
        if response.status == 409 or (response.status == 400 and "duplicate user" in _message(response)):
            raise Conflict(f"The user name {username} is taken. Choose another.")
        response.json()

    def _locate(self) -> tuple[str, Dialect]:
        configured_url(self.given_url)
        # The API's base, or the server that it is on.
        closed: tuple[str, Dialect] | None = None
        for base in dict.fromkeys((self.given_url, f"{self.given_url.removesuffix(_API)}{_API}")):
            response = self._exchange(base, Request("GET", ""), {})
            dialect = dialects.choose(response)
            if dialect and response.status == 200:
                return base, dialect
            if dialect:
                # It tells strangers nothing, nor whether this is the API's base. The last that was tried is.
                closed = base, dialect
        if closed:
            return closed
        raise ServiceUnavailable(f"There is no ROB service at {self.given_url}. {_way_out()}")

    def _ask(self, request: Request, token: str | None = None) -> Response:
        url, dialect = self.locate()
        return self._exchange(url, request, dialect.headers(token) if token else {})

    def _exchange(self, base: str, request: Request, headers: dict[str, str]) -> Response:
        if request.body is not None:
            headers = {**headers, "Content-Type": request.content_type}
        # The slash is part of the address at which the published server tells what it is.
        outgoing = urllib.request.Request(  # noqa: S310  (http or https, as configured_url makes sure)
            f"{base}/{request.path}", method=request.method, data=request.body, headers=headers
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls.context()), _NoRedirect()
        )
        try:
            try:
                with opener.open(outgoing, timeout=TIMEOUT) as answer:
                    return Response(answer.status, answer.read(_MAX_DESCRIPTION))
            except urllib.error.HTTPError as error:
                with error:
                    if 300 <= error.code < 400 and error.headers.get("Location"):
                        raise ServiceUnavailable(
                            f"{self.given_url} leads to {error.headers['Location']}. Give the address of the ROB "
                            "service itself."
                        ) from None
                    return Response(error.code, error.read(_MAX_DESCRIPTION))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self.unreachable(str(getattr(error, "reason", None) or error)) from error


def _is_own(url: str) -> bool:
    """Whether this user's embedded service listens there."""
    own = read_connection(default_data_dir())
    return own is not None and url.replace("://localhost:", "://127.0.0.1:") == own.url


def is_redirect(status: int) -> bool:
    """Whether an answer is about somewhere else; that it is what one has already (304) is not."""
    return 300 <= status < 400 and status != 304


def redirected(status: int) -> ServiceUnavailable:
    """What to say of an answer that leads elsewhere; it is not followed, for a token would travel there."""
    return ServiceUnavailable(
        f"The ROB service answers with a redirect (status {status}): is the URL right? {_way_out()}"
    )


def too_large() -> ServiceUnavailable:
    """What to say of an answer with more than ``MAX_ANSWER`` bytes."""
    return ServiceUnavailable(
        f"The ROB service's answer is larger than the {MAX_ANSWER >> 20} MB that are read at once. Ask for a page of "
        "it; a log or a file of that size is for the panel to download."
    )


def _way_out() -> str:
    return f"Check its address: --url, {VARIABLE} or c.RobExtension.url; it is the API's base, as https://host{_API}."


def _post(path: str, document: JSON) -> Request:
    return Request("POST", path, json.dumps(document).encode())


def _message(response: Response) -> str:
    with contextlib.suppress(ValueError):
        document = json.loads(response.body)
        if isinstance(document, dict):
            return str(document.get("message") or "")
    return ""

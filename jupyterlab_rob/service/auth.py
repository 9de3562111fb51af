"""An identity for each request, from its token."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import Executor

from tornado.httputil import HTTPHeaders

from ..errors import Unauthenticated
from .identity import Identity

#: Longer ones are none of ours.
_MAX_TOKEN = 512


class Authenticator:
    """Knows the owner's token, which is made at the service's start and is in the connection file, and the tokens of
    log-ins.

    Args:
        token: The owner's.
        owner: An administrator.
        find: Whose the token of a log-in is, None if nobody's. It blocks, so it is called in a thread; nothing is
            remembered, so that a log-out, or a change of what a user may do, is in force at once.
        executor: Of these threads.
    """

    def __init__(self, token: str, owner: Identity, find: Callable[[str], Identity | None], executor: Executor) -> None:
        self._token = token.encode()
        self._owner = owner
        self._find = find
        self._executor = executor

    async def authenticate(self, headers: HTTPHeaders) -> Identity | None:
        """The identity behind a request's headers; None when there is no token.

        Raises Unauthenticated when the token is wrong or has expired.
        """
        token = token_of(headers)
        if token is None:
            return None
        if hmac.compare_digest(token.encode(), self._token):
            return self._owner
        identity = None
        if len(token) <= _MAX_TOKEN:
            identity = await asyncio.get_running_loop().run_in_executor(self._executor, self._find, token)
        if identity is None:
            raise Unauthenticated("The ROB service does not know this token, or it has expired. Log in again.")
        return identity


def token_of(headers: HTTPHeaders) -> str | None:
    """The token that a request carries."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("token", "bearer") and token.strip():
        return token.strip()
    # The header of ROB's published API.
    return headers.get("api_key") or None

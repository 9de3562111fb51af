"""An identity for each request, from its token."""

from __future__ import annotations

import hmac

from tornado.httputil import HTTPHeaders

from ..errors import Unauthenticated
from .identity import Identity


class OwnerAuthenticator:
    """The embedded service's: one token, made at its start, and one user, the owner, who may do all."""

    def __init__(self, token: str, owner: Identity) -> None:
        self._token = token.encode()
        self._owner = owner

    def authenticate(self, headers: HTTPHeaders) -> Identity:
        """The identity behind a request's headers.

        Raises Unauthenticated when there is no token or a wrong one.
        """
        token = _token(headers)
        if token is None or not hmac.compare_digest(token.encode(), self._token):
            raise Unauthenticated("The ROB service does not know this token. Restart the client that sent it.")
        return self._owner


def _token(headers: HTTPHeaders) -> str | None:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("token", "bearer") and token:
        return token.strip()
    # The header of ROB's published API.
    return headers.get("api_key")

"""How the kinds of ROB services are spoken to.

All of this package speaks the protocol of docs/protocol.md. A dialect makes of one request in it those that the
service understands, and of their answers the one that was meant: ``native.py`` for our own services, ``classic.py``
for the published server.
"""

from __future__ import annotations

import json
from typing import Protocol

from ..flows import Flow, Request, Response
from ..models import JSON
from .classic import Classic
from .native import Native

__all__ = ["Classic", "Dialect", "Native", "choose"]


class Dialect(Protocol):
    """How one service is spoken to."""

    #: ``embedded``, ``shared`` or ``classic``.
    kind: str

    @property
    def has_events(self) -> bool:
        """Whether the service streams events; else it is polled."""

    def headers(self, token: str) -> dict[str, str]:
        """Those that carry a token."""

    def adapts(self, method: str, path: str) -> bool:
        """Whether this request is for :meth:`answer`; else it can be streamed as it is. ``path`` has no query."""

    def answer(self, request: Request) -> Flow[Response]:
        """The answer in the protocol's shapes.

        Raises:
            LoginRequired: The service does not know the token any more.
        """


def choose(response: Response) -> Dialect | None:
    """The dialect of the service that answers this to a request for its descriptor; None when it is no ROB service."""
    try:
        descriptor: JSON = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(descriptor, dict):
        return None
    if response.status == 401 and "message" in descriptor:
        # The published server tells everyone what it is.
        return Native("shared")
    if response.status != 200 or not isinstance(descriptor.get("routes"), list):
        return None
    return Native("shared") if "additions" in descriptor else Classic()

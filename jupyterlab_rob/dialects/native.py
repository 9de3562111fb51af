"""Our own service knows the protocol: nothing is to be translated."""

from __future__ import annotations

from ..flows import Flow, Request, Response, ask


class Native:
    """The dialect of our services; ``kind`` is ``embedded`` or ``shared``."""

    has_events = True

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"token {token}"}

    def adapts(self, method: str, path: str) -> bool:
        return False

    def answer(self, request: Request) -> Flow[Response]:
        return (yield from ask(request))

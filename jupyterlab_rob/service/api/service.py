"""The service itself: what it offers, how it is, its events, its end."""

from __future__ import annotations

from tornado import web
from tornado.iostream import StreamClosedError

from ... import __version__
from ...errors import Forbidden, TooManyAttempts, Unauthenticated
from .handler import ServiceHandler
from .patterns import ADDITIONS, PATTERNS

KEEP_ALIVE = 15.0

#: Event streams that a user may have at a time: one for each Jupyter server, and for each command that waits.
MAX_STREAMS = 100


class ServiceDescriptorHandler(ServiceHandler):
    public = frozenset({"GET"})

    def get(self) -> None:
        visitor = self.visitor
        self.answer(
            {
                "name": self.context.title,
                "version": __version__,
                # As the client has found it: the service may be behind a proxy.
                "url": f"{self.request.protocol}://{self.request.host}{self.context.base}",
                **({"username": visitor.name} if visitor is not None else {}),
                "role": visitor.role.value if visitor is not None else None,
                "registration": self.context.registration,
                "routes": [{"id": name, "pattern": pattern} for name, pattern in PATTERNS.items()],
                "additions": list(ADDITIONS),
            }
        )


class EventsHandler(ServiceHandler):
    keeps_awake = False

    async def get(self) -> None:
        streams, user = self.context.streams, self.identity.user
        if streams[user] >= MAX_STREAMS and not self.identity.is_administrator:
            raise TooManyAttempts(f"You have {MAX_STREAMS} event streams open, the most there may be.", retry_after=60)
        streams[user] += 1
        try:
            await self._stream()
        finally:
            streams[user] -= 1
            if not streams[user]:
                del streams[user]

    async def _stream(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        last_id = self.request.headers.get("Last-Event-ID")
        stream = self.context.events.listen(KEEP_ALIVE, self._audible, last_id)
        try:
            async for message in stream:
                self.write(message)
                await self.flush()
        except (StreamClosedError, Unauthenticated):
            # Who has logged out hears no more.
            return
        finally:
            await stream.aclose()

    async def head(self, *path: str) -> None:
        raise web.HTTPError(405)

    async def _audible(self, submissions: frozenset[str | None]) -> frozenset[str | None]:
        """Those that the listener may hear of; asked with each event, since log-ins end and members leave."""
        visitor = await self.context.authenticator.authenticate(self.request.headers)
        if visitor is None:
            return frozenset()
        if visitor.is_administrator:
            return submissions
        members = self.context.store.submissions.members
        user = visitor.user
        return await self.call(lambda: frozenset(one for one in submissions if one and user in members(one)))


class StatusHandler(ServiceHandler):
    def get(self) -> None:
        status = self.context.status()
        if not self.identity.is_administrator:
            # Where the service keeps its data concerns nobody else.
            status = {name: value for name, value in status.items() if name not in ("dataDir", "pid")}
        self.answer(status)


class ShutdownHandler(ServiceHandler):
    def post(self) -> None:
        if not self.identity.is_administrator:
            raise Forbidden("Only an administrator may stop the service.")
        self.answer({"message": "The ROB service stops."}, 202)
        self.context.stop()

"""The service itself: what it offers, how it is, its events, its end."""

from __future__ import annotations

from tornado.iostream import StreamClosedError

from ... import __version__
from ...errors import Forbidden
from .handler import ServiceHandler
from .patterns import ADDITIONS, PATTERNS

KEEP_ALIVE = 15.0


class ServiceDescriptorHandler(ServiceHandler):
    public = frozenset({"GET"})

    def get(self) -> None:
        visitor = self.visitor
        self.answer(
            {
                "name": "ROB",
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
        self.set_header("Content-Type", "text/event-stream")
        stream = self.context.events.listen(KEEP_ALIVE)
        try:
            async for message in stream:
                self.write(message)
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            await stream.aclose()


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

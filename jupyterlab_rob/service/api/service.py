"""The service itself: what it offers, how it is, its events, its end."""

from __future__ import annotations

from tornado.iostream import StreamClosedError

from ... import __version__
from ...errors import Forbidden
from .handler import ServiceHandler
from .patterns import ADDITIONS, PATTERNS

KEEP_ALIVE = 15.0


class ServiceDescriptorHandler(ServiceHandler):
    def get(self) -> None:
        self.answer(
            {
                "name": "ROB",
                "version": __version__,
                "url": self.context.url,
                "username": self.identity.name,
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
        self.answer(self.context.status())


class ShutdownHandler(ServiceHandler):
    def post(self) -> None:
        if not self.identity.is_administrator:
            raise Forbidden("Only an administrator may stop the service.")
        self.answer({"message": "The ROB service stops."}, 202)
        self.context.stop()

"""The service's event stream: run changes on their way to whoever listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from ..deadline import within

#: A listener that reads so slowly that this many events wait for it is dropped; events are hints, and it asks again
#: by REST.
MAX_WAITING = 1000


class EventHub:
    """Hands each event to every listener."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()

    def publish(self, event: dict[str, Any]) -> None:
        """Send a run event (docs/protocol.md) to all listeners."""
        message = f"event: run\ndata: {json.dumps(event, allow_nan=False)}\n\n"
        for queue in list(self._listeners):
            self._put(queue, message)

    def close(self) -> None:
        """End all streams."""
        for queue in list(self._listeners):
            self._put(queue, None)

    async def listen(self, keep_alive: float) -> AsyncGenerator[str, None]:
        """Server-sent events for one listener; a comment line after ``keep_alive`` seconds without any."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(MAX_WAITING)
        self._listeners.add(queue)
        try:
            yield ": connected\n\n"
            while True:
                try:
                    message = await within(keep_alive, queue.get())
                except asyncio.TimeoutError:
                    message = ": still here\n\n"
                if message is None:
                    return
                yield message
        finally:
            self._listeners.discard(queue)

    def _put(self, queue: asyncio.Queue[str | None], message: str | None) -> None:
        if queue.full():
            self._listeners.discard(queue)
            queue.get_nowait()
            message = None
        queue.put_nowait(message)

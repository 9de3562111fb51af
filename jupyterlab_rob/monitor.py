"""Follows the service's event stream and emits each run's changes as Jupyter events; the only emitter."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from logging import Logger

from .exchange import ConnectFailed, Exchange, ExchangeBroken
from .models import JSON, RunState
from .sse import EventParser
from .upstream import Upstream, listen

#: Seconds without a sign of life (the service sends one every 15 s) after which the stream counts as dead.
SILENCE = 45.0

_FIRST_DELAY = 0.5
_MAX_DELAY = 30.0


class Monitor:
    """Listens while a service runs; never starts one.

    Args:
        upstream: Where the service is.
        emit: Takes each run event (docs/protocol.md).
        touch: Called when a run is seen to be active, at least every 5 s while one runs.
    """

    def __init__(
        self, upstream: Upstream, emit: Callable[[JSON], None], touch: Callable[[], None], log: Logger
    ) -> None:
        self._upstream = upstream
        self._emit = emit
        self._touch = touch
        self._log = log
        self._active: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> int:
        """Number of runs known to be active."""
        return len(self._active)

    def wake(self) -> None:
        """A service has just answered: listen to it, unless that is being done."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(), name="rob-monitor")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        delay = _FIRST_DELAY
        try:
            while True:
                # None: it was idle and has ended. The next request starts it, and wakes us.
                connection = await self._upstream.find()
                if connection is None:
                    return
                with contextlib.suppress(ConnectFailed, ExchangeBroken):
                    async with await listen(connection, "GET", "events", {"Accept": "text/event-stream"}) as exchange:
                        exchange.end()
                        status, _ = await exchange.response()
                        if status != 200:
                            self._log.warning("The ROB service has no event stream (status %s).", status)
                            return
                        delay = _FIRST_DELAY
                        async for event in events(exchange):
                            self._take(event)
                self._active.clear()
                await asyncio.sleep(delay)
                delay = min(2 * delay, _MAX_DELAY)
        finally:
            self._active.clear()

    def _take(self, event: JSON) -> None:
        try:
            run, state = str(event["run"]), RunState(event["state"])
        except (KeyError, ValueError):
            self._log.warning("The ROB service sent an event that makes no sense: %.200s", event)
            return
        if state.is_active:
            self._active.add(run)
            self._touch()
        else:
            self._active.discard(run)
        self._emit(event)


async def events(exchange: Exchange, silence: float = SILENCE) -> AsyncIterator[JSON]:
    """The JSON objects of the stream's events named ``run``.

    Raises:
        ExchangeBroken: The stream broke, or was silent for too long.
    """
    parser = EventParser()
    while (chunk := await exchange.read(silence)) is not None:
        for event in parser.feed(chunk):
            yield event

"""Emits each run's changes as Jupyter events, from the service's stream of events or a poll; the only emitter."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from logging import Logger

from .deadline import within
from .errors import Forbidden, LoginRequired, NotFound, RobError, ServiceUnavailable
from .exchange import ConnectFailed, Exchange, ExchangeBroken
from .flows import find_active_runs, get
from .link import Link
from .models import JSON, RunState
from .polling import Poll, event_of
from .sse import EventParser, EventTooLong
from .upstream import Upstream, listen

#: Seconds without a sign of life (the service sends one every 15 s) after which the stream counts as dead.
SILENCE = 45.0

#: Seconds between two signs that the server is not idle, while a run is active: what waits sends no events.
TOUCH_INTERVAL = 20.0
#: Seconds without a service after which nobody can say whether its runs are active: they keep the server no more.
PATIENCE = 900.0

_FIRST_DELAY = 0.5
_MAX_DELAY = 30.0


class Monitor:
    """Listens while a service runs, or asks while runs are active.

    It starts no service but one that was killed while runs were active: they go on without it, and need it to end.

    Args:
        upstream: Where the service is.
        emit: Takes each run event (docs/protocol.md).
        touch: Called when a run is seen to be active, and every ``TOUCH_INTERVAL`` while one is.
    """

    def __init__(
        self, upstream: Upstream, emit: Callable[[JSON], None], touch: Callable[[], None], log: Logger
    ) -> None:
        self._upstream = upstream
        self._emit = emit
        self._touch = touch
        self._log = log
        self._active: set[str] = set()
        self._poll = Poll(upstream, self._take, touch, log)
        # Where the stream broke off, if the service tells.
        self._last_id: str | None = None
        # Whether events are missing and the runs have not been asked for yet.
        self._must_look = False
        # When the service was lost, on the monotonic clock; None while it is there.
        self._lost: float | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> int:
        """Number of runs known to be active."""
        return self._poll.active or len(self._active)

    def wake(self) -> None:
        """A service has just answered: listen to it, unless that is being done."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(), name="rob-monitor")

    def notice(self, handle: JSON) -> None:
        """A run of a service without events has come by."""
        if self._poll.notice(handle):
            self.wake()

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        keeping = asyncio.create_task(self._keep_awake(), name="rob-keep-awake")
        try:
            await self._listen_again_and_again()
        finally:
            keeping.cancel()
            self._active.clear()
            self._last_id = self._lost = None
            self._must_look = False

    async def _keep_awake(self) -> None:
        while True:
            await asyncio.sleep(TOUCH_INTERVAL)
            if self.active:
                self._touch()

    async def _listen_again_and_again(self) -> None:
        delay = _FIRST_DELAY
        while True:
            try:
                link = await self._upstream.find()
                if link is None and self._active and await self._upstream.revive():
                    continue
            except RobError as error:
                if not self._active:
                    return
                self._log.info("The ROB service's events can't be followed for the moment: %s", error.message)
            else:
                # None: it was idle and has ended, or wants a log-in. The next request that it answers wakes us.
                if link is None:
                    return
                if not link.dialect.has_events:
                    return await self._poll.run()
                try:
                    if not await self._listen(link):
                        return
                    delay = _FIRST_DELAY
                except (ConnectFailed, ExchangeBroken):
                    pass
                except RobError as error:
                    self._log.info("The ROB service's events can't be followed for the moment: %s", error.message)
            self._lost = self._lost or time.monotonic()
            if self._last_id is None or time.monotonic() - self._lost > PATIENCE:
                self._active.clear()
            await asyncio.sleep(delay)
            delay = min(2 * delay, _MAX_DELAY)

    async def _listen(self, link: Link) -> bool:
        """Follow one stream to its end; False when there is none to follow."""
        resume = {"Last-Event-ID": self._last_id} if self._last_id else {}
        async with await listen(link, "GET", "events", {"Accept": "text/event-stream", **resume}) as exchange:
            exchange.end()
            try:
                status, _ = await within(SILENCE, exchange.response())
            except asyncio.TimeoutError as error:
                raise ExchangeBroken("there was no answer in time") from error
            if status == 401:
                # Another token may be there already; else the next log-in wakes us.
                self._upstream.refuse(link)
                # Whose runs they are then, the first look tells.
                self._last_id = None
                return await self._upstream.find() is not None
            if status != 200:
                self._log.warning("The ROB service has no event stream (status %s).", status)
                return False
            self._lost = None
            if self._last_id is None:
                await self._survey(link)
            elif self._must_look:
                await self._look()
            parser = EventParser()
            try:
                async for event in events(exchange, parser=parser):
                    if event is None:
                        await self._look()
                    else:
                        self._take(event)
            finally:
                # Also of what is not an event of a run: the greeting and the signs of life have ids, too.
                self._last_id = parser.last_id or self._last_id
            return True

    async def _survey(self, link: Link) -> None:
        """The first look at a service: what was active before, and waits perhaps, may say nothing for a long time.

        Raises:
            ServiceUnavailable: The service is away; the next stream begins with another look.
        """
        try:
            found = await self._upstream.run_at(link, find_active_runs())
        except ServiceUnavailable:
            raise
        except RobError as error:
            self._log.info("Which runs are active can't be told: %s", error.message)
            return
        for group, run in found:
            ids = {"run": run["id"], "benchmark": group.get("workflow"), "submission": group["id"]}
            self._take({**ids, "state": run["state"]})

    async def _look(self) -> None:
        """Events are missing: ask for the runs that were active.

        Raises:
            ServiceUnavailable: The service is away; the next stream begins with another look.
        """
        self._must_look = True
        for run in sorted(self._active):
            try:
                self._take(event_of(await self._upstream.run(get("runs", run))))
            except (NotFound, Forbidden):
                self._active.discard(run)
            except LoginRequired:
                return
            except ServiceUnavailable:
                raise
            except RobError as error:
                # One run that can't be told must not keep us from the others.
                self._log.info("The run %s can't be followed any more: %s", run, error.message)
                self._active.discard(run)
        self._must_look = False

    def _take(self, event: JSON) -> None:
        try:
            run, state = str(event["run"]), RunState(event["state"])
        except (KeyError, ValueError):
            self._log.warning("The ROB service sent an event that makes no sense: %.200s", event)
            return
        if not state.is_active:
            self._active.discard(run)
        elif not self._poll.is_running:
            self._active.add(run)
        if state.is_active:
            self._touch()
        self._emit(event)


async def events(
    exchange: Exchange, silence: float = SILENCE, parser: EventParser | None = None
) -> AsyncIterator[JSON | None]:
    """What :class:`EventParser` makes of the stream.

    Raises:
        ExchangeBroken: The stream broke, was silent for too long, or has an event that is too long.
    """
    parser = parser or EventParser()
    try:
        while (chunk := await exchange.read(silence)) is not None:
            for event in parser.feed(chunk):
                yield event
    except EventTooLong as error:
        raise ExchangeBroken(str(error)) from error

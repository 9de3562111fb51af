"""The service's event stream: run changes on their way to whoever listens, and for a while after that."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ..deadline import within

#: Events that are kept for who resumes or reads slowly; whoever missed more is told to ask by REST.
KEPT = 1000

#: Seconds that a listener has, when the service stops, to take what it has not heard yet.
CLOSING = 2.0

#: Those of some submissions that a listener may hear of, now; None stands for runs of no submission.
Audible = Callable[[frozenset[str | None]], Awaitable[frozenset[str | None]]]


@dataclass(frozen=True)
class _Event:
    number: int
    submission: str | None
    text: str
    is_public: bool = False


class EventHub:
    """Keeps the last events; each listener is a place in them, so a slow one takes no memory.

    An event's identifier is ``life-number``: a number that grows by one, in this life of the service.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._life = secrets.token_hex(4)
        self._events: deque[_Event] = deque(maxlen=kept)
        self._number = 0
        self._is_closed = False
        self._news = asyncio.Event()
        self._listeners: set[object] = set()
        self._all_left = asyncio.Event()

    def publish(self, event: dict[str, Any], kind: str = "run") -> None:
        """Send an event (docs/protocol.md): one of a run to those who may hear of its submission, others to all."""
        self._number += 1
        text = f"id: {self._id(self._number)}\nevent: {kind}\ndata: {json.dumps(event, allow_nan=False)}\n\n"
        self._events.append(_Event(self._number, event.get("submission"), text, is_public=kind != "run"))
        self._wake()

    async def close(self) -> None:
        """End all streams, when their listeners have heard all or have had some time to."""
        self._is_closed = True
        self._wake()
        if self._listeners:
            try:
                await within(CLOSING, self._all_left.wait())
            except asyncio.TimeoutError:
                return

    async def listen(
        self, keep_alive: float, audible: Audible, last_id: str | None = None
    ) -> AsyncGenerator[str, None]:
        """Server-sent events for one listener; a comment line after ``keep_alive`` seconds without any.

        Args:
            keep_alive: In seconds.
            audible: Asked anew whenever there are events, since memberships change.
            last_id: The last identifier that the listener has heard: it goes on after that. An event ``reset`` tells
                it when that can't be, because the events are not kept any more or another service sent them.
        """
        resumed = self._number if last_id is None else self._place(last_id)
        # With an identifier, so that who hears nothing more can resume, too.
        text = self._reset() if resumed is None else f"id: {self._id(resumed)}\n: connected\n\n"
        # Before anything is sent: what is published meanwhile comes after it.
        place = self._number if resumed is None else resumed
        listener = object()
        self._listeners.add(listener)
        self._all_left.clear()
        try:
            yield text
            while True:
                news = self._news
                if place < self._number:
                    if not self._is_kept(place):
                        place = self._number
                        yield self._reset()
                        continue
                    events = [event for event in self._events if event.number > place]
                    place = self._number
                    allowed = await audible(frozenset(event.submission for event in events if not event.is_public))
                    for event in events:
                        if event.is_public or event.submission in allowed:
                            yield event.text
                elif self._is_closed:
                    return
                else:
                    try:
                        await within(keep_alive, news.wait())
                    except asyncio.TimeoutError:
                        # Who has logged out is told so, also where nothing happens.
                        await audible(frozenset())
                        yield f"id: {self._id(place)}\n: still here\n\n"
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._all_left.set()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _id(self, number: int) -> str:
        return f"{self._life}-{number}"

    def _place(self, last_id: str) -> int | None:
        """The number of a known identifier after which all events are kept; None when it is not like that."""
        life, _, number = last_id.partition("-")
        if life != self._life or not (number.isascii() and number.isdecimal()) or len(number) > 18:
            return None
        return int(number) if int(number) <= self._number and self._is_kept(int(number)) else None

    def _is_kept(self, place: int) -> bool:
        """Whether all events after ``place`` are there."""
        return not self._events or self._events[0].number <= place + 1

    def _reset(self) -> str:
        return f"id: {self._id(self._number)}\nevent: reset\ndata: {{}}\n\n"

"""Server-sent events: the service's run events out of a stream of bytes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from .models import JSON

#: Bytes of one event, and of one line. A run's event has some hundred; who sends more wants our memory.
MAX_EVENT = 1_000_000

# It goes back to the service in a header.
_MAX_ID = 1000


class EventTooLong(OSError):
    """The stream can't be followed: as good as broken."""


class EventParser:
    """The JSON objects of events named ``run``, from chunks that are cut anywhere; None for one named ``reset``.

    ``last_id`` is the id of the last event, None when the service gives none: what the header ``Last-Event-ID``
    tells it to go on after that event. After a reset, events are missing; ask for the runs themselves.
    """

    def __init__(self) -> None:
        # The line whose end has not come; grows in place.
        self._line = bytearray()
        self._size = 0
        self._name = ""
        self._data: list[str] = []
        self._id: str | None = None
        self.last_id: str | None = None

    def feed(self, chunk: bytes) -> Iterator[JSON | None]:
        """The events that ``chunk`` completes.

        Raises:
            EventTooLong: An event has more than ``MAX_EVENT`` bytes; the rest of the stream is of no use.
        """
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._extend(part)
            text = self._line.decode("utf-8", errors="replace").removesuffix("\r")
            self._line.clear()
            if text:
                self._field(text)
                continue
            yield from self._complete()
        self._extend(rest)

    def _extend(self, part: bytes) -> None:
        # A line's end counts, too: an event of many empty lines is no shorter.
        self._size += len(part) + 1
        if self._size > MAX_EVENT:
            self._line.clear()
            self._data.clear()
            raise EventTooLong(f"an event has more than {MAX_EVENT} bytes")
        self._line += part

    def _field(self, line: str) -> None:
        # A comment is a field without a name.
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and value and value.isascii() and value.isprintable() and len(value) <= _MAX_ID:
            self._id = value

    def _complete(self) -> Iterator[JSON | None]:
        name, data = self._name, "\n".join(self._data)
        self._name, self._data, self._size = "", [], 0
        self.last_id = self._id
        if name == "reset":
            yield None
        if name == "run" and data:
            # The latter when it is nested too deeply.
            with contextlib.suppress(ValueError, RecursionError):
                document = json.loads(data)
                if isinstance(document, dict):
                    yield document

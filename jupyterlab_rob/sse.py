"""Server-sent events: the service's run events out of a stream of bytes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from .models import JSON


class EventParser:
    """The JSON objects of events named ``run``, from chunks that are cut anywhere; None for one named ``reset``.

    ``last_id`` is the id of the last event, None when the service gives none: what the header ``Last-Event-ID``
    tells it to go on after that event. After a reset, events are missing; ask for the runs themselves.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._name = ""
        self._data: list[str] = []
        self._id: str | None = None
        self.last_id: str | None = None

    def feed(self, chunk: bytes) -> Iterator[JSON | None]:
        """The events that ``chunk`` completes."""
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", errors="replace").removesuffix("\r")
            if text:
                self._field(text)
                continue
            yield from self._complete()

    def _field(self, line: str) -> None:
        # A comment is a field without a name.
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and value and value.isprintable():
            self._id = value

    def _complete(self) -> Iterator[JSON | None]:
        name, data = self._name, "\n".join(self._data)
        self._name, self._data = "", []
        self.last_id = self._id
        if name == "reset":
            yield None
        if name == "run" and data:
            with contextlib.suppress(ValueError):
                document = json.loads(data)
                if isinstance(document, dict):
                    yield document

"""Server-sent events: the service's run events out of a stream of bytes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from .models import JSON


class EventParser:
    """The JSON objects of events named ``run``, from chunks that are cut anywhere."""

    def __init__(self) -> None:
        self._buffer = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[JSON]:
        """The events that ``chunk`` completes."""
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", errors="replace").removesuffix("\r")
            if text:
                self._field(text)
                continue
            event = self._complete()
            if event is not None:
                yield event

    def _field(self, line: str) -> None:
        # A comment is a field without a name.
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)

    def _complete(self) -> JSON | None:
        name, data = self._name, "\n".join(self._data)
        self._name, self._data = "", []
        if name != "run" or not data:
            return None
        with contextlib.suppress(ValueError):
            document = json.loads(data)
            if isinstance(document, dict):
                return document
        return None

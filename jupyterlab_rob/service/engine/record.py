"""The run's record: what its process tells the service, one JSON object a line, appended.

The file is the truth: it outlives either process. A call beside it only wakes the reader, so that
nobody polls; a worker whose service has gone keeps writing.

A line is the CRC-32 of the JSON text, as eight hexadecimal digits, a space and the text. ``n`` counts the entries from
1, so that a line that is there twice counts once:

    1c291ca3 {"n": 1, "time": 1700000000.0, "event": "step", "step": "predict", "cells": 3}
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .cause import Cause, shortened

#: Longest line that is read, in bytes. A cause has six texts, and JSON takes up to 12 bytes for a character.
MAX_LINE = 1 << 19

#: How much of the file one call of ``read`` takes in, in bytes.
MAX_READ = 1 << 20

_DIGITS = 8
# Where the text of an entry begins; inside of it quotes are escaped.
_MARK = b' {"n": '


class RecordWriter:
    """Appends to the record; ``wake`` is called after each entry. A context manager, for one thread."""

    def __init__(self, path: Path, wake: Callable[[], object] | None = None) -> None:
        self._wake = wake
        self._count, self._is_torn = _state(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def step(self, name: str, cells: int | None = None) -> None:
        """A step begins; ``cells`` of its notebook."""
        self._append(event="step", step=shortened(name), cells=cells)

    def cell(self, step: str, cell: int, cells: int) -> None:
        """A cell begins."""
        self._append(event="cell", step=shortened(step), cell=cell, cells=cells)

    def end(self, cause: Cause | None) -> None:
        """The run is over: well, or for this cause. It is on the disk when this returns."""
        self._append(event="end", cause=cause and cause.to_dict())
        with contextlib.suppress(OSError):
            os.fsync(self._file)

    def _append(self, **entry: Any) -> None:
        self._count += 1
        text = json.dumps({"n": self._count, "time": time.time(), **entry}).encode()
        # A line that could not be written whole is ended first: it must not spoil this one.
        line = b"%s%08x %s\n" % (b"\n" if self._is_torn else b"", zlib.crc32(text), text)
        # One call, so that lines never mix.
        written = os.write(self._file, line)
        self._is_torn = written < len(line)
        if self._wake is not None:
            # Nobody listens any more when the service has died: the run goes on.
            with contextlib.suppress(OSError):
                self._wake()


class RecordReader:
    """Reads what has been added since the last call; a line that is not finished yet waits for the next one.

    It takes bounded memory, whatever there is in the file. A line that is torn, is not as it was written, or tells
    nothing that is known here is left out and counted in ``damaged``.
    """

    def __init__(self, path: Path) -> None:
        self.damaged = 0
        #: The number of the last entry.
        self.last = 0
        #: Whether there was more than one call takes in: call again.
        self.is_behind = False
        self._path = path
        self._offset = 0
        self._is_skipping = False

    def read(self) -> list[dict[str, Any]]:
        """The new entries, in order: ``{"time", "event": "step", "step", "cells"}``, ``{…, "event": "cell", "step",
        "cell", "cells"}`` or ``{…, "event": "end", "cause"}`` (see :meth:`Cause.from_dict`); ``time`` in seconds since
        1970."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                # A file that has become shorter has nothing new.
                self._offset = min(self._offset, size)
                file.seek(self._offset)
                data = file.read(MAX_READ)
        except FileNotFoundError:
            return []
        self.is_behind = self._offset + len(data) < size
        complete, newline, rest = data.rpartition(b"\n")
        entries = []
        for line in complete.split(b"\n") if newline else ():
            entry = self._entry(line)
            if entry is not None:
                entries.append(entry)
        self._offset += len(complete) + len(newline)
        if len(rest) > MAX_LINE:
            # Too long for a line; its end may hold one, after what a crash of the machine has left.
            self._offset += len(rest) - MAX_LINE
            self._is_skipping = True
        return entries

    def _entry(self, line: bytes) -> dict[str, Any] | None:
        """The line's entry; None when there is none that is new."""
        # What is left of a torn line, or of a crash, may stand in front of a whole one.
        start = max(line.rfind(_MARK) - _DIGITS, 0)
        entry = _parsed(line[start:])
        self.damaged += self._is_skipping or start > 0 or (entry is None and line != b"")
        self._is_skipping = False
        if entry is None:
            return None
        number = entry.pop("n")
        if number <= self.last:
            return None
        self.last = number
        return entry


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The entry of a line that is as it was written and known here; None else."""
    digits, text = line[:_DIGITS], line[_DIGITS + 1 :]
    if digits != b"%08x" % zlib.crc32(text):
        return None
    try:
        entry = json.loads(text)
        known = _KNOWN[entry["event"]]
        for name, is_right in {**_ALL, **known}.items():
            if not is_right(entry[name]):
                return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return {name: entry[name] for name in ("n", "time", "event", *known)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_cause(value: Any) -> bool:
    return value is None or Cause.from_dict(value) is not None


_ALL: Mapping[str, Callable[[Any], bool]] = {"n": _is_number, "time": lambda value: isinstance(value, float)}
_KNOWN: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "step": {"step": _is_text, "cells": lambda value: value is None or _is_number(value)},
    "cell": {"step": _is_text, "cell": _is_number, "cells": _is_number},
    "end": {"cause": _is_cause},
}


def _state(path: Path) -> tuple[int, bool]:
    """The number of the last entry of a record that may be there already, and whether it ends in the middle of a
    line."""
    reader = RecordReader(path)
    reader.read()
    while reader.is_behind:
        reader.read()
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(size - 1, 0))
            return reader.last, file.read(1) not in (b"", b"\n")
    except FileNotFoundError:
        return reader.last, False

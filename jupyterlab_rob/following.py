"""A run's log as it grows.

A log is no file that only grows: at its end is a line that may be written anew (a progress bar), and when it becomes
too large its middle is taken out. So each look asks for what follows the last whole line, together with some of what
came before it; what came before must be what was seen, else the log is read anew. Its ETag is of the whole and changes
with each line: it tells that nothing has changed, but with If-Range it would always answer with everything.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import NotFound, ServiceUnavailable
from .flows import path_of
from .remote import MAX_ANSWER, too_large
from .transport import Transport

if TYPE_CHECKING:
    from .client import Run

#: What is told where lines were taken out before they were seen.
GAP = "[… the log has grown too fast: some of it is left out here …]\n"

# Seconds between two looks, at first and at most; and for which a service at a URL may be away.
_FIRST_INTERVAL, _MAX_INTERVAL, _PATIENCE = 0.2, 2.0, 300.0
# Bytes before the place that must be as they were.
_OVERLAP = 1024
# Bytes by which a log is known, and at least those by which a place in it is.
_HEAD, _MARK = 256, 32
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/\d+")


class LogReader:
    """Reads what is new in a run's log."""

    def __init__(self, transport: Transport, run: str) -> None:
        self._transport = transport
        self._path = path_of("runs", run, "log")
        # Where the whole lines that were seen end, and their last bytes.
        self._place = 0
        self._before = b""
        self._head = b""
        self._etag: str | None = None

    def read(self, is_last: bool = False) -> str:
        """The lines since the last time, whole ones only; with ``is_last`` also what is no line yet.

        Raises:
            NotFound: There is no log (yet).
        """
        begin = self._place - len(self._before)
        status, start, body = self._ask(begin, None if is_last else self._etag)
        if status == 304:
            return ""
        if status == 206 and start == begin and body.startswith(self._before):
            new = body[len(self._before) :]
        elif status == 200 and body[begin : self._place] == self._before:
            new = body[self._place :]
        else:
            return self._read_anew(is_last)
        return self._taken(self._place, new, is_last)

    def _read_anew(self, is_last: bool) -> str:
        _, _, body = self._ask(0, None)
        if not body.startswith(self._head):
            # Another log altogether.
            place, note = 0, GAP
        elif (found := _end_of(self._before, body)) is not None:
            place, note = found, ""
        else:
            # The head is what it was: what is new can only be behind it, in the tail.
            place, note = body.find(b"\n", len(body) // 2) + 1, GAP
        self._head = body[:_HEAD]
        self._before = body[max(place - _OVERLAP, 0) : place]
        return note + self._taken(place, body[place:], is_last)

    def _taken(self, place: int, new: bytes, is_last: bool) -> str:
        lines = new[: new.rfind(b"\n") + 1]
        if place < _HEAD:
            self._head = (self._head[:place] + lines)[:_HEAD]
        self._place = place + len(lines)
        self._before = (self._before + lines)[-_OVERLAP:]
        return (new if is_last else lines).decode("utf-8", "replace")

    def _ask(self, begin: int, etag: str | None) -> tuple[int, int, bytes]:
        """The answer's status, where its body begins in the log, and the body."""
        headers = {"Range": f"bytes={begin}-"} if begin else {}
        if etag:
            headers["If-None-Match"] = etag
        with self._transport.open(self._path, headers) as stream:
            body = bytearray()
            for piece in stream.pieces():
                body += piece
                if len(body) > MAX_ANSWER:
                    raise too_large()
            if stream.status in (200, 206):
                self._etag = stream.headers.get("ETag")
            range_ = _CONTENT_RANGE.match(stream.headers.get("Content-Range", ""))
            return stream.status, int(range_[1]) if range_ else 0, bytes(body)


def _end_of(before: bytes, body: bytes) -> int | None:
    """Where in ``body`` these lines end, or the last of them, of which the first may have been taken out."""
    while len(before) >= _MARK:
        found = body.rfind(before)
        if found >= 0:
            return found + len(before)
        # From the beginning of a line on.
        before = before[before.find(b"\n", len(before) // 2) + 1 :]
    return None


def follow(run: Run, transport: Transport, write: Callable[[str], None]) -> None:
    """Hand what a run prints to ``write`` until the run has ended.

    Raises:
        NotFound: The service keeps no logs.
        ServiceUnavailable: It is away for too long.
    """
    reader = LogReader(transport, run.id)
    interval, away_since = _FIRST_INTERVAL, math.inf
    # By looks and not by events, of which there is none for a line.
    while True:
        is_over, text = False, ""
        try:
            # In this order: what was printed before the end is in the log then.
            is_over = not run.refresh().state.is_active
            text = reader.read(is_over)
            away_since = math.inf
        except NotFound:
            # A run that waits has printed nothing.
            if is_over or not transport.link().dialect.has_events:
                raise
        except ServiceUnavailable:
            # One of the user's own has just been started anew; one at a URL somebody else may start.
            away_since = min(away_since, time.monotonic())
            if transport.remote is None or time.monotonic() - away_since > _PATIENCE:
                raise
            is_over = False
        if text:
            write(text)
        if is_over:
            return
        interval = _FIRST_INTERVAL if text else min(1.5 * interval, _MAX_INTERVAL)
        time.sleep(interval)

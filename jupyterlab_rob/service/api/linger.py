"""How a connection ends whose client is still sending when it is refused."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

from ...deadline import within

#: How much of what nobody wants is read on, in bytes, and for how long, in seconds.
MAX_DISCARDED = 64 << 20
MAX_SECONDS = 10.0

_CHUNK = 1 << 16


async def linger(stream: IOStream) -> None:
    """Read on after the answer is written, until the client has heard it and leaves, or for a while.

    A connection that is closed with unread data is reset, and most clients then show the reset instead of the answer.
    Whoever sends more than is read here is told by the half-closed connection that nobody listens: their next write
    fails as on a broken pipe, after which common clients look for the answer.
    """
    with contextlib.suppress(OSError, asyncio.TimeoutError, StreamClosedError):
        if not isinstance(stream, SSLIOStream):
            stream.socket.shutdown(socket.SHUT_WR)
        await within(MAX_SECONDS, _discard(stream))


async def _discard(stream: IOStream) -> None:
    discarded = 0
    while discarded < MAX_DISCARDED:
        discarded += len(await stream.read_bytes(_CHUNK, partial=True))

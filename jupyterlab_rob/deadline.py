"""A deadline for an awaitable that loses no cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(seconds: float | None, awaitable: Awaitable[T]) -> T:
    """The result of ``awaitable``, which is canceled after ``seconds`` (None: never).

    Before Python 3.12 ``asyncio.wait_for`` drops a cancellation that arrives together with the result: what was
    canceled goes on, and who waits for its end waits for ever.

    Raises:
        asyncio.TimeoutError: It took longer.
    """
    task = asyncio.ensure_future(awaitable)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        raise asyncio.TimeoutError
    return task.result()

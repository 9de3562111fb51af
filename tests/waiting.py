"""Waiting for a condition, bounded."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Return when ``condition``, a function or a coroutine function, is true.

    Raises:
        AssertionError: It did not become true in time.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = condition()
        if await value if inspect.isawaitable(value) else value:
            return
        assert asyncio.get_running_loop().time() < deadline, f"not true within {seconds} s"
        await asyncio.sleep(0.01)

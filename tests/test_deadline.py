from __future__ import annotations

import asyncio

import pytest

from jupyterlab_rob.deadline import within


def test_result_in_time() -> None:
    async def answer() -> int:
        return 42

    assert asyncio.run(within(60, answer())) == 42
    assert asyncio.run(within(None, answer())) == 42


def test_too_late() -> None:
    async def wait() -> None:
        event = asyncio.Event()
        with pytest.raises(asyncio.TimeoutError):
            await within(0.001, event.wait())

    asyncio.run(wait())


def test_error_passes() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(within(60, fail()))


def test_cancellation_together_with_the_result_is_not_lost() -> None:
    async def race() -> None:
        event = asyncio.Event()
        task = asyncio.create_task(within(60, event.wait()))
        # Until it waits.
        for _ in range(3):
            await asyncio.sleep(0)
        event.set()
        # Until the result is there and has not been taken yet.
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(race())

"""When post-processing runs: after a change of the leaderboard, in the background, one at a time for each benchmark."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from logging import Logger
from typing import Any, Protocol

from ..errors import ServiceUnavailable
from .engine.active import ActiveRun
from .engine.plan import Plan, RunFolder
from .engine.queue import RunQueue
from .engine.runstore import RunStore
from .engine.workers import Workers

#: Seconds until the store is asked again whose database is away.
_RETRY = 1.0


class PostprocessingStore(RunStore, Protocol):
    """What the scheduler needs of the store; every method blocks and is called in a thread.

    See :class:`~jupyterlab_rob.service.store.postprocessing_runs.PostprocessingRuns`.
    """

    def recover(self) -> list[str]: ...

    def mark(self, benchmark: str) -> bool: ...

    def prepare(self, benchmark: str) -> tuple[Plan, RunFolder] | None: ...

    def has_failed(self, benchmark: str) -> bool: ...


class PostprocessingScheduler:
    """Runs post-processing in slots of its own, so that no participant's run waits for it.

    Changes while a benchmark's post-processing runs or waits for its slot are taken together: it then runs once more,
    with what is on the leaderboard by then. That it is due is written down in the store, and so outlives the service.

    Args:
        store: Its part for post-processing.
        workers: What carries it out.
        executor: The threads in which the store is called.
        slots: How many run at once, over all benchmarks.
        ended: Called on the event loop with the benchmark and whether its post-processing ended well.
    """

    def __init__(
        self,
        store: PostprocessingStore,
        workers: Workers,
        executor: Executor,
        slots: int,
        ended: Callable[[str, bool], None],
        log: Logger,
    ) -> None:
        self._store = store
        self._executor = executor
        self._ended = ended
        self._log = log
        self._queue = RunQueue(store, workers, executor, slots, _no_event, log)
        self._free = asyncio.Semaphore(slots)
        self._changed: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether some post-processing runs or waits."""
        return bool(self._tasks)

    async def start(self) -> None:
        """Go on with what a service before this one has left."""
        for benchmark in await self._call(self._store.recover):
            self.trigger(benchmark)

    def trigger(self, benchmark: str) -> None:
        """The benchmark's leaderboard, or the benchmark itself, may have changed: to be called after each such change.

        Returns at once. When post-processing would be given the same as the last time, nothing happens.
        """
        if self._is_closed:
            return
        self._changed.add(benchmark)
        if benchmark not in self._tasks:
            self._tasks[benchmark] = asyncio.create_task(self._follow(benchmark))

    async def close(self) -> None:
        """End what runs; it is due again when a service starts."""
        self._is_closed = True
        await self._queue.close(ends_runs=True)
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    async def _follow(self, benchmark: str) -> None:
        try:
            while benchmark in self._changed and not self._is_closed:
                self._changed.discard(benchmark)
                try:
                    if await self._call(self._store.mark, benchmark):
                        await self._run(benchmark)
                except ServiceUnavailable:
                    # The database's server is away.
                    self._changed.add(benchmark)
                    await asyncio.sleep(_RETRY)
        except Exception:
            self._log.exception("Post-processing of '%s' failed in the service", benchmark)
        finally:
            del self._tasks[benchmark]

    async def _run(self, benchmark: str) -> None:
        async with self._free:
            if self._is_closed:
                return
            # Whatever has happened while it waited for the slot is taken account of now.
            self._changed.discard(benchmark)
            prepared = await self._call(self._store.prepare, benchmark)
            if prepared is not None and not self._is_closed:
                self._queue.submit(*prepared)
                await self._queue.ended(prepared[0].run)
        failed = await self._call(self._store.has_failed, benchmark)
        if failed:
            self._log.warning("Post-processing of '%s' ended in an error", benchmark)
        self._ended(benchmark, not failed)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)


def _no_event(_run: ActiveRun) -> None:
    """Post-processing is nobody's run: it is in no list of runs, and no event tells of its steps."""

"""The queue: runs wait as PENDING for one of N slots, and each then has a worker of its own.

All of it lives on the event loop, so that no lock is needed but one: runs are brought to their end one at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor
from logging import Logger
from pathlib import Path
from typing import Any

from ...errors import Conflict, ServiceUnavailable, StorageFull
from ...models import RunState
from ..limits import readable
from .active import ActiveRun
from .cause import Cause, CauseKind
from .follow import WorkerLost, follow
from .orders import RunOrder
from .plan import Plan, RunFolder
from .runstore import RunStore
from .slot import Slot
from .turns import in_turn
from .workers import Workers

#: How often a run may begin: a worker that is gone through no fault of the participant's is replaced once.
ATTEMPTS = 2

#: How often a run may be given to a worker that does not begin; more often than attempts, since no work is lost.
_MOST_BEGINNINGS = 5

#: Seconds until what could not be done, since the database is away, say, is tried again.
_RETRY = 1.0

#: Seconds for which a run waits for room on the disk, and between two looks.
_SPACE_PATIENCE, _SPACE_LOOK = 600.0, 5.0

#: Those that wait at these places are told by events when they move up; others ask.
_TOLD = 20


class BeginningFailed(Exception):
    """A run could not be begun; the message is the reason."""


class RunQueue:
    """Starts, follows, cancels and finishes runs.

    Args:
        changed: Called on the event loop after each change of an active run, the last time with its final state.
        free_space: Bytes that must be free on the disk for a run to start.
    """

    def __init__(
        self,
        store: RunStore,
        workers: Workers,
        executor: Executor,
        slots: int,
        changed: Callable[[ActiveRun], None],
        log: Logger,
        free_space: int = 0,
    ) -> None:
        self.slots = slots
        self._store = store
        self._workers = workers
        self._executor = executor
        self._changed = changed
        self._log = log
        self._free_space = free_space
        self._finishing = asyncio.Lock()
        self._active: dict[str, ActiveRun] = {}
        self._waiting: list[ActiveRun] = []
        self._running: list[ActiveRun] = []
        self._starts = 0
        self._served: dict[str | None, int] = {}
        self._tidying: set[asyncio.Task[None]] = set()
        self._count = 0
        self._is_closed = False

    @property
    def active(self) -> list[ActiveRun]:
        return list(self._active.values())

    def get(self, run: str) -> ActiveRun | None:
        return self._active.get(run)

    def require_open(self) -> None:
        """Raises ServiceUnavailable when the service is about to stop, and takes no more runs."""
        if self._is_closed:
            raise ServiceUnavailable("The ROB service is stopping and takes no more runs. Try again in a moment.")

    async def require_space(self, folder: Path) -> None:
        """Raises StorageFull when there is too little space on the disk of ``folder`` for a run."""
        free = await asyncio.to_thread(lambda: shutil.disk_usage(folder).free)
        if free < self._free_space:
            raise StorageFull(
                "There is too little space left where the ROB service keeps its files to start a run: "
                f"{readable(free)}, and {readable(self._free_space)} are needed. Tell who runs the service."
            )

    def submit(self, plan: Plan, folder: RunFolder) -> None:
        """Queue a run that the store has as PENDING."""
        self.require_open()
        self._live_on(ActiveRun(plan, folder, self._next_number()))

    def adopt(self, plan: Plan, folder: RunFolder, slot: Slot) -> None:
        """Follow a run whose worker another service has started, in ``slot``."""
        run = ActiveRun(plan, folder, self._next_number(), attempt=max(1, folder.begun()))
        run.adopted(slot)
        # It has its slot, whether there are as many or not.
        self._running.append(run)
        self._live_on(run)

    async def cancel(self, run: str, reason: str | None) -> None:
        """Cancel a run; its processes are ended at once, but that is not waited for.

        Raises:
            Conflict: It has ended otherwise.
        """
        async with self._finishing:
            await self._call(self._store.cancel_run, run, reason)
            active = self._active.get(run)
            if active is None or active.is_canceled:
                return
            active.is_canceled = True
            active.state = RunState.CANCELED
            if active in self._waiting:
                self._leave(active)
            if active.work is not None:
                active.work.cancel()

    async def ended(self, run: str) -> None:
        """Wait until nothing is left of an active run; nothing is of one that is not active."""
        active = self._active.get(run)
        if active is not None and active.life is not None:
            await asyncio.wait([active.life])

    async def close(self, *, ends_runs: bool = False) -> None:
        """Take no more runs and let go of those that there are: the next service takes them up.

        With ``ends_runs`` they end, as ERROR.
        """
        self._is_closed = True
        for run in self.active:
            run.is_let_go = not ends_runs and not run.is_canceled
            if run.work is not None:
                run.work.cancel()
        lives = [run.life for run in self.active if run.life is not None]
        if lives:
            await asyncio.wait(lives)
        if self._tidying:
            await asyncio.wait(set(self._tidying))

    def _next_number(self) -> int:
        self._count += 1
        return self._count

    def _live_on(self, run: ActiveRun) -> None:
        self._active[run.plan.run] = run
        run.work = asyncio.create_task(self._work(run))
        run.life = asyncio.create_task(self._live(run, run.work))
        if run.state is RunState.PENDING:
            self._wait(run)

    async def _live(self, run: ActiveRun, work: asyncio.Task[Cause | None]) -> None:
        """A run's life in the service. Only its work can be canceled: whatever becomes of that, the end is written."""
        try:
            cause = await work
        except asyncio.CancelledError:
            if run.is_let_go:
                del self._active[run.plan.run]
                return
            cause = Cause("service", "The ROB service was stopped while this run was active. Submit it again.")
        except StorageFull as error:
            cause = Cause("storage", error.message)
        except Exception as error:
            self._log.exception("Run %s failed in the service", run.plan.run)
            cause = Cause("service", f"The ROB service could not run this: {error}")
        await self._finish(run, cause)

    async def _work(self, run: ActiveRun) -> Cause | None:
        while True:
            try:
                if run.slot is None:
                    await run.turn.wait()
                    await self._begin(run)
                elif run.expected is None:
                    run.expected = await self._surely(self._store.expected_time, run.plan.run)
                cause = await self._follow(run)
                # Nothing that it has started is left when a worker says how the run ended; it itself is about to end.
                self._tidy_soon(run)
                return cause
            except WorkerLost:
                await self._end_processes(run)
                if run.folder.begun() >= ATTEMPTS:
                    return _lost(run)
                self._log.warning("The worker of run %s is gone; it is queued again", run.plan.run)
                await self._surely(self._store.requeue_run, run.plan.run)
            finally:
                if run in self._running and not run.is_let_go:
                    # A slot is kept until nothing of the run is left that could take processor time from the next.
                    await self._end_processes(run)
                    self._leave(run)
            run.wait_again()
            self._wait(run)

    async def _begin(self, run: ActiveRun) -> None:
        """Give the run to a worker.

        Raises:
            BeginningFailed: None has begun, or there was no room on the disk for long.
        """
        await self._wait_for_space(run)
        run.expected = await self._surely(self._store.expected_time, run.plan.run)
        await self._surely(self._store.start_run, run.plan.run)
        run.state = RunState.RUNNING
        run.attempt = run.folder.begun() + 1
        while True:
            if run.beginnings >= _MOST_BEGINNINGS:
                raise BeginningFailed("its process ends before it has begun; the service's output may tell why")
            run.beginnings += 1
            try:
                await self._give(run)
                break
            except ServiceUnavailable as error:
                if self._is_closed:
                    raise
                self._log.warning("Run %s could not be given to a worker: %s", run.plan.run, error.message)
                await asyncio.sleep(_RETRY * 2**run.beginnings)
        self._changed(run)

    async def _give(self, run: ActiveRun) -> None:
        order = RunOrder(run.folder.path, run.folder.begin_attempt())
        demand = min(len(self._waiting), self.slots)
        giving = asyncio.ensure_future(self._workers.give(run.plan.first_kernel, order, demand))
        try:
            run.started(await asyncio.shield(giving))
        except asyncio.CancelledError:
            # It may have a worker by then, which is to be ended with the run. Whoever cancels again waits as well.
            while not giving.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({giving})
            if giving.exception() is None:
                run.slot = giving.result()
            raise

    async def _wait_for_space(self, run: ActiveRun) -> None:
        """Nothing that waits is lost because the disk is full for a while."""
        deadline = time.monotonic() + _SPACE_PATIENCE
        while True:
            try:
                return await self.require_space(run.folder.path)
            except StorageFull as error:
                if time.monotonic() > deadline:
                    raise
                self._log.warning("Run %s waits: %s", run.plan.run, error.message)
                await asyncio.sleep(_SPACE_LOOK)

    async def _follow(self, run: ActiveRun) -> Cause | None:
        def changed() -> None:
            run.look()
            self._changed(run)

        assert run.slot is not None
        return await follow(run.folder, run.folder.current_attempt(), run.slot, run.note, changed)

    def _wait(self, run: ActiveRun) -> None:
        self._waiting.append(run)
        self._dispatch()
        if run.state is RunState.PENDING:
            self._changed(run)

    def _leave(self, run: ActiveRun) -> None:
        """The run waits or runs no more."""
        for place in (self._waiting, self._running):
            if run in place:
                place.remove(run)
        self._dispatch()

    def _dispatch(self) -> None:
        """Let those run whose turn it is, and tell the others that they have moved up."""
        waiting = self._in_turn()
        while waiting and len(self._running) < self.slots and not self._is_closed:
            run = waiting[0]
            self._waiting.remove(run)
            self._running.append(run)
            run.position = None
            run.turn.set()
            self._starts += 1
            self._served[run.owner] = self._starts
            waiting = self._in_turn()
        for position, run in enumerate(waiting, 1):
            moved, run.position = run.position not in (None, position), position
            if moved and position <= _TOLD:
                self._changed(run)

    def _in_turn(self) -> list[ActiveRun]:
        return in_turn(self._waiting, [run.owner for run in self._running], self._served)

    async def _finish(self, run: ActiveRun, cause: Cause | None) -> None:
        is_over = False
        try:
            self._leave(run)
            await self._end_processes(run)
            await self._end(run, cause)
            is_over = True
            await asyncio.to_thread(shutil.rmtree, run.folder.work, True)
        except Exception:
            # Its end is not written down: the next service finds the run as it is.
            self._log.exception("Run %s could not be finished", run.plan.run)
        finally:
            del self._active[run.plan.run]
            if not any(one.owner == run.owner for one in self._active.values()):
                self._served.pop(run.owner, None)
            if is_over:
                self._changed(run)

    async def _end(self, run: ActiveRun, cause: Cause | None) -> None:
        """Write down how the run ended; if its results can't be stored, that."""
        try:
            await self._written(run, cause)
        except (Conflict, ServiceUnavailable):
            raise
        except Exception as error:
            self._log.exception("The results of run %s could not be stored", run.plan.run)
            kind: CauseKind = "storage" if isinstance(error, StorageFull) else "service"
            await self._written(run, Cause(kind, f"The results could not be stored: {error}"))

    async def _written(self, run: ActiveRun, cause: Cause | None) -> None:
        """Write down how the run ended once the database is there and has room; it may have been canceled meanwhile.

        Raises:
            ServiceUnavailable: The service stops before.
            StorageFull: There is no room for results; an error takes none.
        """
        while True:
            try:
                async with self._finishing:
                    if not run.is_canceled:
                        run.state = await self._call(self._store.finish_run, run.plan.run, cause)
                return
            except (ServiceUnavailable, StorageFull) as error:
                if self._is_closed or (cause is None and isinstance(error, StorageFull)):
                    raise
                self._log.warning("The end of run %s waits for the database", run.plan.run)
                await asyncio.sleep(_RETRY)

    async def _surely(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the store once the database is there; ServiceUnavailable when the service stops before."""
        while True:
            try:
                return await self._call(function, *arguments)
            except ServiceUnavailable:
                if self._is_closed:
                    raise
                await asyncio.sleep(_RETRY)

    def _tidy_soon(self, run: ActiveRun) -> None:
        if run.slot is not None:
            task = asyncio.create_task(asyncio.to_thread(run.slot.settle))
            self._tidying.add(task)
            task.add_done_callback(self._tidying.discard)
            run.slot = None

    async def _end_processes(self, run: ActiveRun) -> None:
        if run.slot is not None:
            await asyncio.to_thread(run.slot.end)
            run.slot = None

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)


def _lost(run: ActiveRun) -> Cause:
    return Cause(
        "service",
        f"The run's process ended before it had finished, {run.attempt} times. That is not your notebook's fault, "
        "unless it takes all of the machine's memory; tell who runs the service.",
    )

"""The queue: runs wait as PENDING for one of N slots, and each then has a process of its own.

All of it lives on the event loop, so that no lock is needed but one: runs are brought to their end one at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from logging import Logger
from typing import Any, Protocol

from ...deadline import within
from ...errors import Conflict, ServiceUnavailable, StorageFull
from ...models import RunState
from .environment import run_environment
from .plan import Plan, RunFolder
from .processes import Session, end_processes
from .record import Cause, CauseKind, RecordReader

#: A running run says so at least this often, in seconds, so that slow and stuck differ.
HEARTBEAT = 5.0

#: Seconds until a result that could not be stored, since the database is away, is tried again.
_RETRY = 1.0

#: Seconds that a worker has to exit after its last word.
_EXIT_TIMEOUT = 10.0


class RunStore(Protocol):
    """What the queue needs of the store; every method blocks and is called in a thread.

    ``finish_run`` checks outputs and metrics of a run that ended well and returns the state that the run really got.
    It and ``cancel_run`` raise Conflict when the run has ended already.
    """

    def start_run(self, run: str) -> None: ...

    def finish_run(self, run: str, cause: Cause | None) -> RunState: ...

    def cancel_run(self, run: str, reason: str | None) -> None: ...


@dataclass
class ActiveRun:
    """A run that waits or runs."""

    plan: Plan
    folder: RunFolder
    state: RunState = RunState.PENDING
    step: str | None = None
    cell: int | None = None
    cells: int | None = None
    started: float | None = None
    canceled: bool = False
    session: Session | None = None
    work: asyncio.Task[Cause | None] | None = field(default=None, repr=False)
    life: asyncio.Task[None] | None = field(default=None, repr=False)

    def progress(self) -> dict[str, Any]:
        """Where the run is; ``elapsed`` in seconds since it left the queue."""
        elapsed = None if self.started is None else round(time.monotonic() - self.started, 1)
        return {"step": self.step, "cell": self.cell, "cells": self.cells, "elapsed": elapsed}

    def note(self, entry: dict[str, Any]) -> None:
        """Take in a step or cell entry of the record."""
        self.step = entry["step"]
        self.cells = entry["cells"]
        self.cell = entry.get("cell")


class RunQueue:
    """Starts, follows, cancels and finishes runs."""

    def __init__(
        self, store: RunStore, executor: Executor, slots: int, changed: Callable[[ActiveRun], None], log: Logger
    ) -> None:
        """``changed`` is called on the event loop after each change of an active run, the last time with its final
        state."""
        self.slots = slots
        self._store = store
        self._executor = executor
        self._changed = changed
        self._log = log
        self._free = asyncio.Semaphore(slots)
        self._finishing = asyncio.Lock()
        self._active: dict[str, ActiveRun] = {}
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

    def submit(self, plan: Plan, folder: RunFolder) -> None:
        """Queue a run that the store has as PENDING."""
        self.require_open()
        run = ActiveRun(plan, folder)
        self._active[plan.run] = run
        self._changed(run)
        run.work = asyncio.create_task(self._work(run))
        run.life = asyncio.create_task(self._live(run, run.work))

    async def cancel(self, run: str, reason: str | None) -> None:
        """Cancel a run and end its processes; Conflict when it has ended already."""
        async with self._finishing:
            await self._call(self._store.cancel_run, run, reason)
            active = self._active.get(run)
            if active is None:
                return
            active.canceled = True
            active.state = RunState.CANCELED
            if active.work is not None:
                active.work.cancel()
        # Not under the lock, which the run needs to come to its end.
        if active.life is not None:
            await asyncio.wait([active.life])

    async def ended(self, run: str) -> None:
        """Wait until an active run has ended; one that is not active has."""
        active = self._active.get(run)
        if active is not None and active.life is not None:
            await asyncio.wait([active.life])

    async def close(self) -> None:
        """Take no more runs and end those that there are as ERROR: the service stops."""
        self._is_closed = True
        runs = self.active
        for run in runs:
            if run.work is not None:
                run.work.cancel()
        lives = [run.life for run in runs if run.life is not None]
        if lives:
            await asyncio.wait(lives)

    async def _live(self, run: ActiveRun, work: asyncio.Task[Cause | None]) -> None:
        """A run's life in the service. Only its work can be canceled: whatever becomes of that, the end is written."""
        try:
            cause = await work
        except asyncio.CancelledError:
            cause = Cause("service", "The ROB service was stopped while this run was active. Submit it again.")
        except Exception as error:
            self._log.exception("Run %s failed in the service", run.plan.run)
            cause = Cause("service", f"The ROB service could not run this: {error}")
        await self._finish(run, cause)

    async def _work(self, run: ActiveRun) -> Cause | None:
        async with self._free:
            await self._call(self._store.start_run, run.plan.run)
            run.started = time.monotonic()
            run.state = RunState.RUNNING
            self._changed(run)
            cause = await self._execute(run)
            # The slot is kept until nothing of the run is left that could take processor time from the next.
            await _end_processes(run)
            return cause

    async def _execute(self, run: ActiveRun) -> Cause | None:
        """Start the run's process and follow its record until it exits."""
        # Kernels put their sockets there. Not in the run folder: the path of a socket must be short.
        with tempfile.TemporaryDirectory(prefix=runtime_prefix(run.plan.run)) as runtime_dir:
            return await self._spawn(run, runtime_dir)

    async def _spawn(self, run: ActiveRun, runtime_dir: str) -> Cause | None:
        woken, wake = os.pipe()
        try:
            with run.folder.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "jupyterlab_rob.service.engine.worker",
                    str(run.folder.path),
                    str(wake),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=run.folder.path,
                    env=run_environment(run.plan.run, runtime_dir),
                    pass_fds=(wake,),
                    start_new_session=True,
                )
        finally:
            os.close(wake)
        run.session = Session.of(process.pid)
        if run.session is not None:
            run.session.write(run.folder.session)
        try:
            return await self._follow(run, process, woken)
        except asyncio.CancelledError:
            # With the worker still there, so that its descendants are known by it.
            await _end_processes(run)
            await process.wait()
            raise
        finally:
            os.close(woken)

    async def _follow(self, run: ActiveRun, process: asyncio.subprocess.Process, woken: int) -> Cause | None:
        record = RecordReader(run.folder.record)
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        os.set_blocking(woken, False)

        def on_readable() -> None:
            with contextlib.suppress(BlockingIOError):
                if not os.read(woken, 4096):
                    # The worker's end is closed: it has exited.
                    loop.remove_reader(woken)
            news.set()

        loop.add_reader(woken, on_readable)
        exited = asyncio.create_task(process.wait())
        exited.add_done_callback(lambda _: news.set())
        try:
            while True:
                with contextlib.suppress(asyncio.TimeoutError):
                    await within(HEARTBEAT, news.wait())
                news.clear()
                for entry in record.read():
                    if entry["event"] == "end":
                        with contextlib.suppress(asyncio.TimeoutError):
                            await within(_EXIT_TIMEOUT, exited)
                        return Cause.from_dict(entry["cause"]) if entry["cause"] else None
                    run.note(entry)
                if exited.done():
                    return _died(exited.result())
                self._changed(run)
        finally:
            loop.remove_reader(woken)
            exited.cancel()

    async def _finish(self, run: ActiveRun, cause: Cause | None) -> None:
        try:
            await _end_processes(run)
            async with self._finishing:
                if not run.canceled:
                    run.state = await self._end(run, cause)
            await asyncio.to_thread(shutil.rmtree, run.folder.work, True)
        except Exception:
            self._log.exception("Run %s could not be finished", run.plan.run)
            run.state = RunState.ERROR
        finally:
            del self._active[run.plan.run]
            self._changed(run)

    async def _end(self, run: ActiveRun, cause: Cause | None) -> RunState:
        """Write down how the run ended; if its results can't be stored, that."""
        try:
            state = await self._written(run, cause)
        except (Conflict, ServiceUnavailable):
            raise
        except Exception as error:
            self._log.exception("The results of run %s could not be stored", run.plan.run)
            kind: CauseKind = "storage" if isinstance(error, StorageFull) else "service"
            cause = Cause(kind, f"The results could not be stored: {error}")
            state = await self._written(run, cause)
        return state

    async def _written(self, run: ActiveRun, cause: Cause | None) -> RunState:
        """Write down how the run ended once the database is there; ServiceUnavailable when the service stops before."""
        while True:
            try:
                state: RunState = await self._call(self._store.finish_run, run.plan.run, cause)
                return state
            except ServiceUnavailable:
                if self._is_closed:
                    raise
                self._log.warning("The end of run %s waits for the database", run.plan.run)
                await asyncio.sleep(_RETRY)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)


def runtime_prefix(run: str) -> str:
    """How the name of the run's runtime folder, among temporary files, begins."""
    return f"rob-{run[:12]}-"


async def _end_processes(run: ActiveRun) -> None:
    await asyncio.to_thread(end_processes, [run.plan.run], [run.session] if run.session else [])


def _died(code: int) -> Cause:
    """The cause for a worker that exited without a word."""
    how = f"killed by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return Cause(
        "service", f"The run's process was {how} before it had finished; the machine may have run out of memory."
    )

"""What the handlers are given: the parts of the service, and its clock of idleness."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from logging import Logger
from typing import Any

from ..models import JSON
from ..packing import PackingLimits
from .attempts import AttemptLimits
from .auth import Authenticator
from .engine.active import ActiveRun
from .engine.queue import RunQueue
from .events import EventHub
from .identity import Identity
from .limits import UploadLimits
from .passwords import PasswordThreads
from .postprocessing import PostprocessingScheduler
from .store import Store


@dataclass
class Context:
    """The service's parts; ``stop`` ends the service, ``status`` is the answer of the route ``status``."""

    store: Store
    queue: RunQueue
    postprocessing: PostprocessingScheduler
    events: EventHub
    authenticator: Authenticator
    attempts: AttemptLimits
    passwords: PasswordThreads
    owner: Identity
    executor: Executor
    log: Logger
    #: The path of the API.
    base: str
    #: What users read as the service's name.
    title: str
    #: Names by which clients may address the service; None for any.
    hosts: frozenset[str] | None
    max_active_runs: int
    registration: bool
    #: Seconds that a log-in lasts.
    token_lifetime: float
    limits: UploadLimits
    #: Of benchmarks, unpacked.
    packing: PackingLimits
    stop: Callable[[], None]
    status: Callable[[], JSON]
    #: Seconds since the epoch.
    clock: Callable[[], float] = time.time
    #: Open event streams by user.
    streams: Counter[str] = field(default_factory=Counter)
    _requests: int = 0
    _last_activity: float = field(default_factory=time.monotonic)

    def request_begins(self) -> None:
        self._requests += 1

    def request_ends(self) -> None:
        self._requests -= 1
        self._last_activity = time.monotonic()

    def idle_for(self) -> float:
        """Seconds since the last request, run or post-processing has ended; 0 while there is one."""
        if self._requests or self.queue.active or self.postprocessing.is_busy:
            self._last_activity = time.monotonic()
        return time.monotonic() - self._last_activity

    def progress(self, run: str) -> JSON | None:
        active = self.queue.get(run)
        return active.progress() if active is not None else None


class RunEvents:
    """Turns the queue's changes into events of docs/protocol.md."""

    def __init__(self, store: Store, events: EventHub, owner: Identity, executor: Executor, log: Logger) -> None:
        self._store = store
        self._events = events
        self._owner = owner
        self._executor = executor
        self._log = log
        self._ends: set[asyncio.Task[None]] = set()

    def changed(self, run: ActiveRun) -> None:
        event: dict[str, Any] = {
            "run": run.plan.run,
            "benchmark": run.plan.benchmark,
            "submission": run.plan.submission,
            "state": run.state.value,
            "attempt": run.attempt,
            **{name: value for name, value in run.progress().items() if value is not None},
            **({"logSize": run.beat.log_size} if run.beat is not None else {}),
        }
        if run.state.is_active:
            self._events.publish(event)
        else:
            task = asyncio.create_task(self._publish_end(event))
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)

    def postprocessed(self, benchmark: str, went_well: bool) -> None:
        """Tell everybody that the benchmark's plots and tables are new, or its coordinators that there are none."""
        self._events.publish({"benchmark": benchmark, "postproc": "SUCCESS" if went_well else "ERROR"}, "benchmark")

    async def settled(self) -> None:
        """Wait until the last events of all runs that have ended are published."""
        if self._ends:
            await asyncio.wait(set(self._ends))

    async def _publish_end(self, event: dict[str, Any]) -> None:
        """The last event of a run carries what came of it."""
        try:
            handle = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._store.runs.outcome, self._owner, event["run"]
            )
        except Exception:
            self._log.exception("No result for the last event of run %s", event["run"])
        else:
            messages = handle.get("messages") or [None]
            details = {
                "message": messages[-1],
                "cause": handle["cause"],
                "result": handle["result"],
                "rank": handle["rank"],
            }
            event |= {name: value for name, value in details.items() if value is not None}
            event["state"] = handle["state"]
        self._events.publish(event)

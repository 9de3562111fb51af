"""Follows the active runs of a service that has no stream of events, by asking now and then.

One poll for a Jupyter server, however many browsers look at it. It asks every second while something changes, ever
more seldom while nothing does, and not at all when no run is active.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from logging import Logger

from .deadline import within
from .errors import Forbidden, LoginRequired, NotFound, RobError
from .flows import get
from .models import JSON, PROGRESS, RunState
from .upstream import Upstream

#: Seconds between two looks: at first and after a change, the factor when nothing has changed, and at most.
INTERVAL, SLOWER, MAX_INTERVAL = 1.0, 1.3, 10.0
#: Seconds without a change after which a run is not followed any more: on a server that was killed it stays RUNNING.
FOLLOWED = 24 * 3600.0


@dataclass(frozen=True)
class _Followed:
    group: str
    state: str
    #: When it changed, on the monotonic clock.
    since: float


class Poll:
    """Follows the runs that it is told of by :meth:`notice`.

    Args:
        upstream: Where the service is.
        take: Takes an event (docs/protocol.md) for each change.
        touch: Called at each look while a run is active.
    """

    def __init__(
        self, upstream: Upstream, take: Callable[[JSON], None], touch: Callable[[], None], log: Logger
    ) -> None:
        self._upstream = upstream
        self._take = take
        self._touch = touch
        self._log = log
        self._runs: dict[str, _Followed] = {}
        self._news = asyncio.Event()
        self.is_running = False

    @property
    def active(self) -> int:
        """Number of runs that are being followed."""
        return len(self._runs) if self.is_running else 0

    def notice(self, handle: JSON) -> bool:
        """Take note of a run as it is now; whether it is a change."""
        run, state, group = str(handle["id"]), str(handle["state"]), handle.get("groupId")
        known = self._runs.get(run)
        is_active = RunState(state).is_active
        if known is None and not (is_active and group):
            return False
        if known is not None and known.state == state:
            return False
        if is_active:
            self._runs[run] = _Followed(str(group), state, time.monotonic())
        else:
            del self._runs[run]
        self._take(event_of(handle))
        self._news.set()
        return True

    async def run(self) -> None:
        """Look until no run is active, or the service wants a log-in; what was followed is then followed further."""
        interval = INTERVAL
        self.is_running = True
        try:
            while self._runs:
                self._news.clear()
                self._touch()
                try:
                    has_changed = await self._look()
                except LoginRequired:
                    return
                except RobError as error:
                    # It may come back; a server is started anew now and then.
                    self._log.info("The runs can't be followed for the moment: %s", error.message)
                    has_changed = False
                interval = INTERVAL if has_changed else min(SLOWER * interval, MAX_INTERVAL)
                if self._runs:
                    with contextlib.suppress(asyncio.TimeoutError):
                        await within(interval, self._news.wait())
                        interval = INTERVAL
        finally:
            self.is_running = False

    async def _look(self) -> bool:
        """Ask for all that is followed, one request for each submission; whether there was a change."""
        has_changed = False
        for group in sorted({followed.group for followed in self._runs.values()}):
            try:
                listed = await self._upstream.run(get("groups", group, "runs"))
                states = {str(run["id"]): str(run["state"]) for run in listed["runs"]}
            except (NotFound, Forbidden):
                # Deleted, or of who was logged in before.
                states = {}
            for run, followed in list(self._runs.items()):
                if followed.group == group and states.get(run) != followed.state and await self._ask(run):
                    has_changed = True
                # One that has just changed is followed anew.
                if self._runs.get(run) is followed and time.monotonic() - followed.since > FOLLOWED:
                    del self._runs[run]
        return has_changed

    async def _ask(self, run: str) -> bool:
        """Ask for one run; whether it has changed or is not followed any more."""
        known = self._runs.get(run)
        try:
            # By asking it is noticed.
            self.notice(await self._upstream.run(get("runs", run)))
        except (NotFound, Forbidden):
            self._runs.pop(run, None)
        # The service may have given notice of it itself, before we did.
        return self._runs.get(run) is not known


def event_of(handle: JSON) -> JSON:
    """The event that tells what the handle of a run does."""
    messages = handle.get("messages") or []
    event = {"run": handle["id"], "benchmark": handle.get("workflowId"), "submission": handle.get("groupId")}
    rest = {"message": messages[-1] if messages else None}
    rest |= {key: handle.get(key) for key in ("cause", "result", "rank", "attempt")}
    rest |= {key: (handle.get("progress") or {}).get(key) for key in PROGRESS}
    return {**event, "state": handle["state"], **{key: value for key, value in rest.items() if value is not None}}

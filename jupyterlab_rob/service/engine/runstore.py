"""What the queue needs of the store."""

from __future__ import annotations

from typing import Protocol

from ...models import RunState
from .cause import Cause


class RunStore(Protocol):
    """Moves runs from state to state; every method blocks and is called in a thread.

    ``finish_run`` checks outputs and metrics of a run that ended well and returns the state that the run really got.
    It and ``cancel_run`` raise Conflict when the run has ended already; ``cancel_run`` not when it was canceled.
    """

    def start_run(self, run: str) -> None: ...

    def requeue_run(self, run: str) -> None: ...

    def expected_time(self, run: str) -> float | None: ...

    def finish_run(self, run: str, cause: Cause | None) -> RunState: ...

    def cancel_run(self, run: str, reason: str | None) -> None: ...

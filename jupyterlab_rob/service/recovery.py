"""After a start: runs that a dead service has left active are brought to an end, with all their processes."""

from __future__ import annotations

from logging import Logger

from .engine.processes import end_processes
from .engine.record import Cause
from .store.ledger import Ledger

_CAUSE = Cause(
    "service", "The ROB service died while this run was active; the run did not end by itself. Submit it again."
)


def end_abandoned_runs(ledger: Ledger, log: Logger) -> int:
    """End the processes of unfinished runs and finish them as ERROR; returns how many there were.

    To be called before anything is queued, by the process that owns the data folder: no other service can own these
    runs.
    """
    runs = ledger.unfinished_runs()
    killed = end_processes(runs)
    for run in runs:
        ledger.finish_run(run, _CAUSE)
    if runs:
        log.warning("Ended %d unfinished runs of a service that died, and %d of their processes", len(runs), killed)
    return len(runs)

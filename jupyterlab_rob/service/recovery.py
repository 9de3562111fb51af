"""After a start: runs that a dead service has left active are brought to an end, with all their processes."""

from __future__ import annotations

import shutil
import tempfile
from logging import Logger
from pathlib import Path

from .engine.plan import RunFolder
from .engine.processes import Session, end_processes
from .engine.queue import runtime_prefix
from .engine.record import Cause
from .store.ledger import Ledger

_CAUSE = Cause("service", "The ROB service ended while this run was active, before the run had. Submit it again.")


def end_abandoned_runs(ledger: Ledger, folder: Path, log: Logger) -> int:
    """End the processes of unfinished runs and finish them as ERROR; returns how many there were.

    To be called before anything is queued, by the process that owns the data folder: no other service can own these
    runs.
    """
    runs = {run: RunFolder(folder / run) for run in ledger.unfinished_runs()}
    sessions = [session for run in runs.values() if (session := Session.read(run.session))]
    killed = end_processes(runs.keys(), sessions)
    for run, run_folder in runs.items():
        ledger.finish_run(run, _CAUSE)
        shutil.rmtree(run_folder.work, ignore_errors=True)
        for left in Path(tempfile.gettempdir()).glob(f"{runtime_prefix(run)}*"):
            shutil.rmtree(left, ignore_errors=True)
    if runs:
        log.warning("Ended %d unfinished runs of a service that has gone, and %d of their processes", len(runs), killed)
    return len(runs)

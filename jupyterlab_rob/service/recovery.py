"""After a start: the runs of a service that has gone are taken up, and what is left of workers without a run ends."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from logging import Logger
from pathlib import Path

from .engine.cause import Cause
from .engine.lock import FileLock
from .engine.plan import Plan, RunFolder
from .engine.queue import ATTEMPTS
from .engine.record import RecordReader
from .engine.slot import Slot, is_slot_name, slots_in
from .store.ledger import Ledger, UnfinishedRun

_POSTPROCESSING = Cause("service", "The ROB service ended while this run was active, before the run had.")
_LOST = Cause(
    "service",
    "The run's process ended before it had finished, as did the one that took its place; the machine may have been "
    "started anew, or have run out of memory. Submit it again.",
)


@dataclass
class Recovered:
    """Runs to be followed, with the slots of their workers, and runs to be queued, in the order in which they came."""

    running: list[tuple[Plan, RunFolder, Slot]] = field(default_factory=list)
    waiting: list[tuple[Plan, RunFolder]] = field(default_factory=list)


def recover(ledger: Ledger, runs: Path, slots: Path, log: Logger) -> Recovered:
    """Find out what has become of the runs that had not ended.

    To be called before anything is queued, by the process that owns the data folder: no other service can own these
    runs.
    """
    recovered = Recovered()
    unfinished = ledger.unfinished_runs()
    for run in unfinished:
        folder = RunFolder(runs / run.id)
        try:
            plan = Plan.read(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            ledger.finish_run(run.id, Cause("service", f"What the run was to do is lost: {type(error).__name__}."))
            continue
        if run.submission is None:
            # It is due again, and made anew from what is on the leaderboard by then.
            ledger.finish_run(run.id, _POSTPROCESSING)
        elif not run.is_running:
            recovered.waiting.append((plan, folder))
        else:
            _take_up(run, plan, folder, slots, ledger, recovered)
    kept = {slot.name for _, _, slot in recovered.running}
    ended = sum(slot.end() for slot in slots_in(slots) if slot.name not in kept)
    active = {plan.run for plan, _, _ in recovered.running} | {plan.run for plan, _ in recovered.waiting}
    with os.scandir(runs) as entries:
        for entry in entries:
            if entry.name not in active:
                shutil.rmtree(RunFolder(Path(entry.path)).work, ignore_errors=True)
    if unfinished:
        log.warning(
            "Took up %d running and %d waiting runs of %d; ended %d processes that were left",
            len(recovered.running), len(recovered.waiting), len(unfinished), ended,
        )  # fmt: skip
    return recovered


def _take_up(
    run: UnfinishedRun, plan: Plan, folder: RunFolder, slots: Path, ledger: Ledger, recovered: Recovered
) -> None:
    """A run that was RUNNING: it goes on, has ended meanwhile, or is lost."""
    lock = FileLock(folder.lock)
    is_lost = lock.acquire()
    try:
        if not is_lost or _has_end(folder):
            recovered.running.append((plan, folder, _slot(folder, slots)))
        elif folder.begun() >= ATTEMPTS:
            ledger.finish_run(run.id, _LOST)
        else:
            # With the lock: a worker that was just about to begin finds that it came too late.
            folder.begin_attempt()
            ledger.requeue_run(run.id)
            recovered.waiting.append((plan, folder))
    finally:
        lock.release()


def _slot(folder: RunFolder, slots: Path) -> Slot:
    try:
        name = folder.slot.read_text()
    except OSError:
        name = ""
    return Slot(slots / (name if is_slot_name(name) else "gone"))


def _has_end(folder: RunFolder) -> bool:
    record = RecordReader(folder.record(folder.current_attempt()))
    while True:
        if any(entry["event"] == "end" for entry in record.read()):
            return True
        if not record.is_behind:
            return False

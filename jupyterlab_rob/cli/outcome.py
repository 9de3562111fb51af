"""What commands share that have to do with a run's end."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..console import Progress, print_json, print_run
from ..models import JSON, RunState
from .options import hint

if TYPE_CHECKING:
    from ..client import Run

EXIT_RUN_FAILED = 1


def run_document(run: Run) -> JSON:
    """What ``--json`` prints of a run."""
    # Always there, as scripts expect; the service leaves out what does not belong to the state.
    return {"run": {"files": [], "messages": [], **run.handle}}


def exit_status(run: Run) -> int:
    """What a command that ends with this run returns."""
    return EXIT_RUN_FAILED if run.state in (RunState.ERROR, RunState.CANCELED) else 0


def _wait(options: argparse.Namespace, run: Run) -> None:
    """Wait for a run's end, with a line that tells where it is."""
    progress = Progress()
    try:
        # At once: a run that waits for its turn says nothing for a while.
        progress.show(run.handle)
        run.wait(on_change=lambda changed: progress.show(changed.handle))
    except KeyboardInterrupt:
        progress.end()
        tell_that_it_goes_on(options, run)
        raise
    progress.end()


def started(options: argparse.Namespace, run: Run, what: str) -> int:
    """The end of a command that has started a run: with ``--wait`` the run's end, else where to look; the exit status.

    Args:
        what: A sentence that says what was started.
    """
    if options.wait:
        _wait(options, run)
    if options.json:
        print_json(run_document(run))
    elif options.wait:
        print_run(run.handle)
    else:
        print(f"{what} How it is: {hint(options, 'runs', 'show', run.id)}")
    return exit_status(run)


def tell_that_it_goes_on(options: argparse.Namespace, run: Run) -> None:
    """For who does not wait any longer."""
    sys.stderr.write(f"\nRun {run.id} goes on. To end it: {hint(options, 'runs', 'cancel', run.id)}\n")

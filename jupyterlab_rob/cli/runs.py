"""``jupyter rob runs …``, and what other commands tell about a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..console import print_json, print_run, print_runs
from ..errors import InvalidInput, NotFound
from ..models import JSON, RunState
from .options import benchmark_option, client, json_option, service_option

if TYPE_CHECKING:
    from ..client import Run
    from .options import Commands

EXIT_RUN_FAILED = 1


def add_to(commands: Commands) -> None:
    runs = commands.add_parser("runs", help="list, show and cancel runs, and read their logs")
    verbs = runs.add_subparsers(metavar="VERB", required=True)
    listing = verbs.add_parser(
        "list", parents=[benchmark_option(), service_option(), json_option()], help="your runs, newest first"
    )
    listing.set_defaults(command=_list)
    for name, command, about in (
        ("show", _show, "one run: result, files, or what went wrong"),
        ("cancel", _cancel, "end a run that waits or runs"),
        ("log", _log, "what a run has printed"),
    ):
        verb = verbs.add_parser(name, parents=[service_option(), json_option()], help=about)
        verb.add_argument("id", metavar="RUN")
        verb.set_defaults(command=command)
        if name == "cancel":
            verb.add_argument("--reason", help="what the run's members will read")


def run_document(run: Run) -> JSON:
    """What ``--json`` prints of a run."""
    # Always there, as scripts expect; the service leaves out what does not belong to the state.
    return {"run": {"files": [], "messages": [], **run.handle}}


def exit_status(run: Run) -> int:
    """What a command that ends with this run returns."""
    return EXIT_RUN_FAILED if run.state in (RunState.ERROR, RunState.CANCELED) else 0


def _list(options: argparse.Namespace) -> int:
    service = client(options)
    wanted = [service.benchmark(options.benchmark)] if options.benchmark else service.benchmarks()
    found = [(benchmark, run.handle) for benchmark in wanted for run in service.runs(benchmark["id"])]
    if options.json:
        print_json({"runs": [handle for _, handle in found]})
    elif not found:
        print("There are no runs yet.")
    else:
        print_runs([(benchmark["name"], handle) for benchmark, handle in found])
    return 0


def _show(options: argparse.Namespace) -> int:
    run = _find(options)
    print_json(run_document(run)) if options.json else print_run(run.handle)
    return 0


def _cancel(options: argparse.Namespace) -> int:
    run = _find(options).cancel(options.reason)
    print_json(run_document(run)) if options.json else print(f"Run {run.id} is {run.state.value}.")
    return 0


def _log(options: argparse.Namespace) -> int:
    log = _find(options).log()
    print_json({"log": log}) if options.json else print(log, end="" if log.endswith("\n") else "\n")
    return 0


def _find(options: argparse.Namespace) -> Run:
    """The run with the given id, or the only one of mine whose id begins so.

    Raises:
        NotFound: There is none.
        InvalidInput: There are several.
    """
    service, wanted = client(options), str(options.id)
    try:
        return service.get_run(wanted)
    except NotFound:
        found = [
            run
            for benchmark in service.benchmarks()
            for run in service.runs(benchmark["id"])
            if wanted and run.id.startswith(wanted)
        ]
        if not found:
            raise
        if len(found) > 1:
            raise InvalidInput(f"The ids of {len(found)} runs begin with {wanted}. Give more of it.") from None
        return found[0]

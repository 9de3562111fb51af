"""``jupyter rob runs …``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import print_json, print_run, print_runs, submitted
from ..errors import InvalidInput, NotFound
from .options import benchmark_option, client, json_option, service_option
from .outcome import exit_status, run_document, started, tell_that_it_goes_on

if TYPE_CHECKING:
    from ..client import Run
    from .options import Commands


def add_to(commands: Commands) -> None:
    runs = commands.add_parser("runs", help="list, show, cancel, repeat and download runs, and read their logs")
    verbs = runs.add_subparsers(metavar="VERB", required=True)
    listing = verbs.add_parser(
        "list", parents=[benchmark_option(), service_option(), json_option()], help="your runs, newest first"
    )
    listing.set_defaults(command=_list)
    of_run = {}
    for name, command, about in (
        ("show", _show, "one run: result, files, or what went wrong"),
        ("cancel", _cancel, "end a run that waits or runs"),
        ("log", _log, "what a run has printed"),
        ("download", _download, "write result files, executed notebooks and log into a folder"),
        ("rerun", _rerun, "start a run with the same notebook and arguments, of the benchmark as it is now"),
    ):
        of_run[name] = verb = verbs.add_parser(name, parents=[service_option(), json_option()], help=about)
        verb.add_argument("id", metavar="RUN", help="its id, or the beginning of it")
        verb.set_defaults(command=command)
    of_run["cancel"].add_argument("--reason", help="what the run's members will read")
    of_run["log"].add_argument(
        "-f", "--follow", action="store_true", help="go on until the run ends; the exit status tells how it did"
    )
    of_run["rerun"].add_argument("--wait", action="store_true", help="wait for the run's end and print its result")
    download = of_run["download"]
    download.add_argument(
        "-o", "--output", metavar="FOLDER", type=Path, help="default: run- and the beginning of the run's id"
    )
    download.add_argument("--notebook", action="store_true", help="only the executed notebooks")
    download.add_argument("--overwrite", action="store_true", help="replace files that are there already")


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
    run = _find(options)
    if options.follow:
        return _follow(options, run)
    log = run.log()
    print_json({"log": log}) if options.json else print(log, end="" if log.endswith("\n") else "\n")
    return 0


def _follow(options: argparse.Namespace, run: Run) -> int:
    pieces: list[str] = []

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        run.follow_log(pieces.append if options.json else show)
    except KeyboardInterrupt:
        tell_that_it_goes_on(options, run)
        raise
    if options.json:
        print_json({"log": "".join(pieces), **run_document(run)})
    else:
        # Standard output is the log's alone.
        message = (run.messages or [""])[-1]
        sys.stderr.write(f"Run {run.id} is {run.state.value}{f': {message}' if message else '.'}\n")
    return exit_status(run)


def _download(options: argparse.Namespace) -> int:
    run = _find(options)
    folder = options.output or Path(f"run-{run.id[:8]}")
    written = run.download(folder, notebook_only=options.notebook, overwrite=options.overwrite)
    if options.json:
        files = [path.relative_to(folder).as_posix() for path in written]
        print_json({"run": run.id, "folder": str(folder.absolute()), "files": files})
    else:
        print("\n".join(str(path) for path in written))
    return 0


def _rerun(options: argparse.Namespace) -> int:
    earlier = _find(options)
    run = earlier.rerun()
    what = "notebook" if len(submitted(run.handle)) < 2 else "notebooks"
    return started(options, run, f"Run {run.id} is queued, with the {what} and the arguments of {earlier.id}.")


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

"""``jupyter rob …``: the command line.

Exit status: 0 success, 1 the run ended in ERROR or CANCELED, 2 wrong usage or bad input, 3 the service can't be
reached or something unexpected happened (with ``ROB_DEBUG`` set, the traceback is printed), 130 interrupted. With
``--json`` there is one JSON document on standard output and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import __version__, embedded
from .connection import Connection, default_data_dir
from .console import Progress, print_json, print_leaderboard, print_run, print_runs, print_table, shown
from .errors import InvalidInput, NotFound, RobError
from .models import JSON, Problem, RunState

if TYPE_CHECKING:
    from .client import Client, Run

EXIT_RUN_FAILED = 1
EXIT_UNEXPECTED = 3
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["serve"]:
        # All that follows is for the service, its --help too.
        return _serve(arguments[1:])
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        status = command(options)
        sys.stdout.flush()
        return status
    except RobError as error:
        _complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader, `head` say, has seen enough; Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("ROB_DEBUG"):
            traceback.print_exc()
        reason = " ".join(str(error).split()) or "no reason given"
        sys.stderr.write(f"jupyter rob: unexpected {type(error).__name__}: {reason}; please report\n")
        return EXIT_UNEXPECTED


def _submit(options: argparse.Namespace) -> int:
    from .client import read_notebook
    from .preflight import check, coerce_arguments

    client = _client()
    name, notebook = read_notebook(options.notebook)
    texts = dict(options.parameters)
    benchmark = client.benchmark(_benchmark(options))
    arguments = coerce_arguments(benchmark, texts)
    _warn(check(notebook, benchmark, arguments))
    run = client.submit(benchmark["id"], options.notebook, arguments, options.submission)
    if options.wait:
        _wait(run)
    if options.json:
        print_json(_run_document(run))
    elif options.wait:
        print_run(run.handle)
    else:
        print(f"Run {run.id} of {name} is queued. How it is: jupyter rob runs show {run.id}")
    return _run_status(run)


def _benchmarks_list(options: argparse.Namespace) -> int:
    found = _client().benchmarks()
    if options.json:
        print_json({"benchmarks": found})
    else:
        print_table([(b["name"], b["id"], b.get("description") or "") for b in found], ("Name", "Id", "Description"))
    return 0


def _benchmarks_show(options: argparse.Namespace) -> int:
    benchmark = _client().benchmark(options.name)
    if options.json:
        print_json({"benchmark": benchmark})
        return 0
    print("\n\n".join(text for text in (benchmark["name"], benchmark.get("description")) if text))
    rows = []
    for parameter in benchmark["parameters"]:
        default = parameter.get("defaultValue")
        need = shown(default) if default is not None else "required" if parameter.get("isRequired") else "-"
        rows.append(
            (parameter["name"], parameter["dtype"], need, parameter.get("help") or parameter.get("label") or "")
        )
    if rows:
        print()
        print_table(rows, ("Parameter", "Type", "Default", "Meaning"))
    if benchmark.get("instructions"):
        print(f"\n{benchmark['instructions'].strip()}")
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    client = _client()
    benchmark = client.benchmark(_benchmark(options))["id"]
    leaderboard = client.leaderboard(benchmark)
    if options.json:
        print_json(leaderboard)
    else:
        print_leaderboard(leaderboard, {group["id"] for group in client.submissions(benchmark)})
    return 0


def _runs_list(options: argparse.Namespace) -> int:
    client = _client()
    wanted = [client.benchmark(options.benchmark)] if options.benchmark else client.benchmarks()
    found = [(benchmark, run.handle) for benchmark in wanted for run in client.runs(benchmark["id"])]
    if options.json:
        print_json({"runs": [handle for _, handle in found]})
    elif not found:
        print("There are no runs yet.")
    else:
        print_runs([(benchmark["name"], handle) for benchmark, handle in found])
    return 0


def _runs_show(options: argparse.Namespace) -> int:
    run = _find_run(options.id)
    print_json(_run_document(run)) if options.json else print_run(run.handle)
    return 0


def _runs_cancel(options: argparse.Namespace) -> int:
    run = _find_run(options.id).cancel(options.reason)
    print_json(_run_document(run)) if options.json else print(f"Run {run.id} is {run.state.value}.")
    return 0


def _runs_log(options: argparse.Namespace) -> int:
    log = _find_run(options.id).log()
    print_json({"log": log}) if options.json else print(log, end="" if log.endswith("\n") else "\n")
    return 0


def _status(options: argparse.Namespace) -> int:
    connection = embedded.find()
    service = _describe(connection) if connection else None
    if options.json:
        print_json({"service": service, "dataDir": str(default_data_dir())})
    elif service is None:
        print(f"No ROB service is running for {default_data_dir()}; it is started when it is needed.")
    else:
        print_table([(name, shown(value)) for name, value in service.items()])
    return 0


def _stop(options: argparse.Namespace) -> int:
    connection = embedded.stop()
    if options.json:
        print_json({"stopped": connection is not None})
    else:
        print("The ROB service has been stopped." if connection else "No ROB service is running.")
    return 0


def _serve(arguments: list[str]) -> int:
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab_rob.service", *arguments])  # noqa: S606  (no shell)


def _find_run(wanted: str) -> Run:
    """The run with this id, or the only one of mine whose id begins so.

    Raises:
        NotFound: There is none.
        InvalidInput: There are several.
    """
    client = _client()
    try:
        return client.get_run(wanted)
    except NotFound:
        found = [
            run
            for benchmark in client.benchmarks()
            for run in client.runs(benchmark["id"])
            if wanted and run.id.startswith(wanted)
        ]
        if not found:
            raise
        if len(found) > 1:
            raise InvalidInput(f"The ids of {len(found)} runs begin with {wanted}. Give more of it.") from None
        return found[0]


def _wait(run: Run) -> None:
    progress = Progress()
    try:
        # At once: a run that waits for its turn says nothing for a while.
        progress.show(run.handle)
        run.wait(on_change=lambda changed: progress.show(changed.handle))
    except KeyboardInterrupt:
        progress.end()
        sys.stderr.write(f"\nRun {run.id} goes on. To end it: jupyter rob runs cancel {run.id}\n")
        raise
    progress.end()


def _describe(connection: Connection) -> JSON:
    service: JSON = {"kind": "embedded", "url": connection.url, "pid": connection.pid, "version": connection.version}
    try:
        status = embedded.request(connection, "GET", "status")
    except (OSError, ValueError):
        return service
    return {**service, **{key: status[key] for key in ("slots", "running", "pending", "dataDir") if key in status}}


def _run_document(run: Run) -> JSON:
    # Always there, as scripts expect; the service leaves out what does not belong to the state.
    return {"run": {"files": [], "messages": [], **run.handle}}


def _run_status(run: Run) -> int:
    return EXIT_RUN_FAILED if run.state in (RunState.ERROR, RunState.CANCELED) else 0


def _benchmark(options: argparse.Namespace) -> str:
    if not options.benchmark:
        raise InvalidInput("Which benchmark? Give -b BENCHMARK, or set ROB_BENCHMARK.")
    return str(options.benchmark)


def _client() -> Client:
    # requests takes a while to import, and `--help`, `status` and `stop` do without.
    from .client import Client

    return Client()


def _warn(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.severity == "warning":
            sys.stderr.write(f"warning: {problem.message}\n")


def _complain(error: RobError) -> None:
    errors = [problem.message for problem in error.problems if problem.severity == "error"]
    for message in errors or [error.message]:
        sys.stderr.write(f"jupyter rob: {message}\n")


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter rob", description="Submit notebooks to Reproducible Open Benchmarks."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    json_option = argparse.ArgumentParser(add_help=False)
    json_option.add_argument("--json", action="store_true", help="print one JSON document")
    benchmark_option = argparse.ArgumentParser(add_help=False)
    benchmark_option.add_argument(
        "-b", "--benchmark", default=os.environ.get("ROB_BENCHMARK"), help="id or name [$ROB_BENCHMARK]"
    )

    submit = commands.add_parser("submit", parents=[benchmark_option, json_option], help="start a run of a notebook")
    submit.add_argument("notebook", metavar="NOTEBOOK")
    submit.add_argument(
        "-s",
        "--submission",
        default=os.environ.get("ROB_SUBMISSION"),
        help="name of the submission, made if need be [$ROB_SUBMISSION, else the user's name]",
    )
    submit.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        type=_assignment,
        action="append",
        default=[],
        help="value of a parameter, the benchmark's or the notebook's own; may be repeated",
    )
    submit.add_argument("--wait", action="store_true", help="wait for the run's end and print its result")
    submit.set_defaults(command=_submit)

    benchmarks = commands.add_parser("benchmarks", help="list and show benchmarks")
    verbs = benchmarks.add_subparsers(metavar="VERB", required=True)
    verbs.add_parser("list", parents=[json_option]).set_defaults(command=_benchmarks_list)
    show = verbs.add_parser("show", parents=[json_option])
    show.add_argument("name", metavar="BENCHMARK")
    show.set_defaults(command=_benchmarks_show)

    leaderboard = commands.add_parser("leaderboard", parents=[benchmark_option, json_option], help="show who leads")
    leaderboard.set_defaults(command=_leaderboard)

    runs = commands.add_parser("runs", help="list, show and cancel runs, and read their logs")
    verbs = runs.add_subparsers(metavar="VERB", required=True)
    verbs.add_parser("list", parents=[benchmark_option, json_option]).set_defaults(command=_runs_list)
    for name, command in (("show", _runs_show), ("cancel", _runs_cancel), ("log", _runs_log)):
        verb = verbs.add_parser(name, parents=[json_option])
        verb.add_argument("id", metavar="RUN")
        verb.set_defaults(command=command)
        if name == "cancel":
            verb.add_argument("--reason", help="what the run's members will read")

    commands.add_parser("status", parents=[json_option], help="show the service").set_defaults(command=_status)
    commands.add_parser("stop", parents=[json_option], help="stop the service").set_defaults(command=_stop)
    commands.add_parser("serve", help="run the service in the foreground; options are the service's (--help)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

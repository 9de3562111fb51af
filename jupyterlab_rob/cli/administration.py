"""``jupyter rob benchmarks check|add|update|remove|versions``, for coordinators."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import Progress, print_json, print_run, print_table
from ..errors import InvalidInput, RobError
from ..models import JSON
from .options import client, json_option, service_option
from .outcome import exit_status
from .submit import assignment, by_name, path_assignment

if TYPE_CHECKING:
    from ..client import Run
    from .options import Commands

EXIT_PROBLEMS = 2
#: Lines of a failed run's log that are shown.
LOG_TAIL = 20


def add_to(verbs: Commands) -> None:
    check = verbs.add_parser("check", parents=[json_option()], help="explain what is wrong with a benchmark's folder")
    check.add_argument("folder", metavar="FOLDER", type=Path)
    check.add_argument("--run", action="store_true", help="run it once, in a service of its own, with the defaults")
    check.add_argument(
        "--notebook",
        dest="notebooks",
        metavar="[NAME=]PATH",
        type=_notebook,
        action="append",
        default=[],
        help="the participant's notebook for --run, or that for the parameter NAME; may be repeated",
    )
    check.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        type=assignment,
        action="append",
        default=[],
        help="value of a parameter for --run, instead of its default; may be repeated",
    )
    check.add_argument(
        "--file",
        dest="files",
        metavar="NAME=PATH",
        type=path_assignment,
        action="append",
        default=[],
        help="file for a parameter for --run; may be repeated",
    )
    check.set_defaults(command=_check)

    shared = [service_option(), json_option()]
    add = verbs.add_parser("add", parents=shared, help="add a benchmark")
    add.add_argument("folder", metavar="FOLDER", type=Path)
    add.add_argument("--id", help="lower-case letters, digits and hyphens; default: the folder's name")
    add.add_argument("--note", help="what others should know of this version")
    add.set_defaults(command=_add)

    update = verbs.add_parser("update", parents=shared, help="give a benchmark a new version")
    update.add_argument("id", metavar="BENCHMARK")
    update.add_argument("folder", metavar="FOLDER", type=Path)
    update.add_argument("--note", help="what has changed")
    update.set_defaults(command=_update)

    remove = verbs.add_parser("remove", parents=shared, help="delete a benchmark without runs, or archive it")
    remove.add_argument("id", metavar="BENCHMARK")
    remove.add_argument("--archive", action="store_true", help="hide it and take no more runs, but keep its results")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(command=_remove)

    versions = verbs.add_parser("versions", parents=shared, help="list a benchmark's versions")
    versions.add_argument("id", metavar="BENCHMARK")
    versions.set_defaults(command=_versions)


def _check(options: argparse.Namespace) -> int:
    if not options.run and (options.notebooks or options.parameters or options.files):
        raise InvalidInput("--notebook, -p and --file are for a run: give --run as well.")
    problems = _found(options.folder)
    if not options.json:
        _print_problems(problems, sys.stdout)
        print(_summary(problems))
    failed = any(problem["severity"] == "error" for problem in problems)
    if not options.run or failed:
        if options.json:
            print_json({"problems": problems, **({"run": None} if options.run else {})})
        return EXIT_PROBLEMS if failed else 0
    return _try_out(options, problems)


def _try_out(options: argparse.Namespace, problems: Sequence[JSON]) -> int:
    from .. import trial

    files = {name: Path(path) for name, path in options.files}
    # By "" what is for all that have none of their own.
    notebooks = {name: Path(path) for name, path in by_name(options.notebooks, "--notebook").items()}
    given = trial.Given(notebooks.pop("", None), dict(options.parameters), files, notebooks)
    with trial.temporary_service() as service:
        run = trial.start(service, options.folder, given)
        progress = Progress()
        try:
            progress.show(run.handle)
            run.wait(on_change=lambda changed: progress.show(changed.handle))
        finally:
            progress.end()
        status = exit_status(run)
        log = _log_tail(run) if status else ""
    if options.json:
        print_json({"problems": list(problems), "run": run.handle})
        return status
    print()
    print_run({**run.handle, "workflowId": None, "groupName": None, "notebooks": []})
    if log:
        print(f"\nThe end of its log:\n{log}")
    return status


def _notebook(text: str) -> tuple[str, str]:
    """``NAME=PATH``, or a path alone, whose name is empty; a file may be called like the former."""
    name, equals, path = text.partition("=")
    return (name.strip(), path) if equals and not Path(text).exists() else ("", text)


def _log_tail(run: Run) -> str:
    try:
        return "\n".join(run.log().splitlines()[-LOG_TAIL:])
    except RobError:
        return ""


def _add(options: argparse.Namespace) -> int:
    from .. import administration

    identifier = options.id or _identifier(options.folder)
    _require_sound(options.folder)
    service = client(options)
    return _sent(options, lambda: administration.add(service, options.folder, identifier, options.note), "was added")


def _update(options: argparse.Namespace) -> int:
    from .. import administration

    _require_sound(options.folder)
    service = client(options)
    return _sent(
        options, lambda: administration.update(service, options.id, options.folder, options.note), "is up to date"
    )


def _sent(options: argparse.Namespace, send: Any, done: str) -> int:
    try:
        benchmark = send()
    except InvalidInput as error:
        problems = [problem.to_dict() for problem in error.problems if problem.file is not None]
        if not problems:
            raise
        _print_problems(problems, sys.stderr)
        raise InvalidInput(error.message) from error
    _print_problems(benchmark.pop("problems", []), sys.stderr)
    if options.json:
        print_json({"benchmark": benchmark})
    else:
        print(f"The benchmark {benchmark['id']} {done}: version {benchmark['version']}.")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from .. import administration

    service = client(options)
    if not options.yes:
        _confirm(f"{'Archive' if options.archive else 'Delete'} the benchmark {options.id}? [y/N] ")
    administration.remove(service, options.id, archive=options.archive)
    if options.json:
        print_json({"removed": options.id, "archived": options.archive})
    else:
        print(f"The benchmark {options.id} was {'archived; its results stay' if options.archive else 'deleted'}.")
    return 0


def _versions(options: argparse.Namespace) -> int:
    from .. import administration

    found = administration.versions(client(options), options.id)
    if options.json:
        print_json({"versions": found})
        return 0
    rows = [
        (
            f"{version['version']}{'*' if version['isCurrent'] else ''}",
            version["createdAt"][:10],
            version["createdBy"] or "",
            str(version["runs"]),
            " ".join((version["note"] or "").split()),
        )
        for version in found
    ]
    print_table(rows, ("Version", "Created", "By", "Runs", "Note"))
    return 0


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise InvalidInput("Nobody can be asked here: give --yes.")
    sys.stderr.write(question)
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InvalidInput("Nothing was changed.")


def _found(folder: Path) -> list[JSON]:
    # YAML takes a while to import.
    from ..templates import check_template

    return [finding.to_dict() for finding in check_template(folder)]


def _require_sound(folder: Path) -> None:
    """Refuse a folder with errors before it is sent; of warnings the service tells."""
    errors = [problem for problem in _found(folder) if problem["severity"] == "error"]
    if errors:
        _print_problems(errors, sys.stderr)
        raise InvalidInput(f"Nothing was sent: {_summary(errors)}")


def _identifier(folder: Path) -> str:
    name = re.sub(r"[\s_.-]+", "-", folder.resolve().name.lower()).strip("-")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
        raise InvalidInput(
            f"'{folder.resolve().name}' can't be the benchmark's id. Give one with --id: lower-case letters, digits "
            "and hyphens, at most 32."
        )
    return name


def _print_problems(problems: Iterable[JSON], stream: Any) -> None:
    for problem in problems:
        line = f":{problem['line']}" if problem.get("line") else ""
        print(f"{problem['file']}{line}: {problem['severity']}: {problem['message']}", file=stream)


def _summary(problems: Sequence[JSON]) -> str:
    if not problems:
        return "No problems found."
    counts = []
    for severity in ("error", "warning"):
        count = sum(problem["severity"] == severity for problem in problems)
        counts += [f"{count} {severity}{'' if count == 1 else 's'}"] if count else []
    return f"{' and '.join(counts)}."

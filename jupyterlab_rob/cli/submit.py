"""``jupyter rob submit``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..models import Problem
from .options import benchmark_name, benchmark_option, client, json_option, service_option
from .outcome import started

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    submit = commands.add_parser(
        "submit",
        parents=[benchmark_option(), service_option(), json_option()],
        help="start a run of a notebook, or of several",
        description="Start a run of a notebook. A benchmark may take several, one for each parameter (`jupyter rob "
        "benchmarks show` tells): give one notebook whose cells are tagged, `rob:NAME` for the parameter NAME, or "
        "notebooks of their own by --notebook, or both.",
    )
    submit.add_argument(
        "notebook",
        metavar="NOTEBOOK",
        nargs="?",
        help="fills all that have no notebook of their own; cells without such a tag are for each of them",
    )
    submit.add_argument(
        "--notebook",
        dest="notebooks",
        metavar="NAME=PATH",
        type=path_assignment,
        action="append",
        default=[],
        help="the notebook for the benchmark's parameter NAME; may be repeated",
    )
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
        type=assignment,
        action="append",
        default=[],
        help="value of a parameter, the benchmark's or the notebook's own; may be repeated",
    )
    submit.add_argument("--wait", action="store_true", help="wait for the run's end and print its result")
    submit.set_defaults(command=_submit)


def _submit(options: argparse.Namespace) -> int:
    from ..client import read_sources
    from ..preflight import coerce_arguments
    from ..splitting import divide, listed, require_use
    from ..submission import prepare

    if options.notebook is None and not options.notebooks:
        raise InvalidInput("Which notebook? Give NOTEBOOK, or --notebook NAME=PATH for each that the benchmark takes.")
    service = client(options)
    main, own = read_sources(options.notebook, by_name(options.notebooks, "--notebook"))
    benchmark = service.benchmark(benchmark_name(options))
    arguments = coerce_arguments(benchmark, dict(options.parameters))
    parts = divide(benchmark, main, own)
    require_use(parts, main)
    try:
        prepared = prepare(benchmark, parts, arguments)
    except InvalidInput as error:
        _warn(error.problems)
        raise
    _warn(prepared.problems)
    # These, and not the files again: one may be saved at any moment.
    run = service.start(benchmark, prepared, arguments, options.submission)
    names = listed(list(dict.fromkeys(part.source.name for part in parts)), "and")
    return started(options, run, f"Run {run.id} of {names} is queued.")


def by_name(given: Sequence[tuple[str, str]], option: str) -> dict[str, str]:
    """What an option was given, by name.

    Raises:
        InvalidInput: A name is there twice.
    """
    found: dict[str, str] = {}
    for name, value in given:
        if name in found:
            which = f"for {name}" if name else "without a name"
            raise InvalidInput(f"{option} gives two {which}: {found[name]} and {value}. Leave one out.")
        found[name] = value
    return found


def _warn(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.severity == "warning":
            sys.stderr.write(f"warning: {problem.message}\n")


def assignment(text: str, form: str = "NAME=VALUE") -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not {form}")
    return name.strip(), value


def path_assignment(text: str) -> tuple[str, str]:
    return assignment(text, "NAME=PATH")

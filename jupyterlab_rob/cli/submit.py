"""``jupyter rob submit``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..models import Problem
from .options import benchmark_name, benchmark_option, client, json_option, service_option
from .outcome import started

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    submit = commands.add_parser(
        "submit", parents=[benchmark_option(), service_option(), json_option()], help="start a run of a notebook"
    )
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
        type=assignment,
        action="append",
        default=[],
        help="value of a parameter, the benchmark's or the notebook's own; may be repeated",
    )
    submit.add_argument("--wait", action="store_true", help="wait for the run's end and print its result")
    submit.set_defaults(command=_submit)


def _submit(options: argparse.Namespace) -> int:
    from ..client import read_notebook
    from ..preflight import check, coerce_arguments

    service = client(options)
    name, notebook = read_notebook(options.notebook)
    texts = dict(options.parameters)
    benchmark = service.benchmark(benchmark_name(options))
    arguments = coerce_arguments(benchmark, texts)
    _warn(check(notebook, benchmark, arguments))
    run = service.submit(benchmark["id"], options.notebook, arguments, options.submission)
    return started(options, run, f"Run {run.id} of {name} is queued.")


def _warn(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.severity == "warning":
            sys.stderr.write(f"warning: {problem.message}\n")


def assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value

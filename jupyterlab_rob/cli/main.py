"""The parser, and one place where errors become exit statuses.

Exit status: 0 success, 1 the run ended in ERROR or CANCELED, 2 wrong usage or bad input, 3 the service can't be
reached or something unexpected happened (with ``ROB_DEBUG`` set, the traceback is printed), 130 interrupted. With
``--json`` there is one JSON document on standard output and nothing else.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from .. import __version__
from ..errors import RobError
from . import benchmarks, leaderboard, runs, service, session, submissions, submit, users
from .options import Command
from .parsing import Parser, parsed

EXIT_UNEXPECTED = 3
EXIT_INTERRUPTED = 130

# In the order in which `--help` lists them.
_NOUNS = (submit, benchmarks, leaderboard, submissions, runs, users, session, service)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["serve"]:
        # All that follows is for the service, its --help too.
        return service.serve(arguments[1:])
    options = parsed(_parser(), arguments)
    command: Command = options.command
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


def _complain(error: RobError) -> None:
    errors = [problem.message for problem in error.problems if problem.severity == "error"]
    for message in errors or [error.message]:
        sys.stderr.write(f"jupyter rob: {message}\n")


def _parser() -> Parser:
    parser = Parser(prog="jupyter rob", description="Submit notebooks to Reproducible Open Benchmarks.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for noun in _NOUNS:
        noun.add_to(commands)
    return parser

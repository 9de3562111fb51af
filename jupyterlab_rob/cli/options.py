"""Options that several commands take, and what they stand for."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..credentials import Credentials
from ..errors import InvalidInput
from ..remote import VARIABLE, RemoteService, configured_url

if TYPE_CHECKING:
    from ..client import Client

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Command = Callable[[argparse.Namespace], int]


def json_option() -> argparse.ArgumentParser:
    """``--json``, a parent for :meth:`add_parser`."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("--json", action="store_true", help="print one JSON document")
    return parent


def service_option() -> argparse.ArgumentParser:
    """``--url``, a parent for :meth:`add_parser` of all that talks to a service."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--url",
        help=f"of the ROB service, its API's base; without it, one of your own is started [${VARIABLE}]",
    )
    return parent


def hint(options: argparse.Namespace, *words: str) -> str:
    """A command that the user may want next, for the same service: ``jupyter rob runs show 4ec1``."""
    given = ("--url", options.url) if options.url else ()
    return shlex.join(("jupyter", "rob", *words, *given))


def benchmark_option() -> argparse.ArgumentParser:
    """``-b``, a parent for :meth:`add_parser`; its value is for :func:`benchmark_name`."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "-b", "--benchmark", default=os.environ.get("ROB_BENCHMARK"), help="id or name [$ROB_BENCHMARK]"
    )
    return parent


def benchmark_name(options: argparse.Namespace) -> str:
    """The benchmark that is meant.

    Raises:
        InvalidInput: None was given.
    """
    if not options.benchmark:
        raise InvalidInput("Which benchmark? Give -b BENCHMARK, or set ROB_BENCHMARK.")
    return str(options.benchmark)


def client(options: argparse.Namespace) -> Client:
    """The client of the service that is meant."""
    # requests takes a while to import, and `--help`, `status` and `stop` do without.
    from ..client import Client

    return Client(url=options.url)


def remote_service(options: argparse.Namespace) -> RemoteService:
    """The service at the URL that is meant.

    Raises:
        InvalidInput: None was given.
    """
    service = find_remote_service(options)
    if service is None:
        raise InvalidInput(
            f"Which service? Give --url URL, or set {VARIABLE}. Without one, a service of your own is used, which "
            "needs no log-in."
        )
    return service


def find_remote_service(options: argparse.Namespace) -> RemoteService | None:
    """The service at the URL that is meant; None when there is no URL: the embedded one."""
    url = configured_url(options.url)
    return RemoteService(url, Credentials()) if url else None

"""``jupyter rob status``, ``stop`` and ``serve``: the service itself."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .. import embedded
from ..connection import Connection, default_data_dir
from ..console import print_json, print_table, shown
from ..errors import Conflict, InvalidInput, NotFound, RobError
from ..flows import get
from ..models import JSON
from ..remote import VARIABLE, configured_url
from .options import find_remote_service, json_option, service_option

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    status = commands.add_parser("status", parents=[service_option(), json_option()], help="show the service")
    status.set_defaults(command=_status)
    stop = commands.add_parser("stop", parents=[service_option(), json_option()], help="stop the service of your own")
    stop.add_argument("--cancel", action="store_true", help="cancel your active runs first, which else go on")
    stop.set_defaults(command=_stop)
    commands.add_parser("serve", help="run the service in the foreground; options are the service's (--help)")


def serve(arguments: list[str]) -> int:
    """Become the service."""
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab_rob.service", *arguments])  # noqa: S606  (no shell)


def _status(options: argparse.Namespace) -> int:
    remote = find_remote_service(options)
    if remote is not None:
        told = remote.session().to_dict()
        told["sandbox"] = _remote_sandbox(options) if told["state"] == "ready" else None
        if options.json:
            print_json({"service": told})
        else:
            print_table(_rows(told, ("kind", "url", "name", "version", "state", "username")))
            _tell_of_sandbox(told)
        return 0
    connection = embedded.find()
    service = _describe(connection) if connection else None
    if options.json:
        print_json({"service": service, "dataDir": str(default_data_dir())})
    elif service is None:
        print(f"No ROB service is running for {default_data_dir()}; it is started when it is needed.")
    else:
        print_table(_rows(service, service))
        _tell_of_sandbox(service)
    return 0


def _stop(options: argparse.Namespace) -> int:
    url = configured_url(options.url)
    if url is not None:
        raise InvalidInput(
            f"The ROB service {url} can't be stopped from here; its administrator stops it where it runs. To stop a "
            f"service of your own, leave out --url and unset {VARIABLE}."
        )
    found = embedded.find()
    canceled = _cancel_runs() if found and options.cancel else 0
    # As late as can be: they may end meanwhile.
    status = _status_of(found) if found else {}
    running, pending = int(status.get("running") or 0), int(status.get("pending") or 0)
    connection = embedded.stop()
    if options.json:
        left = running + pending if connection else 0
        print_json({"stopped": connection is not None, "active": left, "canceled": canceled})
    elif connection is None:
        print("No ROB service is running.")
    else:
        counted = f" {_counted(canceled)} canceled." if canceled else ""
        print(f"The ROB service has been stopped.{counted}{_left(running, pending)}")
    return 0


def _cancel_runs() -> int:
    """Cancel the runs of the user of the service; how many."""
    from ..client import Client

    count = 0
    for run in Client().active_runs():
        # One that has just ended needs it no more.
        with contextlib.suppress(Conflict, NotFound):
            run.cancel("The service was stopped.")
            count += 1
    return count


def _left(running: int, pending: int) -> str:
    """What becomes of runs when there is no service."""
    if not running + pending:
        return ""
    goes = [f"{_counted(running, 'goes', 'go')} on without it"] if running else []
    waits = [f"{_counted(pending, 'waits', 'wait')} for the next one"] if pending else []
    return (
        f" {' and '.join(goes + waits)}. The next command takes them up: jupyter rob runs list. To end them with the "
        "service: jupyter rob stop --cancel"
    )


def _counted(number: int, one: str = "was", many: str = "were") -> str:
    return f"{number} run{'' if number == 1 else 's'} {one if number == 1 else many}"


def _describe(connection: Connection) -> JSON:
    service: JSON = {"kind": "embedded", "url": connection.url, "pid": connection.pid, "version": connection.version}
    status = _status_of(connection)
    return {
        **service,
        **{key: status[key] for key in ("kind", "slots", "running", "pending", "sandbox", "dataDir") if key in status},
    }


def _status_of(connection: Connection) -> JSON:
    """What the service says of itself; nothing when it does not."""
    try:
        return dict(embedded.request(connection, "GET", "status"))
    except (OSError, ValueError):
        return {}


def _remote_sandbox(options: argparse.Namespace) -> JSON | None:
    """What a service at a URL says of its sandbox to who is logged in; null when it does not."""
    from ..client import Client

    try:
        sandbox: JSON | None = Client(url=options.url).transport.run(get("status")).get("sandbox")
    except RobError:
        return None
    return sandbox


def _rows(service: JSON, names: Iterable[str]) -> list[tuple[str, str]]:
    rows = [(name, shown(service[name])) for name in names if name != "sandbox"]
    sandbox = service.get("sandbox")
    if sandbox is not None:
        rows.append(("sandbox", sandbox.get("kind") or "none"))
    return rows


def _tell_of_sandbox(service: JSON) -> None:
    message = (service.get("sandbox") or {}).get("message")
    if message:
        print(f"\n{message}")

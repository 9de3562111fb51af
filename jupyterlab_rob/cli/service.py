"""``jupyter rob status``, ``stop`` and ``serve``: the service itself."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from .. import embedded
from ..connection import Connection, default_data_dir
from ..console import print_json, print_table, shown
from ..errors import InvalidInput
from ..models import JSON
from ..remote import VARIABLE, configured_url
from .options import find_remote_service, json_option, service_option

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    status = commands.add_parser("status", parents=[service_option(), json_option()], help="show the service")
    status.set_defaults(command=_status)
    stop = commands.add_parser("stop", parents=[service_option(), json_option()], help="stop the service of your own")
    stop.set_defaults(command=_stop)
    commands.add_parser("serve", help="run the service in the foreground; options are the service's (--help)")


def serve(arguments: list[str]) -> int:
    """Become the service."""
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab_rob.service", *arguments])  # noqa: S606  (no shell)


def _status(options: argparse.Namespace) -> int:
    remote = find_remote_service(options)
    if remote is not None:
        told = remote.session().to_dict()
        if options.json:
            print_json({"service": told})
        else:
            print_table([(name, shown(told[name])) for name in ("kind", "url", "name", "version", "state", "username")])
        return 0
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
    url = configured_url(options.url)
    if url is not None:
        raise InvalidInput(
            f"The ROB service {url} can't be stopped from here; its administrator stops it where it runs. To stop a "
            f"service of your own, leave out --url and unset {VARIABLE}."
        )
    connection = embedded.stop()
    if options.json:
        print_json({"stopped": connection is not None})
    else:
        print("The ROB service has been stopped." if connection else "No ROB service is running.")
    return 0


def _describe(connection: Connection) -> JSON:
    service: JSON = {"kind": "embedded", "url": connection.url, "pid": connection.pid, "version": connection.version}
    try:
        status = embedded.request(connection, "GET", "status")
    except (OSError, ValueError):
        return service
    return {
        **service,
        **{key: status[key] for key in ("kind", "slots", "running", "pending", "dataDir") if key in status},
    }

"""Tries to see and reach what a step must not, and prints what it got: a JSON list after ``FOUND``.

What is tried is in the workflow's parameter ``places``: ``files`` and ``addresses`` by name, ``roots`` of folders
that are searched, and the ``marker`` (backwards, so that it is not found in this text) that all secrets hold.
"""

from __future__ import annotations

import glob
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

_SECONDS = 2


def found(places: dict[str, Any]) -> Iterator[str]:
    """The names of all that was got."""
    marker = places["marker"][::-1].encode()
    for name, path in places["files"].items():
        if read(path) is not None:
            yield name
    for root in places["roots"]:
        for folder, _, names in os.walk(root):
            # The step's own folder is given to it.
            if not (folder + "/").startswith(os.getcwd() + "/"):
                yield from (os.path.join(folder, name) for name in names if holds(os.path.join(folder, name), marker))
    for path in glob.glob("/proc/[0-9]*/environ"):
        if marker in (read(path) or b""):
            yield "environment"
    for number in os.listdir("/proc/self/fd"):
        yield from descriptor(number, places["roots"])
    for name, address in places["addresses"].items():
        if is_reached(address):
            yield name


def read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return None


def holds(path: str, marker: bytes) -> bool:
    # Not a pipe, which would have to be waited for.
    return os.path.isfile(path) and marker in (read(path) or b"")


def descriptor(number: str, roots: list[str]) -> Iterator[str]:
    """A file of others that this process has inherited, open."""
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return
    if target.startswith(tuple(roots)) and not target.startswith(os.getcwd()):
        yield f"descriptor of {target}"


def is_reached(address: str | list[Any]) -> bool:
    """Whether one can connect to a host and port, or to a socket with a path or an abstract name."""
    is_local = isinstance(address, str)
    with socket.socket(socket.AF_UNIX if is_local else socket.AF_INET) as client:
        client.settimeout(_SECONDS)
        try:
            client.connect(address if isinstance(address, str) else tuple(address))
        except OSError:
            return False
    return True


# A notebook has it as a variable, a command in its environment.
_PLACES = globals().get("places") or os.environ["places"]  # noqa: SIM112
print("FOUND", json.dumps(sorted(set(found(json.loads(_PLACES))))))

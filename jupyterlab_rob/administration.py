"""Benchmarks as their coordinators administer them, through a client."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

import requests

from .client import Client
from .errors import InvalidInput, NotFound, ServiceUnavailable
from .flows import Request, Response, get, path_of
from .models import JSON
from .packing import pack

#: What a service that can be asked for all this says of itself.
ADDITION = "benchmark-admin"

# Seconds for a connection, and without a sign of life: the service checks a large folder before it answers.
_TIMEOUT = (10.0, 600.0)
_CHUNK = 1 << 18


def add(client: Client, folder: Path, benchmark: str, note: str | None = None) -> JSON:
    """Add the benchmark in ``folder`` under this id; its handle, with the warnings about it in ``problems``.

    Raises:
        InvalidInput: Something is wrong with it; ``problems`` tells what, with file and line.
        Conflict: The id or the name is taken.
        Forbidden: One has to be a coordinator for this.
    """
    return _send(client, "POST", path_of("workflows"), folder, {"id": benchmark, "note": note or ""})


def update(client: Client, benchmark: str, folder: Path, note: str | None = None) -> JSON:
    """Add a version, which is the current one from now on; the benchmark's handle, as :func:`add` has it.

    Raises:
        Conflict: Nothing has changed.
        RobError: As :func:`add`.
    """
    return _send(client, "PUT", path_of("workflows", benchmark), folder, {"note": note or ""})


def remove(client: Client, benchmark: str, *, archive: bool = False) -> None:
    """Delete a benchmark, or only archive it.

    Raises:
        Conflict: It has runs, so it can only be archived.
        Forbidden: One has to be its coordinator for this.
    """
    _require_administration(client)
    path = path_of("workflows", benchmark) + ("?archive=true" if archive else "")
    client.transport.fetch(Request("DELETE", path)).json()


def versions(client: Client, benchmark: str) -> list[JSON]:
    """All versions of a benchmark, newest first: ``{version, createdAt, createdBy, note, runs, isCurrent}``."""
    _require_administration(client)
    return list(client.transport.run(get("workflows", benchmark, "versions"))["versions"])


def _require_administration(client: Client) -> None:
    # This also starts the embedded service, and finds out whether the token is still known.
    if ADDITION not in (client.transport.run(get()).get("additions") or []):
        raise NotFound("This ROB service has no benchmark administration: its benchmarks are added where it runs.")


def _send(client: Client, method: str, path: str, folder: Path, fields: Mapping[str, str]) -> JSON:
    _require_administration(client)
    link = client.transport.link()
    with tempfile.TemporaryFile() as archive:
        try:
            pack(folder, archive)
        except OSError as error:
            raise InvalidInput(f"Can't read {error.filename or folder}: {error.strerror}.") from error
        form = _Form(archive, fields)
        with requests.Session() as session:
            # As the client's own: the address is what it is, and the token goes nowhere else.
            session.trust_env = False
            session.verify = os.environ.get("SSL_CERT_FILE") or True
            try:
                answer = session.request(
                    method,
                    link.address(path),
                    data=form,
                    headers={**link.headers, "Content-Type": form.content_type},
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                see = client.remote.command("benchmarks list") if client.remote else "jupyter rob benchmarks list"
                raise ServiceUnavailable(
                    f"The ROB service went away while the benchmark was sent. See whether it is there ({see}), then "
                    "try again."
                ) from error
    return dict(Response(answer.status_code, answer.content).json())


class _Form:
    """A form with a file that is read as it is sent; requests would have it in memory."""

    def __init__(self, archive: IO[bytes], fields: Mapping[str, str]) -> None:
        boundary = uuid.uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="benchmark.tar.gz"\r\n'
            "Content-Type: application/gzip\r\n\r\n"
        )
        size = archive.seek(0, os.SEEK_END)
        archive.seek(0)
        self._parts: list[IO[bytes]] = [BytesIO(head.encode()), archive, BytesIO(f"\r\n--{boundary}--\r\n".encode())]
        self._size = len(head.encode()) + size + len(boundary) + 8

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = _CHUNK) -> bytes:
        while self._parts:
            piece = self._parts[0].read(min(size, _CHUNK) if size >= 0 else _CHUNK)
            if piece:
                return piece
            self._parts.pop(0)
        return b""

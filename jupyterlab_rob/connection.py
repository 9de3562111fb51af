"""Where the embedded service keeps its data and how it is found: data folder and connection file.

Shared by the service, which writes the file, and its clients, which read it. docs/protocol.md describes the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir, secure_write

from .errors import ServiceUnavailable

#: Exit code of a service that found its data folder locked by another one: the other one serves.
EXIT_LOCKED = 3


@dataclass(frozen=True)
class Connection:
    """How to reach a ROB service; ``url`` is the API's base, without a slash at its end."""

    url: str
    token: str
    pid: int
    data_dir: str
    version: str

    def __repr__(self) -> str:
        # A token must not slip into a log by way of an f-string.
        return f"Connection(url={self.url!r}, pid={self.pid}, data_dir={self.data_dir!r})"


def default_data_dir() -> Path:
    """``$ROB_DATA_DIR``, else the folder ``rob`` in Jupyter's data folder."""
    configured = os.environ.get("ROB_DATA_DIR")
    return Path(configured).expanduser() if configured else Path(jupyter_data_dir()) / "rob"


def connection_file(data_dir: Path) -> Path:
    """The connection file of the service that owns ``data_dir``."""
    digest = hashlib.sha256(os.path.realpath(data_dir).encode()).hexdigest()[:12]
    return Path(jupyter_runtime_dir()) / f"rob-{digest}.json"


def write_connection(connection: Connection) -> Path:
    """Write the connection file so that a reader sees all of it or nothing; mode 0600."""
    path = connection_file(Path(connection.data_dir))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with secure_write(str(partial)) as file:
            json.dump(asdict(connection), file)
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise ServiceUnavailable(f"Can't write the connection file {path}: {error.strerror}.") from error
    return path


def read_connection(data_dir: Path) -> Connection | None:
    """The connection that the file describes; None when there is no file or it makes no sense."""
    try:
        document = json.loads(connection_file(data_dir).read_text())
        # A newer service may tell more.
        return Connection(**{field.name: document[field.name] for field in fields(Connection)})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remove_connection(connection: Connection) -> None:
    """Remove the connection file, unless a later service has written its own."""
    if read_connection(Path(connection.data_dir)) == connection:
        with contextlib.suppress(OSError):
            connection_file(Path(connection.data_dir)).unlink()

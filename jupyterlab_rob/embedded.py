"""Find, start and stop this user's embedded ROB service.

Synchronous: the command line calls it directly, the extension in an executor. A service is found by its connection
file and believed in when it answers; it is started as a process of its own that outlives who started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .connection import EXIT_LOCKED, Connection, connection_file, default_data_dir, read_connection
from .errors import DataFolderLocked, ServiceUnavailable

#: Seconds that a service may take from its start until it answers.
START_TIMEOUT = 30.0
#: Seconds after which a service that does not answer a probe counts as gone.
PROBE_TIMEOUT = 2.0

_INTERVAL = 0.05
# A service that is just about to end still holds its folder: try again after so many seconds.
_RETRY_LOCKED = 1.0
_STOP_TIMEOUT = 15.0
_MAX_LOG = 1_000_000
# A service is nobody's kernel, and has no use for the secrets of the server that happened to start it.
_NOT_INHERITED = (
    "JPY_PARENT_PID",
    "JPY_SESSION_NAME",
    "JPY_API_TOKEN",
    "JUPYTER_TOKEN",
    "JUPYTERHUB_API_TOKEN",
    "ROB_TOKEN",
)

# Loopback needs no proxy, whatever the environment says.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def find(data_dir: Path | None = None) -> Connection | None:
    """The running service that owns ``data_dir`` (default: :func:`default_data_dir`); None when none answers."""
    connection = read_connection(data_dir or default_data_dir())
    return connection if connection and _answers(connection) else None


def ensure(data_dir: Path | None = None, timeout: float = START_TIMEOUT) -> Connection:
    """The service that owns ``data_dir``, started if need be; when two call this at once, one service is started.

    Args:
        data_dir: Where the service keeps its data; default: :func:`default_data_dir`.
        timeout: Seconds to wait for a service that is being started.

    Raises:
        DataFolderLocked: Another process owns the folder and does not answer.
        ServiceUnavailable: It can't be started; the message has the reason that it gave.
    """
    if sys.platform not in ("linux", "darwin"):
        raise ServiceUnavailable(f"An embedded ROB service runs on Linux and macOS only, not on {sys.platform}.")
    # The service has another working folder.
    data_dir = Path(os.path.abspath(data_dir or default_data_dir()))
    connection = find(data_dir)
    return connection or _start(data_dir, timeout)


def stop(data_dir: Path | None = None, timeout: float = _STOP_TIMEOUT) -> Connection | None:
    """Stop the service that owns ``data_dir`` and wait until it is gone; None when there was none.

    Raises:
        ServiceUnavailable: It did not end in time.
    """
    connection = find(data_dir)
    if connection is None:
        return None
    with contextlib.suppress(OSError):
        # It may be gone before it has answered.
        request(connection, "POST", "shutdown")
    deadline = time.monotonic() + timeout
    folder = Path(connection.data_dir)
    # Its lock is the last that goes, with the process.
    while read_connection(folder) == connection or _answers(connection) or _owner(folder) == str(connection.pid):
        if time.monotonic() > deadline:
            raise ServiceUnavailable(f"The ROB service (process {connection.pid}) does not stop. End that process.")
        time.sleep(_INTERVAL)
    return connection


def request(connection: Connection, method: str, path: str = "") -> Any:
    """One request without a body; the document that the service answers.

    Raises:
        OSError: It does not answer, or with an error (HTTPError is an OSError).
        ValueError: The answer is not JSON.
    """
    outgoing = urllib.request.Request(  # noqa: S310  (the address is from our own connection file)
        f"{connection.url}/{path}".rstrip("/"),
        method=method,
        data=b"" if method == "POST" else None,
        headers={"Authorization": f"token {connection.token}"},
    )
    with _opener.open(outgoing, timeout=PROBE_TIMEOUT) as response:
        return json.loads(response.read() or b"null")


def log_file(data_dir: Path | None = None) -> Path:
    """Where a service started from here prints what goes wrong before it has a log of its own."""
    return connection_file(data_dir or default_data_dir()).with_suffix(".log")


def _answers(connection: Connection) -> bool:
    try:
        # A port is reused after a crash: ask for what only a ROB service tells those who know its token.
        document = request(connection, "GET")
        return isinstance(document, dict) and "routes" in document
    except (OSError, ValueError):
        return False


def _owner(data_dir: Path) -> str | None:
    """The process that has locked the data folder, empty when it has not said; None when nobody has."""
    import fcntl  # There is none on Windows, where this module can still say that it does not run there.

    try:
        with open(data_dir / "service.lock", encoding="utf-8", errors="replace") as file:
            try:
                # Released when the file is closed.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(32).strip()
    except OSError:
        pass
    return None


def _start(data_dir: Path, timeout: float) -> Connection:
    deadline = time.monotonic() + timeout
    process, offset = _spawn(data_dir)
    locked = False
    respawn_at: float | None = None
    while True:
        # In this order: a service that ends at once may have been ready before.
        code = process.poll()
        connection = find(data_dir)
        if connection:
            return connection
        now = time.monotonic()
        if code == EXIT_LOCKED:
            locked = True
            respawn_at = respawn_at or now + _RETRY_LOCKED
        elif code is not None:
            raise ServiceUnavailable(f"The ROB service can't be started: {_last_words(data_dir, offset, code)}")
        if now > deadline:
            # A probe of a service that hangs takes a while, too.
            locked = locked or process.poll() == EXIT_LOCKED
            process.kill()
            if locked:
                owner = _owner(data_dir)
                raise DataFolderLocked(
                    f"Another process{f' ({owner})' if owner else ''} owns the data folder {data_dir} and does not "
                    "answer. End it, or choose another folder with ROB_DATA_DIR."
                )
            raise ServiceUnavailable(
                f"The ROB service did not answer within {timeout:g} s. See {log_file(data_dir)}, then try again."
            )
        if respawn_at and now > respawn_at:
            respawn_at = None
            process, offset = _spawn(data_dir)
        time.sleep(_INTERVAL)


def _spawn(data_dir: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A service process and the position in the log file where its words begin."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    command = [sys.executable, "-m", "jupyterlab_rob.service", f"--RobService.data_dir={data_dir}"]
    try:
        descriptor, offset = _open_log(log_file(data_dir))
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                env=environment,
                # `-m` imports from the working folder first, and a folder of notebooks may hold a `json.py`.
                cwd="/",
            )
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ServiceUnavailable(f"The ROB service can't be started: {error}.") from error
    # Takes note of its end, or it would stay a zombie as long as this process lives.
    threading.Thread(target=process.wait, name="rob-service-reaper", daemon=True).start()
    return process, offset


def _open_log(path: Path) -> tuple[int, int]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _MAX_LOG:
            os.replace(path, path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    return descriptor, os.fstat(descriptor).st_size


def _last_words(data_dir: Path, offset: int, code: int) -> str:
    """Why the service ended: its line ``ERROR: message``, else the last that it printed."""
    try:
        with open(log_file(data_dir), "rb") as file:
            file.seek(offset)
            lines = [line for line in file.read(_MAX_LOG).decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    if errors:
        return errors[-1]
    return f"it ended with status {code}. {' '.join(lines[-3:])} (see {log_file(data_dir)})"

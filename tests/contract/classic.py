"""The published ROB server, rob-flask on flowserv-core 0.7.2, as a process on loopback.

Its environment is made once, outside the project, in the user's cache.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
#: The benchmark that the servers have; see its files for their layouts.
TEMPLATE = HERE / "template"
API = "/rob/api/v1"
PASSWORD = "a password"
#: Bytes.
MAX_UPLOAD = 64 * 1024

_INSTALL_TIMEOUT, _START_TIMEOUT = 600.0, 60.0
# As it is before a test has a home folder of its own.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyterlab-rob"


class ClassicServer:
    """A running server; ``url`` is its API's base."""

    kind = "classic"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = _server_environment(folder)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{API}"

    def start(self) -> None:
        """Start it on a free port, with its benchmarks; returns when it answers."""
        self._flowserv("init", "-f")
        for manifest in ("flowserv.yaml", "flowserv-two-scripts.yaml"):
            self._flowserv("workflows", "create", "-m", str(TEMPLATE / manifest), str(TEMPLATE))
        self.port = free_port()
        self.resume()

    def resume(self) -> None:
        """Start it again with the same data on the same port."""
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(environment() / "bin" / "flask"), "run", "--host", "127.0.0.1", "--port", str(self.port)],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._answers():
            assert self.process.poll() is None, f"The classic server ended: {self.log()[-2000:]}"
            assert time.monotonic() < deadline, f"The classic server does not answer: {self.log()[-2000:]}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as a crash does, with its runs: they would keep its port."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def request(self, method: str, path: str, document: Any = None, token: str | None = None) -> Any:
        """One request as any client of the published API makes it; the answer's document."""
        headers = {"Content-Type": "application/json"} | ({"api_key": token} if token else {})
        body = None if document is None else json.dumps(document).encode()
        outgoing = urllib.request.Request(f"{self.url}/{path}", method=method, data=body, headers=headers)  # noqa: S310
        with urllib.request.urlopen(outgoing, timeout=30) as response:  # noqa: S310
            return json.loads(response.read() or b"null")

    def register(self, username: str, password: str = PASSWORD) -> None:
        self.request("POST", "users/register", {"username": username, "password": password, "verify": False})

    def login(self, username: str, password: str = PASSWORD) -> str:
        """A user's token."""
        return str(self.request("POST", "users/login", {"username": username, "password": password})["token"])

    def is_valid(self, token: str) -> bool:
        return "username" in self.request("GET", "", token=token)

    def expire_tokens(self) -> None:
        """Let all tokens be over, as they are after some time."""
        with contextlib.closing(sqlite3.connect(self.folder / "rob.db")) as database, database:
            database.execute("UPDATE api_key SET expires = '2001-01-01T00:00:00'")

    def _flowserv(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(environment() / "bin" / "flowserv"), *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"flowserv {' '.join(arguments)}: {done.stdout}{done.stderr}"

    def _answers(self) -> bool:
        try:
            return "routes" in self.request("GET", "")
        except (OSError, ValueError):
            return False


def environment() -> Path:
    """The virtual environment with the server in it, made if there is none yet.

    Raises:
        RuntimeError: pip could not install it.
    """
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode() + sys.executable.encode())
    folder = _CACHE / f"classic-{key.hexdigest()[:12]}"
    if (folder / "ready").exists():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(_CACHE / "classic.lock"):
        if not (folder / "ready").exists():
            # What an interrupted installation left.
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder)
            (folder / "ready").touch()
    return folder


def _install(folder: Path) -> None:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, "-r", str(REQUIREMENTS)]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"The classic ROB server, which these tests need, can't be installed into {folder}: "
                f"`{' '.join(command)}` said: {(done.stderr or done.stdout)[-2000:]}"
            )


def _server_environment(folder: Path) -> dict[str, str]:
    # Nothing of the test's own: neither PYTHONPATH nor what names another service.
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept | {
        "PATH": f"{environment() / 'bin'}:{os.environ['PATH']}",
        "FLASK_APP": "robflask.api",
        "FLOWSERV_API_DIR": str(folder / "files"),
        "FLOWSERV_API_PATH": API,
        "FLOWSERV_DATABASE": f"sqlite:///{folder / 'rob.db'}",
        "GIT_PYTHON_REFRESH": "quiet",
        "PYTHONUNBUFFERED": "1",
        "ROB_WEBAPI_CONTENTLENGTH": str(MAX_UPLOAD),
    }


def free_port() -> int:
    """One that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

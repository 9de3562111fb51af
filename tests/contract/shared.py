"""Our own service for many users, with the published server's benchmarks and one that takes the notebook itself."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import requests

from jupyterlab_rob.service.store import Store

from ..service.api import TIMEOUT, ServiceProcess
from .classic import API, PASSWORD, TEMPLATE, free_port

#: Benchmarks by their name, and what of the template each is made of.
BENCHMARKS = {
    "Sequences": "script.yaml",
    "Sequences by notebook": "notebook.yaml",
    "Sequences by two scripts": "two-scripts.yaml",
}


class SharedServer:
    """A running service; ``url`` is its API's base. All that :class:`ClassicServer` can be asked for."""

    kind = "shared"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = ServiceProcess(folder)
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{API}"

    def start(self) -> None:
        """Start it, with its benchmarks; returns when it answers."""
        self.service.data_dir.mkdir()
        store = Store(self.service.data_dir)
        store.open()
        for name, specification in BENCHMARKS.items():
            identifier = name.lower().replace(" ", "-")
            folder = self.folder / identifier
            shutil.copytree(TEMPLATE, folder)
            manifest = folder / "flowserv.yaml"
            text = manifest.read_text().replace("'Sequences'", f"'{name}'").replace("benchmark.yaml", specification)
            manifest.write_text(text)
            store.benchmarks.add(folder, identifier)
        store.close()
        self.resume()

    def resume(self) -> None:
        """Start it again with the same data on the same port."""
        with pytest.MonkeyPatch.context() as patch:
            # Its connection file, away from the user's own.
            patch.setenv("JUPYTER_RUNTIME_DIR", str(self.folder))
            self.service.start(f"--port={self.port}", "--registration", "--slots=2", "--RobService.warm_workers=1")

    def stop(self) -> None:
        if self.service.process is not None and self.service.process.poll() is None:
            self.service.end()

    def request(self, method: str, path: str, document: Any = None, token: str | None = None) -> Any:
        """One request as any client of the published API makes it; the answer's document."""
        headers = {"api_key": token} if token else {}
        answer = requests.request(method, f"{self.url}/{path}", json=document, headers=headers, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def register(self, username: str, password: str = PASSWORD) -> None:
        self.request("POST", "users/register", {"username": username, "password": password, "verify": False})

    def login(self, username: str, password: str = PASSWORD) -> str:
        """A token of a new log-in."""
        return str(self.request("POST", "users/login", {"username": username, "password": password})["token"])

    def is_valid(self, token: str) -> bool:
        headers = {"Authorization": f"token {token}"}
        return requests.get(f"{self.url}/users/whoami", headers=headers, timeout=TIMEOUT).status_code == 200

    def expire_tokens(self) -> None:
        """Let all tokens be over, as they are after some time."""
        with contextlib.closing(sqlite3.connect(self.service.data_dir / "rob.db")) as database, database:
            database.execute("UPDATE rob_token SET expires_at = 1")

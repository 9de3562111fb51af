"""Users of a service under test."""

from __future__ import annotations

import itertools
import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests

from jupyterlab_rob.connection import Connection

from .api import TIMEOUT, Api

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


def post(url: str, path: str, **body: Any) -> requests.Response:
    """A request without a token."""
    return requests.post(f"{url}/{path}", json=body, timeout=TIMEOUT)


class User(Api):
    """Somebody who has registered and logged in, each with a name of their own unless one is given."""

    def __init__(self, url: str, name: str | None = None, **body: Any) -> None:
        self.name = name or f"user {next(_numbers)}"
        answer = post(url, "users/register", username=self.name, password=PASSWORD, **body)
        assert answer.status_code == 201, answer.text
        assert answer.json().keys() == {"id", "username"}
        self.id = str(answer.json()["id"])
        self.token = log_in(url, self.name)
        super().__init__(Connection(url, self.token, 0, "", ""))


def log_in(url: str, name: str, password: str = PASSWORD) -> str:
    """The token of a new log-in."""
    answer = post(url, "users/login", username=name, password=password)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def whoami(url: str, token: str) -> int:
    """The status with which a token is answered."""
    headers = {"Authorization": f"token {token}"}
    return requests.get(f"{url}/users/whoami", headers=headers, timeout=TIMEOUT).status_code


def expire(data_dir: Path, token: str) -> None:
    """Let a token's time be over."""
    database = sqlite3.connect(data_dir / "rob.db")
    with database:
        digest = sha256(token.encode()).hexdigest()
        assert database.execute("UPDATE rob_token SET expires_at = 1 WHERE hash = ?", (digest,)).rowcount == 1
    database.close()

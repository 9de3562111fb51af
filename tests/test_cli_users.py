"""``jupyter rob users …`` as processes of their own, with a real service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import requests

from jupyterlab_rob import embedded

from .conftest import Home

COMMAND = [sys.executable, "-m", "jupyterlab_rob.cli", "users"]
PASSWORD = "correct horse battery"


def users(*arguments: str, password: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    options = [] if password is None else ["--password-stdin"]
    return subprocess.run(
        [*COMMAND, *arguments, *options],
        input=f"{password}\n" if password is not None else "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def listed(*arguments: str, **environment: str) -> dict[str, Any]:
    done = users("list", "--json", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return {user["username"]: user for user in json.loads(done.stdout)["users"]}


def log_in(url: str, name: str, password: str) -> requests.Response:
    return requests.post(f"{url}/users/login", json={"username": name, "password": password}, timeout=60)


def test_owner_administers_users(home: Home) -> None:
    url = embedded.ensure().url
    done = users("add", "ann", "--email", "ann@example.org", password=PASSWORD)
    assert (done.returncode, done.stdout) == (0, "Added ann, participant.\n"), done.stderr
    done = users("add", "bob", "--role", "coordinator", "--json", password=PASSWORD)
    assert json.loads(done.stdout)["user"]["username"] == "bob"
    done = users("list", "an")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["Name", "ann"]
    assert "ann@example.org" not in done.stdout
    assert "no such users" in users("list", "nobody").stdout
    assert log_in(url, "ann", PASSWORD).status_code == 200

    assert users("set", "Ann", "--inactive").stdout == "ann is participant, inactive.\n"
    assert log_in(url, "ann", PASSWORD).status_code == 401
    assert users("set", "ann", "--active", "--role", "administrator").stdout == "ann is administrator, active.\n"
    token = log_in(url, "ann", PASSWORD).json()["token"]

    # From elsewhere, with the token of a log-in.
    remote = {"ROB_URL": url, "ROB_TOKEN": token}
    assert listed(**remote)["bob"]["role"] == "coordinator"
    done = users("password", "bob", password="another password", **remote)
    assert done.returncode == 0, done.stderr
    assert "logged out everywhere" in done.stdout
    assert log_in(url, "bob", PASSWORD).status_code == 401
    assert log_in(url, "bob", "another password").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "password", "status", "reason"),
    [
        (["add", "ann"], None, 2, "with --password-stdin"),
        (["add", "ann"], "", 2, "The password is empty"),
        (["add", "ann"], "short", 2, "8 to 256 characters"),
        (["add", "ann", "--role", "king"], PASSWORD, 2, "invalid choice"),
        (["set", "nobody", "--inactive"], None, 2, "There is no user 'nobody'"),
        (["set", "nobody"], None, 2, "Give --role"),
        (["password", "nobody"], None, 2, "There is no user 'nobody'"),
        (["set", "nobody", "--active", "--inactive"], None, 2, "not allowed with"),
    ],
)
def test_mistakes(real_service: Any, arguments: list[str], password: str | None, status: int, reason: str) -> None:
    done = users(*arguments, password=password)
    assert done.returncode == status
    assert reason in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_own_password(home: Home) -> None:
    url = embedded.ensure().url
    assert users("add", "ann", password=PASSWORD).returncode == 0
    remote = {"ROB_URL": url, "ROB_TOKEN": log_in(url, "ann", PASSWORD).json()["token"]}
    done = users("password", password=f"wrong password\n{PASSWORD} 2", **remote)
    assert done.returncode == 2
    assert "The current password is wrong." in done.stderr
    done = users("password", password=f"{PASSWORD}\n{PASSWORD} 2", **remote)
    assert done.returncode == 0, done.stderr
    assert "logged out everywhere, ann" in done.stdout
    assert log_in(url, "ann", PASSWORD).status_code == 401
    assert log_in(url, "ann", f"{PASSWORD} 2").status_code == 200
    assert users("list", **remote).returncode == 3, "the token has ended"


def test_participants_administer_nobody(home: Home) -> None:
    url = embedded.ensure().url
    assert users("add", "ann", password=PASSWORD).returncode == 0
    assert users("add", "ann", password=PASSWORD).returncode == 2, "taken"
    remote = {"ROB_URL": url, "ROB_TOKEN": log_in(url, "ann", PASSWORD).json()["token"]}
    assert "role" not in listed(**remote)["ann"]
    assert users("list", **remote).stdout.splitlines()[1].split()[2:] == ["-", "active"]
    for arguments in (["set", "ann", "--role", "administrator"], ["password", "ann"], ["add", "bob"]):
        done = users(*arguments, password=None if arguments[0] == "set" else PASSWORD, **remote)
        assert done.returncode == 2
        assert "administrator" in done.stderr

"""Logging in to the published server through the extension."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlab_rob.credentials import Credentials, token_file

from .asking import Panel
from .server import PASSWORD, ClassicServer

Fetch = Callable[..., Any]


@pytest.fixture
def panel(jp_fetch: Fetch) -> Panel:
    return Panel(jp_fetch)


def restart(jp_serverapp: Any) -> None:
    """Forget what is only in the memory of the Jupyter server."""
    extension = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app
    extension.upstream.remote.credentials = Credentials()
    extension.upstream.forget()


async def test_log_in_and_out(classic: ClassicServer, panel: Panel, user: str) -> None:
    session = await panel.ask("GET", "session")
    assert session == {
        "kind": "classic",
        "state": "login",
        "name": "Reproducible and Reusable Data Analysis Workflow Server (API)",
        "version": "0.7.2",
        "username": None,
        "url": classic.url,
        "registration": True,
        "additions": [],
        "role": None,
    }
    session = await panel.ask("POST", "session", {"username": user, "password": PASSWORD})
    assert (session["state"], session["username"], session["role"]) == ("ready", user, "participant")
    assert not token_file().exists(), "nobody has asked to remember it"
    token = classic.login(user)
    assert token not in json.dumps(session), "the published server gives the same token to all log-ins of a user"
    assert await panel.ask("GET", "session") == session
    session = await panel.ask("DELETE", "session")
    assert (panel.status, session["state"]) == (200, "login")
    assert "username" not in classic.request("GET", "", token=token), "the server has been told"


async def test_who_is_not_let_in(panel: Panel, user: str) -> None:
    for body, status, reason in [
        ({"username": user, "password": "wrong"}, 403, "User name or password is wrong."),
        ({"username": "nobody", "password": PASSWORD}, 403, "User name or password is wrong."),
        ({"username": user}, 400, "`username` and `password`"),
        ({"username": user, "password": 7}, 400, "`username` and `password`"),
        ({"username": user, "password": PASSWORD, "remember": "yes"}, 400, "true or false"),
        ({"username": user, "password": "x", "register": True}, 409, f"{user} is taken"),
        ({"username": "new", "password": " x", "register": True}, 400, "begin or end with a blank"),
    ]:
        answer = await panel.ask("POST", "session", body)
        assert panel.status == status, answer
        assert reason in answer["message"]
        assert "loginRequired" not in answer
    assert (await panel.ask("GET", "session"))["state"] == "login"


async def test_register(panel: Panel, user: str) -> None:
    session = await panel.ask("POST", "session", {"username": f"{user} two", "password": "pw", "register": True})
    assert (panel.status, session["username"]) == (200, f"{user} two")


async def test_remembered(classic: ClassicServer, panel: Panel, user: str, jp_serverapp: Any) -> None:
    await panel.login(user, remember=True)
    assert stat.S_IMODE(token_file().stat().st_mode) == 0o600
    assert json.loads(token_file().read_text()) == {classic.url: {"token": classic.login(user), "username": user}}
    restart(jp_serverapp)
    assert (await panel.ask("GET", "session"))["username"] == user
    token_file().chmod(0o640)
    restart(jp_serverapp)
    answer = await panel.ask("GET", "session")
    assert panel.status == 400
    assert f"chmod 600 {token_file()}" in answer["message"]
    token_file().chmod(0o600)
    await panel.ask("DELETE", "session")
    assert not token_file().exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/v1/workflows"),
        ("GET", "api/v1/workflows/{}"),
        ("GET", "api/v1/workflows/{}/runs?limit=5"),
        ("GET", "api/v1/workflows/{}/groups"),
        ("GET", "api/v1/workflows/{}/leaderboard"),
        ("POST", "api/v1/uploads/g/files"),
        ("GET", "api/v1/runs/r"),
        ("PUT", "api/v1/runs/r"),
        ("GET", "api/v1/runs/r/downloads/files/f"),
        ("POST", "check"),
        ("POST", "export"),
        ("POST", "submit"),
    ],
)
async def test_every_route_wants_a_log_in(classic: ClassicServer, panel: Panel, method: str, path: str) -> None:
    (benchmark,) = classic.request("GET", "workflows")["workflows"]
    notebook = {"nbformat": 4, "cells": [{"cell_type": "code", "source": "1"}]}
    request = {"benchmark": benchmark["id"], "notebook": {"content": notebook}}
    answer = await panel.ask(method, path.format(benchmark["id"]), request)
    assert panel.status == 403
    assert answer["loginRequired"] is True
    assert classic.url in answer["message"]


async def test_a_token_that_has_expired(classic: ClassicServer, panel: Panel, user: str) -> None:
    await panel.login(user)
    run = await panel.submit()
    classic.expire_tokens()
    for method, path in [
        ("GET", f"api/v1/runs/{run['id']}"),
        ("GET", f"api/v1/workflows/{panel.benchmark}"),
        ("POST", f"api/v1/workflows/{panel.benchmark}/groups"),
    ]:
        answer = await panel.ask(method, path, {"name": "late"})
        assert (panel.status, answer.get("loginRequired")) == (403, True), path
    assert (await panel.ask("GET", "session"))["state"] == "login"
    await panel.login(user)
    assert (await panel.ended(run["id"]))["state"] == "SUCCESS"


async def test_what_is_anothers_is_no_reason_to_log_in(classic: ClassicServer, panel: Panel, user: str) -> None:
    await panel.login(user)
    run = await panel.submit()
    classic.register(f"{user} other")
    await panel.login(f"{user} other")
    answer = await panel.ask("GET", f"api/v1/runs/{run['id']}")
    assert (panel.status, answer) == (403, {"message": "not authorized"})


async def test_the_server_is_away(panel: Panel, user: str, jp_serverapp: Any, classic: ClassicServer) -> None:
    await panel.login(user)
    classic.stop()
    try:
        for path in ("session", "api/v1/workflows"):
            answer = await panel.ask("GET", path)
            assert panel.status == 503
            assert classic.url in answer["message"]
            assert "ROB_URL" in answer["message"]
    finally:
        classic.resume()
    assert (await panel.ask("GET", "session"))["username"] == user

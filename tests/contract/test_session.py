"""Logging in through the extension, at the published server and at our own."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from jupyterlab_rob.credentials import Credentials, token_file

from .asking import Panel
from .classic import PASSWORD
from .conftest import Server

pytestmark = pytest.mark.usefixtures("server")

#: What only our own servers know.
ADDITIONS = {"events", "run-log", "executed-notebook", "notebook-arguments", "benchmark-runs", "versions", "pagination"}


async def test_log_in_and_out(server: Server, stranger: Panel, user: str) -> None:
    session = await stranger.ask("GET", "session")
    is_classic = session["kind"] == "classic"
    assert session["kind"] == server.kind
    assert (session["state"], session["username"], session["role"]) == ("login", None, None)
    assert (session["url"], session["registration"]) == (server.url, True)
    assert (set(session["additions"]) == set()) if is_classic else (set(session["additions"]) >= ADDITIONS)
    session = await stranger.ask("POST", "session", {"username": user, "password": PASSWORD})
    assert (session["state"], session["username"], session["role"]) == ("ready", user, "participant")
    assert not token_file().exists(), "nobody has asked to remember it"
    assert "token" not in session
    assert await stranger.ask("GET", "session") == session
    session = await stranger.ask("DELETE", "session")
    assert (stranger.status, session["state"]) == (200, "login")
    await stranger.ask("GET", "api/v1/workflows")
    assert stranger.status == 403


async def test_who_is_not_let_in(stranger: Panel, user: str) -> None:
    for body, status, reason in [
        ({"username": user, "password": "wrong"}, 403, "User name or password is wrong."),
        ({"username": "nobody", "password": PASSWORD}, 403, "User name or password is wrong."),
        ({"username": user}, 400, "`username` and `password`"),
        ({"username": user, "password": 7}, 400, "`username` and `password`"),
        ({"username": user, "password": PASSWORD, "remember": "yes"}, 400, "true or false"),
        ({"username": user, "password": "another password", "register": True}, 409, f"{user} is taken"),
    ]:
        answer = await stranger.ask("POST", "session", body)
        assert stranger.status == status, answer
        assert reason in answer["message"]
        assert "loginRequired" not in answer
    assert (await stranger.ask("GET", "session"))["state"] == "login"


async def test_register(stranger: Panel, user: str) -> None:
    body = {"username": f"{user} two", "password": PASSWORD, "register": True}
    session = await stranger.ask("POST", "session", body)
    assert (stranger.status, session["username"]) == (200, f"{user} two")


async def test_remembered(server: Server, stranger: Panel, user: str, extension: Any) -> None:
    def restart() -> None:
        """Forget what is only in the memory of the Jupyter server."""
        extension.upstream.remote.credentials = Credentials()
        extension.upstream.forget()

    session = await stranger.login(user, remember=True)
    assert stat.S_IMODE(token_file().stat().st_mode) == 0o600
    (kept,) = json.loads(token_file().read_text()).values()
    assert kept["username"] == user
    assert server.is_valid(kept["token"])
    assert kept["token"] not in json.dumps(session)
    restart()
    assert (await stranger.ask("GET", "session"))["username"] == user
    token_file().chmod(0o640)
    restart()
    answer = await stranger.ask("GET", "session")
    assert stranger.status == 400
    assert f"chmod 600 {token_file()}" in answer["message"]
    token_file().chmod(0o600)
    await stranger.ask("DELETE", "session")
    assert not token_file().exists()
    assert not server.is_valid(kept["token"]), "the server has been told"


async def test_every_route_wants_a_log_in(server: Server, stranger: Panel, user: str) -> None:
    benchmark = server.request("GET", "workflows", token=server.login(user))["workflows"][0]["id"]
    notebook = {"nbformat": 4, "cells": [{"cell_type": "code", "source": "1"}]}
    request = {"benchmark": benchmark, "notebook": {"content": notebook}}
    for method, path in [
        ("GET", "api/v1/workflows"),
        ("GET", f"api/v1/workflows/{benchmark}"),
        ("GET", f"api/v1/workflows/{benchmark}/runs?limit=5"),
        ("GET", f"api/v1/workflows/{benchmark}/groups"),
        ("GET", f"api/v1/workflows/{benchmark}/leaderboard"),
        ("POST", "api/v1/uploads/g/files"),
        ("GET", "api/v1/runs/r"),
        ("PUT", "api/v1/runs/r"),
        ("GET", "api/v1/runs/r/downloads/files/f"),
        ("POST", "check"),
        ("POST", "export"),
        ("POST", "submit"),
    ]:
        answer = await stranger.ask(method, path, request)
        assert (stranger.status, answer.get("loginRequired")) == (403, True), path
        assert server.url in answer["message"]


async def test_a_token_that_has_expired(server: Server, panel: Panel, user: str) -> None:
    run = await panel.submit()
    server.expire_tokens()
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


async def test_what_is_anothers_is_no_reason_to_log_in(server: Server, panel: Panel, user: str) -> None:
    run = await panel.submit()
    server.register(f"{user} other")
    await panel.login(f"{user} other")
    for method in ("GET", "PUT", "DELETE"):
        answer = await panel.ask(method, f"api/v1/runs/{run['id']}")
        assert (panel.status, answer.keys()) == (403, {"message"}), method


async def test_the_server_is_away(server: Server, panel: Panel, user: str) -> None:
    server.stop()
    try:
        for path in ("session", "api/v1/workflows"):
            answer = await panel.ask("GET", path)
            assert panel.status == 503
            assert server.url in answer["message"]
            assert "ROB_URL" in answer["message"]
    finally:
        server.resume()
    assert (await panel.ask("GET", "session"))["username"] == user

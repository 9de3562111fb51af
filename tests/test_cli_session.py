"""``jupyter rob logout`` as a process of its own, before a scripted service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from jupyterlab_rob.credentials import Credentials

from .scripted import TOKEN, ScriptedService
from .test_cli import rob


@pytest.fixture(autouse=True)
def environment(scripted: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scripted.connection is not None
    scripted.is_open = True
    scripted.answers["POST users/logout"] = {}
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    monkeypatch.setenv("ROB_URL", scripted.connection.url)


async def test_log_out_once_and_again(scripted: ScriptedService) -> None:
    assert scripted.connection is not None
    url = scripted.connection.url
    Credentials().keep(url, TOKEN, "alice", remember=True)
    for told, requests in ((f"You are logged out of {url}.", 1), (f"You were not logged in at {url}.", 1)):
        done = await asyncio.to_thread(rob, "logout")
        assert (done.returncode, done.stdout.strip()) == (0, told), done.stderr
        assert scripted.paths().count("POST users/logout") == requests
    done = await asyncio.to_thread(rob, "logout", "--json")
    assert json.loads(done.stdout)["session"]["state"] == "login"


async def test_log_out_with_the_token_of_the_environment(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROB_TOKEN", TOKEN)
    done = await asyncio.to_thread(rob, "logout")
    assert done.returncode == 0, done.stderr
    assert "ROB_TOKEN is still set" in done.stdout
    assert scripted.paths() == ["POST users/logout"]


async def test_what_the_environment_holds_is_no_token(
    scripted: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROB_TOKEN", "a b")
    done = await asyncio.to_thread(rob, "runs", "list")
    assert (done.returncode, "What ROB_TOKEN holds can't be a token" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr

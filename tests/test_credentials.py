"""Tokens in memory, in the environment and in a file."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from jupyterlab_rob.credentials import Credentials, token_file
from jupyterlab_rob.errors import InvalidInput, RobError

URL, OTHER = "https://host/rob/api/v1", "https://other/rob/api/v1"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    monkeypatch.delenv("ROB_TOKEN", raising=False)
    return tmp_path / "share"


def test_only_in_memory() -> None:
    credentials = Credentials()
    assert credentials.token(URL) is None
    credentials.keep(URL, "secret", "alice")
    assert credentials.token(URL) == "secret"
    assert credentials.token(OTHER) is None
    assert Credentials().token(URL) is None
    assert not token_file().exists()
    assert "secret" not in repr(credentials)
    credentials.forget(URL)
    assert credentials.token(URL) is None


def test_remembered() -> None:
    Credentials().keep(OTHER, "another", "alice", remember=True)
    Credentials().keep(URL, "secret", "alice", remember=True)
    assert stat.S_IMODE(token_file().stat().st_mode) == 0o600
    assert json.loads(token_file().read_text())[URL] == {"token": "secret", "username": "alice"}
    assert Credentials().token(URL) == "secret"
    Credentials().forget(URL)
    assert Credentials().token(URL) is None
    assert Credentials().token(OTHER) == "another"
    Credentials().forget(OTHER)
    assert list(token_file().parent.iterdir()) == []


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Credentials().keep(URL, "remembered", "alice", remember=True)
    monkeypatch.setenv("ROB_TOKEN", "given")
    credentials = Credentials()
    assert credentials.token(URL) == "given"
    credentials.keep(URL, "new", "alice")
    assert credentials.token(URL) == "new"
    credentials.forget(URL)
    assert credentials.token(URL) is None, "who logs out is not logged in again by the environment"


def test_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROB_TOKEN", "given")
    credentials = Credentials()
    credentials.keep(URL, "first", "alice", remember=True)
    credentials.refuse(URL, "first")
    assert credentials.token(URL) == "given"
    credentials.refuse(URL, "given")
    assert credentials.token(URL) is None
    # Nor is it replaced by a log-in in a terminal, which may be somebody else's.
    Credentials().keep(URL, "second", "bob", remember=True)
    assert credentials.token(URL) is None
    credentials.keep(URL, "first", "alice")
    assert credentials.token(URL) == "first", "a service may give the same token again"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_file_that_others_can_read(mode: int) -> None:
    Credentials().keep(URL, "secret", "alice", remember=True)
    token_file().chmod(mode)
    with pytest.raises(InvalidInput, match=f"chmod 600 {token_file()}") as caught:
        Credentials().token(URL)
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidInput):
        Credentials().keep(URL, "secret", "alice", remember=True)


def test_damaged_file(folder: Path) -> None:
    Credentials().keep(URL, "secret", "alice", remember=True)
    token_file().write_text("{")
    with pytest.raises(InvalidInput, match="Remove it, then log in again"):
        Credentials().token(URL)
    token_file().write_text(json.dumps({URL: "text"}))
    assert Credentials().token(URL) is None


def test_file_that_cannot_be_written(folder: Path) -> None:
    folder.write_text("a file where a folder should be")
    with pytest.raises((RobError, InvalidInput), match=r"rob-tokens\.json"):
        Credentials().keep(URL, "secret", "alice", remember=True)


@pytest.mark.parametrize("token", ["a b", "a\r\nX: 1", "\x1b[2J", "é", "x" * 513])
def test_what_can_be_no_token(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    Credentials().keep(URL, token, "alice", remember=True)
    assert Credentials().token(URL) is None, "as if there were none in the file"
    monkeypatch.setenv("ROB_TOKEN", token)
    with pytest.raises(InvalidInput, match="ROB_TOKEN") as caught:
        Credentials().token(URL)
    assert token not in caught.value.message

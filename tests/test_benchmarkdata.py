"""A benchmark's data on the user's disk, from services that are well and from one that is not."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob as rob
from jupyterlab_rob.cli import main
from jupyterlab_rob.client import Client
from jupyterlab_rob.connection import Connection
from jupyterlab_rob.errors import InvalidInput, NotFound, RobError, ServiceUnavailable

from .scripted import ScriptedService

BUNDLED = Path(rob.__file__).parent / "benchmarks" / "number_predictor"


def test_what_notebooks_are_given_and_nothing_else(real_service: Connection, tmp_path: Path) -> None:
    written = rob.download_data("Number predictor", tmp_path / "here")
    assert written == [tmp_path / "here" / "data" / "sequences.txt"]
    assert written[0].read_bytes() == (BUNDLED / "data" / "sequences.txt").read_bytes()
    assert [path for path in (tmp_path / "here").rglob("*") if path.is_file()] == written

    with pytest.raises(InvalidInput, match=r"is not empty; nothing was written.*or allow to overwrite"):
        rob.download_data("number-predictor", tmp_path / "here")
    written[0].write_text("mine")
    rob.download_data("number-predictor", tmp_path / "here", overwrite=True)
    assert written[0].read_text() != "mine"


def test_command(
    real_service: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["benchmarks", "data", "number-predictor"]) == 0
    assert capsys.readouterr().out == "number-predictor/data/sequences.txt\n"
    assert main(["benchmarks", "data", "number-predictor", "there", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": ["there/data/sequences.txt"]}
    assert main(["benchmarks", "data", "number-predictor"]) == 2
    assert "number-predictor is not empty" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["benchmarks", "data", "number-predictor", "file"]) == 2
    assert "Can't use file: Not a directory. Give another folder." in capsys.readouterr().err


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (packed((member("good.txt"), b"x"), (member("../bad.txt"), b"x")), InvalidInput, "leads out of the folder"),
        (packed((member("bad", tarfile.SYMTYPE, "/etc/passwd"), b"")), InvalidInput, "which is no file"),
        (packed((member("bad", tarfile.FIFOTYPE), b"")), InvalidInput, "which is no file"),
        (packed((member("a.txt"), b"x" * 100_000))[:-40], ServiceUnavailable, "no archive"),
        (b"no archive", ServiceUnavailable, "no archive"),
        (b"", ServiceUnavailable, "no archive"),
    ],
    ids=["a way out", "a link", "a pipe", "cut short", "no archive", "nothing"],
)
async def test_hostile_archives(
    scripted: ScriptedService, tmp_path: Path, content: bytes, error: type[RobError], words: str
) -> None:
    async def answer(handler: Any) -> None:
        handler.write(content)

    scripted.answers |= {
        "GET workflows": {"workflows": [{"id": "b", "name": "B"}]},
        "GET workflows/b": {"id": "b", "name": "B", "parameters": []},
        "GET workflows/b/data": answer,
    }
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(error, match=words):
        await asyncio.to_thread(Client(scripted.data_dir).download_data, "b", tmp_path / "in")
    assert sorted(os.listdir(tmp_path)) == before


async def test_a_broken_download_can_be_tried_again(scripted: ScriptedService, tmp_path: Path) -> None:
    whole = packed((member("data/a.txt"), b"new"), (member("data/more/b.txt"), os.urandom(100_000)))
    content = whole[:-1000]

    async def answer(handler: Any) -> None:
        handler.write(content)

    scripted.answers |= {
        "GET workflows": {"workflows": [{"id": "b", "name": "B"}]},
        "GET workflows/b": {"id": "b", "name": "B", "parameters": []},
        "GET workflows/b/data": answer,
    }
    download = partial(Client(scripted.data_dir).download_data, "b")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ServiceUnavailable, match="Try again"):
        await asyncio.to_thread(download, tmp_path / "new" / "in")
    assert sorted(os.listdir(tmp_path)) == before

    # What is the user's stays, and so does what took its place: it is complete.
    mine = tmp_path / "mine"
    (mine / "data").mkdir(parents=True)
    (mine / "data" / "a.txt").write_text("old")
    (mine / "notes.txt").touch()
    with pytest.raises(ServiceUnavailable, match="Try again"):
        await asyncio.to_thread(download, mine, overwrite=True)
    assert sorted(path.relative_to(mine).as_posix() for path in mine.rglob("*")) == ["data", "data/a.txt", "notes.txt"]
    assert (mine / "data" / "a.txt").read_text() == "new"

    content = whole
    written = await asyncio.to_thread(download, tmp_path / "new" / "in")
    assert [path.name for path in written] == ["a.txt", "b.txt"]


async def test_a_benchmark_that_gives_nothing(scripted: ScriptedService, tmp_path: Path) -> None:
    async def answer(handler: Any) -> None:
        handler.set_status(404)
        handler.write({"message": "The benchmark 'b' gives participants' notebooks no files."})

    scripted.answers |= {
        "GET workflows": {"workflows": [{"id": "b", "name": "B"}]},
        "GET workflows/b": {"id": "b", "name": "B", "parameters": []},
        "GET workflows/b/data": answer,
    }
    with pytest.raises(NotFound, match="no files"):
        await asyncio.to_thread(Client(scripted.data_dir).download_data, "b", tmp_path / "in")
    assert not (tmp_path / "in").exists()

"""A run's files on the user's disk, from services that are well and from one that is not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob as rob
from jupyterlab_rob.client import Client
from jupyterlab_rob.connection import Connection
from jupyterlab_rob.downloads import confined
from jupyterlab_rob.errors import InvalidInput, NotFound, RobError, ServiceUnavailable

from .protocol import GOOD_CELL, make_notebook
from .scripted import ScriptedService

EXAMPLE = Path(__file__).parents[1] / "examples" / "number-predictor.ipynb"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("results/score.json", "results/score.json"),
        ("/etc/passwd", "etc/passwd"),
        ("a\\b//./c.txt", "a/b/c.txt"),
        (".ssh/.profile", "_ssh/_profile"),
        ('a<b>:"c|?*\n\x00.txt', "a_b___c_____.txt"),
        ("粒子 é.txt", "粒子 é.txt"),
        ("C:\\x", "C_/x"),
    ],
)
def test_names_are_confined(name: str, place: str) -> None:
    assert str(confined(name)) == place


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "a\\..\\x", "a/ .. /x", "", "/", "."])
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(InvalidInput, match="Nothing was written"):
        confined(name)


def test_long_names_keep_what_they_are() -> None:
    place = confined(f"{'é' * 300}.json")
    assert len(str(place).encode()) <= 255
    assert place.suffix == ".json"


def test_from_a_run_to_the_disk(real_service: Connection, tmp_path: Path) -> None:
    run = rob.submit("number-predictor", EXAMPLE, submission="download").wait(120)
    assert run.result is not None, run.messages
    written = run.download(tmp_path / "here")
    names = {path.relative_to(tmp_path / "here").as_posix() for path in written}
    assert names >= {"results/score.json", "notebooks/predict.ipynb", "run.log"}
    assert all(path.stat().st_size for path in written if path.name != "run.log")
    assert (tmp_path / "here" / "run.log").read_text() == run.log()
    assert {p for p in (tmp_path / "here").rglob("*") if p.is_file()} == set(written), "nothing is left beside them"

    kept = tmp_path / "here" / "run.log"
    kept.write_text("mine")
    with pytest.raises(InvalidInput, match=r"already; nothing was written.*--overwrite"):
        run.download(tmp_path / "here")
    assert kept.read_text() == "mine"
    run.download(tmp_path / "here", overwrite=True)
    assert kept.read_text() == run.log()
    (only,) = run.download(tmp_path / "there", notebook_only=True)
    assert only.relative_to(tmp_path / "there").as_posix() == "notebooks/predict.ipynb"


def test_of_a_failed_run_there_is_what_helps(real_service: Connection, tmp_path: Path) -> None:
    run = rob.submit("number-predictor", make_notebook(GOOD_CELL, "print('so far')\nundefined_name")).wait(120)
    names = {path.name for path in run.download(tmp_path / "failed")}
    assert names == {"predict.ipynb", "run.log"}
    assert "undefined_name" in (tmp_path / "failed" / "notebooks" / "predict.ipynb").read_text()


def handle(*names: str) -> dict[str, Any]:
    files = [{"id": str(number), "name": name} for number, name in enumerate(names)]
    return {"id": "r", "state": "SUCCESS", "files": files, "notebooks": []}


async def download(scripted: ScriptedService, folder: Path, run: dict[str, Any]) -> list[Path]:
    scripted.answers["GET runs/r"] = run

    def ask() -> list[Path]:
        return Client().get_run("r").download(folder)

    return await asyncio.to_thread(ask)


async def test_two_of_one_name(scripted: ScriptedService, tmp_path: Path) -> None:
    scripted.answers |= {f"GET runs/r/downloads/files/{n}": [n] for n in range(3)}
    written = await download(scripted, tmp_path, handle("a.txt", "A.txt", "./a.txt"))
    assert [(path.name, path.read_text()) for path in written] == [
        ("a.txt", "[0]"),
        ("A (2).txt", "[1]"),
        ("a (3).txt", "[2]"),
    ]


async def test_hostile_name(scripted: ScriptedService, tmp_path: Path) -> None:
    scripted.answers |= {f"GET runs/r/downloads/files/{n}": [n] for n in range(2)}
    with pytest.raises(InvalidInput, match="leads out of the folder"):
        await download(scripted, tmp_path / "in", handle("good.txt", "../bad.txt"))
    assert os.listdir(tmp_path) == [scripted.data_dir.parent.name]


async def test_link_that_leads_out(scripted: ScriptedService, tmp_path: Path) -> None:
    scripted.answers["GET runs/r/downloads/files/0"] = [0]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "results").symlink_to(tmp_path / "out")
    with pytest.raises(InvalidInput, match="link that leads out"):
        await download(scripted, tmp_path / "in", handle("results/a.txt"))
    # Not even a folder is made there.
    with pytest.raises(InvalidInput, match="link that leads out"):
        await download(scripted, tmp_path / "in", handle("results/deep/a.txt"))
    assert os.listdir(tmp_path / "out") == []
    # Nor is a link itself followed.
    (tmp_path / "in" / "a.txt").symlink_to(tmp_path / "out" / "a.txt")
    with pytest.raises(InvalidInput, match="already"):
        await download(scripted, tmp_path / "in", handle("a.txt"))
    assert os.listdir(tmp_path / "out") == []


async def test_file_that_breaks_off(scripted: ScriptedService, tmp_path: Path) -> None:
    async def half(handler: Any) -> None:
        handler.set_header("Content-Length", "1000000")
        handler.write("half")
        await handler.flush()
        handler.detach().close()

    scripted.answers["GET runs/r/downloads/files/0"] = half
    with pytest.raises(ServiceUnavailable):
        await download(scripted, tmp_path / "x", handle("a.txt"))
    assert os.listdir(tmp_path / "x") == [], "not even a part of it"


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_refusals_say_what_the_service_says(scripted: ScriptedService, tmp_path: Path, status: int) -> None:
    async def refuse(handler: Any) -> None:
        handler.set_status(status)
        handler.finish({"message": "for a reason"})

    scripted.answers["GET runs/r/downloads/files/0"] = refuse
    with pytest.raises(RobError, match="for a reason") as caught:
        await download(scripted, tmp_path / "x", handle("a.txt"))
    assert caught.value.status == status
    assert not (tmp_path / "x").exists()


async def test_run_that_has_left_nothing(scripted: ScriptedService, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is PENDING and has no file"):
        await download(scripted, tmp_path / "x", {"id": "r", "state": "PENDING"})
    assert not (tmp_path / "x").exists()


async def test_service_that_was_away(scripted: ScriptedService, tmp_path: Path) -> None:
    scripted.answers["GET runs/r/downloads/files/0"] = [0]
    scripted.answers["GET runs/r"] = handle("a.txt")
    run = await asyncio.to_thread(Client().get_run, "r")
    scripted.renew_token()
    assert [path.name for path in await asyncio.to_thread(run.download, tmp_path / "x")] == ["a.txt"]

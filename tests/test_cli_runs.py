"""``jupyter rob runs download|rerun|log --follow`` and what a command says that was not understood."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.client import Client
from jupyterlab_rob.connection import Connection
from jupyterlab_rob.flows import Request, path_of

from .protocol import GOOD_CELL
from .scripted import ScriptedService
from .test_cli import COMMAND, EXAMPLE, document, rob, write


@pytest.fixture
def succeeded(real_service: Connection) -> dict[str, Any]:
    """A run that has succeeded."""
    arguments = ("submit", EXAMPLE, "-b", "number-predictor", "-s", "repeated", "-p", "shift=1", "--wait")
    run: dict[str, Any] = document(*arguments)["run"]
    return run


def test_download(succeeded: dict[str, Any], tmp_path: Path) -> None:
    run, folder = succeeded["id"], tmp_path / "here"
    told = document("runs", "download", run[:12], "-o", str(folder))
    assert (told["run"], told["folder"]) == (run, str(folder))
    assert {"results/score.json", "run.log", "notebooks/predict.ipynb"} <= set(told["files"])
    assert all((folder / name).is_file() for name in told["files"])
    again = rob("runs", "download", run, "-o", str(folder))
    assert (again.returncode, again.stdout) == (2, "")
    assert "Give another folder, or --overwrite" in again.stderr
    assert rob("runs", "download", run, "-o", str(folder), "--overwrite").returncode == 0
    done = rob("runs", "download", run, "--notebook", cwd=tmp_path)
    assert done.stdout.splitlines() == [f"run-{run[:8]}/notebooks/predict.ipynb"]


def test_rerun(succeeded: dict[str, Any]) -> None:
    done = rob("runs", "rerun", succeeded["id"], "--wait", "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    assert run["id"] != succeeded["id"]
    for same in ("arguments", "notebook", "groupName", "result", "workflowId"):
        assert run[same] == succeeded[same]
    told = rob("runs", "rerun", succeeded["id"]).stdout
    assert f"the notebook and the arguments of {succeeded['id']}" in told
    assert rob("runs", "cancel", told.split()[1]).returncode in (0, 2)


def test_rerun_of_what_is_gone(succeeded: dict[str, Any]) -> None:
    (argument,) = [a["value"] for a in succeeded["arguments"] if isinstance(a["value"], dict)]
    path = path_of("uploads", succeeded["groupId"], "files", argument["value"]["fileId"])
    assert Client().transport.fetch(Request("DELETE", path)).status == 204
    done = rob("runs", "rerun", succeeded["id"])
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Run {succeeded['id']} can't be started again: number-predictor.ipynb was deleted" in done.stderr


async def test_rerun_that_the_service_refuses(scripted: ScriptedService) -> None:
    async def refuse(handler: Any) -> None:
        handler.set_status(409)
        handler.finish({"message": "The benchmark is archived."})

    run = {"id": "r", "state": "SUCCESS", "groupId": "g", "arguments": [{"name": "shift", "value": 1}]}
    scripted.answers |= {"GET runs/r": run, "GET uploads/g/files": {"files": []}, "POST groups/g/runs": refuse}
    done = await asyncio.to_thread(rob, "runs", "rerun", "r")
    assert done.returncode == 2
    assert "Run r can't be started again: The benchmark is archived." in done.stderr
    del scripted.answers["GET uploads/g/files"]
    done = await asyncio.to_thread(rob, "runs", "rerun", "r")
    assert "its submission was deleted, or you are no member" in done.stderr


def test_follow(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", GOOD_CELL, "import time\nprint('one', flush=True)\ntime.sleep(600)")
    run = document("submit", notebook, "-b", "number-predictor")["run"]["id"]
    process = subprocess.Popen(
        [*COMMAND, "runs", "log", run, "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    # While it runs, which it does until it is canceled.
    while "one" not in process.stdout.readline():
        assert process.poll() is None
    assert document("runs", "cancel", run)["run"]["state"] == "CANCELED"
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert told.startswith(f"Run {run} is CANCELED")


def test_follow_what_has_ended(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", GOOD_CELL, "print('two')\nundefined_name")
    run = json.loads(rob("submit", notebook, "-b", "number-predictor", "--wait", "--json").stdout)["run"]["id"]
    done = rob("runs", "log", run, "--follow")
    assert done.returncode == 1
    assert "two" in done.stdout
    assert done.stdout.strip() == rob("runs", "log", run).stdout.strip()
    assert done.stderr.startswith(f"Run {run} is ERROR: ")
    done = rob("runs", "log", run, "--follow", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout).keys() == {"log", "run"}


def test_follow_that_is_interrupted(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", GOOD_CELL, "import time\nprint('one', flush=True)\ntime.sleep(600)")
    run = document("submit", notebook, "-b", "number-predictor")["run"]["id"]
    process = subprocess.Popen(
        [*COMMAND, "runs", "log", run, "-f"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    while "one" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Run {run} goes on. To end it: jupyter rob runs cancel {run}\n" in told
    assert document("runs", "cancel", run)["run"]["state"] == "CANCELED"


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["runs", "show", "r", "--bogus"], "usage: jupyter rob runs show "),
        (["runs", "show", "r", "more"], "usage: jupyter rob runs show "),
        (["runs", "download", "--bogus", "r"], "usage: jupyter rob runs download "),
        (["submit", "a.ipynb", "b.ipynb"], "usage: jupyter rob submit "),
        (["status", "now"], "usage: jupyter rob status "),
        (["runs", "frobnicate"], "usage: jupyter rob runs "),
        (["runs", "show"], "usage: jupyter rob runs show "),
    ],
)
def test_usage_is_that_of_the_verb(arguments: list[str], usage: str) -> None:
    done = rob(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(usage)


@pytest.fixture
def url(scripted: ScriptedService) -> str:
    assert scripted.connection is not None
    scripted.is_open = True
    return scripted.connection.url


async def test_hints_name_the_url_that_was_given(
    scripted: ScriptedService, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROB_TOKEN", scripted.token)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    run = {"id": "r", "state": "PENDING", "groupId": "g", "arguments": []}
    scripted.answers |= {"GET runs/r": run, "GET uploads/g/files": {"files": []}, "POST groups/g/runs": run}
    done = await asyncio.to_thread(rob, "runs", "rerun", "r", "--url", url)
    assert f"How it is: jupyter rob runs show r --url {url}\n" in done.stdout, done.stderr
    done = await asyncio.to_thread(rob, "runs", "rerun", "r", env={**os.environ, "ROB_URL": url})
    assert "How it is: jupyter rob runs show r\n" in done.stdout, done.stderr
    monkeypatch.delenv("ROB_TOKEN")
    done = await asyncio.to_thread(rob, "runs", "list", "--url", url)
    assert f"Log in: `jupyter rob login --url {url}`, or the panel." in done.stderr
    done = await asyncio.to_thread(rob, "runs", "list", env={**os.environ, "ROB_URL": url})
    assert "Log in: `jupyter rob login`, or the panel." in done.stderr

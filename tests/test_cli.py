"""``jupyter rob …`` as processes of their own, with the real service."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob import embedded
from jupyterlab_rob.connection import Connection

from .conftest import Home
from .protocol import BENCHMARK, GOOD_CELL, make_notebook
from .scripted import ScriptedService
from .service.api import wait_for

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "number-predictor.ipynb")
COMMAND = [sys.executable, "-m", "jupyterlab_rob.cli"]
SLEEP = "import time\ntime.sleep(60)"


def rob(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)


def document(*arguments: str) -> Any:
    """The JSON document that a command prints."""
    done = rob(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(path: Path, *cells: str, **options: Any) -> str:
    path.write_text(json.dumps(make_notebook(*cells, **options)))
    return str(path)


def test_submit_and_wait(real_service: Connection) -> None:
    done = rob("submit", EXAMPLE, "-b", "number-predictor", "-s", "cli", "-p", "shift=0", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    assert run["state"] == "SUCCESS"
    assert run.keys() >= {"id", "state", "result", "rank", "files", "messages"}
    assert run["result"].keys() == {"deviation", "exact", "score"}
    assert isinstance(run["rank"], int)
    assert "predict: cell " in done.stderr
    assert "\r" not in done.stderr

    board = rob("leaderboard", "-b", "number-predictor").stdout.splitlines()
    assert board[0].split() == ["Rank", "Submission", "Deviation", "Exact", "Score"]
    assert any(" cli " in line for line in board)
    assert not any(line.endswith("<- you") for line in board), "all are mine"
    assert len({len(line) for line in board}) == 1, "aligned"
    assert document("leaderboard", "-b", "number-predictor").keys() >= {"schema", "ranking"}

    assert run["id"] in [listed["id"] for listed in document("runs", "list")["runs"]]
    listed = rob("runs", "list", "-b", "number-predictor").stdout
    assert run["id"][:8] in listed
    assert "deviation" in listed
    # The beginning of an id is enough.
    assert document("runs", "show", run["id"][:10])["run"]["id"] == run["id"]
    words = rob("runs", "show", run["id"]).stdout.split()
    assert {"Benchmark", "number-predictor", "Started", "Duration"} <= set(words)
    assert document("runs", "show", run["id"])["run"]["result"] == run["result"]
    assert "deviation" in rob("runs", "show", run["id"]).stdout
    assert document("runs", "log", run["id"])["log"].strip() == rob("runs", "log", run["id"]).stdout.strip()
    assert rob("runs", "cancel", run["id"]).returncode == 2


def test_benchmarks(real_service: Connection) -> None:
    benchmark, other = document("benchmarks", "list")["benchmarks"]
    assert (benchmark["name"], other["name"]) == ("Number predictor", "Top tagger")
    assert "Number predictor" in rob("benchmarks", "list").stdout
    assert document("benchmarks", "show", benchmark["id"])["benchmark"]["notebookSteps"]
    shown = rob("benchmarks", "show", "Number predictor").stdout
    assert "shift" in shown
    assert "predictor" in shown


def test_failing_notebook(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "bad.ipynb", GOOD_CELL, "undefined_name")
    done = rob("submit", notebook, "-b", "number-predictor", "--wait")
    assert done.returncode == 1
    assert "cell 2" in done.stdout
    assert "NameError" in done.stdout
    assert "Traceback" not in done.stderr


def test_environment_names_benchmark_and_submission(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", GOOD_CELL)
    environment = {**os.environ, "ROB_BENCHMARK": "number-predictor", "ROB_SUBMISSION": "from the environment"}
    done = rob("submit", notebook, "--json", env=environment)
    assert done.returncode == 0
    assert json.loads(done.stdout)["run"]["groupName"] == "from the environment"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["submit", "nowhere.ipynb", "-b", "number-predictor"], "Can't read nowhere.ipynb"),
        (["submit", EXAMPLE], "Give -b BENCHMARK"),
        (["submit", EXAMPLE, "-b", "nope"], "There are: number-predictor"),
        (["submit", EXAMPLE, "-b", "number-predictor", "-p", "shift=x"], "shift takes a whole number"),
        (["submit", EXAMPLE, "-b", "number-predictor", "-p", "shfit=1"], "Did you mean shift?"),
        (["submit", EXAMPLE, "-b", "number-predictor", "-p", "shift"], "is not NAME=VALUE"),
        (["runs", "show", "nope"], "nope"),
        (["runs", "frobnicate"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_mistakes(real_service: Connection, arguments: list[str], reason: str) -> None:
    done = rob(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_several_mistakes_are_all_told(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", "x = 1", "input()", tagged=None, metadata={})
    done = rob("submit", notebook, "-b", "number-predictor")
    assert done.returncode == 2
    assert "no kernel" in done.stderr
    assert "no `parameters` cell" in done.stderr


def test_warnings_do_not_stop(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", "inputfile = ''\noutputfile = ''", "if False:\n    input()")
    done = rob("submit", notebook, "-b", "number-predictor")
    assert done.returncode == 0
    assert "warning: Cell 2 uses input()" in done.stderr
    assert "shift" in done.stderr


def test_status_and_stop(home: Home) -> None:
    assert rob("status").returncode == 0
    assert "No ROB service is running" in rob("status").stdout
    assert document("status")["service"] is None
    assert embedded.find() is None, "asking does not start it"
    assert document("stop") == {"stopped": False, "active": 0, "canceled": 0}

    connection = embedded.ensure()
    service = document("status")["service"]
    assert service["kind"] == "embedded"
    assert (service["url"], service["pid"]) == (connection.url, connection.pid)
    assert service["url"].endswith("/rob/api/v1")
    assert connection.token not in json.dumps(service)
    assert rob("stop").returncode == 0
    assert document("status")["service"] is None


def test_stop_says_what_goes_on(home: Home, tmp_path: Path) -> None:
    # So that the second has to wait.
    serving = subprocess.Popen([*COMMAND, "serve", "--slots=1"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(embedded.find, "the service")
        notebook = write(tmp_path / "a.ipynb", GOOD_CELL, SLEEP)
        runs = [document("submit", notebook, "-b", "number-predictor")["run"]["id"] for _ in range(2)]
        wait_for(lambda: document("runs", "show", runs[0])["run"]["state"] == "RUNNING", "the first run")
        told = rob("stop").stdout
        assert told.startswith(
            "The ROB service has been stopped. 1 run goes on without it and 1 run waits for the next"
        )
        assert "jupyter rob runs list" in told
        assert "jupyter rob stop --cancel" in told
        assert serving.wait(60) == 0
    finally:
        serving.kill()
        serving.wait()


def test_stop_and_cancel(home: Home, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", GOOD_CELL, SLEEP)
    runs = [document("submit", notebook, "-b", "number-predictor")["run"]["id"] for _ in range(2)]
    assert document("stop", "--cancel") == {"stopped": True, "active": 0, "canceled": 2}
    assert {document("runs", "show", run)["run"]["state"] for run in runs} == {"CANCELED"}
    assert rob("stop", "--cancel").stdout == "The ROB service has been stopped.\n"
    assert rob("stop", "--cancel").stdout == "No ROB service is running.\n"


async def test_what_was_checked_is_what_is_sent(scripted: ScriptedService, tmp_path: Path) -> None:
    """The file is saved again as soon as it was read; what the warning is about goes to the service all the same."""
    path = tmp_path / "a.ipynb"
    write(path, GOOD_CELL, "input()")
    sent = []

    async def tell(handler: Any) -> None:
        write(path, GOOD_CELL, "saved_later = 1")
        handler.finish(BENCHMARK)

    async def take(handler: Any) -> None:
        sent.append(handler.body)
        handler.finish({"id": "f"})

    scripted.answers |= {
        "GET workflows": {"workflows": [BENCHMARK]},
        "GET workflows/b1": tell,
        "GET workflows/b1/groups": {"groups": [{"id": "g", "name": "alice"}]},
        "POST uploads/g/files": take,
        "POST groups/g/runs": {"id": "r", "state": "PENDING"},
    }
    done = await asyncio.to_thread(rob, "submit", str(path), "-b", "b1")
    assert done.returncode == 0, done.stderr
    assert "warning: Cell 2 uses input()" in done.stderr
    (body,) = sent
    assert (b"input()" in body, b"saved_later" in body) == (True, False)
    assert scripted.paths().count("GET workflows/b1") == 1

    write(path, GOOD_CELL, "input()")
    refused = await asyncio.to_thread(rob, "submit", str(path), "-b", "b1", "-p", "nonsense=1")
    assert (refused.returncode, len(sent)) == (2, 1)
    assert "warning: Cell 2 uses input()" in refused.stderr
    assert "jupyter rob: There is no parameter nonsense." in refused.stderr


async def test_status_tells_of_the_sandbox(scripted: ScriptedService) -> None:
    assert scripted.connection is not None
    scripted.is_open = True
    sandbox = {"kind": None, "message": "bubblewrap is not installed: a notebook may read what you may."}
    scripted.answers["GET status"] = {"kind": "embedded", "slots": 1, "running": 0, "pending": 0, "sandbox": sandbox}
    remote = ("--url", scripted.connection.url)
    environment = {**os.environ, "ROB_TOKEN": scripted.token}
    for where in ((), remote):
        done = await asyncio.to_thread(rob, "status", *where, env=environment)
        assert ["sandbox", "none"] in [line.split() for line in done.stdout.splitlines()]
        assert done.stdout.endswith(f"\n\n{sandbox['message']}\n"), done.stderr
        done = await asyncio.to_thread(rob, "status", "--json", *where, env=environment)
        assert json.loads(done.stdout)["service"]["sandbox"] == sandbox
    # A service that does not tell, as those before and the published one.
    del scripted.answers["GET status"]
    for where in ((), remote):
        done = await asyncio.to_thread(rob, "status", *where, env=environment)
        assert (done.returncode, "sandbox" in done.stdout) == (0, False)


def test_stop_is_for_the_service_of_ones_own(real_service: Connection) -> None:
    environment = {**os.environ, "ROB_URL": real_service.url}
    for done in (rob("stop", "--url", real_service.url), rob("stop", env=environment)):
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{real_service.url} can't be stopped from here" in done.stderr
    assert embedded.find() == real_service


def test_two_commands_at_once_start_one(home: Home) -> None:
    running = [subprocess.Popen([*COMMAND, "benchmarks", "list"], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    connection = embedded.find()
    assert connection is not None
    assert embedded.ensure() == connection


def test_no_service_to_be_had(home: Home) -> None:
    home.data_dir.write_text("")
    done = rob("benchmarks", "list")
    assert done.returncode == 3
    assert str(home.data_dir) in done.stderr
    assert "Traceback" not in done.stderr


async def test_what_nobody_expected(scripted: ScriptedService) -> None:
    scripted.answers["GET workflows"] = ["a list\nwhere an object should be"]
    done = await asyncio.to_thread(rob, "benchmarks", "list")
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("jupyter rob: unexpected TypeError: ")
    assert line.endswith("; please report")
    done = await asyncio.to_thread(rob, "benchmarks", "list", env={**os.environ, "ROB_DEBUG": "1"})
    assert done.returncode == 3
    assert "Traceback" in done.stderr


def test_serve_is_the_service(home: Home) -> None:
    assert "RobService" in rob("serve", "--help-all").stdout
    process = subprocess.Popen([*COMMAND, "serve"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while (connection := embedded.find()) is None:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        assert connection.pid == process.pid
        assert rob("stop").returncode == 0
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def test_interrupted_while_waiting(real_service: Connection, tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", GOOD_CELL, SLEEP)
    process = subprocess.Popen(
        [*COMMAND, "submit", notebook, "-b", "number-predictor", "--wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background inherit that the signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    while "cell 2" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on" in told
    run = told.split("jupyter rob runs cancel ")[1].strip()
    assert document("runs", "show", run)["run"]["state"] == "RUNNING"
    assert document("runs", "cancel", run)["run"]["state"] == "CANCELED"


def test_one_line_on_a_terminal(real_service: Connection) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "submit", EXAMPLE, "-b", "number-predictor", "--wait"], stderr=theirs, stdout=subprocess.DEVNULL
    )
    os.close(theirs)
    told = b""
    try:
        while part := os.read(ours, 10_000):
            told += part
    except OSError:
        pass  # How Linux says that a terminal has been closed.
    os.close(ours)
    assert process.wait(60) == 0
    assert told.count(b"\r\x1b[K") > 1
    assert b"\n" not in told


def test_reader_that_has_seen_enough(real_service: Connection) -> None:
    process = subprocess.Popen(
        [*COMMAND, "benchmarks", "show", "number-predictor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == 0

"""``jupyter rob benchmarks check|add|update|remove|versions`` as processes of their own, with real services."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from jupyterlab_rob.cli import main

from .conftest import Home
from .scripted import ScriptedService
from .service.api import notebook
from .service.benchmark import guessing, write_benchmark
from .test_cli import COMMAND, document, rob


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trials make their folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def write_notebook(path: Path, *cells: str) -> str:
    path.write_text(json.dumps(notebook(*cells)))
    return str(path)


def services(folder: Path) -> list[str]:
    """Processes of a trial in this folder, runs and their kernels among them: its name is in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = ((process / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        if f"{folder}/rob-trial-".encode() in command + environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_check(tmp_path: Path, home: Home) -> None:
    folder = write_benchmark(tmp_path / "guess", 1)
    done = rob("benchmarks", "check", str(folder))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].endswith("warnings.")
    assert "flowserv.yaml:1: warning: The manifest names no instructions" in done.stdout

    specification = folder / "benchmark.yaml"
    specification.write_text(specification.read_text().replace("$[[notebook]]", "$[[nothing]]"))
    done = rob("benchmarks", "check", str(folder))
    assert done.returncode == 2
    assert "benchmark.yaml:1: error: " in done.stdout
    assert " error" in done.stdout.splitlines()[-1]
    told = rob("benchmarks", "check", str(folder), "--json")
    assert told.returncode == 2
    problems = json.loads(told.stdout)["problems"]
    assert {"error", "warning"} == {problem["severity"] for problem in problems}
    # Nothing is run that has errors.
    assert json.loads(rob("benchmarks", "check", str(folder), "--run", "--json").stdout)["run"] is None
    assert "does not exist" in rob("benchmarks", "check", str(tmp_path / "nowhere")).stderr
    assert not home.data_dir.exists()


def test_check_runs_it_and_leaves_nothing(tmp_path: Path, home: Home, scratch: Path) -> None:
    folder = write_benchmark(tmp_path / "guess", 1, name="Number predictor")
    path = write_notebook(tmp_path / "good.ipynb", guessing(3))
    done = rob("benchmarks", "check", str(folder), "--run", "--notebook", path, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    assert (run["state"], run["result"]) == ("SUCCESS", {"off": 2.0})

    path = write_notebook(tmp_path / "bad.ipynb", "print('a word for the log')", "undefined_name")
    done = rob("benchmarks", "check", str(folder), "--run", "--notebook", path)
    assert done.returncode == 1
    assert "NameError" in done.stdout
    assert "a word for the log" in done.stdout
    assert "Traceback" not in done.stderr

    done = rob("benchmarks", "check", str(folder), "--run")
    assert done.returncode == 2
    assert "give one with --notebook" in done.stderr
    done = rob("benchmarks", "check", str(folder), "--run", "--file", f"nothing={path}")
    assert done.returncode == 2
    assert "no parameter 'nothing' for a file" in done.stderr
    assert list(scratch.iterdir()) == []
    assert services(scratch) == []
    assert not home.data_dir.exists()


def test_check_runs_with_files_and_defaults(tmp_path: Path, home: Home, scratch: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "flowserv.yaml").write_text("name: Copy\ndescription: Copies.\nspecfile: benchmark.yaml\n")
    commands = ['cat "${source}" > out.txt', 'echo "${word}" >> out.txt']
    step = {
        "name": "copy",
        "files": {"inputs": ["in.txt"], "outputs": ["out.txt"]},
        "action": {"environment": "python", "commands": commands},
    }
    specification = {
        "workflow": {
            "files": {"outputs": ["out.txt"]},
            "parameters": {"source": "$[[source]]", "word": "$[[word]]"},
            "steps": [step],
        },
        "parameters": [
            {"name": "source", "label": "Source", "dtype": "file", "target": "in.txt", "isRequired": True},
            {"name": "word", "label": "Word", "dtype": "string", "defaultValue": "end"},
        ],
    }
    (folder / "benchmark.yaml").write_text(json.dumps(specification))
    source = tmp_path / 'a "file".txt'
    source.write_text("content")
    done = rob("benchmarks", "check", str(folder), "--run", "--file", f"source={source}", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert [file["name"] for file in json.loads(done.stdout)["run"]["files"]] == ["out.txt"]
    assert "give one with --file source=PATH" in rob("benchmarks", "check", str(folder), "--run").stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_leaves_nothing(tmp_path: Path, home: Home, scratch: Path, number: signal.Signals) -> None:
    folder = write_benchmark(tmp_path / "guess", 1)
    path = write_notebook(tmp_path / "slow.ipynb", "import time\ntime.sleep(600)")
    command = [*COMMAND, "benchmarks", "check", str(folder), "--run", "--notebook", path]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ), start_new_session=True
    )
    try:
        assert process.stderr is not None
        while "cell 2" not in process.stderr.readline():
            assert process.poll() is None
        assert services(scratch), "its processes are found"
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert list(scratch.iterdir()) == []
    assert services(scratch) == []


def test_add_update_remove(tmp_path: Path, home: Home) -> None:
    first = write_benchmark(tmp_path / "My Guess", 1)
    added = document("benchmarks", "add", str(first), "--note", "The first.")["benchmark"]
    assert (added["id"], added["version"]) == ("my-guess", 1)
    second = write_benchmark(tmp_path / "second", 2)
    done = rob("benchmarks", "update", "my-guess", str(second), "--note", "Harder.")
    assert done.returncode == 0, done.stderr
    assert "version 2" in done.stdout
    assert "warning: The manifest names no instructions" in done.stderr
    assert "Nothing has changed" in rob("benchmarks", "update", "my-guess", str(second)).stderr
    found = document("benchmarks", "versions", "my-guess")["versions"]
    assert [(version["version"], version["note"]) for version in found] == [(2, "Harder."), (1, "The first.")]
    assert "2*" in rob("benchmarks", "versions", "my-guess").stdout
    assert "Version" in rob("benchmarks", "list").stdout

    path = write_notebook(tmp_path / "good.ipynb", guessing(2))
    assert rob("submit", path, "-b", "my-guess", "--wait").returncode == 0
    refused = rob("benchmarks", "remove", "my-guess", "--yes")
    assert refused.returncode == 2
    assert "has a run" in refused.stderr
    assert "give --yes" in rob("benchmarks", "remove", "my-guess", "--archive", stdin=subprocess.DEVNULL).stderr
    assert document("benchmarks", "remove", "my-guess", "--archive", "--yes")["archived"] is True
    assert "my-guess" not in [benchmark["id"] for benchmark in document("benchmarks", "list")["benchmarks"]]
    assert "archived" in rob("benchmarks", "show", "my-guess").stdout
    assert len(document("leaderboard", "-b", "my-guess")["ranking"]) == 1
    assert "archived" in rob("submit", path, "-b", "my-guess").stderr
    assert rob("benchmarks", "update", "my-guess", str(first)).returncode == 0
    assert rob("benchmarks", "show", "my-guess").stdout.count("Version 3") == 1


def test_what_is_wrong_is_told_before_it_is_sent(tmp_path: Path, home: Home) -> None:
    folder = write_benchmark(tmp_path / "guess", 1)
    (folder / "evaluate.py").unlink()
    done = rob("benchmarks", "add", str(folder))
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Nothing was sent" in done.stderr
    folder = write_benchmark(tmp_path / ("x" * 40), 1)
    assert "--id" in rob("benchmarks", "add", str(folder)).stderr
    assert not home.data_dir.exists(), "no service was started"


async def test_files_that_may_be_data(scripted: ScriptedService, capsys: pytest.CaptureFixture[str]) -> None:
    parameters = [
        {"name": name, "dtype": "file", "target": f"{name}.py", "isTargetOpen": True} for name in ("code", "config")
    ]
    scripted.answers |= {
        "GET workflows": {"workflows": [{"id": "b", "name": "B"}]},
        "GET workflows/b": {"id": "b", "name": "B", "parameters": parameters},
    }
    assert await asyncio.to_thread(main, ["benchmarks", "show", "b"]) == 0
    told = capsys.readouterr().out
    assert "    jupyter rob submit -b b --notebook code=PATH --notebook config=PATH\n" in told
    assert "The server does not tell which of code and config are programs: leave out what is none.\n" in told
    del parameters[1]["isTargetOpen"]
    assert await asyncio.to_thread(main, ["benchmarks", "show", "b"]) == 0
    assert "does not tell" not in capsys.readouterr().out

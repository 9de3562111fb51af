"""The set-up: what it says when a tool is missing or too old, and what the demo has in common with the front end."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
SHELL = shutil.which("sh") or "/bin/sh"


def check_tools(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the check with only the programs in ``path``."""
    return subprocess.run(
        [SHELL, SCRIPTS / "check_tools.sh", *arguments],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def fake(path: Path, *, answer: str, code: int) -> None:
    """A program that says ``answer`` when asked for its version and ends with ``code`` when asked to judge it."""
    path.write_text(
        f'#!{SHELL}\ncase "$*" in *print*|--version) echo "{answer}";; *"3, 10"*|*exit*) exit {code};; esac\n'
    )
    path.chmod(0o755)


def test_all_is_there(tmp_path: Path) -> None:
    fake(tmp_path / "python3", answer="3.12", code=0)
    fake(tmp_path / "node", answer="v22.1.0", code=0)

    done = check_tools(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("python", "node", "message"),
    [
        (None, None, "Python 3.10 or later is needed, but there is no 'python3'."),
        (("3.9", 1), None, "Python 3.10 or later is needed, but 'python3' is 3.9."),
        (("3.12", 0), None, "Node.js 20 or later is needed, but there is no 'node'."),
        (("3.12", 0), ("v18.3.0", 1), "Node.js 20 or later is needed, but 'node' is v18.3.0."),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, python: tuple[str, int] | None, node: tuple[str, int] | None, message: str
) -> None:
    for name, version in (("python3", python), ("node", node)):
        if version:
            fake(tmp_path / name, answer=version[0], code=version[1])

    done = check_tools(tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_another_python_can_be_named(tmp_path: Path) -> None:
    assert "no 'python3.99'" in check_tools(tmp_path, "python3.99").stderr


def program(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join([f"#!{SHELL}", *lines]) + "\n")
    (folder / name).chmod(0o755)


def chromium(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the search for Chromium with only the programs in ``path``."""
    command = [SHELL, str(SCRIPTS / "chromium.sh")]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def test_chromium_is_found(tmp_path: Path) -> None:
    program(tmp_path, "uname", "echo Linux")
    program(tmp_path, "chromium")

    done = chromium(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'chromium'}\n", "")


def test_chromium_that_can_not_be_installed_is_asked_for(tmp_path: Path) -> None:
    program(tmp_path, "uname", "echo Linux")
    program(tmp_path, "id", "echo 1000")

    done = chromium(tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "sudo apt-get update && sudo apt-get install -y chromium" in done.stderr


def test_chromium_is_installed_by_root(tmp_path: Path) -> None:
    program(tmp_path, "uname", "echo Linux")
    program(tmp_path, "id", "echo 0")
    there = tmp_path / "chromium"
    program(tmp_path, "apt-get", 'echo "apt-get $*"', f'[ "$1" = update ] || {shutil.which("ln")} -s {SHELL} {there}')

    done = chromium(tmp_path)

    assert (done.returncode, done.stdout) == (0, f"{there}\n")
    assert done.stderr == "apt-get update\napt-get install -y chromium\n"


def test_demo_opens_the_panel_of_the_front_end() -> None:
    panel = re.search(r"PANEL_ID = '(.*)'", (ROOT / "src" / "tokens.ts").read_text())
    state = re.search(r"STATE_KEY = '(.*)'", (ROOT / "src" / "model.ts").read_text())
    demo = runpy.run_path(str(SCRIPTS / "demo.py"))

    data = demo["workspace"]("mine.ipynb", "yours.ipynb", benchmark="top-tagger")["data"]

    assert panel
    assert state
    assert data["layout-restorer:data"]["left"]["current"] == panel.group(1)
    assert data["layout-restorer:data"]["main"]["current"] == "notebook:mine.ipynb"
    assert data[state.group(1)] == {"benchmark": "top-tagger"}


def test_demo_shows_what_there_is() -> None:
    demo = runpy.run_path(str(SCRIPTS / "demo.py"))
    notebooks = {notebook for submissions in demo["BENCHMARKS"].values() for notebook in submissions.values()}
    assert {demo["OPENED"], demo["BESIDE"]} <= notebooks
    assert all((ROOT / "examples" / notebook).is_file() for notebook in notebooks)

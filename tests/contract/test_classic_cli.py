"""``jupyter rob`` with the published server."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..protocol import make_notebook
from .asking import NOTEBOOK
from .classic import PASSWORD, ClassicServer

COMMAND = [sys.executable, "-m", "jupyterlab_rob.cli"]


class Terminal:
    """Commands in an environment of the test's own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.environment = {**os.environ, "ROB_URL": url, "JUPYTER_DATA_DIR": str(folder / "share")}
        self.tokens = folder / "share" / "rob-tokens.json"

    def rob(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.environment,
        )

    def document(self, *arguments: str) -> Any:
        done = self.rob(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def login(self, user: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.rob("login", "-u", user, "--remember", "--password-stdin", *options, text=f"{PASSWORD}\n")


@pytest.fixture
def terminal(classic: ClassicServer, no_service: None, tmp_path: Path) -> Terminal:
    return Terminal(classic.url, tmp_path)


def test_from_the_login_to_the_logout(classic: ClassicServer, terminal: Terminal, user: str, tmp_path: Path) -> None:
    (tmp_path / "mine.ipynb").write_text(json.dumps(NOTEBOOK))
    assert terminal.document("status")["service"]["state"] == "login"
    done = terminal.login(user)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"You are logged in as {user} at {classic.url}" in done.stdout
    assert stat.S_IMODE(terminal.tokens.stat().st_mode) == 0o600
    service = terminal.document("status")["service"]
    assert (service["kind"], service["url"], service["username"]) == ("classic", classic.url, user)
    assert classic.login(user) not in json.dumps(service)
    assert user in terminal.rob("status").stdout

    assert "shift" in terminal.rob("benchmarks", "show", "sequences").stdout
    notebook = str(tmp_path / "mine.ipynb")
    done = terminal.rob("submit", notebook, "-b", "sequences", "-p", "shift=1", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    assert (run["state"], run["result"]) == ("SUCCESS", {"deviation": 1.0, "exact": 0})
    assert run["groupName"] == user
    assert "mine.ipynb" in terminal.rob("runs", "list").stdout
    assert "deviation" in terminal.rob("runs", "show", run["id"][:12]).stdout
    assert user in terminal.rob("leaderboard", "-b", "sequences").stdout
    done = terminal.rob("runs", "log", run["id"])
    assert (done.returncode, done.stdout) == (2, "")
    assert "keeps no log of a run" in done.stderr
    assert terminal.rob("runs", "cancel", run["id"]).returncode == 2

    done = terminal.rob("logout")
    assert (done.returncode, done.stderr) == (0, "")
    assert not terminal.tokens.exists()
    done = terminal.rob("runs", "list")
    assert done.returncode == 3
    assert "jupyter rob login" in done.stderr


def test_what_is_there_for_runs_and_submissions(
    classic: ClassicServer, terminal: Terminal, user: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.ipynb").write_text(json.dumps(NOTEBOOK))
    terminal.login(user)
    classic.register(f"{user} two")
    made = terminal.document("submissions", "create", f"{user} both", "-b", "sequences", "--member", f"{user} two")
    assert sorted(member["username"] for member in made["submission"]["members"]) == [user, f"{user} two"]
    (listed,) = terminal.document("submissions", "list")["submissions"]
    assert listed["name"] == f"{user} both"
    changed = terminal.document("submissions", "members", listed["id"], "--remove", f"{user} two")["submission"]
    assert [member["username"] for member in changed["members"]] == [user]

    arguments = ("submit", str(tmp_path / "mine.ipynb"), "-b", "sequences", "-s", listed["name"], "-p", "shift=1")
    run = terminal.document(*arguments, "--wait")["run"]
    again = terminal.document("runs", "rerun", run["id"], "--wait")["run"]
    assert (again["state"], again["result"]) == ("SUCCESS", run["result"])
    told = terminal.document("runs", "download", again["id"], "-o", str(tmp_path / "here"))
    assert told["files"] == [file["name"] for file in again["files"]]
    assert all((tmp_path / "here" / name).stat().st_size for name in told["files"])
    done = terminal.rob("runs", "log", run["id"], "--follow")
    assert (done.returncode, done.stdout) == (2, "")
    assert "keeps no log of a run" in done.stderr


def test_failing_notebook(terminal: Terminal, user: str, tmp_path: Path) -> None:
    notebook = make_notebook("inputfile = ''\noutputfile = ''\nshift = 0", "undefined_name")
    (tmp_path / "bad.ipynb").write_text(json.dumps(notebook))
    terminal.login(user)
    done = terminal.rob("submit", str(tmp_path / "bad.ipynb"), "-b", "sequences", "--wait")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "NameError: name 'undefined_name' is not defined"


def test_expired_token(classic: ClassicServer, terminal: Terminal, user: str) -> None:
    terminal.login(user)
    classic.expire_tokens()
    done = terminal.rob("leaderboard", "-b", "sequences")
    assert done.returncode == 3
    assert "not logged in any more" in done.stderr
    assert terminal.document("status")["service"]["state"] == "login"
    assert terminal.login(user).returncode == 0
    assert terminal.rob("leaderboard", "-b", "sequences").returncode == 0


def test_token_of_the_environment(classic: ClassicServer, terminal: Terminal, user: str) -> None:
    terminal.environment["ROB_TOKEN"] = classic.login(user)
    assert terminal.document("status")["service"]["username"] == user
    assert terminal.document("runs", "list") == {"runs": []}
    assert not terminal.tokens.exists()


def test_file_that_others_can_read(terminal: Terminal, user: str) -> None:
    terminal.login(user)
    terminal.tokens.chmod(0o644)
    for arguments in (["runs", "list"], ["login", "-u", user, "--remember", "--password-stdin"]):
        done = terminal.rob(*arguments, text=f"{PASSWORD}\n")
        assert done.returncode == 2
        assert f"chmod 600 {terminal.tokens}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["login", "-u", "nobody", "--remember", "--password-stdin"], 2, "User name or password is wrong."),
        (["login", "-u", "nobody", "--password-stdin"], 2, "Give --remember to keep it in"),
        (["login", "-u", "nobody", "--remember"], 2, "--password-stdin"),
        (["login", "--remember"], 2, "Give -u NAME"),
        (["login", "--url", "http://127.0.0.1:9", "--remember"], 3, "http://127.0.0.1:9 can't be reached"),
        (["login", "--url", "ftp://x", "--remember"], 2, "http:// or https://"),
        (["login", "--url", "http://a:secret@x", "--remember"], 2, "must not hold a user name or password"),
        (["submit", __file__, "-b", "x"], 2, "is not JSON"),
        (["leaderboard", "-b", "x"], 3, "You are not logged in"),
    ],
)
def test_mistakes(terminal: Terminal, arguments: list[str], status: int, reason: str) -> None:
    done = terminal.rob(*arguments, text="wrong\n")
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert reason in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_login_without_a_url(terminal: Terminal) -> None:
    del terminal.environment["ROB_URL"]
    done = terminal.rob("login")
    assert done.returncode == 2
    assert "Give --url URL" in done.stderr


def test_asked_on_a_terminal(classic: ClassicServer, terminal: Terminal, user: str) -> None:
    for answers, status in ([b"n"], 2), ([b"y", user.encode() + b" three", b"pw", b"pw"], 0):
        code, told = conversation([*COMMAND, "login", "--register"], terminal.environment, answers)
        assert code == status, told
        assert b"readable by you alone? [y/N]" in told
    assert b"pw" not in told, "the password is hidden"
    assert f"You are logged in as {user} three".encode() in told
    assert terminal.tokens.exists()


def conversation(command: list[str], environment: dict[str, str], answers: list[bytes]) -> tuple[int, bytes]:
    """Exit status and what a command printed on its terminal, where each question was answered."""
    ours, theirs = pty.openpty()
    # In a session of its own, as without a terminal that it could open past this one.
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    told, asked = b"", 0
    try:
        while part := os.read(ours, 10_000):
            told += part
            # The prompts end so.
            if told.endswith((b"] ", b": ")) and asked < len(answers):
                os.write(ours, answers[asked] + b"\n")
                asked += 1
    except OSError:
        pass  # How Linux says that a terminal has been closed.
    os.close(ours)
    return process.wait(60), told

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob
from jupyterlab_rob.errors import InvalidInput, ServiceUnavailable
from jupyterlab_rob.service.engine import sandbox_trial
from jupyterlab_rob.service.engine.limits import Limits
from jupyterlab_rob.service.engine.sandbox import Sandbox
from jupyterlab_rob.service.engine.sandbox_trial import find_sandbox

from .boxes import has_bubblewrap

pytestmark = pytest.mark.skipif(not has_bubblewrap(), reason="no bubblewrap; see scripts/bubblewrap.sh")

_MB = 1 << 20


def test_the_service_finds_a_sandbox_without_secrets(tmp_path: Path) -> None:
    """The whole way, as the service goes it: nothing of the home folder, the accounts and the configuration."""
    data_dir = tmp_path / "data"
    (data_dir / "slots" / "0").mkdir(parents=True)
    (data_dir / "rob.db").write_text("secret")
    sandbox = find_sandbox("required", data_dir)
    folder = data_dir / "slots" / "0"
    sandbox.hand_over(folder, 0)
    code = (
        "import json, os, ipykernel\n"
        "seen = [path for path in ('/etc/shadow', '/etc/ssl/private', '/run', '/var', '/boot', '/srv', "
        f"{str(data_dir / 'rob.db')!r}, {str(Path.home() / '.ssh')!r}, {str(Path.home() / '.jupyter')!r}, "
        f"{str(Path.home() / '.local')!r}) "
        "if os.path.exists(path)]\n"
        "users = open('/etc/passwd').read().splitlines()\n"
        "print(json.dumps([seen, users, os.path.expanduser('~'), os.getcwd()]))\n"
    )
    done = subprocess.run(
        sandbox.command([sys.executable, "-c", code], folder),
        cwd=folder,
        env=sandbox.environment({"PATH": os.defpath}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen, users, home, working = json.loads(done.stdout)
    assert set(seen) <= {str(Path.home() / ".local")}, "what is in it are the user's own packages"
    assert {line.split(":")[0] for line in users} == {"rob"}
    assert home == "/tmp/home"
    assert working == str(folder)
    assert sandbox.status() == {"kind": "bubblewrap", "message": None}
    assert sandbox.shows(Path(sys.executable))
    assert sandbox.shows(Path("/usr/bin/env"))
    assert not sandbox.shows(data_dir / "rob.db")
    assert not sandbox.shows(Path("/nowhere"))
    assert Sandbox.from_dict(json.loads(json.dumps(sandbox.to_dict()))) == sandbox


_FROM_THE_COPY = """\
import json, sys
from pathlib import Path
from jupyterlab_rob.service.engine.sandbox_trial import find_sandbox
sandbox = find_sandbox("required", Path(sys.argv[1]))
print(json.dumps(sandbox.to_dict()))
"""


def test_an_installed_package_shows_its_code_and_no_truth(tmp_path: Path) -> None:
    """A virtual environment with a copy of the package among its packages, as a wheel puts it there."""
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    package = packages / "jupyterlab_rob"
    shutil.copytree(Path(jupyterlab_rob.__file__).parent, package, ignore=shutil.ignore_patterns("labextension"))
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    python = str(tmp_path / "venv" / "bin" / "python")
    data_dir = tmp_path / "data"
    folder = data_dir / "slots" / "0"
    folder.mkdir(parents=True)
    environment = {"PATH": os.defpath, "HOME": str(Path.home())}
    found = subprocess.run(
        [python, "-c", _FROM_THE_COPY, str(data_dir)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    sandbox = Sandbox.from_dict(json.loads(found.stdout))
    sandbox.hand_over(folder, 0)
    code = (
        "import json, os, sys\n"
        f"package = {str(package)!r}\n"
        "names = [os.path.join(folder, name) for folder, _, files in os.walk(package) for name in files]\n"
        "print(json.dumps([sys.prefix, os.listdir(os.path.join(package, 'benchmarks')), names]))\n"
    )
    done = subprocess.run(
        sandbox.command([python, "-I", "-c", code], folder),
        cwd=folder,
        env=sandbox.environment({"PATH": os.defpath}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    prefix, benchmarks, names = json.loads(done.stdout)
    assert prefix == str(tmp_path / "venv")
    assert benchmarks == []
    assert str(package / "cli" / "main.py") in names
    assert [name for name in names if "truth" in Path(name).name] == []


def test_off_is_said_and_leaves_the_limits(tmp_path: Path) -> None:
    sandbox = find_sandbox("off", tmp_path)
    assert sandbox.kind is None
    assert "switched off" in str(sandbox.message)
    command = sandbox.command([sys.executable, "-c", "bytearray(1 << 30)"], tmp_path, limits=Limits(memory=512 * _MB))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
    assert sandbox.environment({"HOME": "/x"}) == {"HOME": "/x"}
    assert sandbox.shows(Path(sys.executable))
    assert Sandbox.from_dict(sandbox.to_dict()) == sandbox


def test_without_bubblewrap_auto_says_why_and_required_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_trial, "_find", lambda program: None)
    assert "bubblewrap (the program bwrap) is not installed" in str(find_sandbox("auto", tmp_path).message)
    with pytest.raises(ServiceUnavailable, match="nothing without a sandbox, and bubblewrap"):
        find_sandbox("required", tmp_path)


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("bwrap: No permissions to create new namespace, likely because", "does not let the service's user make one"),
        ("bwrap: setting up uid map: Permission denied", "does not let the service's user make one"),
        ("bwrap: Can't mount proc on /newroot/proc: x", "does not work here (bwrap: Can't mount proc"),
        ("python3: error while loading shared libraries: libx.so", "Python does not start in it"),
    ],
)
def test_a_sandbox_that_does_not_work_is_explained(
    complaint: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bwrap"
    program.write_text(f'#!/bin/sh\necho "{complaint}" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setattr(sandbox_trial, "_find", lambda name: str(program))
    sandbox = find_sandbox("auto", tmp_path / "data")
    assert sandbox.kind is None
    assert words in str(sandbox.message)
    assert list((tmp_path / "data" / "sandbox").glob("try-*")) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/", "all of '/'"),
        ("/proc", "all of '/proc'"),
        ("/tmp", "all of '/tmp'"),
        ("~", "name the folders in it"),
        ("relative", "must be the full path"),
        ("/nowhere", "something that is there"),
        ("DATA/slots", "in the service's data folder"),
        ("DATA", "name the folders in it"),
        ("link", "name the folders in it"),
    ],
)
def test_secrets_can_not_be_configured_to_be_shown(name: str, words: str, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    (data_dir / "slots").mkdir(parents=True)
    (tmp_path / "link").symlink_to(data_dir)
    paths: dict[str, Any] = {"~": Path.home(), "link": tmp_path / "link"}
    path = paths.get(name, Path(name.replace("DATA", str(data_dir))))
    with pytest.raises(InvalidInput) as refused:
        find_sandbox("off", data_dir, paths=[path])
    assert words in refused.value.message


def test_there_is_no_other_mode(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no sandbox mode 'on'; the modes are auto, required, off"):
        find_sandbox("on", tmp_path)  # type: ignore[arg-type]

"""What programs in a sandbox try, as root's and as an ordinary user's, and what must come of it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import jupyterlab_rob
from jupyterlab_rob.service.engine.limits import Limits

from .boxes import BASE, Box, box, has_bubblewrap, wait_for

pytestmark = pytest.mark.skipif(not has_bubblewrap(), reason="no bubblewrap; see scripts/bubblewrap.sh")

_MB = 1 << 20


# -- What is seen --

#: All of a place, by name: what is in it and whose text is read.
_READ = """\
import json, os, sys
found = {}
for folder, folders, files in os.walk(ROOT):
    for name in files:
        path = os.path.join(folder, name)
        try:
            found[os.path.relpath(path, ROOT)] = open(path).read()
        except OSError as error:
            found[os.path.relpath(path, ROOT)] = type(error).__name__
print(json.dumps(found))
"""

_SECRETS = (
    "home/secret.txt",
    "home/.ssh/id_rsa",
    "data/rob.db",
    "data/token",
    "data/slots/other/answer.txt",
    "jupyter/config/jupyter_server_config.json",
    "jupyter/runtime/rob-1.json",
    "jupyter/data/notebook_secret",
    "home/venv/lib/python3.11/site-packages/jupyterlab_rob/benchmarks/number_predictor/private/truth.txt",
    "prefix/lib/python3.11/site-packages/jupyterlab_rob/benchmarks/number_predictor/private/truth.txt",
)
_SHOWN = (
    "home/venv/bin/program",
    "home/venv/lib/python3.11/site-packages/jupyterlab_rob/__init__.py",
    "prefix/lib/python3.11/site-packages/numpy.py",
    "jupyter/data/kernels/own/kernel.json",
)


def _prepare(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*_SECRETS, *_SHOWN):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret" if name in _SECRETS else "shown")
    (root / "alias").symlink_to("prefix")
    monkeypatch.setenv("HOME", str(root / "home"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(root / "jupyter" / "config"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(root / "jupyter" / "runtime"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(root / "jupyter" / "data"))


@pytest.mark.parametrize("all_of_it", [False, True], ids=["by name", "within all"])
def test_sees_what_is_shown_and_no_secret(kind: str, all_of_it: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the secrets lie below something that is shown, and something that is shown below a secret folder."""

    def prepare(root: Path) -> list[Path]:
        _prepare(root, monkeypatch)
        named = [root / "home" / "venv", root / "prefix", root / "alias", root / "jupyter" / "data" / "kernels"]
        return [*named, root] if all_of_it else named

    with box(kind, prepare) as place:
        folder = place.folder()
        (folder / "input.txt").write_text("given")
        place.owned(folder)
        place.sandbox.hand_over(folder, 0)
        found = place.said(f"ROOT = {str(place.root)!r}\n{_READ}", folder)
        aliased = place.said(f"ROOT = {str(place.root / 'alias')!r}\n{_READ}", folder)
    # Through the link, where it is not shown as one.
    found = {name: text for name, text in found.items() if not name.startswith("alias/")}
    assert {name for name, text in found.items() if text == "secret"} == set()
    assert {name for name, text in found.items() if text == "shown"} == set(_SHOWN)
    assert {name for name, text in found.items() if text == "given"} == {"data/slots/0/input.txt"}
    assert not set(_SECRETS) & set(found)
    assert aliased == {"lib/python3.11/site-packages/numpy.py": "shown"}


def test_the_benchmarks_of_this_package_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is installed, and when the folder that it is in is shown as a whole."""
    package = Path(jupyterlab_rob.__file__).parent
    assert list((package / "benchmarks").rglob("truth.txt"))
    look = f"ROOT = {str(package / 'benchmarks')!r}\n{_READ}"
    for shown in ([], [package.parent], [package]):
        with box("own", lambda _, shown=shown: shown) as place:  # type: ignore[misc]
            assert place.said(look) == {}
            code = "import json, os; print(json.dumps(os.path.exists({!r})))".format(str(package / "cli" / "main.py"))
            assert place.said(code, place.folder("1")) == bool(shown) or _is_installed(package)


def _is_installed(package: Path) -> bool:
    return Path(sys.prefix) in package.parents


def test_the_environment_is_the_given_one(plain: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROB_TOKEN", "hidden-1")
    code = (
        "import glob, json, os\n"
        "texts = []\n"
        "for path in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: texts.append(open(path).read())\n"
        "    except OSError: pass\n"
        "print(json.dumps([dict(os.environ), texts]))\n"
    )
    given = {"LANG": "C.UTF-8", "JPY_PARENT_PID": "5", "XDG_RUNTIME_DIR": "/run/user/5", "JUPYTER_RUNTIME_DIR": "/x"}
    own, texts = plain.said(code, variables=given)
    assert {name for name in own if name not in ("LC_CTYPE", "PWD", "OLDPWD", "SHLVL", "_")} == {
        *("PATH", "LANG", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "JUPYTER_RUNTIME_DIR"),
        *plain.sandbox.variables,
    }
    assert "hidden-1" not in "".join(texts)


def test_a_kernel_is_not_told_of_its_managers_process(plain: Box) -> None:
    """As jupyter_client adds it after the environment was made."""
    folder = plain.folder()
    command = plain.sandbox.command([plain.python, "-c", "import os; print(os.environ.get('JPY_PARENT_PID'))"], folder)
    environment = {**plain.sandbox.environment({"PATH": os.defpath}), "JPY_PARENT_PID": "5"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        user=plain.user,
        group=plain.user,
        extra_groups=None if plain.user is None else [],
    )
    assert done.stdout.strip() == "None"


def test_sees_its_own_processes_only(plain: Box) -> None:
    code = "import json, os; print(json.dumps([int(name) for name in os.listdir('/proc') if name.isdigit()]))"
    assert len(plain.said(code)) <= 3


def test_has_no_privilege(plain: Box) -> None:
    code = (
        "import json, os\n"
        "lines = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "keys = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')\n"
        "print(json.dumps([os.getuid(), [int(lines[key], 16) for key in keys], lines['NoNewPrivs'].strip()]))\n"
    )
    uid, capabilities, no_new = plain.said(code, slot=3)
    assert (
        uid
        == {"root": BASE + 3, "ordinary": plain.user or os.getuid()}["root" if plain.sandbox.setpriv else "ordinary"]
    )
    assert capabilities == [0] * 5
    assert no_new == "1"


def test_an_ordinary_users_sandbox_makes_no_namespaces() -> None:
    with box("ordinary" if os.geteuid() == 0 else "own") as place:
        if place.sandbox.nests:
            pytest.skip("this bubblewrap can't keep programs from making namespaces")
        process = place.start(["unshare", "--user", "true"], place.folder())
        process.communicate(timeout=60)
        assert process.returncode != 0


# -- Folders --

_WRITABLE = """\
import json, os
writable = []
for folder, folders, files in os.walk("/", topdown=True):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/usr", "/sys")]
    try:
        open(os.path.join(folder, ".try"), "w").close()
        writable.append(folder)
    except OSError:
        pass
print(json.dumps(writable))
"""


def test_writes_to_its_folders_only(plain: Box) -> None:
    folder, runtime, readable = plain.folder(), plain.folder("runtime"), plain.folder("readable")
    (readable / "input.txt").write_text("given")
    writable = plain.said(_WRITABLE, folder, runtime=runtime, readable=[readable])
    assert {path for path in writable if not path.startswith("/tmp/")} - {"/dev/shm", "/tmp"} == {
        str(folder),
        str(runtime),
    }
    assert (folder / ".try").exists()
    assert (runtime / ".try").exists()


def test_no_hard_link_leads_in_or_out(plain: Box) -> None:
    folder, readable = plain.folder(), plain.folder("readable")
    (readable / "input.txt").write_text("given")
    plain.owned(readable)
    plain.sandbox.hand_over(readable, 0)
    code = (
        "import errno, json, os\n"
        "said = []\n"
        f"for path in ({str(readable / 'input.txt')!r}, '/usr/bin/env', '/etc/passwd', '/proc/self/status'):\n"
        "    try: os.link(path, 'link'); said.append('made')\n"
        "    except OSError as error: said.append(errno.errorcode[error.errno])\n"
        "print(json.dumps(said))\n"
    )
    assert set(plain.said(code, folder, readable=[readable])) <= {"EXDEV", "EPERM"}
    assert os.listdir(folder) == []


def test_a_folder_that_is_filled_later_is_seen(plain: Box) -> None:
    folder = plain.folder()
    code = (
        "import os, sys, time\n"
        "print('waits', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "print(open('data/input.txt').read())\n"
        "open('data/input.txt', 'a').write(' and used')\n"
    )
    process = plain.start([plain.python, "-c", code], folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    (folder / "data").mkdir()
    (folder / "data" / "input.txt").write_text("given")
    plain.owned(folder)
    plain.sandbox.hand_over(folder, 0)
    (folder / "go").touch()
    out, err = process.communicate(timeout=60)
    assert out.strip() == "given", err
    plain.sandbox.take_back(folder)
    assert (folder / "data" / "input.txt").read_text() == "given and used"


def test_a_socket_in_the_runtime_folder_is_reached_from_outside(plain: Box) -> None:
    folder, runtime = plain.folder(), plain.folder("r")
    path = runtime / "kernel-ipc-1"
    code = (
        "import socket\n"
        "server = socket.socket(socket.AF_UNIX)\n"
        f"server.bind({str(path)!r}); server.listen()\n"
        "client, _ = server.accept(); client.sendall(b'inside')\n"
    )
    process = plain.start([plain.python, "-c", code], folder, runtime=runtime)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        wait_for(lambda: client.connect_ex(str(path)) == 0)
        assert client.recv(100) == b"inside"
    process.communicate(timeout=60)


# -- Network --

_CONNECT = """\
import errno, json, socket
def reach(family, address):
    with socket.socket(family) as client:
        client.settimeout(10)
        try: client.connect(address); return "reached"
        except OSError as error: return errno.errorcode.get(error.errno, str(error))
"""


@pytest.mark.parametrize("network", [False, True])
def test_reaches_the_network_only_when_allowed(plain: Box, network: bool) -> None:
    name = f"rob-test-{secrets.token_hex(8)}"
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as local:
        server.bind(("127.0.0.1", 0))
        server.listen()
        local.bind(f"\0{name}")
        local.listen()
        code = (
            f"{_CONNECT}\n"
            f"print(json.dumps([reach(socket.AF_INET, ('127.0.0.1', {server.getsockname()[1]})), "
            f"reach(socket.AF_UNIX, '\\0{name}')]))"
        )
        assert plain.said(code, limits=Limits(network=network)) == (
            ["reached", "reached"] if network else ["ECONNREFUSED", "ECONNREFUSED"]
        )


def test_the_rest_of_the_world_is_not_there(plain: Box) -> None:
    code = f"{_CONNECT}\nprint(json.dumps(reach(socket.AF_INET, ('192.0.2.1', 80))))"
    assert plain.said(code) == "ENETUNREACH"

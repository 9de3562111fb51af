"""What a notebook tries in a real service with the sandbox, and what must come of it: nothing.

The same notebook (spying/code/spy.py) finds all of it where there is no sandbox, which the service then says. The
sandbox by itself: engine/test_sandbox.py, engine/test_sandbox_limits.py, engine/test_sandbox_trial.py.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import site
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import yaml

import jupyterlab_rob
from jupyterlab_rob.connection import connection_file
from jupyterlab_rob.service.store import Store

from .api import TIMEOUT, Api, ServiceProcess, is_alive, notebook, scoring, wait_for
from .engine.boxes import has_bubblewrap

pytestmark = pytest.mark.skipif(not has_bubblewrap(), reason="no bubblewrap; see scripts/bubblewrap.sh")

SPYING = Path(__file__).parent / "spying"
MARKER = "hidden-answer"
_SPY = "exec(open('code/spy.py').read())"
_PARAMETERS = 'outputfile = ""\nplaces = ""'


@dataclass(frozen=True)
class Listeners:
    """Sockets of this process that a step might reach."""

    port: int
    path: str
    abstract: str


class Place:
    """A service with secrets around it, in ``folder``: a home folder, an environment, and another's run."""

    def __init__(self, folder: Path, service: ServiceProcess | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        (self.home / ".ssh").mkdir(parents=True)
        (self.home / ".ssh" / "id_rsa").write_text(MARKER)
        self.service = service or ServiceProcess(folder)
        self.service.data_dir.mkdir(exist_ok=True)
        (self.service.data_dir / "beside.txt").write_text(MARKER)
        store = Store(self.service.data_dir)
        store.open()
        store.benchmarks.add(SPYING, "spying")
        store.benchmarks.add(self._variant("reaching", network=True), "reaching")
        store.benchmarks.add(self._variant("bounded", processes=80, step_time=6), "bounded")
        store.close()

    def _variant(self, name: str, **limits: Any) -> Path:
        shutil.copytree(SPYING, self.folder / name)
        path = self.folder / name / "benchmark.yaml"
        template = yaml.safe_load(path.read_text())
        template["workflow"]["limits"] = limits
        path.write_text(yaml.safe_dump(template))
        (self.folder / name / "flowserv.yaml").write_text(f"name: {name}\nspecfile: benchmark.yaml\n")
        return self.folder / name

    @contextmanager
    def running(self, sandbox: str, *options: str) -> Iterator[Api]:
        environment = {"HOME": str(self.home), "ROB_SECRET": MARKER, "JUPYTERHUB_API_TOKEN": MARKER}
        with self.service.running("--slots=2", f"--RobService.sandbox={sandbox}", *options, **environment) as api:
            other = api.ended(api.started(notebook(f"print({MARKER!r})", scoring(1)), api.submission("spying")))
            assert other["state"] == "SUCCESS", other["cause"]
            yield api

    def places(self, api: Api, listeners: Listeners) -> str:
        """What the spy shall try."""
        data = self.service.data_dir
        truth = next(path for path in data.rglob("truth.txt") if "spying" in str(path))
        files = {
            "truth": truth,
            "bundled truth": Path(jupyterlab_rob.__file__).parent / "benchmarks/number_predictor/private/truth.txt",
            "database": data / "rob.db",
            "token": connection_file(data),
            "log": data / "service.log",
            "another's run": next(data.glob("runs/*/log.txt")),
            "home": self.home / ".ssh" / "id_rsa",
        }
        roots = [data, self.home, connection_file(data).parent, Path(jupyterlab_rob.__file__).parent / "benchmarks"]
        port = urlsplit(api.url).port
        addresses = {
            "service": ["127.0.0.1", port],
            "listener": ["127.0.0.1", listeners.port],
            "this machine": [socket.gethostbyname(socket.gethostname()), listeners.port],
            "socket in a folder": listeners.path,
            "abstract socket": listeners.abstract,
        }
        assert all(path.exists() for path in files.values()), files
        return json.dumps(
            {
                "files": {name: str(path) for name, path in files.items()},
                "roots": [str(path) for path in roots],
                "addresses": addresses,
                "marker": MARKER[::-1],
            }
        )

    def spied(self, api: Api, listeners: Listeners, benchmark: str = "spying") -> tuple[list[str], list[str]]:
        """What a notebook, and after it the coordinator's own step, have got."""
        document = notebook(_SPY, scoring(1), parameters=_PARAMETERS)
        run = api.ended(api.started(document, api.submission(benchmark), places=self.places(api, listeners)))
        assert run["state"] == "SUCCESS", run["cause"]
        return _found(api.log(run["id"])), _found(api.coordinator_log(run["id"]))


def _found(log: str) -> list[str]:
    (line,) = (line for line in log.splitlines() if line.startswith("FOUND "))
    found: list[str] = json.loads(line.partition(" ")[2])
    return found


@pytest.fixture(scope="module")
def listeners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listeners]:
    path = str(tmp_path_factory.mktemp("socket") / "s")
    abstract = f"\0rob-{secrets.token_hex(4)}"
    sockets = [socket.create_server(("0.0.0.0", 0))]  # noqa: S104 (what it may not reach)
    for address in (path, abstract):
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].bind(address)
        sockets[-1].listen(100)
    yield Listeners(sockets[0].getsockname()[1], path, abstract)
    for listener in sockets:
        listener.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("sealed"))


@pytest.fixture(scope="module")
def api(place: Place) -> Iterator[Api]:
    with place.running("required", "--RobService.warm_workers=1") as client:
        yield client


def test_a_notebook_sees_and_reaches_nothing(place: Place, api: Api, listeners: Listeners) -> None:
    assert api.get("status")["sandbox"] == {"kind": "bubblewrap", "message": None}
    notebooks, coordinators = place.spied(api, listeners)
    assert notebooks == []
    # The coordinator's steps are in a sandbox as well: what they evaluate is a participant's.
    assert coordinators == []


def test_the_network_is_the_benchmarks_to_allow(place: Place, api: Api, listeners: Listeners) -> None:
    """Then what listens on this machine is reached too, the service among it; files are not, the token above all."""
    notebooks, coordinators = place.spied(api, listeners, "reaching")
    assert set(notebooks) == {"service", "listener", "this machine", "abstract socket"}
    assert coordinators == notebooks


def test_the_participants_log_has_nothing_of_the_coordinators(api: Api) -> None:
    run = api.ended(api.started(notebook("print('mine')", scoring(1)), api.submission("spying")))
    assert run["state"] == "SUCCESS"
    assert api.log(run["id"]) == "mine\n"
    assert f"The truth is {MARKER}" in api.coordinator_log(run["id"])
    assert "mine" not in api.coordinator_log(run["id"])
    assert MARKER not in json.dumps(run)


@pytest.mark.parametrize(
    "cell",
    [
        "import socket; socket.create_connection(('10.0.0.1', 80), 5)",
        "import urllib.request; urllib.request.urlopen('https://example.org/')",
    ],
)
def test_without_a_network_the_user_is_told(api: Api, cell: str) -> None:
    run = api.ended(api.started(notebook(cell), api.submission("spying")))
    assert "Runs of this benchmark have no network; ask its coordinator if they need it." in run["cause"]["message"]


@pytest.mark.parametrize(
    "cell",
    [
        "os.symlink({truth!r}, outputfile)",
        "os.symlink('/proc/self/environ', outputfile)",
        "os.rmdir('results'); os.symlink({folder!r}, 'results')",
        "os.rmdir('results'); os.symlink('/etc', 'results'); os.rename('results', 'r'); os.symlink('r', 'results')",
        "os.mkfifo(outputfile)",
    ],
)
def test_a_link_leaks_nothing(place: Place, api: Api, cell: str) -> None:
    truth = next(path for path in place.service.data_dir.rglob("truth.txt") if "spying" in str(path))
    cell = "import os\n" + cell.format(truth=str(truth), folder=str(truth.parent))
    run = api.ended(api.started(notebook(cell), api.submission("spying")))
    assert run["state"] == "ERROR"
    assert run["cause"]["kind"] == "output"
    assert run["cause"]["blame"] == "participant"
    assert "files" not in run
    assert truth.read_text().strip() == MARKER


@pytest.mark.parametrize("path", ["{truth}", "/usr/bin/env", "/etc/passwd", "/proc/self/environ"])
def test_no_second_name_for_a_file_of_others(place: Place, api: Api, path: str) -> None:
    truth = next(path for path in place.service.data_dir.rglob("truth.txt") if "spying" in str(path))
    cell = f"import os\nos.link({path.format(truth=truth)!r}, outputfile)"
    run = api.ended(api.started(notebook(cell), api.submission("spying")))
    assert run["cause"]["kind"] == "notebook"
    assert run["cause"]["ename"] in ("OSError", "FileNotFoundError", "PermissionError")


#: Leaves a process that is hard to find: a session of its own, no parent, no environment, no signal that it heeds.
_DAEMON = """\
import os, signal, subprocess, sys
code = (
    "import os, signal, sys, time\\n"
    "for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)\\n"
    "os.fork() and os._exit(0)\\n"
    "os.setsid()\\n"
    "os.fork() and os._exit(0)\\n"
    "print('left', flush=True)\\n"
    "time.sleep(600)\\n"
)
made = subprocess.Popen([sys.executable, "-c", code, MARK], env={}, start_new_session=True, stdout=subprocess.PIPE)
assert made.stdout.readline() == b"left\\n"
"""


@pytest.mark.parametrize("end", ["success", "error", "cancel"])
def test_daemons_do_not_outlive_the_run(api: Api, end: str) -> None:
    mark = f"rob-daemon-{secrets.token_hex(4)}"
    rest = {"success": scoring(1), "error": "1 / 0", "cancel": "import time; time.sleep(600)"}[end]
    run = api.started(notebook(f"MARK = {mark!r}\n{_DAEMON}\nprint('made')", rest), api.submission("spying"))
    if end == "cancel":
        wait_for(lambda: _marked(mark) and "made" in api.log(run), "the daemon")
        assert api.request("PUT", f"runs/{run}", json={}).status_code == 200
    else:
        assert "made" in api.log(api.ended(run)["id"])
    wait_for(lambda: not _marked(mark), "the end of the daemon")


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if mark in (process.info["cmdline"] or []) and is_alive(process):
            found.append(process)
    return found


#: Forks for as long as it may, in all of its processes.
_BOMB = """\
import os, time
print("lit", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""


def test_a_fork_bomb_is_bounded_and_leaves_nothing(api: Api) -> None:
    run = api.started(notebook(_BOMB), api.submission("bounded"))
    processes = wait_for(lambda: (found := api.processes(run)) and len(found) > 40 and found, "many processes")
    # The limit is of threads and processes in the sandbox; around it there are the worker's own.
    assert len(processes) <= 80 + 10
    # The service is there for others meanwhile.
    other = api.ended(api.started(notebook("x = 1"), api.submission("spying")))
    assert other["cause"]["kind"] == "output"
    ended = api.ended(run)
    assert ended["cause"]["kind"] == "time"
    wait_for(lambda: not any(map(is_alive, processes)), "the end of all processes")
    assert api.processes(run) == []


def test_a_kernel_that_stops_its_sandbox_ends_its_run_alone(api: Api) -> None:
    cell = (
        "import os, signal\nfor pid in range(1, 100):\n    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass"
    )
    run = api.ended(api.started(notebook(cell), api.submission("spying")))
    assert run["cause"]["kind"] == "died"
    assert api.get("status")["pid"]


# -- Installed --


class InstalledService(ServiceProcess):
    """A service of a package that is among a virtual environment's packages, as a wheel puts it there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        venv.create(folder / "venv", symlinks=True)
        (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        self.package = packages / "jupyterlab_rob"
        shutil.copytree(
            Path(jupyterlab_rob.__file__).parent, self.package, ignore=shutil.ignore_patterns("labextension")
        )
        (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
        self._folder = folder

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        shown = [f"--RobService.sandbox_paths={path}" for path in site.getsitepackages()]
        return subprocess.Popen(
            [self._folder / "venv/bin/python", "-m", "jupyterlab_rob.service", f"--data-dir={self.data_dir}",
             *shown, *arguments],
            env={**inherited, **environment}, cwd=self._folder, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


def test_an_installed_package_shows_no_truth(tmp_path: Path) -> None:
    service = InstalledService(tmp_path)
    truth = service.package / "benchmarks" / "number_predictor" / "private" / "truth.txt"
    assert truth.exists()
    look = (
        "import jupyterlab_rob, os, pathlib\n"
        "package = pathlib.Path(jupyterlab_rob.__file__).parent\n"
        f"print('PACKAGE', package, sorted(os.listdir(package / 'benchmarks')), os.path.exists({str(truth)!r}))"
    )
    place = Place(tmp_path, service)
    with place.running("required") as api:
        run = api.ended(api.started(notebook(look), api.submission("spying")))
        assert f"PACKAGE {service.package} [] False\n" in api.log(run["id"]), run["cause"]
        # Its benchmark is there nevertheless, and its truth judges.
        assert "number-predictor" in [benchmark["id"] for benchmark in api.get("workflows")["workflows"]]


# -- Without a sandbox --


def test_without_a_sandbox_it_is_said_what_is_not_protected(tmp_path: Path, listeners: Listeners) -> None:
    """And it is true: the spy finds it all."""
    place = Place(tmp_path)
    with place.running("off") as api:
        sandbox = api.get("status")["sandbox"]
        assert sandbox["kind"] is None
        for words in ("switched off", "the answers of the benchmarks", "the database", "other runs", "the network"):
            assert words in sandbox["message"]
        notebooks, coordinators = place.spied(api, listeners)
    names = {"truth", "bundled truth", "database", "token", "another's run", "home", "environment", "service"}
    assert names | {"listener", "abstract socket"} <= set(notebooks)
    assert names <= set(coordinators)


_WITHOUT_BUBBLEWRAP = """\
from jupyterlab_rob.service.engine import sandbox_trial
sandbox_trial._find = lambda program: None
from jupyterlab_rob.service.app import main
main()
"""


def test_required_without_bubblewrap_does_not_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_BUBBLEWRAP, f"--data-dir={tmp_path}", "--RobService.sandbox=required"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert "nothing without a sandbox, and bubblewrap (the program bwrap) is not installed" in done.stderr
    assert not connection_file(tmp_path).exists()

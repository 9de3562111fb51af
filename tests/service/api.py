"""What the service's tests drive it with: a service of their own, a client, and notebooks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from jupyterlab_rob.connection import Connection, read_connection
from jupyterlab_rob.service.engine.plan import RunFolder
from jupyterlab_rob.service.engine.processes import Session, worker_processes
from jupyterlab_rob.service.engine.slot import Slot
from jupyterlab_rob.service.store import Store

PROBE = Path(__file__).parent / "probe"
TIMEOUT = 60.0

#: Steps have users that those of no other process of the tests have: the system counts a user's processes.
_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_BASE = f"--RobService.sandbox_uid_base={400_000 + 1000 * _NUMBER}"


def wait_for(condition: Callable[[], Any], what: str, timeout: float = TIMEOUT) -> Any:
    """The first true value of ``condition``; fails with ``what`` when there is none in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout} s in vain for {what}")


def notebook(*cells: str, parameters: str | None = 'outputfile = ""', kernel: str | None = "python3") -> dict[str, Any]:
    """A notebook with a ``parameters`` cell, if any, and these code cells after it."""
    sources = [] if parameters is None else [(parameters, ["parameters"])]
    sources += [(source, []) for source in cells]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}} if kernel else {},
        "cells": [
            {
                "id": f"cell-{number}",
                "cell_type": "code",
                "source": source,
                "metadata": {"tags": tags} if tags else {},
                "outputs": [],
                "execution_count": None,
            }
            for number, (source, tags) in enumerate(sources, 1)
        ],
    }


def scoring(points: object) -> str:
    """A cell that writes the probe's metrics."""
    return f"import json, pathlib\npathlib.Path(outputfile).write_text(json.dumps({{'points': {points}}}))"


def is_alive(process: psutil.Process) -> bool:
    """Whether a process has not ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class Api:
    """A client of one service."""

    def __init__(self, connection: Connection) -> None:
        self.url = connection.url
        self.data_dir = Path(connection.data_dir)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"token {connection.token}"
        self._names = iter(range(1_000_000))

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/{path}".rstrip("/"), timeout=TIMEOUT, **kwargs)

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.request("GET", path)
        assert answer.status_code == status, answer.text
        return answer.json()

    def submission(self, benchmark: str = "probe", name: str | None = None) -> str:
        name = name or f"submission {os.getpid()}-{next(self._names)}-{time.monotonic_ns()}"
        answer = self.request("POST", f"workflows/{benchmark}/groups", json={"name": name})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def upload(self, submission: str, document: dict[str, Any], name: str = "a notebook.ipynb") -> str:
        files = {"file": (name, json.dumps(document))}
        answer = self.request("POST", f"uploads/{submission}/files", files=files)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def start(
        self, document: dict[str, Any], submission: str | None = None, parameter: str = "notebook", **arguments: Any
    ) -> requests.Response:
        """Upload a notebook and start a run with it; the answer to the latter."""
        submission = submission or self.submission()
        value = {"type": "$notebook", "value": {"fileId": self.upload(submission, document)}}
        given = [{"name": parameter, "value": value}]
        given += [{"name": name, "value": argument} for name, argument in arguments.items()]
        return self.request("POST", f"groups/{submission}/runs", json={"arguments": given})

    def started(self, document: dict[str, Any], submission: str | None = None, **arguments: Any) -> str:
        answer = self.start(document, submission, **arguments)
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "PENDING"
        return str(answer.json()["id"])

    def ended(self, run: str) -> dict[str, Any]:
        """The run's handle, once it has ended."""

        def handle() -> Any:
            current = self.get(f"runs/{run}")
            return current if current["state"] not in ("PENDING", "RUNNING") else None

        ended: dict[str, Any] = wait_for(handle, f"the end of run {run}")
        return ended

    def log(self, run: str) -> str:
        answer = self.request("GET", f"runs/{run}/log")
        assert answer.status_code == 200
        return answer.text

    def coordinator_log(self, run: str) -> str:
        answer = self.request("GET", f"runs/{run}/coordinator-log")
        assert answer.status_code == 200
        return answer.text

    def run_folder(self, run: str) -> RunFolder:
        return RunFolder(self.data_dir / "runs" / run)

    def processes(self, run: str) -> list[psutil.Process]:
        """All living processes of a run that has begun, the worker first."""
        try:
            slot = Slot(self.data_dir / "slots" / self.run_folder(run).slot.read_text())
        except FileNotFoundError:
            return []
        session = Session.read(slot.session)
        found = worker_processes([slot.name], [session] if session else [])
        return sorted(found, key=lambda process: process.create_time())


class ServiceProcess:
    """A service process with a data folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.data_dir = folder / "data"
        self._options = options
        self.process: subprocess.Popen[str] | None = None

    def add_probe(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        store = Store(self.data_dir)
        store.open()
        store.benchmarks.add(PROBE, "probe")
        store.close()

    def add_commands(self, identifier: str, *commands: str) -> None:
        """Add a benchmark whose only step, ``run``, is these commands."""
        folder = self.data_dir.parent / identifier
        folder.mkdir()
        (folder / "flowserv.yaml").write_text(f"name: {identifier}\nspecfile: benchmark.yaml\n")
        action = {"environment": "python", "commands": commands}
        template = {"workflow": {"steps": [{"name": "run", "action": action}]}, "parameters": []}
        (folder / "benchmark.yaml").write_text(json.dumps(template))
        store = Store(self.data_dir)
        store.open()
        store.benchmarks.add(folder, identifier)
        store.close()

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        given = (*self._options, *arguments)
        # Most of the tests' services run a notebook or two, or none: nothing is to be made ready for more.
        cold = () if any("warm_workers" in option for option in given) else ("--RobService.warm_workers=0",)
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterlab_rob.service", f"--data-dir={self.data_dir}", _BASE, *cold, *given],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, **environment: str) -> Connection:
        if self.process is not None:
            self.process.communicate()
        self.process = process = self.spawn(*arguments, **environment)

        def connection() -> Connection | None:
            assert process.poll() is None, process.communicate()[1]
            found = read_connection(self.data_dir)
            return found if found is not None and found.pid == process.pid else None

        found: Connection = wait_for(connection, "the service's connection file")
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[Api]:
        try:
            yield Api(self.start(*arguments, **environment))
        finally:
            if self.process is not None and self.process.poll() is None:
                self.end()

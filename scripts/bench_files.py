"""How fast files go up and down, and what memory that takes, beside flowserv's own API in the same run.

python scripts/bench_files.py [--size MB] [--repeat N]    prints the medians and their ratios, and what 1 GB takes

Ours is a service process that is sent the file over HTTP; flowserv's API is called in a process of its own, without any
network between. Memory is what a process takes at its most, beyond what it took before; it is read from /proc.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from jupyterlab_rob.connection import Connection, read_connection

MB = 1 << 20
BENCHMARK = "number-predictor"
BOUNDARY = "b"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'.encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass
class Figure:
    """One transfer: seconds, and bytes of memory (None where /proc is missing)."""

    seconds: float
    memory: int | None


def measured(pid: int, work: Callable[[], None]) -> Figure:
    status, before = Path(f"/proc/{pid}/status"), None
    if status.exists():
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        before = _memory(status, "VmRSS")
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return Figure(seconds, None if before is None else _memory(status, "VmHWM") - before)


def _memory(status: Path, name: str) -> int:
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith(f"{name}:"))


class Ours:
    """A service with a data folder of its own."""

    def __init__(self, folder: Path, source: Path) -> None:
        self._source = source
        command = [sys.executable, "-m", "jupyterlab_rob.service", f"--data-dir={folder}"]
        self._process = subprocess.Popen([*command, f"--RobService.max_upload={1024 * MB}"])
        connection: Connection | None = None
        while connection is None:
            assert self._process.poll() is None, "the service did not start"
            time.sleep(0.05)
            connection = read_connection(folder)
        self._url, self._session = connection.url, requests.Session()
        self._session.headers["Authorization"] = f"token {connection.token}"
        answer = self._session.post(f"{self._url}/workflows/{BENCHMARK}/groups", json={"name": "bench"})
        self._files = f"{self._url}/uploads/{answer.json()['id']}/files"
        self._file = ""

    def upload(self) -> Figure:
        return measured(self._process.pid, self._upload)

    def download(self) -> Figure:
        return measured(self._process.pid, self._download)

    def forget(self) -> None:
        self._session.delete(f"{self._files}/{self._file}").raise_for_status()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _upload(self) -> None:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = self._session.post(self._files, data=self._form(), headers=headers)
        answer.raise_for_status()
        self._file = answer.json()["id"]

    def _form(self) -> Iterator[bytes]:
        yield HEAD
        with self._source.open("rb") as file:
            while piece := file.read(MB):
                yield piece
        yield END

    def _download(self) -> None:
        with self._session.get(f"{self._files}/{self._file}", stream=True) as answer:
            answer.raise_for_status()
            size = sum(len(piece) for piece in answer.iter_content(MB))
        assert size == self._source.stat().st_size


def flowserv(folder: Path, source: Path, pipe: Any) -> None:
    """Answers ``upload``, ``download`` and ``forget`` by flowserv's own API, with its own database and storage."""
    from jupyterlab_rob.service.identity import Identity, Role
    from jupyterlab_rob.service.store import Store

    # isort: split
    from flowserv.model.auth import DefaultAuthPolicy
    from flowserv.model.group import WorkflowGroupManager
    from flowserv.service.files.local import LocalUploadFileService
    from flowserv.volume.fs import FileSystemStorage, FSFile
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    folder.mkdir()
    store = Store(folder)
    store.open()
    user = Identity(store.accounts.ensure_user("bench"), "bench", Role.PARTICIPANT)
    submission = store.submissions.create(user, BENCHMARK, "bench", None)["id"]
    store.close()
    file = ""
    with Session(create_engine(f"sqlite:///{folder / 'rob.db'}")) as session:
        groups = WorkflowGroupManager(session=session, fs=FileSystemStorage(str(folder / "files")))
        service = LocalUploadFileService(group_manager=groups, auth=DefaultAuthPolicy(session), user_id=user.user)

        def upload() -> None:
            nonlocal file
            file = service.upload_file(submission, FSFile(str(source)), "large.bin")["id"]
            session.commit()

        def download() -> None:
            content = service.get_uploaded_file(submission, file)
            size = 0
            while piece := content.read(MB):
                size += len(piece)
            assert size == source.stat().st_size

        for wish in iter(pipe.recv, None):
            if wish == "forget":
                service.delete_file(submission, file)
                session.commit()
                pipe.send(None)
            else:
                pipe.send(measured(os.getpid(), {"upload": upload, "download": download}[wish]))


def report(kind: str, size: int, ours: list[Figure], theirs: list[Figure]) -> None:
    """Print the rates and peaks of one direction."""
    speed, other_speed = (statistics.median(size / figure.seconds for figure in of) for of in (ours, theirs))
    print(f"{kind + ', service':22}{speed:8.0f} MB/s   (median of {len(ours)}, {size} MB, over HTTP)")
    print(f"{kind + ', flowserv':22}{other_speed:8.0f} MB/s   (its API in a process, no network)")
    print(f"{'ratio':22}{speed / other_speed:8.2f}")
    memory, other_memory = ([figure.memory / MB for figure in of if figure.memory is not None] for of in (ours, theirs))
    if memory and other_memory:
        added = f"added at the most; flowserv {max(other_memory):.1f} MB"
        print(f"{kind + ', memory':22}{max(memory):8.1f} MB     ({added})")


def main() -> int:
    parser = argparse.ArgumentParser(description="Upload and download, beside flowserv's own API.")
    parser.add_argument("--size", type=int, default=200, help="of the file, in MB (default: 200)")
    parser.add_argument("--repeat", type=int, default=5, help="how often each is timed (default: 5)")
    arguments = parser.parse_args()
    ours: dict[str, list[Figure]] = {"upload": [], "download": []}
    theirs: dict[str, list[Figure]] = {"upload": [], "download": []}
    with tempfile.TemporaryDirectory(prefix="rob-bench-") as name:
        folder = Path(name)
        source = folder / "large.bin"
        with source.open("wb") as file:
            for _ in range(arguments.size):
                file.write(os.urandom(MB))
        context = multiprocessing.get_context("spawn")
        pipe, end = context.Pipe()
        process = context.Process(target=flowserv, args=(folder / "flowserv", source, end))
        process.start()
        service = Ours(folder / "rob", source)
        try:
            # They take turns, so that a busy machine burdens both alike; the first turn is to warm up.
            for turn in range(arguments.repeat + 1):
                for kind, transfer in (("upload", service.upload), ("download", service.download)):
                    mine = transfer()
                    pipe.send(kind)
                    other = pipe.recv()
                    if turn:
                        ours[kind].append(mine)
                        theirs[kind].append(other)
                service.forget()
                pipe.send("forget")
                pipe.recv()
            os.truncate(source, 1024 * MB)
            large = {"upload": service.upload(), "download": service.download()}
        finally:
            pipe.send(None)
            process.join()
            service.close()
    for kind in ours:
        report(kind, arguments.size, ours[kind], theirs[kind])
        if large[kind].memory is not None:
            print(
                f"{kind + ', 1 GB':22}{(large[kind].memory or 0) / MB:8.1f} MB     (added to the service at the most)"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What an upload and a download take of the service's memory, and what a slow reader does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .api import TIMEOUT, Api, ServiceProcess

MB = 1 << 20
#: `make bench` sends a gigabyte.
SIZE = 256 * MB
MOST = 32 * MB
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
END = b"\r\n--b--\r\n"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="how much memory a process takes is read from /proc"
)


class Peak:
    """How much more memory than now a process takes at its most."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        (self._folder / "clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    def added(self) -> int:
        """In bytes."""
        return self._read("VmHWM") - self._before

    def _read(self, name: str) -> int:
        [line] = [line for line in (self._folder / "status").read_text().splitlines() if line.startswith(f"{name}:")]
        return int(line.split()[1]) * 1024


def pieces(size: int) -> Iterator[bytes]:
    yield HEAD
    for _ in range(size // MB):
        yield bytes(MB)
    yield END


def upload(api: Api, submission: str, size: int) -> str:
    answer = api.request(
        "POST",
        f"uploads/{submission}/files",
        data=pieces(size),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["size"] == size
    return str(answer.json()["id"])


def download(api: Api, submission: str, file: str) -> int:
    with api.request("GET", f"uploads/{submission}/files/{file}", stream=True) as answer:
        assert answer.status_code == 200
        return sum(len(piece) for piece in answer.iter_content(MB))


def test_a_large_file_adds_little(service: ServiceProcess) -> None:
    with service.running(f"--RobService.max_upload={SIZE}") as api:
        assert service.process is not None
        submission = api.submission()
        # Whatever is loaded only once.
        download(api, submission, upload(api, submission, 4 * MB))
        peak = Peak(service.process.pid)
        file = upload(api, submission, SIZE)
        assert peak.added() <= MOST
        peak = Peak(service.process.pid)
        assert download(api, submission, file) == SIZE
        assert peak.added() <= MOST


def test_readers_that_do_not_read_add_little(service: ServiceProcess) -> None:
    with service.running() as api:
        assert service.process is not None
        submission = api.submission()
        file = upload(api, submission, 128 * MB)
        peak = Peak(service.process.pid)
        address, token = urlsplit(api.url), str(api.session.headers["Authorization"])
        path = f"{address.path}/uploads/{submission}/files/{file}"
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n"
        connections = []
        for _ in range(8):
            connection = socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=TIMEOUT)
            connection.sendall(request.encode())
            assert connection.recv(4) == b"HTTP"
            connections.append(connection)
        # The service is there for others, and has had the time to read on for these.
        assert download(api, submission, file) == 128 * MB
        assert peak.added() <= MOST
        for connection in connections:
            connection.close()

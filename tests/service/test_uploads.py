"""Uploads as they arrive: forms, limits, clients that leave, full disks; and what none of them leaves behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from jupyterlab_rob.connection import read_connection

from .api import TIMEOUT, Api, ServiceProcess, wait_for

LIMIT = 4 << 20
FORM = "multipart/form-data; boundary=b"
END = b"\r\n--b--\r\n"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that takes little."""
    process = ServiceProcess(tmp_path_factory.mktemp("limited"))
    process.add_probe()
    with process.running(f"--RobService.max_upload={LIMIT}", f"--RobService.max_submission={2 * LIMIT}"):
        yield process


@pytest.fixture
def client(limited: ServiceProcess) -> Api:
    connection = read_connection(limited.data_dir)
    assert connection is not None
    return Api(connection)


@pytest.fixture
def arriving(limited: ServiceProcess) -> Path:
    """The folder in which uploads arrive."""
    return limited.data_dir / "files" / "incoming"


def part(name: str = 'form-data; name="file"; filename="a.txt"') -> bytes:
    return f"--b\r\nContent-Disposition: {name}\r\n\r\n".encode()


def post(client: Api, submission: str, body: object, content_type: str = FORM) -> requests.Response:
    return client.request("POST", f"uploads/{submission}/files", data=body, headers={"Content-Type": content_type})


class Form:
    """A form with a file of ``size`` bytes, made while it is read."""

    def __init__(self, size: int) -> None:
        self._head, self._left, self._end = part(), size, END

    def __len__(self) -> int:
        return len(self._head) + self._left + len(self._end)

    def read(self, size: int = -1) -> bytes:
        if self._head:
            piece, self._head = self._head, b""
        elif self._left:
            piece = bytes(min(self._left, size if size >= 0 else self._left))
            self._left -= len(piece)
        else:
            piece, self._end = self._end, b""
        return piece


def files(client: Api, submission: str) -> list[str]:
    return [file["name"] for file in client.get(f"uploads/{submission}/files")["files"]]


def connect(client: Api) -> socket.socket:
    address = urlsplit(client.url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=TIMEOUT)


def head(client: Api, submission: str, *headers: str) -> bytes:
    token = client.session.headers["Authorization"]
    lines = [
        f"POST {urlsplit(client.url).path}/uploads/{submission}/files HTTP/1.1",
        "Host: localhost",
        f"Authorization: {token!s}",
        f"Content-Type: {FORM}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as answer:
        return answer.read()


@pytest.mark.parametrize("size", [0, 1, 65535, (1 << 20) - 1, 1 << 20, LIMIT])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_file_arrives_as_it_was_sent(client: Api, arriving: Path, size: int, is_chunked: bool) -> None:
    submission = client.submission()
    # Full of what looks like the form's boundary.
    content = (os.urandom(50) + b"\r\n--b\r\n--" * 3)[: max(size, 1)] * (size // 77 + 1)
    content = content[:size]
    body = part() + content.replace(b"\r\n--b", b"\r\n--c") + END
    answer = post(client, submission, iter([body[:10], body[10:]]) if is_chunked else body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["size"] == size
    sent = client.request("GET", f"uploads/{submission}/files/{answer.json()['id']}")
    assert sent.content == content.replace(b"\r\n--b", b"\r\n--c")
    assert list(arriving.iterdir()) == []


def test_other_fields_are_no_matter(client: Api) -> None:
    submission = client.submission()
    body = part('form-data; name="note"') + b"text\r\n" + part() + b"content" + END
    assert post(client, submission, body).json()["name"] == "a.txt"


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"{}", "application/json", "multipart/form-data"),
        (b"", "", "multipart/form-data"),
        (part() + b"x" + END, "multipart/form-data", "multipart/form-data"),
        (part() + b"x" + END, "multipart/form-data; boundary=" + "b" * 300, "can't be read"),
        (b"no form at all", FORM, "can't be read"),
        (b"", FORM, "no end"),
        (part() + b"x", FORM, "no end"),
        (b"--b--\r\n", FORM, "no file"),
        (part('form-data; name="note"') + b"x" + END, FORM, "no file"),
        (part('form-data; name="file"') + b"x" + END, FORM, "is a text"),
        (part('form-data; name="other"; filename="a"') + b"x" + END, FORM, "field 'other'"),
        (part('form-data; name="note"') + b"x" * 70_000 + END, FORM, "too long"),
        (part() + b"x\r\n" + part() + b"y" + END, FORM, "more than one"),
        (part("attachment") + b"x" + END, FORM, "no name"),
        (b"--b\r\n" + b"X: y\r\n" * 100 + b"\r\nx" + END, FORM, "can't be read"),
        (b"--b\r\nX: " + b"y" * 100_000 + b"\r\n\r\nx" + END, FORM, "can't be read"),
        (part('form-data; name="file"; filename="\xff"').decode().encode("latin-1") + b"x" + END, FORM, "UTF-8"),
    ],
)
def test_other_forms_are_refused(client: Api, arriving: Path, body: bytes, content_type: str, message: str) -> None:
    submission = client.submission()
    answer = post(client, submission, body, content_type)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert files(client, submission) == []
    wait_for(lambda: not list(arriving.iterdir()), "the end of the partial file")


@pytest.mark.parametrize("name", ["x" * 255, "Über 'uns' & \u4f60.ipynb", "a;b=c.txt", ".hidden", "-rf", "a\\\\b"])
def test_names(client: Api, name: str) -> None:
    submission = client.submission()
    shown = name.replace("\\\\", "\\")
    answer = post(client, submission, part(f'form-data; name="file"; filename="{name}"') + b"x" + END)
    if "\\" in shown:
        assert answer.status_code == 400
    else:
        assert answer.json()["name"] == shown


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 256, "ü" * 128, "a/b", "../a", "..", "a\tb", "a\x00b", "a\u0085b", "a\u2028b"]
)
def test_names_that_are_refused(client: Api, arriving: Path, name: str) -> None:
    submission = client.submission()
    answer = post(client, submission, part(f'form-data; name="file"; filename="{name}"') + b"x" + END)
    assert answer.status_code == 400, answer.text
    assert "ame" in answer.json()["message"] or "form" in answer.json()["message"]
    assert files(client, submission) == []
    assert list(arriving.iterdir()) == []


@pytest.mark.parametrize("size", [LIMIT + 1, 10 * LIMIT, 200 << 20])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_too_large_is_told(client: Api, arriving: Path, size: int, is_chunked: bool) -> None:
    submission = client.submission()

    body = Form(size)
    answer = post(client, submission, iter(lambda: body.read(1 << 16), b"") if is_chunked else body)
    assert answer.status_code == 413
    assert "4 MB" in answer.json()["message"]
    assert "RobService.max_upload" in answer.json()["message"]
    assert files(client, submission) == []
    wait_for(lambda: not list(arriving.iterdir()), "the end of the partial file")


def test_too_large_together(client: Api) -> None:
    submission = client.submission()
    body = part() + bytes(LIMIT) + END
    assert post(client, submission, body).status_code == 201
    assert post(client, submission, part() + bytes(LIMIT - 1) + END).status_code == 201
    answer = post(client, submission, part() + b"xx" + END)
    assert answer.status_code == 413
    assert "8 MB together" in answer.json()["message"]
    assert post(client, submission, part() + b"x" + END).status_code == 201


def test_together_is_so_at_once_too(client: Api) -> None:
    submission = client.submission()

    def upload(_: int) -> int:
        with requests.Session() as session:
            session.headers.update(client.session.headers)
            answer = session.post(
                f"{client.url}/uploads/{submission}/files",
                data=part() + bytes(LIMIT) + END,
                headers={"Content-Type": FORM},
                timeout=TIMEOUT,
            )
        return answer.status_code

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(upload, range(6))) == [201, 201, 413, 413, 413, 413]


def test_refused_client_that_never_reads_but_sends(client: Api) -> None:
    # What an early answer must not become for who looks for it late: a reset connection.
    submission = client.submission()
    with connect(client) as connection:
        connection.sendall(head(client, submission, f"Content-Length: {10 * LIMIT}"))
        sent = 0
        while sent < 10 * LIMIT:
            sent += connection.send(bytes(1 << 16))
        assert read_all(connection).startswith(b"HTTP/1.1 413")


def test_who_asks_first_need_not_send(client: Api) -> None:
    submission = client.submission()
    with connect(client) as connection:
        connection.sendall(head(client, submission, f"Content-Length: {10 * LIMIT}", "Expect: 100-continue"))
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"HTTP/1.1 100" not in answer
    body = part() + b"content" + END
    with connect(client) as connection:
        length = f"Content-Length: {len(body)}"
        connection.sendall(head(client, submission, length, "Expect: 100-continue", "Connection: close"))
        assert connection.recv(12).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert b"HTTP/1.1 201" in read_all(connection)
    assert files(client, submission) == ["a.txt"]


@pytest.mark.parametrize("length", ["-1", "many", "1.5", "0x10"])
def test_length_that_is_no_number(client: Api, length: str) -> None:
    with connect(client) as connection:
        connection.sendall(head(client, client.submission(), f"Content-Length: {length}"))
        assert read_all(connection).startswith(b"HTTP/1.1 400")


def test_client_that_leaves(client: Api, arriving: Path) -> None:
    submission = client.submission()
    with connect(client) as connection:
        connection.sendall(head(client, submission, f"Content-Length: {LIMIT}") + part() + bytes(3 << 20))
        wait_for(lambda: [file for file in arriving.iterdir() if file.stat().st_size], "the file's first part")
    wait_for(lambda: not list(arriving.iterdir()), "the end of the partial file")
    assert files(client, submission) == []


@pytest.mark.parametrize("number", [15, 9])
def test_service_that_ends_leaves_no_part(service: ServiceProcess, number: int) -> None:
    arriving = service.data_dir / "files" / "incoming"
    with service.running() as client:
        submission = client.submission()
        with connect(client) as connection:
            connection.sendall(head(client, submission, f"Content-Length: {LIMIT}") + part() + bytes(3 << 20))
            wait_for(lambda: [file for file in arriving.iterdir() if file.stat().st_size], "the file's first part")
            service.end(number)
    if number == 9:
        assert list(arriving.iterdir()) != []
        with service.running() as client:
            assert files(client, submission) == []
    assert list(arriving.iterdir()) == []


def test_foreign_upload_is_refused_before_it_is_sent(client: Api) -> None:
    with connect(client) as connection:
        connection.sendall(head(client, "nosuch", f"Content-Length: {LIMIT}"))
        assert connection.recv(100).startswith(b"HTTP/1.1 404")


def test_full_disk(tmp_path: Path) -> None:
    """On a file system of 24 MB, which a user namespace may mount."""
    mount = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*mount, "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    data = tmp_path / "data"
    data.mkdir()
    command = f"mount -t tmpfs -o size=24m tmpfs '{data}' && exec '{sys.executable}' -m jupyterlab_rob.service"
    process = subprocess.Popen([*mount, "sh", "-c", f"{command} --data-dir='{data}'"])
    try:
        client = Api(wait_for(lambda: read_connection(data), "the service's connection file"))
        submission = client.submission("number-predictor")
        body = part() + bytes(64 << 20) + END
        for _ in range(2):
            answer = post(client, submission, body)
            assert answer.status_code == 507
            assert "No space left" in answer.json()["message"]
        assert files(client, submission) == []
        # All that was taken is given back.
        assert post(client, submission, part() + bytes(4 << 20) + END).status_code == 201
    finally:
        process.terminate()
        process.communicate(timeout=TIMEOUT)

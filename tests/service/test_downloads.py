"""What is sent in parts and as one: ranges of files, archives, and what is no file any more."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jupyterlab_rob.errors import NotFound
from jupyterlab_rob.service.api.archives import tar_gz
from jupyterlab_rob.service.api.downloads import open_file
from jupyterlab_rob.service.api.ranges import Unsatisfiable, parse_range
from jupyterlab_rob.service.engine.files import FileProblem
from jupyterlab_rob.service.engine.logfile import LogFile
from jupyterlab_rob.service.store import Archive, Download

from .api import TIMEOUT, Api, ServiceProcess, notebook, scoring


def download(path: Path, name: str | None = None) -> Download:
    return Download(path, name or path.name, "application/octet-stream")


@pytest.fixture
def uploaded(api: Api) -> tuple[str, bytes]:
    """The route of a file of 1000 bytes, and its content."""
    submission, content = api.submission(), bytes(range(250)) * 4
    answer = api.request("POST", f"uploads/{submission}/files", files={"file": ("a.bin", content)})
    return f"uploads/{submission}/files/{answer.json()['id']}", content


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=990-", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=999-5000", (999, 1000)),
        ("bytes=0-1,5-6", None),
        ("bytes=20-10", None),
        ("bytes=-", None),
        ("bytes=x-y", None),
        ("lines=1-2", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_part_of_a_file(uploaded: tuple[str, bytes], api: Api, header: str, part: tuple[int, int] | None) -> None:
    path, content = uploaded
    assert parse_range(header, len(content)) == part
    answer = api.request("GET", path, headers={"Range": header})
    begin, end = part or (0, 1000)
    assert answer.status_code == (206 if part else 200)
    assert answer.content == content[begin:end]
    assert answer.headers["Content-Length"] == str(end - begin)
    assert answer.headers.get("Content-Range") == (f"bytes {begin}-{end - 1}/1000" if part else None)


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_part_that_there_is_not(uploaded: tuple[str, bytes], api: Api, header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 1000)
    answer = api.request("GET", uploaded[0], headers={"Range": header})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */1000"
    assert "1000 bytes" in answer.json()["message"]


def test_end_of_a_file_that_is_empty_yet() -> None:
    assert parse_range("bytes=-100", 0) is None
    for header in ("bytes=-0", "bytes=0-"):
        with pytest.raises(Unsatisfiable):
            parse_range(header, 0)


def test_log_that_is_written_anew_while_it_is_read(service: ServiceProcess) -> None:
    with service.running() as api:
        run = api.started(notebook("print('hello')", scoring(1)))
        api.ended(run)
        (service.data_dir / "runs" / run / "log.txt").write_text("")
        log = LogFile(service.data_dir / "runs" / run / "log.txt", 1 << 23, 1 << 23)
        first = "one\n" * (1 << 20)
        log.add(first)
        log.show("first bar")
        with api.request("GET", f"runs/{run}/log", stream=True) as answer:
            assert answer.raw.read(4) == b"one\n"
            log.show("bar")
            assert answer.raw.read().decode() == first[4:] + "first bar"
        log.add("more\n")
        log.show("")
        log.close()
        answer = api.request("GET", f"runs/{run}/log", headers={"Range": "bytes=-9"})
        assert (answer.status_code, answer.text) == (206, "one\nmore\n")
        (service.data_dir / "runs" / run / "log.txt").write_text("")
        answer = api.request("GET", f"runs/{run}/log", headers={"Range": "bytes=-9"})
        assert (answer.status_code, answer.text) == (200, "")


def test_log_of_the_coordinator(service: ServiceProcess) -> None:
    with service.running() as api:
        failing = api.ended(api.started(notebook("1 / 0")))["id"]
        assert api.request("GET", f"runs/{failing}/coordinator-log").status_code == 404
        run = api.ended(api.started(notebook("print('mine')", scoring(1))))["id"]
        answer = api.request("GET", f"runs/{run}/coordinator-log", headers={"Range": "bytes=-9"})
        assert (answer.status_code, answer.text) == (206, "price: 5\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert api.coordinator_log(run) == "label: none\nprice: 5\n"
        assert api.log(run) == "mine\n"


def test_tag_of_a_file(uploaded: tuple[str, bytes], api: Api) -> None:
    path, content = uploaded
    tag = api.request("GET", path).headers["Etag"]
    assert api.request("GET", path, headers={"If-None-Match": tag}).status_code == 304
    part = {"Range": "bytes=0-9", "If-Range": tag}
    assert api.request("GET", path, headers=part).content == content[:10]
    assert api.request("GET", path, headers={**part, "If-Range": '"other"'}).content == content


def test_head_of_a_file(uploaded: tuple[str, bytes], api: Api) -> None:
    sent, told = api.request("GET", uploaded[0]), api.request("HEAD", uploaded[0])
    assert told.status_code == 200
    assert told.content == b""
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "Etag", "Accept-Ranges"):
        assert told.headers[name] == sent.headers[name]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "missing"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "result"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(NotFound, match="no regular file"):
        open_file(download(path))


def test_result_that_became_a_link_is_not_sent(service: ServiceProcess) -> None:
    with service.running() as api:
        run = api.started(notebook(scoring(1)))
        [file] = api.ended(run)["files"]
        [path] = [path for path in (service.data_dir / "files").rglob("score.json") if run in str(path)]
        assert api.request("GET", f"runs/{run}/downloads/files/{file['id']}").status_code == 200
        path.unlink()
        path.symlink_to("/etc/passwd")
        for route in (f"runs/{run}/downloads/files/{file['id']}", f"runs/{run}/downloads/archive"):
            assert api.request("GET", route).status_code == 404


def test_archive_of_a_run(api: Api) -> None:
    run = api.started(notebook(scoring(1)), api.submission(name="Über / 'uns'"))
    assert api.ended(run)["state"] == "SUCCESS"
    answer = api.request("GET", f"runs/{run}/downloads/archive")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/gzip"
    assert answer.headers["Content-Disposition"].endswith(f"probe-%C3%9Cber_uns_-{run[:8]}.tar.gz")
    # Read as the raw bytes that were sent.
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        [member] = archive.getmembers()
        assert (member.name, member.mode, member.uid, member.uname) == ("results/score.json", 0o644, 0, "")
        file = archive.extractfile(member)
        assert file is not None
        assert file.read() == b'{"points": 1}'
    assert api.request("GET", f"runs/{run}/downloads/archive").content == answer.content
    assert api.request("HEAD", f"runs/{run}/downloads/archive").content == b""


def test_no_archive_of_a_run_without_results(api: Api) -> None:
    run = api.started(notebook("1 / 0"))
    assert api.ended(run)["state"] == "ERROR"
    answer = api.request("GET", f"runs/{run}/downloads/archive")
    assert answer.status_code == 404
    assert "only a SUCCESS" in answer.json()["message"]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, (1 << 18) + 1])
def test_archive_is_what_tar_reads(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    name = "deep/" + "ü" * 120
    os.utime(tmp_path / "file", (0, 1_700_000_000))
    archive = Archive("a.tar.gz", (download(tmp_path / "file", name), download(tmp_path / "file", "b")))
    data = b"".join(tar_gz(archive))
    with tarfile.open(fileobj=io.BytesIO(data)) as read:
        assert [(member.name, member.size, member.mtime) for member in read] == [
            (name, size, 1_700_000_000),
            ("b", size, 1_700_000_000),
        ]
        file = read.extractfile("b")
        assert file is not None
        assert file.read() == content
    assert len(gzip.decompress(data)) % 512 == 0


def test_file_that_is_missing_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="'gone'"):
        next(tar_gz(Archive("a.tar.gz", (download(tmp_path / "gone"),))))


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b"])
def test_no_name_leads_out_of_the_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FileProblem):
        list(tar_gz(Archive("a.tar.gz", (download(tmp_path / "file", name),))))


def test_archive_that_can_not_be_made_does_not_look_complete(service: ServiceProcess) -> None:
    with service.running() as api:
        run = api.started(notebook(scoring(1)))
        assert api.ended(run)["state"] == "SUCCESS"
        [path] = [path for path in (service.data_dir / "files").rglob("score.json") if run in str(path)]
        path.write_bytes(os.urandom(32 << 20))
        address = urlsplit(api.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=TIMEOUT) as connection:
            # So that the service can't send all at once.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            token = str(api.session.headers["Authorization"])
            request = (
                f"GET {address.path}/runs/{run}/downloads/archive HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}"
            )
            connection.sendall(f"{request}\r\n\r\n".encode())
            answer = connection.recv(1024)
            assert answer.startswith(b"HTTP/1.1 200")
            os.truncate(path, 0)
            with connection.makefile("rb") as rest:
                answer += rest.read()
        assert not answer.endswith(b"\r\n0\r\n\r\n")

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from jupyterlab_rob.service.archives import tar_gz


def test_archive_holds_the_files(tmp_path: Path) -> None:
    contents = {"results/a.txt": b"a", "b" * 200: b"", "ü/c": os.urandom(3 << 20)}
    paths = []
    for number, content in enumerate(contents.values()):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(content)
    pieces = list(tar_gz(zip(contents, paths)))
    assert len(pieces) > 3
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces)), mode="r:gz") as archive:
        found = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        assert {name: file.read() for name, file in found.items() if file is not None} == contents


def test_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="link"):
        list(tar_gz([("link", tmp_path / "link")]))


def test_missing_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(tar_gz([("gone", tmp_path / "gone")]))

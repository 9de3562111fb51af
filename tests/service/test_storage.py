"""The file store: nothing leads out of it, nothing is left half-written."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import IO

import flowserv.error as err
import pytest
from flowserv.volume.base import IOHandle
from flowserv.volume.fs import FSFile

from jupyterlab_rob.service.store.storage import ConfinedFile, ConfinedStorage


@pytest.mark.parametrize("key", ["../outside", "/tmp/outside", "a/../../outside", "link/outside", ""])
def test_no_key_leads_out_of_the_storage(tmp_path: Path, key: str) -> None:
    storage = ConfinedStorage(tmp_path / "inside")
    (tmp_path / "inside" / "link").symlink_to(tmp_path)
    (tmp_path / "outside").write_text("untouched")
    source = tmp_path / "source"
    source.write_text("attack")
    for attempt in (
        lambda: storage.store(ConfinedFile(source), key),
        lambda: storage.load(key),
        lambda: storage.delete(key),
        lambda: storage.mkdir(key),
        lambda: storage.get_store_for_folder(key),
    ):
        with pytest.raises(err.InvalidArgumentError):
            attempt()
    assert (tmp_path / "outside").read_text() == "untouched"


def test_a_link_is_not_read(tmp_path: Path) -> None:
    storage = ConfinedStorage(tmp_path)
    (tmp_path / "target").write_text("secret")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(err.UnknownFileError):
        storage.load("link")
    with pytest.raises(OSError, match="symbolic links"):
        ConfinedFile(tmp_path / "link").open()


class _FullDisk(IOHandle):  # type: ignore[misc]
    """A source during whose copying the disk becomes full."""

    def open(self) -> IO[bytes]:
        class Source(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell():
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().read(3)

        return Source(b"content")

    def size(self) -> int:
        return 7


def test_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    storage = ConfinedStorage(tmp_path)
    (tmp_path / "file").write_text("before")
    with pytest.raises(OSError, match="No space"):
        storage.store(_FullDisk(), "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "before"


def test_flowserv_reads_files_whole_and_the_storage_does_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert isinstance(FSFile(str(tmp_path / "file")).open(), io.BytesIO)
    with ConfinedFile(tmp_path / "file").open() as file:
        assert not isinstance(file, io.BytesIO)

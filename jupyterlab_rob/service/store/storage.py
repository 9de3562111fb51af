"""flowserv's file store, confined: no key leads out of it, no link is followed, nothing is read into memory whole."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import IO

import flowserv.error as err
from flowserv.volume.base import IOHandle
from flowserv.volume.fs import FileSystemStorage

from ..engine.files import FileProblem, inside
from .incoming import IncomingFile, move


class ConfinedFile(IOHandle):  # type: ignore[misc]
    """A file on disk; ``open`` gives the file itself where flowserv's handle gives its content in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> IO[bytes]:
        # A result may be replaced by a link between the check and this: a link is not opened.
        return os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def size(self) -> int:
        return self.path.lstat().st_size


class ConfinedStorage(FileSystemStorage):  # type: ignore[misc]
    """A folder; every key is checked to lie in it.

    flowserv's class joins keys without a look: ``../../x`` and absolute paths write anywhere, links are followed.
    """

    def __init__(self, basedir: str | Path, identifier: str | None = None) -> None:
        super().__init__(str(basedir), identifier)

    def locate(self, key: str) -> Path:
        """The path of ``key``; an InvalidArgumentError when it leads out of the folder."""
        try:
            return inside(Path(self.basedir), key)
        except FileProblem as problem:
            raise err.InvalidArgumentError(f"{problem}") from problem

    def delete(self, key: str) -> None:
        path = self.locate(key)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def get_store_for_folder(self, key: str, identifier: str | None = None) -> ConfinedStorage:
        return ConfinedStorage(self.locate(key), identifier)

    def mkdir(self, path: str) -> None:
        self.locate(path).mkdir(parents=True, exist_ok=True)

    def load(self, key: str) -> ConfinedFile:
        # Wherever a link leads, it is no file of the store's.
        if os.path.islink(os.path.join(self.basedir, key)) or not (path := self.locate(key)).is_file():
            raise err.UnknownFileError(key)
        return ConfinedFile(path)

    def store(self, file: IOHandle, dst: str) -> None:
        path = self.locate(dst)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file, IncomingFile):
            move(file, path)
            return
        # First beside it: a full disk leaves no half-written file under the name.
        partial = path.with_name(f".{path.name}.partial")
        try:
            if not _linked(file, partial):
                with file.open() as source, partial.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _linked(file: IOHandle, path: Path) -> bool:
    """Give a file that is kept here already a second name, if that can be done: a result may have gigabytes, and
    everybody would wait. Nothing that is kept is ever changed; steps get copies."""
    if not isinstance(file, ConfinedFile) or not stat.S_ISREG(file.path.lstat().st_mode):
        return False
    try:
        path.unlink(missing_ok=True)
        os.link(file.path, path, follow_symlinks=False)
    except OSError:
        return False
    return True

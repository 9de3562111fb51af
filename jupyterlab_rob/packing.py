"""A benchmark's folder as one file, ``.tar.gz``, and back.

Unpacking trusts nobody: only folders and regular files come to be, each at most once and inside the folder, and no
more of them, nor more bytes, than allowed.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from .errors import InvalidInput, TooLarge
from .service.limits import readable
from .templates.folder import NOT_COPIED

# tarfile reads what describes a member into memory whole: so much and no more.
_MAX_HEADER = 1 << 20
_PIECE = 1 << 18
_MAX_NAME = 255
_MAX_PATH = 1024

_BROKEN = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, LookupError, RecursionError)


@dataclass(frozen=True)
class PackingLimits:
    """Of what an archive may hold: ``size`` in bytes, unpacked, and how many ``files``, folders included."""

    size: int
    files: int = 10_000


def pack(folder: Path, archive: IO[bytes]) -> None:
    """Write the folder's files to ``archive``; the same files give the same bytes, and tell nothing of who packs.

    Raises:
        InvalidInput: There is something that is no file or folder, or a name that is not UTF-8.
        OSError: A file can't be read.
    """
    with (
        gzip.GzipFile(filename="", fileobj=archive, mode="wb", compresslevel=6, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in packed_files(folder):
            name = path.relative_to(folder).as_posix()
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                member = tarfile.TarInfo(name)
                member.size = status.st_size
                member.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
                tar.addfile(member, file)


def packed_files(folder: Path) -> Iterator[Path]:
    """The files of a benchmark's folder in the order of their names.

    Raises:
        InvalidInput: There is something that is no file or folder, or a name that is not UTF-8.
    """
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        try:
            entry.name.encode()
        except UnicodeEncodeError as error:
            shown = os.fsencode(entry.name).decode(errors="replace")
            raise InvalidInput(f"The file name '{shown}' is not UTF-8. Rename the file.") from error
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in NOT_COPIED:
                yield from packed_files(path)
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            raise InvalidInput(f"'{path}' is a link or a special file. Put a regular file in its place.")


def unpack(archive: IO[bytes], folder: Path, limits: PackingLimits) -> None:
    """Unpack into ``folder``, which is made; on failure the caller removes what is there by then.

    A folder that is all that the archive holds is taken for the benchmark's own: its content becomes ``folder``'s.

    Raises:
        InvalidInput: It is no such archive, is damaged, is empty, or has a member that is no file or folder inside it.
        TooLarge: It is larger than ``limits`` when unpacked.
        OSError: The disk is full, say.
    """
    folder.mkdir(mode=0o700)
    stream = _Stream(archive, limits.size)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as tar:
            for number, member in enumerate(tar, 1):
                if number > limits.files:
                    raise TooLarge(f"The archive has more than {limits.files} files and folders.")
                _unpack_member(tar, member, folder)
        # To the end, for only there stands gzip's checksum.
        while stream.read(_PIECE):
            pass
    except _BROKEN as error:
        raise InvalidInput(
            f"The file is no benchmark's folder packed as .tar.gz, or it is damaged ({_reason(error)})."
        ) from error
    _unwrap(folder)
    if not any(folder.iterdir()):
        raise InvalidInput("The archive holds no file. Pack the benchmark's folder.")


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = _member_path(member.name)
    if any(part in NOT_COPIED for part in path.parts):
        return
    target = folder / path
    if not (member.isdir() or member.isreg()) or member.issparse():
        raise InvalidInput(f"'{path}' in the archive is a link or a special file. Only files and folders are taken.")
    try:
        if member.isdir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            return
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = 0o700 if member.mode & stat.S_IXUSR else 0o600
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidInput(f"'{path}' is in the archive twice.") from error
    content = tar.extractfile(member)
    assert content is not None
    with os.fdopen(descriptor, "wb") as file, content:
        rest = member.size
        while rest:
            piece = content.read(min(_PIECE, rest))
            if not piece:
                raise EOFError(f"'{path}' has no end")
            file.write(piece)
            rest -= len(piece)


def _member_path(name: str) -> PurePosixPath:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = name.encode(errors="surrogateescape").decode(errors="replace")
        raise InvalidInput(f"The file name '{shown}' in the archive is not UTF-8. Rename the file.") from error
    path = PurePosixPath(name)
    shown = "".join(letter if letter.isprintable() else "�" for letter in name[:_MAX_NAME])
    if not name or path.is_absolute() or ".." in path.parts:
        raise InvalidInput(f"'{shown}' in the archive leads out of its folder.")
    if not name.isprintable():
        raise InvalidInput(f"The file name '{shown}' in the archive has control characters. Rename the file.")
    if len(name.encode()) > _MAX_PATH or any(len(part.encode()) > _MAX_NAME for part in path.parts):
        raise InvalidInput(f"The file name '{shown}…' in the archive is too long.")
    return path


def _unwrap(folder: Path) -> None:
    entries = list(folder.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        # Aside first: there may be a folder of the same name inside.
        inner = entries[0].rename(folder.with_name(f"{folder.name}.inner"))
        folder.rmdir()
        inner.rename(folder)


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class _Stream(io.RawIOBase):
    """What gzip yields, read forward, for tarfile.

    Not tarfile's own way: to go back by one byte, as it does after each member, would unpack all anew. And it asks for
    as much at once as an archive says that a header has.
    """

    def __init__(self, archive: IO[bytes], limit: int) -> None:
        super().__init__()
        self._source = gzip.GzipFile(fileobj=archive, mode="rb")
        self._position = 0
        self._last = b""
        self._pushed = b""
        self._limit = limit

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER:
            raise InvalidInput("The archive's headers are too long.")
        data = self._pushed[:size]
        self._pushed = self._pushed[len(data) :]
        data += self._source.read(size - len(data))
        self._position += len(data)
        if self._position > self._limit:
            raise TooLarge(f"The benchmark is larger than {readable(self._limit)}, the most that is taken, unpacked.")
        self._last = data[-1:] or self._last
        return data

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        assert whence == os.SEEK_SET
        if position == self._position - 1 and not self._pushed:
            self._pushed, self._position = self._last, position
        while self._position < position:
            if not self.read(min(_PIECE, position - self._position)):
                raise EOFError("it has no end")
        if self._position != position:
            raise tarfile.ReadError("its members overlap")
        return position

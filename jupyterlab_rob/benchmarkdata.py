"""A benchmark's data on the user's disk: the files that notebooks are given in a run, to work with before one."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .downloads import confined, write_file
from .errors import InvalidInput, ServiceUnavailable
from .flows import path_of
from .transport import Transport

_PIECE = 1 << 18


def download_data(transport: Transport, benchmark: str, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write what the benchmark (its id) gives to notebooks into ``folder``, which is made; the paths of the files.

    All of it or nothing: what was not there before is not there either when something goes wrong.

    Raises:
        InvalidInput: There is something in the folder already, unless one may ``overwrite``; or a file can't be
            written.
        NotFound: The benchmark gives nothing, or its service does not hand it out.
    """
    _require_empty(folder, overwrite)
    written = []
    with _undoing() as made, transport.open(path_of("workflows", benchmark, "data")) as stream:
        try:
            with tarfile.open(fileobj=_Reader(stream.pieces()), mode="r|gz") as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.isreg() else None
                    if content is None:
                        raise InvalidInput(f"The service sent {member.name!r}, which is no file.")
                    place = confined(member.name)
                    made += _missing(folder / place)
                    write_file(folder, place, iter(partial(content.read, _PIECE), b""), overwrite)
                    written.append(folder / place)
        except (tarfile.TarError, zlib.error, EOFError) as error:
            raise ServiceUnavailable(f"What the service sent is no archive ({error}). Try again.") from error
    return written


def _require_empty(folder: Path, overwrite: bool) -> None:
    try:
        is_taken = not overwrite and os.path.lexists(folder) and any(folder.iterdir())
    except OSError as error:
        raise InvalidInput(f"Can't use {folder}: {error.strerror}. Give another folder.") from error
    if is_taken:
        raise InvalidInput(
            f"{folder} is not empty; nothing was written. Give another folder, or allow to overwrite (--overwrite)."
        )


@contextlib.contextmanager
def _undoing() -> Iterator[list[Path]]:
    """A list for paths that are about to be made, each after its folder; they are removed again when an error comes.

    Folders that somebody else has put something in meanwhile stay.
    """
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _missing(path: Path) -> list[Path]:
    """Those of the path and the folders above it that are not there, from the top."""
    return [place for place in reversed((path, *path.parents)) if not os.path.lexists(place)]


class _Reader(io.RawIOBase):
    """Pieces of bytes as a file that is read forward."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size or size < 0:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        size = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

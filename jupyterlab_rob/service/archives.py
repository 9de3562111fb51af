"""Several files as one archive, made while it is sent: neither in memory nor on disk is there ever all of it."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_CHUNK = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS


def tar_gz(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """The pieces of a gzip-compressed tar archive of these files, each with its name in the archive.

    Raises FileNotFoundError when one is gone; a link is not followed (OSError).
    """
    compressor = zlib.compressobj(wbits=_GZIP)
    for piece in _tar(files):
        if compressed := compressor.compress(piece):
            yield compressed
    yield compressor.flush()


def _tar(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    for name, path in files:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            status = os.fstat(file.fileno())
            info = tarfile.TarInfo(name)
            info.size, info.mtime = status.st_size, int(status.st_mtime)
            yield info.tobuf(tarfile.PAX_FORMAT)
            # As many bytes as were announced, whatever happens to the file.
            left = info.size
            while left and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk
            if left:
                raise OSError(f"'{name}' became shorter while it was read")
            yield b"\0" * (-info.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)

"""Archives, made while they are sent: however much is in one, it takes no more memory than a piece of it."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Generator

from ...errors import NotFound
from ..engine.files import relative_path
from ..store import Archive, Download
from .downloads import open_file

_CHUNK = 1 << 18
# A gzip header and trailer around deflate.
_GZIP = 16 + zlib.MAX_WBITS
_BLOCK = tarfile.BLOCKSIZE


def tar_gz(archive: Archive) -> Generator[bytes, None, None]:
    """The archive's bytes in pieces, the same whenever it is made of the same files. It blocks.

    A link is not followed and no name leads out of where the archive is unpacked. Raises NotFound when a file is not
    there any more, or not as long as it was when it was begun: what was sent until then is no archive.
    """
    deflate = zlib.compressobj(wbits=_GZIP)
    for file in archive.files:
        for piece in _member(file):
            if compressed := deflate.compress(piece):
                yield compressed
    yield deflate.compress(bytes(2 * _BLOCK)) + deflate.flush()


def _member(file: Download) -> Generator[bytes, None, None]:
    content, size, _, modified = open_file(file)
    with content:
        head = tarfile.TarInfo(str(relative_path(file.name)))
        head.size, head.mtime, head.mode = size, modified, 0o644
        yield head.tobuf(tarfile.PAX_FORMAT)
        left = size
        while left:
            piece = content.read(min(_CHUNK, left))
            if not piece:
                raise NotFound(f"'{file.name}' became shorter while it was read.")
            left -= len(piece)
            yield piece
        yield bytes(-size % _BLOCK)

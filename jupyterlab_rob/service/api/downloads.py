"""Opening and naming what is sent to a client."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, NamedTuple
from urllib.parse import quote

from ...errors import NotFound
from ..store import Download


class OpenFile(NamedTuple):
    """An open file; ``etag`` is another one when its content is."""

    content: IO[bytes]
    size: int
    etag: str
    #: In seconds since the epoch.
    modified: int


def open_file(download: Download) -> OpenFile:
    """Open what is to be sent. It blocks.

    A link is not followed: a run writes its files as it likes, and a link would lead to any other file. Raises
    NotFound when there is no regular file.
    """
    try:
        # Without waiting for a writer, should it be a pipe.
        number = os.open(download.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.ENXIO):
            raise _gone(download.name) from error
        raise
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode):
        os.close(number)
        raise _gone(download.name)
    content = os.fdopen(number, "rb", buffering=0)
    etag = f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"'
    return OpenFile(content, status.st_size, etag, int(status.st_mtime))


def attachment(name: str) -> str:
    """The header ``Content-Disposition`` by which a browser saves a file as ``name`` rather than shows it."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _gone(name: str) -> NotFound:
    return NotFound(f"'{name}' is not there any more, or is no regular file.")

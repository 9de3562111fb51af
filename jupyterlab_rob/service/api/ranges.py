"""A part of a file, as a client asks for it in the header ``Range``."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """The file has no such part."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Begin and end (exclusive) of the part of a file of ``size`` bytes.

    None when all of it is to be sent: the header is none that is understood here, and a server may ignore it then.
    That includes several ranges at once, and the end of an empty file, such as a log that is about to begin. Raises
    Unsatisfiable when the file ends before.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        if size == 0 and int(last) > 0:
            return None
        begin, end = max(size - int(last), 0), size
    else:
        begin, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < begin:
            return None
    if begin >= size or begin == end:
        raise Unsatisfiable
    return begin, end

"""Ranks results: the best run of each submission, ties with the same rank, what has no value last.

Each result has a key of bytes: a smaller one is a better result, equal ones are a tie. So a database can keep the
order in an index.
"""

from __future__ import annotations

import hashlib
import math
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Bytes of a key. An index entry of PostgreSQL is limited to about 2,700 bytes, and texts are not.
MAX_KEY = 2000

_DIGEST = 32
_PRESENT, _EMPTY = b"\x00", b"\x01"
_NUMBER, _TEXT = b"\x00", b"\x01"
#: Bytes of UTF-8 end at 0xF4: one more than each leaves 0 for the end of a text.
_SHIFT = bytes(min(byte + 1, 255) for byte in range(256))
_INVERT = bytes(255 - byte for byte in range(256))

#: Rank key, time of the end, run and submission of a result: ordered by the first three.
Keyed = tuple[bytes, str, str, str]


@dataclass(frozen=True)
class SortColumn:
    name: str
    descending: bool


@dataclass(frozen=True)
class Result:
    """The result of a successful run; times are ISO 8601 in UTC, ``version`` is the benchmark's that it is of."""

    run: str
    submission: str
    submission_name: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    values: Mapping[str, Any]
    version: int = 1


@dataclass(frozen=True)
class Row:
    """A row of the leaderboard; ``rank`` counts from 1."""

    rank: int
    result: Result


@dataclass(frozen=True)
class Page:
    """Some rows of a leaderboard that has ``total`` of them."""

    rows: Sequence[Row]
    total: int


def rank_key(values: Mapping[str, Any], order: Sequence[SortColumn]) -> bytes:
    """The key of a result: numbers compare by their exact values, texts by code points, empty is last whatever the
    direction.

    Of results that differ only beyond the key's 2,000 bytes (long texts) the order is arbitrary, but they are no tie.
    """
    key = b"".join(_encode(values.get(column.name), column.descending) for column in order)
    if len(key) > MAX_KEY:
        key = key[: MAX_KEY - _DIGEST] + hashlib.sha256(key).digest()
    return key


def rank_order(keyed: Iterable[Keyed], *, include_all: bool = False) -> list[tuple[int, str]]:
    """Rank and run of each row of the leaderboard: one for each submission, its best, or with ``include_all`` one for
    each run.

    Of equal results the earlier one comes first; they share a rank.
    """
    rows: list[tuple[int, str]] = []
    seen: set[str] = set()
    last, rank = None, 0
    for key, _, run, submission in sorted(keyed):
        if include_all or submission not in seen:
            seen.add(submission)
            if key != last:
                last, rank = key, len(rows) + 1
            rows.append((rank, run))
    return rows


def _is_empty(value: Any) -> bool:
    """Whether there is no value to rank by: None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _encode(value: Any, descending: bool) -> bytes:
    """One column's part of a key. No part is the beginning of another, so that the next column never matters before
    it."""
    if _is_empty(value):
        return _EMPTY
    code = _TEXT + _text(value) if isinstance(value, str) else _NUMBER + _number(value)
    return _PRESENT + (code.translate(_INVERT) if descending else code)


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass").translate(_SHIFT) + b"\x00"


def _number(value: int | float) -> bytes:
    """The nearest float, and by how much an integer that no float can hold lies beside it."""
    try:
        nearest = float(value)
    except OverflowError:
        nearest = sys.float_info.max if value > 0 else -sys.float_info.max
    # -0.0 is 0.0.
    bits = int.from_bytes(struct.pack(">d", nearest + 0.0), "big")
    bits = bits ^ 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else bits | 1 << 63
    return bits.to_bytes(8, "big") + _integer(value - int(nearest) if isinstance(value, int) else 0)


def _integer(value: int) -> bytes:
    size = (abs(value).bit_length() + 7) // 8
    code = size.to_bytes(4, "big") + abs(value).to_bytes(size, "big")
    if value < 0:
        return b"\x00" + code.translate(_INVERT)
    return b"\x01" if value == 0 else b"\x02" + code

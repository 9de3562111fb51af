"""How much may be uploaded, and how a limit is told."""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@dataclass(frozen=True)
class UploadLimits:
    """In bytes: of one ``file``, and of all files of one ``submission`` together."""

    file: int
    submission: int


def readable(size: int) -> str:
    """A size in bytes as people say it: 536870912 is '512 MB', each unit 1024 times the one before."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    return f"{value:.4g} {_UNITS[unit]}"

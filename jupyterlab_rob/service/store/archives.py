"""Result files as one archive."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flowserv.model.base import RunObject

from ...errors import NotFound
from .part import Download, Unit

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Archive:
    """Files to send as one."""

    name: str
    files: tuple[Download, ...]


def result_archive(unit: Unit, run: RunObject, *words: str) -> Archive:
    """The result files of a run, named after these words, for whoever may see them: that is for the caller to decide.

    NotFound when the run is no SUCCESS, or when one of its files is not there any more.
    """
    if not run.is_success():
        raise NotFound("The run has no result files: only a SUCCESS has.")
    keys = sorted(file.key for file in run.files)
    return Archive(
        "-".join(_UNSAFE.sub("_", word) for word in words) + ".tar.gz",
        tuple(Download.of(unit.runs.get_runfile(run_id=run.run_id, key=key)) for key in keys),
    )

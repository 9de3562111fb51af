"""The run's record: what its process tells the service, one JSON object a line, appended.

The file is the truth: it outlives either process. The pipe beside it only wakes the reader, so that nobody polls; a
worker whose service has gone keeps writing.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

#: Longest text in a cause, in characters: an error may hold all of the data that a notebook works on.
MAX_TEXT = 4000

CauseKind = Literal["notebook", "kernel", "step", "output", "metrics", "template", "storage", "service"]


@dataclass(frozen=True)
class Cause:
    """Why a run ended as ERROR; ``cell`` counts from 1 over the cells of the notebook as it was submitted."""

    kind: CauseKind
    message: str
    step: str | None = None
    cell: int | None = None
    cellId: str | None = None
    ename: str | None = None
    evalue: str | None = None

    def __post_init__(self) -> None:
        # Here, so that it holds for what the service reads as well: a step's code can write to its run's record.
        for name, value in vars(self).items():
            if isinstance(value, str):
                object.__setattr__(self, name, shortened(value))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Cause:
        return cls(**document)


def shortened(text: str, size: int = MAX_TEXT) -> str:
    """The text, or as much of its beginning as ``size`` characters hold, with ``…`` in place of the rest."""
    return text if len(text) <= size else text[: size - 1] + "…"


class RecordWriter:
    """Appends to the record; ``wake`` is the writing end of the service's pipe, or None. A context manager."""

    def __init__(self, path: Path, wake: int | None = None) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._wake = wake

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def step(self, name: str, cells: int | None = None) -> None:
        self._append(event="step", step=name, cells=cells)

    def cell(self, step: str, cell: int, cells: int) -> None:
        self._append(event="cell", step=step, cell=cell, cells=cells)

    def end(self, cause: Cause | None) -> None:
        """The run is over: well, or for this cause."""
        self._append(event="end", cause=cause and cause.to_dict())

    def _append(self, **entry: Any) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        if self._wake is not None:
            # Nobody listens any more when the service has died: the run goes on.
            with contextlib.suppress(OSError):
                os.write(self._wake, b".")


class RecordReader:
    """Reads what has been added since the last call; a line that is not finished yet waits for the next one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[dict[str, Any]]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [json.loads(line) for line in complete.splitlines()]

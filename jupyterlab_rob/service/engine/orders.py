"""What the service tells forge and workers, one JSON object a line: to be ready, and which run to carry out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .limits import Limits
from .sandbox import Sandbox


@dataclass(frozen=True)
class KernelKind:
    """What makes one kernel as good as another: its kernelspec, and how it is confined."""

    name: str
    limits: Limits


@dataclass(frozen=True)
class WorkerOrder:
    """To the forge: a worker in the slot ``slot`` (a folder), with a kernel of ``kernel`` if that is given."""

    slot: Path
    kernel: KernelKind | None
    sandbox: Sandbox

    def line(self) -> bytes:
        return _line({**asdict(self), "slot": str(self.slot)})

    @classmethod
    def of(cls, line: bytes) -> WorkerOrder:
        document: dict[str, Any] = json.loads(line)
        kernel = document["kernel"]
        return cls(
            Path(document["slot"]),
            kernel and KernelKind(kernel["name"], Limits.from_dict(kernel["limits"])),
            Sandbox.from_dict(document["sandbox"]),
        )


@dataclass(frozen=True)
class RunOrder:
    """To a worker: the run in the folder ``run``, and the number of the attempt that it is."""

    run: Path
    attempt: int

    def line(self) -> bytes:
        return _line({"run": str(self.run), "attempt": self.attempt})

    @classmethod
    def of(cls, line: bytes) -> RunOrder:
        document = json.loads(line)
        return cls(Path(document["run"]), document["attempt"])


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"

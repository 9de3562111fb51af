"""Why a run ended as ERROR, and who can mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

#: Longest text in a cause, in characters: an error may hold all of the data that a notebook works on.
MAX_TEXT = 4000

CauseKind = Literal[
    "notebook",  # a cell raised
    "kernel",  # the kernel is missing, or could not start
    "died",  # the kernel died
    "memory",  # a cell raised MemoryError, or the kernel was killed for memory
    "time",  # the time limit of the run or of a step
    "disk",  # the limit of a file's size, or of all that a run writes
    "step",  # a command failed
    "output",  # a declared output is missing
    "metrics",  # the metrics are not what the benchmark declares
    "template",  # the benchmark can't be carried out
    "storage",  # the service's disk is full
    "service",  # the service's own fault
]

#: Whose fault it is, and so who can mend it.
Blame = Literal["participant", "coordinator", "service"]

#: Of these a step's author is to blame, whoever that is.
_OF_THE_STEP: frozenset[CauseKind] = frozenset(
    {"notebook", "kernel", "died", "memory", "time", "disk", "step", "output", "metrics"}
)


def blame_for(kind: CauseKind, is_participants: bool) -> Blame:
    """Who is to blame; ``is_participants``: whether it happened in a step that a participant provides."""
    if kind in _OF_THE_STEP:
        return "participant" if is_participants else "coordinator"
    return "coordinator" if kind == "template" else "service"


@dataclass(frozen=True)
class Cause:
    """Why a run ended as ERROR; ``cell`` counts from 1 over the cells of the notebook as it was submitted.

    ``blame`` is told by :meth:`in_step` or the maker. Where nobody tells it, as in what was written down before there
    was any, a step that is named counts as a participant's, but for a command, and for what writes the metrics: those
    were the coordinator's most often.
    """

    kind: CauseKind
    message: str
    step: str | None = None
    cell: int | None = None
    cellId: str | None = None
    ename: str | None = None
    evalue: str | None = None
    blame: Blame | None = None

    def __post_init__(self) -> None:
        # Here, so that it holds for what the service reads as well: without a sandbox a step's code can write to its
        # run's record.
        for name, value in vars(self).items():
            if isinstance(value, str):
                object.__setattr__(self, name, shortened(value))
        if self.blame not in get_args(Blame):
            is_participants = self.step is not None and self.kind not in ("step", "metrics")
            object.__setattr__(self, "blame", blame_for(self.kind, is_participants))

    def in_step(self, step: str, is_participants: bool) -> Cause:
        """This cause as one of a step: with its name, and with the blame that follows from whose it is."""
        return replace(self, step=step, blame=blame_for(self.kind, is_participants))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Any) -> Cause:
        """What :meth:`to_dict` has made, now or once; what is not known here is left out.

        Raises:
            ValueError: It is no cause.
        """
        if not isinstance(document, dict):
            raise ValueError("A cause is an object.")
        values = {name: document[name] for name in _NAMES if document.get(name) is not None}
        for name, value in values.items():
            if type(value) is not (int if name == "cell" else str):
                raise ValueError(f"The cause's '{name}' is no {'number' if name == 'cell' else 'text'}.")
        if not values.keys() >= {"kind", "message"}:
            raise ValueError("A cause has a kind and a message.")
        return cls(**values)


_NAMES = tuple(field.name for field in fields(Cause))


def shortened(text: str, size: int = MAX_TEXT) -> str:
    """The text, or as much of its beginning as ``size`` characters hold, with ``…`` in place of the rest."""
    return text if len(text) <= size else text[: size - 1] + "…"

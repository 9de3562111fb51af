"""Whose turn it is: runs wait in the order in which everybody gets a first one before anybody gets a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar


class Waiting(Protocol):
    """A run that waits: ``owner`` is who started it, ``number`` grows with each that comes."""

    @property
    def owner(self) -> str | None: ...

    @property
    def number(self) -> int: ...


W = TypeVar("W", bound=Waiting)

_NOBODY: Mapping[str | None, int] = {}


def in_turn(waiting: Sequence[W], running: Iterable[str | None], served: Mapping[str | None, int] = _NOBODY) -> list[W]:
    """``waiting`` in the order in which they will start; ``running`` are the owners of the runs that run now.

    An owner's runs keep their order. The k-th of one, counted with those that run, comes before the (k+1)-th of
    another; between equals it is who has been ``served`` longest ago (a number that grows with each start; who is not
    in it has not been served), then first come, first served. So a hundred runs of one do not keep another's first.
    """
    taken = Counter(running)
    turns: list[tuple[int, int, int, W]] = []
    for run in sorted(waiting, key=lambda one: one.number):
        turns.append((taken[run.owner], served.get(run.owner, 0), run.number, run))
        taken[run.owner] += 1
    return [turn[-1] for turn in sorted(turns, key=lambda turn: turn[:3])]

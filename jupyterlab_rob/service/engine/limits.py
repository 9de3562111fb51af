"""Limits of a run and of its steps: what a benchmark sets, within what the service's configuration allows.

In a template, for all steps and, narrower, for one of them::

    workflow:
      limits: {time: 10 min, step_time: 300, memory: 2 GB, cpu: 600, processes: 64, file_size: 1 GB, disk: 5 GB}
      steps:
        - name: 'evaluate'
          limits: {memory: 500 MB}

A number is in seconds, bytes or processes; a text may have a unit. A unit of bytes is 1024 times the one before, as in
all that the service says.
"""

from __future__ import annotations

import difflib
import math
import re
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeVar

from ...errors import InvalidInput
from ...models import JSON
from ..limits import readable

_Number = TypeVar("_Number", int, float)

_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_BYTES = {"b": 1, "byte": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")

#: By key: its units, and the least value with which anything runs. Less is most often a number in another unit.
_KINDS: dict[str, tuple[Mapping[str, int], int]] = {
    "time": (_SECONDS, 1),
    "step_time": (_SECONDS, 1),
    "cpu": (_SECONDS, 1),
    "memory": (_BYTES, 16 << 20),
    "file_size": (_BYTES, 1 << 10),
    "disk": (_BYTES, 1 << 10),
    "processes": ({}, 1),
}
_KEYS = (*_KINDS, "network")
_FRACTIONS = ("time", "step_time")

#: Larger ones are no numbers to the system.
_MOST = (1 << 53) - 1


@dataclass(frozen=True)
class Limits:
    """What a run's steps may use; None: as much as there is.

    ``time`` is seconds of the whole run by the clock on the wall, ``step_time`` of one step. The worker watches these
    two, and ``disk``: bytes that a step's folder and all outputs together may take. The others are the system's, for
    each process: ``memory`` in bytes of its address space (more than it really uses), ``cpu`` in seconds of processor
    time, ``file_size`` in bytes of one file. ``processes`` at once: a thread counts as one, and a kernel has a dozen.
    """

    time: float | None = None
    step_time: float | None = None
    memory: int | None = None
    cpu: int | None = None
    processes: int | None = None
    file_size: int | None = None
    disk: int | None = None
    network: bool = False

    def capped(self, by: Limits) -> Limits:
        """These limits within the service's: of each the lower; network when both have it."""
        return Limits(
            time=_lower(self.time, by.time),
            step_time=_lower(self.step_time, by.step_time),
            memory=_lower(self.memory, by.memory),
            cpu=_lower(self.cpu, by.cpu),
            processes=_lower(self.processes, by.processes),
            file_size=_lower(self.file_size, by.file_size),
            disk=_lower(self.disk, by.disk),
            network=self.network and by.network,
        )

    def narrowed(self, by: Limits) -> Limits:
        """A run's limits for a step whose own ones are ``by``. The time of a step is the step's, not the run's."""
        step = replace(by, time=None, step_time=_lower(by.step_time, by.time))
        return self.capped(step)

    def to_dict(self) -> JSON:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Limits:
        return cls(**document)


#: As much as there is of everything but the network.
UNLIMITED = Limits()


@dataclass(frozen=True)
class LimitProblem:
    """What is wrong with a mapping of limits: at its ``key`` (``at_value``: at the key's value), or all of it (None).
    The message names key and value, and the way out."""

    key: str | None
    message: str
    at_value: bool = False


def limit_problems(mapping: object, what: str = "'limits'") -> list[LimitProblem]:
    """Everything that is wrong with the ``limits`` of a template, called ``what``."""
    if not isinstance(mapping, Mapping):
        return [LimitProblem(None, f"{what} must be a mapping of names to values, not {_shown(mapping)}.")]
    problems = []
    for key, value in mapping.items():
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key)[:100], _KEYS, n=1)
            instead = f"; did you mean '{close[0]}'" if close else f" (limits are {', '.join(_KEYS)})"
            problems.append(LimitProblem(str(key), f"{what} takes no '{str(key)[:100]}'{instead}."))
            continue
        try:
            _read(key, value)
        except ValueError as error:
            problems.append(LimitProblem(key, f"'{key}' of {what} {error}", at_value=True))
    return problems


def read_limits(mapping: object, what: str = "'limits'", *, network: bool = False) -> Limits:
    """The limits of a template's mapping. ``network`` counts where it says nothing of that: for a step, its run's.

    Raises:
        InvalidInput: By key and value.
    """
    problems = limit_problems(mapping, what)
    if problems:
        raise InvalidInput(" ".join(problem.message for problem in problems))
    assert isinstance(mapping, Mapping)
    values: dict[str, Any] = {key: _read(key, value) for key, value in mapping.items()}
    return Limits(**{"network": network, **values})


def workflow_limits(workflow: Mapping[str, Any]) -> Limits:
    """The limits of a template's ``workflow``, for all its steps; none when it names none.

    Raises:
        InvalidInput: By key and value.
    """
    return read_limits(workflow.get("limits", {}), "'limits' of the workflow")


def step_limits(step: Mapping[str, Any], run: Limits) -> Limits:
    """The limits of one element of a template's ``workflow.steps``, within its run's.

    Raises:
        InvalidInput: By key and value.
    """
    what = f"'limits' of the step '{str(step.get('name', ''))[:100]}'"
    return run.narrowed(read_limits(step.get("limits", {}), what, network=run.network))


def exceeded(code: int) -> Literal["cpu", "file_size"] | None:
    """The limit that ended a process, told by its exit code: negative as Python has it, or 128 and more as a shell and
    bubblewrap have it. Beyond ``memory`` and ``processes`` a process lives on, and beyond ``file_size`` a Python one:
    it gets an error.
    """
    number = -code if code < 0 else code - 128
    return {signal.SIGXCPU: "cpu", signal.SIGXFSZ: "file_size"}.get(number)  # type: ignore[call-overload, no-any-return]


def _lower(one: _Number | None, other: _Number | None) -> _Number | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _read(key: str, value: object) -> float | bool | None:
    """A value as Limits has it; ValueError says what is wrong, as what follows the key in a sentence."""
    if key == "network":
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {_shown(value)}.")
        return value
    if value is None:
        return None
    units, least = _KINDS[key]
    number = _number(value, units)
    if number is None:
        raise ValueError(f"must be {_description(units)}, not {_shown(value)}.")
    if number < least or number > _MOST:
        bound = f"at least {_said(least, units)}" if number < least else f"at most {_said(_MOST, units)}"
        hint = "; give it a unit, such as '2 GB'" if units is _BYTES and number < least else ""
        raise ValueError(f"must be {bound}, not {_shown(value)}{hint}.")
    if key in _FRACTIONS:
        return number
    if not units and number != int(number):
        raise ValueError(f"must be a whole number, not {_shown(value)}.")
    return math.ceil(number)


def _number(value: object, units: Mapping[str, int]) -> float | None:
    if isinstance(value, str):
        found = _TEXT.fullmatch(value[:100])
        if found is None:
            return None
        unit = found[2].lower().replace("ib", "b")
        if unit and unit not in units:
            unit = unit.removesuffix("s")
        if unit and unit not in units:
            return None
        number: float = float(found[1]) if "." in found[1] else int(found[1])
        return number * units.get(unit, 1)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _description(units: Mapping[str, int]) -> str:
    if units is _SECONDS:
        return "seconds, or a text with a unit (s, min, h, d) such as '10 min'"
    return "bytes, or a text with a unit (KB, MB, GB, TB) such as '2 GB'" if units else "a whole number"


def _said(number: int, units: Mapping[str, int]) -> str:
    if units is _BYTES:
        return readable(number)
    return f"{number} s" if units else str(number)


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) > _MOST:
        return "a number of many digits"
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"

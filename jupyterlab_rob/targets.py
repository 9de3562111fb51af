"""Which of a benchmark's parameters notebooks fill, and in which form they are sent for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from .errors import InvalidInput
from .models import JSON

#: As what a notebook is sent: itself, or exported as a Python script.
Format = Literal["notebook", "script"]


@dataclass(frozen=True)
class NotebookTarget:
    """A parameter that a notebook fills.

    ``is_step``: the notebook itself becomes the step, with values for its own parameters (an ``actor``). Else it is a
    file that the benchmark's own commands run. ``path``: where the file goes, if the benchmark leaves that open.
    """

    name: str
    format: Format
    is_step: bool = False
    path: str | None = None
    is_required: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the service does not tell what the file is: it may be a program, or data."""
        return self.path is not None


def notebook_targets(benchmark: JSON) -> list[NotebookTarget]:
    """The parameters of the benchmark's handle for notebooks, in its order, all of one kind: each ``actor``, else each
    file that is a notebook, else each that is a script.

    Raises:
        InvalidInput: The benchmark has none.
    """
    found = find_targets(benchmark)
    if not found:
        raise InvalidInput(f"Benchmark {benchmark['name']} has no step that takes a notebook.")
    return found


def find_targets(benchmark: JSON) -> list[NotebookTarget]:
    """As :func:`notebook_targets`, but empty when there are none."""
    actors = [
        NotebookTarget(parameter["name"], "notebook", is_step=True, is_required=bool(parameter.get("isRequired")))
        for parameter in benchmark["parameters"]
        if parameter.get("dtype") == "actor"
    ]
    return actors or _files(benchmark, ".ipynb", "notebook") or _files(benchmark, ".py", "script")


def wanted_targets(
    targets: Collection[NotebookTarget], named: Collection[str], *, has_main: bool = True
) -> list[NotebookTarget]:
    """Those of ``targets`` that a submission fills: the required ones and those ``named``, by notebooks of their own or
    by cells' tags in the main notebook.

    When none is required its main notebook fills all; without one, those that are not named are left to the benchmark.
    Where several of these are open, each may be data: only those named are wanted of them, which may be none.
    """
    is_any_required = any(target.is_required for target in targets)
    wanted = [
        target for target in targets if target.is_required or target.name in named or (has_main and not is_any_required)
    ]
    if sum(target.is_open for target in wanted) < 2:
        return wanted
    return [target for target in wanted if not target.is_open or target.name in named]


def _files(benchmark: JSON, suffix: str, form: Format) -> list[NotebookTarget]:
    return [
        NotebookTarget(
            parameter["name"],
            form,
            path=parameter["target"] if parameter.get("isTargetOpen") else None,
            is_required=bool(parameter.get("isRequired")),
        )
        for parameter in benchmark["parameters"]
        if parameter.get("dtype") == "file" and str(parameter.get("target") or "").endswith(suffix)
    ]

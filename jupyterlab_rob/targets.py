"""Which of a benchmark's parameters a notebook fills, and in which form it is sent for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import InvalidInput
from .models import JSON

#: As what a notebook is sent: itself, or exported as a Python script.
Format = Literal["notebook", "script"]


@dataclass(frozen=True)
class NotebookTarget:
    """The parameter that the notebook fills.

    ``is_step``: the notebook itself becomes the step, with values for its own parameters (an ``actor``). Else it is a
    file that the benchmark's own commands run. ``path``: where the file goes, if the benchmark leaves that open.
    """

    name: str
    format: Format
    is_step: bool = False
    path: str | None = None


def notebook_target(benchmark: JSON) -> NotebookTarget:
    """The parameter of the benchmark's handle for the notebook: an ``actor``, else a notebook file, else a script.

    Raises:
        InvalidInput: The benchmark has none, or several of a kind.
    """
    actors = [parameter for parameter in benchmark["parameters"] if parameter.get("dtype") == "actor"]
    if actors:
        return NotebookTarget(_only(actors, benchmark)["name"], "notebook", is_step=True)
    kinds: tuple[tuple[str, Format], ...] = ((".ipynb", "notebook"), (".py", "script"))
    for suffix, form in kinds:
        files = [
            parameter
            for parameter in benchmark["parameters"]
            if parameter.get("dtype") == "file" and str(parameter.get("target") or "").endswith(suffix)
        ]
        if files:
            found = _only(files, benchmark)
            return NotebookTarget(found["name"], form, path=found["target"] if found.get("isTargetOpen") else None)
    raise InvalidInput(f"Benchmark {benchmark['name']} has no step that takes a notebook.")


def _only(found: list[JSON], benchmark: JSON) -> JSON:
    found = [parameter for parameter in found if parameter.get("isRequired")] or found
    if len(found) > 1:
        names = ", ".join(parameter["name"] for parameter in found)
        raise InvalidInput(f"Benchmark {benchmark['name']} takes several notebooks ({names}): not supported yet.")
    return found[0]

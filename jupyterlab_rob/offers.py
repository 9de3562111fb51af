"""What a benchmark gives to a notebook step, and whether the notebook's ``parameters`` cell takes it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from . import notebooks
from .models import JSON, Problem
from .splitting import TAG_PREFIX, Part
from .targets import NotebookTarget

_REFERENCE = re.compile(r"^\$\[\[(.+)\]\]$")


@dataclass(frozen=True)
class Offer:
    """Names of variables that a notebook's steps are given: ``all`` of them, those that are of use to it (``own``),
    and among these the ones that hold an output's path."""

    all: tuple[str, ...]
    own: tuple[str, ...]
    outputs: tuple[str, ...]


def offer(benchmark: JSON, target: NotebookTarget, arguments: Mapping[str, Any]) -> Offer:
    """What the parameter's steps in the benchmark's handle offer, with these arguments.

    A path that only other steps read or write is of no use to the notebook.
    """
    steps = benchmark.get("notebookSteps", [])
    mine = [step for step in steps if step["parameter"] == target.name]
    outputs = [path for step in mine for path in step.get("outputs", [])]
    read = [path for step in mine for path in step.get("inputs", [])]
    others = [path for step in mine for path in step.get("elsewhere", [])]
    for step in steps:
        if step not in mine:
            others += [*step.get("inputs", []), *step.get("outputs", [])]
    variables = {
        name: _value(value, benchmark, arguments) for step in mine for name, value in step.get("variables", {}).items()
    }
    own = [name for name, value in variables.items() if meets(value, [*read, *outputs]) or not meets(value, others)]
    return Offer(tuple(variables), tuple(own), tuple(name for name in own if meets(variables[name], outputs)))


def meets(value: object, paths: Iterable[object]) -> bool:
    """Whether ``value`` is one of these paths, or one of the two is in the other; that of all files says nothing."""
    if not isinstance(value, str) or not value:
        return False
    path = PurePosixPath(value)
    others = [other for other in (PurePosixPath(str(other)) for other in paths) if other.parts]
    return any(path in (other, *other.parents) or other in path.parents for other in others)


def check_parameters_cell(part: Part, offered: Offer, *, is_shared: bool = False) -> Iterator[Problem]:
    """What the ``parameters`` cell lacks of what is offered to the part of a notebook; ``is_shared``: there are other
    parts of the same one."""
    target, notebook = part.target, part.notebook
    subject = f"Step {target.name}" if is_shared else "The notebook"
    tag = f"`parameters` and `{TAG_PREFIX}{target.name}`" if is_shared else "`parameters`"
    index = notebooks.parameters_cell(notebook)
    if index is None and not target.is_step:
        yield Problem(
            "warning",
            f"{subject} has no `parameters` cell, so the benchmark can't tell it where its input is and where its "
            f"output is expected. Assign what its instructions name in one cell and tag it {tag}.",
        )
        return
    if index is None:
        example = ", ".join(offered.own) or "its inputs and outputs"
        yield Problem(
            "error",
            f"{subject} has no `parameters` cell, so the benchmark can't tell it {example}. Assign them in one cell "
            f"and tag it {tag}: select it, open the property inspector (gears, right sidebar), add the "
            f"{'tags' if is_shared else 'tag'}.",
        )
        return
    cell = index + 1
    if notebook["cells"][index]["cell_type"] != "code":
        yield Problem("error", f"Cell {cell} is tagged `parameters`, but it is not a code cell.", cell)
        return
    if is_shared:
        yield from _check_single(notebook, index)
    names = notebooks.parameter_names(notebook)
    if names is None or not offered.own:
        return
    whose = f"The `parameters` cell of step {target.name}" if is_shared else "The `parameters` cell"
    missing = [name for name in offered.own if name not in names]
    if len(missing) == len(offered.own):
        yield Problem(
            "error",
            f"{whose} assigns none of what the benchmark gives ({', '.join(offered.own)}): "
            f"assign {_listed(missing, names)} there.",
            cell,
        )
    elif offered.outputs and not names.intersection(offered.outputs):
        yield Problem(
            "error",
            f"{whose} does not assign {' or '.join(offered.outputs)}, so the notebook can't know where its "
            f"result is expected: assign {_listed(offered.outputs, names)} there.",
            cell,
        )
    elif missing:
        yield Problem(
            "warning",
            f"{whose} does not assign {_listed(missing, names)}: what the benchmark gives there is not used.",
            cell,
        )


def _check_single(notebook: JSON, first: int) -> Iterator[Problem]:
    """Of several such cells, as when steps have one each and one in common, papermill fills the first; the next would
    undo that."""
    for index, cell in enumerate(notebook["cells"][first + 1 :], first + 1):
        if cell["cell_type"] == "code" and notebooks.PARAMETERS_TAG in notebooks.tags(cell):
            yield Problem(
                "warning",
                f"Cell {index + 1} is tagged `parameters` as well as cell {first + 1}, but only the first one of a "
                "step is filled by the benchmark. Put what both assign into one.",
                index + 1,
            )


def _value(value: Any, benchmark: JSON, arguments: Mapping[str, Any]) -> Any:
    """The value of a variable, which may be that of one of the benchmark's parameters."""
    reference = _REFERENCE.match(value) if isinstance(value, str) else None
    if reference is None:
        return value
    declared: JSON = next((p for p in benchmark["parameters"] if p["name"] == reference[1]), {})
    # Of a file the variable holds the place.
    return declared.get("target") or arguments.get(reference[1], declared.get("defaultValue"))


def _listed(missing: Collection[str], names: Collection[str]) -> str:
    """The missing names; a misspelt one with what was perhaps meant."""
    texts = []
    for name in missing:
        close = difflib.get_close_matches(name, names, n=1)
        texts.append(f"{name} (you have {close[0]})" if close else name)
    return ", ".join(texts)

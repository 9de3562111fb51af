"""Which notebook fills which of a benchmark's parameters, and what of it: one notebook may hold several steps.

A cell belongs to the parameters that its tags name (``rob:NAME``), and to all when they name none. Pure functions on
notebooks' JSON; docs/protocol.md has the rules.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from . import notebooks
from .errors import InvalidInput
from .models import JSON, Problem
from .targets import NotebookTarget, notebook_targets, wanted_targets

#: A cell with the tag ``rob:tagger`` is for the parameter ``tagger``.
TAG_PREFIX = "rob:"

# By these papermill finds the cell that it fills, even when it is no code any more.
_PAPERMILLS_TAGS = (notebooks.PARAMETERS_TAG, notebooks.INJECTED_TAG)


@dataclass(frozen=True)
class Source:
    """A notebook as it was given: its file's name, and its JSON as :func:`notebooks.validate` leaves it."""

    name: str
    notebook: JSON


@dataclass(frozen=True)
class Part:
    """What of a notebook is for one parameter.

    ``notebook`` has as many cells as the source, with the same ids; those that are for other parameters are empty.
    """

    target: NotebookTarget
    source: Source
    notebook: JSON

    def to_dict(self) -> JSON:
        """As ``rob/check`` answers it."""
        return {
            "parameter": self.target.name,
            "name": self.source.name,
            "format": self.target.format,
            "sha256": notebooks.digest(self.notebook),
            "cells": sum(cell["cell_type"] == "code" for cell in self.notebook["cells"]),
        }


def divide(benchmark: JSON, main: Source | None, own: Mapping[str, Source] | None = None) -> list[Part]:
    """What each of the benchmark's notebook parameters gets, in its order.

    Args:
        benchmark: The benchmark's handle.
        main: Fills all that is wanted and has no notebook of its own; None where nothing is left for it. Wanted is what
            it has cells for, too.
        own: Notebooks by parameter.

    Raises:
        InvalidInput: The benchmark takes no notebook, or none of such a name, or one is missing, or nobody knows which
            it takes.
    """
    own = own or {}
    targets = notebook_targets(benchmark)
    names = [target.name for target in targets]
    for name in own:
        if name not in names:
            close = difflib.get_close_matches(name[:100], names, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"It takes one for {listed(names, 'and')}."
            raise InvalidInput(f"Benchmark {benchmark['name']} takes no notebook for {name}. {hint}")
    tagged = {step for cell in _code_cells(main.notebook) for step in steps_of(cell, names)} if main else set()
    wanted = wanted_targets(targets, {*own, *tagged}, has_main=main is not None)
    may_be_data = [target.name for target in targets if target.is_open]
    if not wanted and len(may_be_data) > 1:
        raise InvalidInput(_which(may_be_data))
    missing = [target.name for target in wanted if target.name not in own]
    if main is None and (missing or not wanted):
        missing = missing or names
        way_out = "Give one." if len(missing) == 1 else "Give one that holds all of that, or one of its own for each."
        raise InvalidInput(f"No notebook is given for {listed(missing, 'and')}. {way_out}")
    parts = []
    for target in wanted:
        source = own.get(target.name, main)
        assert source is not None
        parts.append(Part(target, source, _split(source.notebook, target.name, names)))
    return parts


def require_use(parts: Iterable[Part], main: Source | None) -> None:
    """Raise InvalidInput when nothing is left for the main notebook: who has given it believes that it is sent."""
    filled = [part.target.name for part in parts]
    if main is not None and not any(part.source is main for part in parts):
        raise InvalidInput(
            f"Nothing is left for {main.name}: {listed(filled, 'and')} "
            f"{'has a notebook of its own' if len(filled) == 1 else 'have notebooks of their own'}. Leave one out."
        )


def check_split(parts: Collection[Part], names: Collection[str]) -> Iterator[tuple[Part, Problem]]:
    """What is wrong with the tags, and with which part; ``names`` are all of the benchmark's notebook parameters."""
    for part in parts:
        yield from ((part, problem) for problem in _check_tags(part, names))
    for part in parts:
        shared = [other for other in parts if other.source is part.source]
        if len(shared) > 1:
            lacking = [other for other in shared if not _has_own(other)] if shared[0] is part else []
            if lacking:
                message = _untagged([p.target.name for p in parts], [p.target.name for p in lacking], len(shared))
                yield lacking[0], Problem("error", message)
        elif _is_empty(part):
            yield part, Problem("error", _nothing_left(part.target.name))


def steps_of(cell: JSON, names: Collection[str]) -> list[str]:
    """Those of ``names`` for which the cell is tagged; none: the cell is for all."""
    named = [tag[len(TAG_PREFIX) :] for tag in notebooks.tags(cell) if tag.startswith(TAG_PREFIX)]
    return [name for name in named if name in names]


def is_left_out(cell: JSON, name: str, names: Collection[str]) -> bool:
    """Whether a cell of a notebook for the parameter ``name`` is for others only."""
    steps = steps_of(cell, names)
    return bool(steps) and name not in steps


def listed(names: Collection[str], word: str) -> str:
    """The names as they stand in a sentence: ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def _split(notebook: JSON, name: str, names: Collection[str]) -> JSON:
    cells = [_emptied(cell) if is_left_out(cell, name, names) else cell for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def _emptied(cell: JSON) -> JSON:
    """A cell in the place of one that is left out, so that the others keep their numbers."""
    tags = [tag for tag in notebooks.tags(cell) if tag not in _PAPERMILLS_TAGS]
    identity = {"id": cell["id"]} if "id" in cell else {}
    return {**identity, "cell_type": "raw", "metadata": {"tags": tags}, "source": ""}


def _has_own(part: Part) -> bool:
    return any(steps_of(cell, [part.target.name]) for cell in _code_cells(part.notebook))


def _is_empty(part: Part) -> bool:
    """Whether the split, and not the notebook's author, has left the part without code."""
    return bool(_code_cells(part.source.notebook)) and not _code_cells(part.notebook)


def _code_cells(notebook: JSON) -> list[JSON]:
    """The code cells that are not blank."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and notebooks.source(cell).strip()]


def _which(names: list[str]) -> str:
    tags = listed([f"`{TAG_PREFIX}{name}`" for name in names], "or")
    return (
        f"The server does not tell which of {listed(names, 'and')} are programs. Tag the cells of each that is one "
        f"with {tags}, or give a notebook of its own for it."
    )


def _nothing_left(name: str) -> str:
    return (
        f"No cell with code is left for {name}: all are tagged for other steps. Tag its cells with "
        f"`{TAG_PREFIX}{name}`, or take the tags of the others away."
    )


def _untagged(wanted: list[str], lacking: list[str], shared: int) -> str:
    takes = f"The benchmark takes {len(wanted)} notebooks ({', '.join(wanted)})"
    tags = listed([f"`{TAG_PREFIX}{name}`" for name in lacking], "or")
    if len(lacking) == shared:
        return f"{takes}. Tag the cells of each step with {tags}, or give a notebook of its own for each."
    return (
        f"{takes}, and no cell with code is tagged for {listed(lacking, 'and')}. Tag the cells of "
        f"{'that step' if len(lacking) == 1 else 'each of them'} with {tags}, or give a notebook of its own for "
        f"{'it' if len(lacking) == 1 else 'each'}."
    )


def _check_tags(part: Part, names: Collection[str]) -> Iterator[Problem]:
    """Tags that name no parameter; with a single one nobody needs any, and they may be meant for another benchmark."""
    if len(names) < 2:
        return
    unknown: dict[str, list[int]] = {}
    for number, cell in enumerate(part.source.notebook["cells"], 1):
        for tag in notebooks.tags(cell):
            if tag.startswith(TAG_PREFIX) and tag[len(TAG_PREFIX) :] not in names:
                unknown.setdefault(tag, []).append(number)
    for tag, cells in unknown.items():
        close = difflib.get_close_matches(tag[len(TAG_PREFIX) :][:100].strip(), list(names), n=1)
        known = listed([f"`{TAG_PREFIX}{name}`" for name in close or names], "or")
        more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
        yield Problem(
            "warning",
            f"Cell {cells[0]}{more} {'is' if len(cells) == 1 else 'are'} tagged `{tag}`, but the benchmark takes no "
            f"notebook for {tag[len(TAG_PREFIX) :]}. {'Did you mean' if close else 'There are'} {known}"
            f"{'?' if close else '.'}",
            cells[0],
        )

"""What would be refused, found before anything is sent.

``check`` compares notebooks, as they are divided among a benchmark's parameters, and arguments with the benchmark's
handle. Errors stop a submission, warnings do not.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from . import notebooks
from .arguments import coerce, coerce_freely, misfit, unsendable, unspeakable
from .export import check_script
from .models import JSON, Problem
from .names import check_names
from .offers import check_parameters_cell, offer
from .splitting import Part, Source, check_split
from .targets import notebook_targets

_CALLS = {
    "input": "uses input(): nobody can answer during a run, so it fails there",
    "getpass": "uses getpass(): nobody can answer during a run, so it fails there",
    "sys.exit": "calls sys.exit(): the rest of the notebook is skipped, and its output may be missing",
    "exit": "calls exit(): the kernel ends, and the run with it",
    "quit": "calls quit(): the kernel ends, and the run with it",
}


def check(parts: Collection[Part], benchmark: JSON, arguments: Mapping[str, Any]) -> list[Problem]:
    """All findings about the parts and ``arguments`` for the benchmark's handle, errors first.

    A problem counts cells as the notebook has them that was given. What two parts of one notebook have in common is
    told once.
    """
    names = [target.name for target in notebook_targets(benchmark)]
    found = [*check_split(parts, names)]
    for part in parts:
        found += [(part, problem) for problem in _check_part(part, parts, names, benchmark, arguments)]
    sources: list[Source] = []
    for part in parts:
        sources += [part.source] if part.source not in sources else []
    told: dict[tuple[int, Problem], Part] = {}
    for part, problem in found:
        told.setdefault((sources.index(part.source), problem), part)
    problems = [_attributed(problem, part, parts) for (_, problem), part in told.items()]
    problems += _check_arguments(parts, benchmark, arguments)
    return sorted(problems, key=lambda problem: problem.severity != "error")


def split_arguments(benchmark: JSON, arguments: Mapping[str, Any]) -> tuple[JSON, JSON]:
    """Arguments for the benchmark's own parameters, and those that travel to the notebooks'."""
    declared = {parameter["name"] for parameter in benchmark["parameters"]}
    own = {name: value for name, value in arguments.items() if name in declared and value is not None}
    return own, {name: value for name, value in arguments.items() if name not in declared}


def may_take(part: Part, name: str) -> bool:
    """Whether the part's ``parameters`` cell assigns ``name``, as far as can be told."""
    names = notebooks.parameter_names(part.notebook)
    return names is None or name in names


def coerce_arguments(benchmark: JSON, texts: Mapping[str, str]) -> JSON:
    """The values that texts from a command line stand for.

    Raises:
        InvalidInput: One does not fit its parameter.
    """
    declared = {parameter["name"]: parameter for parameter in benchmark["parameters"]}
    return {
        name: coerce(declared[name], text) if name in declared else coerce_freely(text) for name, text in texts.items()
    }


def _check_part(
    part: Part, parts: Collection[Part], names: Collection[str], benchmark: JSON, arguments: Mapping[str, Any]
) -> Iterator[Problem]:
    is_shared = any(other is not part and other.source == part.source for other in parts)
    yield from check_script(part.notebook) if part.target.format == "script" else _check_kernel(part.notebook)
    yield from check_parameters_cell(part, offer(benchmark, part.target, arguments), is_shared=is_shared)
    yield from _check_calls(part)
    yield from check_names(part, names)


def _attributed(problem: Problem, part: Part, parts: Collection[Part]) -> Problem:
    """The problem with the part that it is about, and with the notebook's name where there are several."""
    if len(parts) == 1:
        return problem
    others = [other.source for other in parts if other.source != part.source]
    message = problem.message
    if others:
        is_ambiguous = any(other.name == part.source.name for other in others)
        message = f"{part.source.name}{f' ({part.target.name})' if is_ambiguous else ''}: {message}"
    return replace(problem, message=message, notebook=part.target.name)


def _check_kernel(notebook: JSON) -> Iterator[Problem]:
    if notebooks.kernel_name(notebook) is None:
        yield Problem(
            "error", "The notebook has no kernel: choose one in JupyterLab (top right) and save the notebook."
        )


def _check_arguments(parts: Collection[Part], benchmark: JSON, arguments: Mapping[str, Any]) -> Iterator[Problem]:
    declared = {parameter["name"]: parameter for parameter in benchmark["parameters"]}
    filled = {part.target.name for part in parts}
    target = next(part.target for part in parts)
    inspected = [notebooks.parameter_names(part.notebook) for part in parts]
    own = {name for names in inspected for name in names or ()}
    variables = {name for part in parts for name in offer(benchmark, part.target, arguments).all}
    for name, value in arguments.items():
        if name in filled:
            yield Problem("error", f"{name} is the notebook itself and takes no other value.", parameter=name)
        elif name in declared:
            problem = None if value is None else misfit(declared[name], value) or unsendable(value)
            if problem:
                yield Problem("error", f"{name} {problem}.", parameter=name)
            elif value is not None and benchmark.get("valuesInCommands"):
                yield from _check_command_value(name, declared[name], value)
        elif name in variables:
            yield Problem("error", f"{name} is set by the benchmark and can't be chosen.", parameter=name)
        elif not target.is_step and name in own:
            yield Problem(
                "error",
                f"{name} can't be given: the notebook is sent as a {target.format} file, and the benchmark sets only "
                f"{_sentence(sorted(set(declared) - filled))}. Assign {name} in the notebook.",
                parameter=name,
            )
        elif not target.is_step or not any(may_take(part, name) for part in parts):
            known = sorted({*declared, *(own - variables if target.is_step else ())} - filled)
            yield Problem("error", f"There is no parameter {name}. {_suggestion(name, known)}", parameter=name)
        elif problem := unsendable(value):
            yield Problem("error", f"{name} {problem}.", parameter=name)
    for name, declaration in declared.items():
        is_missing = arguments.get(name) is None and declaration.get("defaultValue") is None
        if name not in filled and is_missing and declaration.get("isRequired"):
            yield Problem("error", f"{name} is missing: the benchmark needs a value for it.", parameter=name)


def _check_command_value(name: str, declaration: JSON, value: Any) -> Iterator[Problem]:
    if declaration.get("dtype") in ("string", "list", "record"):
        found = unspeakable(value)
        if found:
            severity, reason = found
            yield Problem(severity, f"{name} {reason}", parameter=name)


def _check_calls(part: Part) -> Iterator[Problem]:
    if notebooks.language(part.notebook) != "python":
        return
    for number, cell in enumerate(part.notebook["cells"], 1):
        tree = notebooks.python_tree(notebooks.source(cell)) if cell["cell_type"] == "code" else None
        called = {_dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)} if tree else set()
        # getpass.getpass() and getpass() are the same to the reader.
        called = {name.removeprefix("getpass.") for name in called}
        for name in sorted(called & _CALLS.keys()):
            said = (
                _CALLS[name] if part.target.format == "notebook" else _CALLS[name].replace("the kernel", "the program")
            )
            yield Problem("warning", f"Cell {number} {said}.", number)


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"There are: {', '.join(known)}." if known else "Neither the benchmark nor the notebook takes any."


def _sentence(names: list[str]) -> str:
    return ", ".join(names) if names else "what its commands say"


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""

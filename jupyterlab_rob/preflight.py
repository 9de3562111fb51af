"""What would be refused, found before anything is sent.

``check`` compares a notebook and arguments with a benchmark's handle. Errors stop a submission, warnings do not.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from . import notebooks
from .arguments import coerce, coerce_freely, misfit, unsendable, unspeakable
from .errors import InvalidInput
from .export import check_script
from .models import JSON, Problem
from .targets import NotebookTarget, notebook_target

_REFERENCE = re.compile(r"^\$\[\[(.+)\]\]$")

_CALLS = {
    "input": "uses input(): nobody can answer during a run, so it fails there",
    "getpass": "uses getpass(): nobody can answer during a run, so it fails there",
    "sys.exit": "calls sys.exit(): the rest of the notebook is skipped, and its output may be missing",
    "exit": "calls exit(): the kernel ends, and the run with it",
    "quit": "calls quit(): the kernel ends, and the run with it",
}


def check(notebook: JSON, benchmark: JSON, arguments: Mapping[str, Any]) -> list[Problem]:
    """All findings about ``notebook`` and ``arguments`` for the benchmark's handle, errors first."""
    try:
        target = notebook_target(benchmark)
    except InvalidInput as error:
        return [Problem("error", error.message)]
    problems = [
        *(check_script(notebook) if target.format == "script" else _check_kernel(notebook)),
        *_check_parameters_cell(notebook, benchmark, target, arguments),
        *_check_arguments(notebook, benchmark, target, arguments),
        *_check_calls(notebook, target),
    ]
    return sorted(problems, key=lambda problem: problem.severity != "error")


def split_arguments(benchmark: JSON, arguments: Mapping[str, Any]) -> tuple[JSON, JSON]:
    """Arguments for the benchmark's own parameters, and those that travel to the notebook's."""
    declared = {parameter["name"] for parameter in benchmark["parameters"]}
    own = {name: value for name, value in arguments.items() if name in declared and value is not None}
    return own, {name: value for name, value in arguments.items() if name not in declared}


def coerce_arguments(benchmark: JSON, texts: Mapping[str, str]) -> JSON:
    """The values that texts from a command line stand for.

    Raises:
        InvalidInput: One does not fit its parameter.
    """
    declared = {parameter["name"]: parameter for parameter in benchmark["parameters"]}
    return {
        name: coerce(declared[name], text) if name in declared else coerce_freely(text) for name, text in texts.items()
    }


def _check_kernel(notebook: JSON) -> Iterator[Problem]:
    if notebooks.kernel_name(notebook) is None:
        yield Problem(
            "error", "The notebook has no kernel: choose one in JupyterLab (top right) and save the notebook."
        )


def _check_parameters_cell(
    notebook: JSON, benchmark: JSON, target: NotebookTarget, arguments: Mapping[str, Any]
) -> Iterator[Problem]:
    index = notebooks.parameters_cell(notebook)
    variables, outputs = _offer(benchmark, target, arguments)
    if index is None and not target.is_step:
        yield Problem(
            "warning",
            "The notebook has no `parameters` cell, so the benchmark can't tell it where its input is and where its "
            "output is expected. Assign what its instructions name in one cell and tag it `parameters`.",
        )
        return
    if index is None:
        example = ", ".join(variables) or "its inputs and outputs"
        yield Problem(
            "error",
            f"The notebook has no `parameters` cell, so the benchmark can't tell it {example}. Assign them in one cell "
            "and tag it `parameters`: select it, open the property inspector (gears, right sidebar), add the tag.",
        )
        return
    cell = index + 1
    if notebook["cells"][index]["cell_type"] != "code":
        yield Problem("error", f"Cell {cell} is tagged `parameters`, but it is not a code cell.", cell)
        return
    names = notebooks.parameter_names(notebook)
    if names is None or not variables:
        return
    missing = [name for name in variables if name not in names]
    if len(missing) == len(variables):
        yield Problem(
            "error",
            f"The `parameters` cell assigns none of what the benchmark gives ({', '.join(variables)}): "
            f"assign {_listed(missing, names)} there.",
            cell,
        )
    elif outputs and not names.intersection(outputs):
        yield Problem(
            "error",
            f"The `parameters` cell does not assign {' or '.join(outputs)}, so the notebook can't know where its "
            f"result is expected: assign {_listed(outputs, names)} there.",
            cell,
        )
    elif missing:
        yield Problem(
            "warning",
            f"The `parameters` cell does not assign {_listed(missing, names)}: "
            "what the benchmark gives there is not used.",
            cell,
        )


def _check_arguments(
    notebook: JSON, benchmark: JSON, target: NotebookTarget, arguments: Mapping[str, Any]
) -> Iterator[Problem]:
    declared = {parameter["name"]: parameter for parameter in benchmark["parameters"]}
    own = notebooks.parameter_names(notebook)
    variables, _ = _offer(benchmark, target, arguments)
    for name, value in arguments.items():
        if name == target.name:
            yield Problem("error", f"{name} is the notebook itself and takes no other value.", parameter=name)
        elif name in declared:
            problem = None if value is None else misfit(declared[name], value) or unsendable(value)
            if problem:
                yield Problem("error", f"{name} {problem}.", parameter=name)
            elif value is not None and benchmark.get("valuesInCommands"):
                yield from _check_command_value(name, declared[name], value)
        elif name in variables:
            yield Problem("error", f"{name} is set by the benchmark and can't be chosen.", parameter=name)
        elif not target.is_step and own and name in own:
            yield Problem(
                "error",
                f"{name} can't be given: the notebook is sent as a {target.format} file, and the benchmark sets only "
                f"{_sentence(sorted(set(declared) - {target.name}))}. Assign {name} in the notebook.",
                parameter=name,
            )
        elif not target.is_step or (own is not None and name not in own):
            own_known = set(own or ()).difference(variables) if target.is_step else set()
            known = sorted({*declared, *own_known} - {target.name})
            yield Problem("error", f"There is no parameter {name}. {_suggestion(name, known)}", parameter=name)
        elif problem := unsendable(value):
            yield Problem("error", f"{name} {problem}.", parameter=name)
    for name, declaration in declared.items():
        is_missing = arguments.get(name) is None and declaration.get("defaultValue") is None
        if name != target.name and is_missing and declaration.get("isRequired"):
            yield Problem("error", f"{name} is missing: the benchmark needs a value for it.", parameter=name)


def _check_command_value(name: str, declaration: JSON, value: Any) -> Iterator[Problem]:
    if declaration.get("dtype") in ("string", "list", "record"):
        found = unspeakable(value)
        if found:
            severity, reason = found
            yield Problem(severity, f"{name} {reason}", parameter=name)


def _check_calls(notebook: JSON, target: NotebookTarget) -> Iterator[Problem]:
    if notebooks.language(notebook) != "python":
        return
    for number, cell in enumerate(notebook["cells"], 1):
        tree = notebooks.python_tree(notebooks.source(cell)) if cell["cell_type"] == "code" else None
        called = {_dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)} if tree else set()
        # getpass.getpass() and getpass() are the same to the reader.
        called = {name.removeprefix("getpass.") for name in called}
        for name in sorted(called & _CALLS.keys()):
            said = _CALLS[name] if target.format == "notebook" else _CALLS[name].replace("the kernel", "the program")
            yield Problem("warning", f"Cell {number} {said}.", number)


def _offer(benchmark: JSON, target: NotebookTarget, arguments: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Names of the variables that the notebook's steps are given, and those among them that hold an output's path."""
    declared = {parameter["name"]: parameter for parameter in benchmark["parameters"]}
    variables: dict[str, bool] = {}
    for step in benchmark.get("notebookSteps", []):
        if step["parameter"] != target.name:
            continue
        paths = {str(path).rstrip("/") for path in step.get("outputs", [])}
        for name, value in step.get("variables", {}).items():
            reference = _REFERENCE.match(value) if isinstance(value, str) else None
            if reference:
                default = declared.get(reference[1], {}).get("defaultValue")
                value = arguments.get(reference[1], default)
            is_output = isinstance(value, str) and any(
                path == value.rstrip("/") or path.startswith(value.rstrip("/") + "/") for path in paths if value
            )
            variables[name] = variables.get(name, False) or is_output
    return list(variables), [name for name, is_output in variables.items() if is_output]


def _listed(missing: list[str], names: Collection[str]) -> str:
    """The missing names; a misspelt one with what was perhaps meant."""
    texts = []
    for name in missing:
        close = difflib.get_close_matches(name, names, n=1)
        texts.append(f"{name} (you have {close[0]})" if close else name)
    return ", ".join(texts)


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

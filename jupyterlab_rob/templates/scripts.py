"""The evaluation's own Python files: calls that would run what a participant has put into a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .findings import Finding
from .folder import Folder, Unreadable, covered, normal
from .leaks import own_steps
from .nodes import Node
from .results import is_made
from .steps import Step

_UNPICKLES = frozenset(
    {
        "cloudpickle.load",
        "cloudpickle.loads",
        "dill.load",
        "dill.loads",
        "joblib.load",
        "pandas.read_pickle",
        "pickle.Unpickler",
        "pickle.load",
        "pickle.loads",
        "shelve.open",
    }
)
#: These unpickle with, or without, a keyword of this value.
_WITH = {"numpy.load": ("allow_pickle", True)}
_WITHOUT = {"torch.load": ("weights_only", True)}


def check_scripts(workflow: Node, steps: list[Step], folder: Folder, *, given: bool = False) -> Iterator[Finding]:
    """Warnings for scripts of steps that read what participants' steps made; ``given``: all steps read such files."""
    theirs = {normal(path.value) for step in steps if step.parameter is not None for path in step.outputs}
    for step in steps if given else own_steps(steps):
        if given or step.inputs is None or any(is_made(path.value, theirs) for path in step.inputs):
            for name in sorted(_scripts(step, workflow, folder)):
                yield from _check_script(name, folder)


def _scripts(step: Step, workflow: Node, folder: Folder) -> set[str]:
    """The Python files that the step is given; where it is given everything, those beside the ones that it calls."""
    if step.inputs is not None:
        names = {file for path in step.inputs for file in covered(normal(path.value), folder.files)}
    else:
        called = {word for word in step.words(workflow) if word in folder.files}
        names = {file for word in called if "/" in word for file in covered(word.rpartition("/")[0], folder.files)}
        names |= called
    return {name for name in names if name.endswith(".py")}


def _check_script(name: str, folder: Folder) -> Iterator[Finding]:
    try:
        tree = ast.parse(folder.read(name))
        names = _imported(tree)
        calls = [(call.lineno, _called(call, names)) for call in ast.walk(tree) if isinstance(call, ast.Call)]
    except Unreadable as error:
        yield Finding("warning", name, None, f"The script {error}.")
        return
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        said = getattr(error, "msg", None) or "it can't be parsed"
        yield Finding("warning", name, line, f"This is no Python that is understood here: {said}.")
        return
    for line, called in calls:
        if called is not None:
            yield Finding(
                "warning",
                name,
                line,
                f"`{called}` runs code that the file may hold, and the step with this script reads files that "
                "participants write; exchange text, JSON or plain arrays (`numpy.load` without pickles) instead.",
            )


def _imported(tree: ast.AST) -> dict[str, str]:
    """What the names that are imported stand for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def _called(call: ast.Call, names: dict[str, str]) -> str | None:
    """The full name of what is called, if that unpickles."""
    parts: list[str] = []
    function = call.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return None
    name = ".".join([names.get(function.id, function.id), *reversed(parts)])
    keywords = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
    if name in _WITH:
        return name if (keywords.get(_WITH[name][0]) is _WITH[name][1]) else None
    if name in _WITHOUT:
        return name if keywords.get(_WITHOUT[name][0]) is not _WITHOUT[name][1] else None
    return name if name in _UNPICKLES or (name == "pandas.io.pickle.read_pickle") else None

"""The evaluation's own Python files: calls that would run what a participant has put into a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from .findings import Finding
from .folder import Folder, Unreadable, covered, normal
from .nodes import Node
from .parameters import Parameter
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
_WAY_OUT = (
    "Exchange plain arrays (`numpy.load` with `allow_pickle=False`), JSON or CSV instead, for your own files in this "
    "script, too."
)


class Scripts:
    """The Python files that steps are given which read what participants have written, each checked once."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._given: set[str] = set()
        #: Those that are run where participants' files are, and the first step that does so.
        self._run: dict[str, Step] = {}

    def of_workflow(self, workflow: Node, steps: list[Step], theirs: set[str]) -> None:
        """Look at the coordinator's steps; ``theirs`` is where files are that participants have written."""
        self._add(workflow, [step for step in steps if step.parameter is None and _is_given(step, theirs)], theirs)

    def of_postprocessing(self, workflow: Node, steps: list[Step], theirs: set[str]) -> None:
        """Look at the steps of post-processing; ``theirs`` is where files are that participants have written, if it is
        given any."""
        self._add(workflow, steps, theirs)

    def check(self) -> Iterator[Finding]:
        """Errors for scripts that would run what participants have put into a file; warnings for those that are only
        there beside them."""
        for name in sorted(self._given):
            yield from _check_script(name, self._folder, self._run.get(name))

    def _add(self, workflow: Node, steps: list[Step], theirs: set[str]) -> None:
        for step in steps:
            scripts = _scripts(step, workflow, self._folder)
            self._given |= scripts
            if _is_given(step, theirs):
                for name in _run(step, scripts, workflow, self._folder):
                    self._run.setdefault(name, step)


def written_by_participants(steps: list[Step], parameters: Mapping[str, Parameter]) -> set[str]:
    """Where files are that participants' steps write, or that participants upload."""
    made = {path.value for step in steps if step.parameter is not None for path in step.outputs}
    files = [parameter for parameter in parameters.values() if parameter.dtype == "file"]
    places = {file.target or (file.default.value if file.default is not None else None) for file in files}
    return {normal(path) for path in made | places if isinstance(path, str)}


def _is_given(step: Step, theirs: set[str]) -> bool:
    return bool(theirs) and (step.inputs is None or any(is_made(path.value, theirs) for path in step.inputs))


def _scripts(step: Step, workflow: Node, folder: Folder) -> set[str]:
    """The Python files that the step is given; where it is given everything, those beside the ones that it calls."""
    if step.inputs is not None:
        names = {file for path in step.inputs for file in covered(normal(path.value), folder.files)}
    else:
        called = {word for word in step.words(workflow) if word in folder.files}
        names = {file for word in called if "/" in word for file in covered(word.rpartition("/")[0], folder.files)}
        names |= called
    return {name for name in names if name.endswith(".py")}


def _run(step: Step, scripts: set[str], workflow: Node, folder: Folder) -> set[str]:
    """Those of ``scripts`` that the step runs: the ones that its commands name and what these import; all, where
    nobody can tell."""
    words = {PurePosixPath(word).name for word in step.words(workflow)}
    found = {name for name in scripts if PurePosixPath(name).name in words} or scripts
    waiting = list(found)
    while waiting:
        new = (_imported_files(waiting.pop(), folder) & scripts) - found
        found |= new
        waiting += new
    return found


def _imported_files(name: str, folder: Folder) -> set[str]:
    """Where the modules would be that the script imports, if they lie beside it."""
    try:
        tree = ast.parse(folder.read(name))
    except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    place = PurePosixPath(name).parent
    modules = [module.split(".") for module in _imported(tree).values()]
    files = {place.joinpath(*parts[:end]) for parts in modules for end in range(1, len(parts) + 1)}
    return {str(path) for file in files for path in (file.with_suffix(".py"), file / "__init__.py")}


def _check_script(name: str, folder: Folder, step: Step | None) -> Iterator[Finding]:
    """``step``: one that runs the script and is given what participants write."""
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
        if called is None:
            continue
        runs = f"`{called}` runs code that the file may hold"
        if step is not None:
            yield Finding(
                "error",
                name,
                line,
                f"{runs}, and the step '{step.name}' with this script is given files that participants write: they "
                f"could read all that it reads, and write its results. {_WAY_OUT}",
            )
        else:
            yield Finding(
                "warning", name, line, f"{runs}; see that no participant can have written that file. {_WAY_OUT}"
            )


def _imported(tree: ast.AST) -> dict[str, str]:
    """What the names that are imported stand for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            module = f"{node.module}." if node.module else ""
            names.update({alias.asname or alias.name: f"{module}{alias.name}" for alias in node.names})
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

"""A notebook's cells as plain Python, and what stands in the way. Standard library only: it runs on every check."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from .. import notebooks
from ..models import JSON, Problem
from . import magics

# As nbclient takes them.
_SKIPPED_TAG = "skip-execution"
_RAISES_TAG = "raises-exception"

#: IPython's history: inputs and results of earlier cells.
HISTORY = re.compile(r"In|Out|_[ido]h|_i{0,3}|__|___|_i?\d+")


@dataclass(frozen=True)
class Cell:
    """What a script takes of a cell; ``number`` counts from 1 over all cells of the notebook."""

    number: int
    text: str
    #: None for a markdown cell.
    tree: ast.Module | None = None
    may_raise: bool = False


@dataclass
class Reading:
    """The cells that a script is made of, and all findings; with an error among these, the cells are incomplete."""

    cells: list[Cell] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: Magics that are left out.
    magics: list[str] = field(default_factory=list)
    #: Number of the cell after which the values from the command line are set; None without a `parameters` cell.
    parameters_cell: int | None = None

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    def nodes(self) -> Iterator[tuple[Cell, ast.AST]]:
        """All nodes of the syntax trees."""
        for cell in self.cells:
            for node in ast.walk(cell.tree) if cell.tree else ():
                yield cell, node


def read(notebook: JSON) -> Reading:
    """The cells of ``notebook`` that papermill would execute, and its markdown; the problems have errors first."""
    reading = Reading()
    language = notebooks.language(notebook)
    if language != "python":
        said = f"its language is {language}" if language else "its language is unknown: choose a kernel in JupyterLab"
        reading.problems.append(Problem("error", f"Only a Python notebook can be sent as a script; {said}."))
        return reading
    index = notebooks.parameters_cell(notebook)
    if index is not None and notebook["cells"][index]["cell_type"] == "code":
        reading.parameters_cell = index + 1
    for number, cell in enumerate(notebook["cells"], 1):
        _read_cell(reading, number, cell)
    if not reading.errors:
        reading.problems += _check_names(reading)
        reading.problems += _check_whole(reading)
    reading.problems.sort(key=lambda problem: problem.severity != "error")
    return reading


def defined_names(reading: Reading) -> frozenset[str]:
    """All names that the notebook gives a meaning anywhere: assigned, imported, defined or taken as an argument."""
    names: set[str] = set()
    for _, node in reading.nodes():
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return frozenset(names)


def imported_modules(reading: Reading) -> frozenset[str]:
    """The first parts of the names of all modules that the notebook imports."""
    names: set[str] = set()
    for _, node in reading.nodes():
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return frozenset(names)


def line_map(reading: Reading) -> tuple[str, list[tuple[int, int]]]:
    """The code of all cells in one text, and cell and line of each of its lines."""
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for cell in reading.cells:
        if cell.tree:
            text, _ = without_future(cell)
            own = text.split("\n")
            lines += own
            places += [(cell.number, line) for line in range(1, len(own) + 1)]
    return "\n".join(lines) + "\n", places


def without_future(cell: Cell) -> tuple[str, list[str]]:
    """The cell's text with ``pass`` for each import from ``__future__``, and the names of these.

    In a script they must come first.
    """
    assert cell.tree is not None
    text, names = cell.text.encode(), []
    starts = [0]
    for line in text.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    for node in reversed(cell.tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level:
            assert node.end_lineno is not None and node.end_col_offset is not None
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            text = text[:start] + b"pass" + b"\\\n" * text.count(b"\n", start, end) + text[end:]
            names += [alias.name for alias in node.names]
    return text.decode(), names


def compiled(text: str, flags: int = 0) -> SyntaxError | ValueError | None:
    """Why ``text`` is no Python; None when it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<notebook>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return error
    except (RecursionError, MemoryError):
        return ValueError("it is nested too deeply")
    return None


def _read_cell(reading: Reading, number: int, cell: JSON) -> None:
    # A single carriage return is a line's end for Python, and would end a comment.
    text = notebooks.source(cell).replace("\r\n", "\n").replace("\r", "\n")
    tags = notebooks.tags(cell)
    if cell["cell_type"] == "markdown":
        # What UTF-8 and Python can't hold must not end the comment.
        text = text.replace("\0", "").encode(errors="replace").decode()
        reading.cells.append(Cell(number, text))
    if cell["cell_type"] != "code":
        return
    if notebooks.INJECTED_TAG in tags:
        message = f"Cell {number} holds the values that papermill set in an earlier run and is left out of the script."
        reading.problems.append(Problem("warning", message, number))
        if reading.parameters_cell is not None:
            # Papermill puts new values where the old ones were.
            reading.parameters_cell = number
    if notebooks.INJECTED_TAG in tags or _SKIPPED_TAG in tags:
        reading.cells.append(Cell(number, "", ast.parse("")))
        return
    plain = magics.to_python(text)
    found = [Problem(f.severity, f"Cell {number}, line {f.line}: {f.message}", number) for f in plain.findings]
    reading.problems += found
    reading.magics += plain.magics
    if any(problem.severity == "error" for problem in found):
        return
    error = compiled(plain.text)
    if error:
        line = getattr(error, "lineno", None) or 1
        if compiled(plain.text, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT) is None:
            message = "`await` outside of a function works in notebooks only: use calls that need no `await`."
            reading.problems.append(_problem(number, line, message))
        else:
            reading.problems.append(_syntax_problem(number, line, error))
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(plain.text)
    reading.cells.append(Cell(number, plain.text, tree, _RAISES_TAG in tags))


def _check_names(reading: Reading) -> Iterator[Problem]:
    defined = defined_names(reading)
    for cell, node in reading.nodes():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id == "get_ipython":
                message = "`get_ipython()` exists in notebooks only: replace it by plain Python."
                yield _problem(cell.number, node.lineno, message)
            elif node.id not in defined and HISTORY.fullmatch(node.id):
                message = f"`{node.id}` is IPython's history of earlier cells: assign the value to a variable."
                yield _problem(cell.number, node.lineno, message)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for module in _ipython_modules(node):
                message = f"Cell {cell.number}, line {node.lineno}: {module} may be missing where the script runs."
                yield Problem("warning", message, cell.number)
        elif isinstance(node, ast.Attribute) and node.attr == "get_ipython":
            message = "`get_ipython()` exists in notebooks only: replace it by plain Python."
            yield _problem(cell.number, node.lineno, message)
        elif isinstance(node, ast.Module) and len(node.body) == 1 and isinstance(node.body[0], ast.Expr):
            # A name alone in its cell is a magic when it is nothing else.
            name = getattr(node.body[0].value, "id", None)
            if name in magics.AUTOMAGICS and name not in defined:
                yield _problem(cell.number, node.body[0].lineno, magics.refusal(str(name), str(name)))


def _ipython_modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Modules of IPython that are imported, without what a script brings along."""
    if isinstance(node, ast.Import):
        imported = [alias.name for alias in node.names]
    else:
        imported = [f"{node.module}.{alias.name}" for alias in node.names]
    brought = ("IPython.display", "IPython.core.display")
    return [
        name
        for name in imported
        if name.startswith("IPython.") and not f"{name}.".startswith(tuple(f"{b}." for b in brought))
    ]


def _check_whole(reading: Reading) -> Iterator[Problem]:
    """What is valid cell by cell, but not as one script, like ``global x`` after ``x`` was used."""
    text, places = line_map(reading)
    error = compiled(text)
    if error:
        number, line = places[min(len(places), getattr(error, "lineno", None) or 1) - 1]
        yield _syntax_problem(number, line, error)


def _syntax_problem(number: int, line: int, error: SyntaxError | ValueError) -> Problem:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return _problem(number, line, f"this is no valid Python ({said}).")


def _problem(number: int, line: int, message: str) -> Problem:
    return Problem("error", f"Cell {number}, line {line}: {message}", number)

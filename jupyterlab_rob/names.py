"""Names that the cells of one step use, but only cells of other steps give a meaning to: each step has its own kernel.

Python only, by syntax trees. Better silent than wrong: a name that the step's own cells bind anywhere is taken for
bound wherever it is used, and so is every name after ``from x import *``.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator

from . import notebooks
from .export.cells import HISTORY
from .models import JSON, Problem
from .splitting import Part, is_left_out, listed, steps_of

#: What a kernel provides beside the builtins and its history.
_KERNELS = frozenset({"display", "get_ipython", "exit", "quit", "__file__"})
_PROVIDED = frozenset(dir(builtins)) | _KERNELS


def check_names(part: Part, names: Collection[str]) -> Iterator[Problem]:
    """A warning for each such name, with the first cell that uses it; ``names`` are all of the benchmark's notebook
    parameters."""
    if notebooks.language(part.source.notebook) != "python":
        return
    name = part.target.name
    runs_in = "kernel" if part.target.format == "notebook" else "process"
    used: dict[str, int] = {}
    bound: set[str] = set()
    elsewhere: dict[str, set[str]] = {}
    for number, cell in enumerate(part.source.notebook["cells"], 1):
        tree = _tree(cell)
        if tree is None:
            continue
        if is_left_out(cell, name, names):
            for other in _bound(tree, outermost=True):
                elsewhere.setdefault(other, set()).update(steps_of(cell, names))
        else:
            found = _bound(tree)
            if "*" in found:
                return
            bound |= found
            for other in _used(tree):
                used.setdefault(other, number)
    for other, number in used.items():
        if other in elsewhere and other not in bound and not _is_provided(other):
            yield Problem(
                "warning",
                f"Cell {number} uses {other} in step {name}, but only cells of "
                f"{listed([step for step in names if step in elsewhere[other]], 'and')} assign it, and each step runs "
                f"in a {runs_in} of its own. Hand it on by a file, or remove the tag of the cell that assigns it.",
                number,
            )


def _tree(cell: JSON) -> ast.Module | None:
    return notebooks.python_tree(notebooks.source(cell)) if cell["cell_type"] == "code" else None


def _is_provided(name: str) -> bool:
    return name in _PROVIDED or HISTORY.fullmatch(name) is not None


def _used(tree: ast.Module) -> list[str]:
    """Names that are loaded anywhere, each once, in the order of their places."""
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    loads.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in loads))


def _bound(tree: ast.Module, *, outermost: bool = False) -> set[str]:
    """Names that are given a meaning, ``*`` for all of a module's.

    Args:
        outermost: Only those that other cells see: none that are local to a function, a class or a comprehension.
    """
    names: set[str] = set()
    # Without recursion: a long sum is a deep tree.
    nodes: list[tuple[ast.AST, bool]] = [(tree, False)]
    while nodes:
        node, is_local = nodes.pop()
        if isinstance(node, ast.Global):
            # Wherever it stands, it is for binding them outside.
            names.update(node.names)
        elif not (outermost and is_local):
            names.update(_binds(node))
        opens = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            # A comprehension's targets are its own; what `:=` binds in it is not.
            is_target = isinstance(node, ast.comprehension) and child is node.target
            nodes.append((child, is_local or opens or is_target))
    return names


def _binds(node: ast.AST) -> list[str]:
    """The names that this node binds by itself."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).partition(".")[0]]
    if isinstance(node, ast.arg):
        return [node.arg]
    # Functions, classes, handlers of exceptions, captures, and types that functions are generic in.
    name = node.rest if isinstance(node, ast.MatchMapping) else getattr(node, "name", None)
    return [name] if isinstance(name, str) else []

"""Names that the cells of one step use, but only cells of other steps give a meaning to: each step has its own kernel.

Python only, by syntax trees. Better silent than wrong: a name that the step's own cells bind anywhere is taken for
bound wherever it is used, and so is every name when one of these cells has ``from x import *``, a magic that may bind
anything, or what is no Python.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator

from . import notebooks
from .export.cells import HISTORY
from .models import Problem
from .splitting import Part, is_left_out, listed, steps_of

#: What a kernel provides beside the builtins and its history.
_KERNELS = frozenset({"display", "get_ipython", "exit", "quit", "__file__"})
_PROVIDED = frozenset(dir(builtins)) | _KERNELS

# Lines after which any name may be bound: by a module, a program, a store or a file.
_BINDS_ANY = re.compile(r"(?:[\w\s,]+=)?\s*(?:%time\s+)?%(?:pylab|run|loadpy|load|store\s(?:.*\s)?-r)\b")


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
        if cell["cell_type"] != "code":
            continue
        text = notebooks.source(cell)
        tree = notebooks.python_tree(text)
        if is_left_out(cell, name, names):
            for other in _bound_by_magics(text) | _bound(tree, outermost=True):
                elsewhere.setdefault(other, set()).update(steps_of(cell, names))
        else:
            found = _bound_by_magics(text) | _bound(tree)
            if tree is None or "*" in found:
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


def _is_provided(name: str) -> bool:
    return name in _PROVIDED or HISTORY.fullmatch(name) is not None


def _used(tree: ast.Module) -> list[str]:
    """Names that are loaded anywhere, each once, in the order of their places."""
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    loads.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in loads))


def _bound_by_magics(text: str) -> set[str]:
    """Names that a cell's magics give a meaning, ``*`` for any."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "").split()
    captured = [word for word in first[1:] if not word.startswith("-")] if first[:1] == ["%%capture"] else []
    return {*captured[:1], *("*" for line in lines if _BINDS_ANY.match(line))}


def _bound(tree: ast.Module | None, *, outermost: bool = False) -> set[str]:
    """Names that are given a meaning, ``*`` for all of a module's; none when there is no tree.

    Args:
        outermost: Only those that other cells see: none that are local to a function, a class or a comprehension.
    """
    names: set[str] = set()
    # Without recursion: a long sum is a deep tree.
    nodes: list[tuple[ast.AST, bool]] = [(tree, False)] if tree else []
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

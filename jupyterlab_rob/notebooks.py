"""Notebooks as JSON documents: parse, clean, digest, and the names in their ``parameters`` cell.

Pure functions on dicts, shared by the extension, the command line and the service. Neither nbformat nor papermill is
imported: each takes a second, and what is needed of them is little.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from .errors import InvalidInput
from .models import JSON

#: Tag of the cell after which papermill injects values.
PARAMETERS_TAG = "parameters"
#: Tag of the cell with values that papermill has injected; it replaces that cell by another.
INJECTED_TAG = "injected-parameters"

# What an execution or an editor leaves in a cell's metadata; it says nothing about the code.
_EPHEMERAL_CELL_METADATA = ("execution", "trusted")
# Cell magics that run the rest of the cell as Python.
_TRANSPARENT_MAGICS = ("%%time", "%%capture")
_HELP = re.compile(r"\s*[\w.]+\?{1,2}\s*")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w\s,]+=\s*)[!%].*$")


def parse(content: bytes | str, name: str = "The notebook") -> JSON:
    """The notebook in ``content``, checked by :func:`validate`.

    Raises:
        InvalidInput: It is empty, not JSON, or no notebook of format 4; the message begins with ``name``.
    """
    if not content.strip():
        raise InvalidInput(f"{name} is empty. Add a cell in JupyterLab and save it.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        # UnicodeDecodeError is a ValueError as well.
        raise InvalidInput(
            f"{name} is not JSON, so it is no notebook ({error}). Give a file made by JupyterLab."
        ) from error
    return validate(document, name)


def validate(document: object, name: str = "The notebook") -> JSON:
    """``document`` itself if it has the shape of a notebook of format 4 with at least one cell.

    Raises:
        InvalidInput: It has not; the message begins with ``name`` and tells the way out.
    """
    if not isinstance(document, dict) or not isinstance(document.get("nbformat"), int):
        raise InvalidInput(f"{name} is not a notebook: it has no `nbformat`. Give a file made by JupyterLab.")
    if document["nbformat"] < 4:
        raise InvalidInput(
            f"{name} has notebook format {document['nbformat']}, format 4 is needed. Open it in JupyterLab and save it."
        )
    if document["nbformat"] > 4:
        raise InvalidInput(f"{name} has notebook format {document['nbformat']}, which is not known here; format 4 is.")
    cells = document.get("cells")
    metadata = document.get("metadata", {})
    if not isinstance(cells, list) or not isinstance(metadata, dict) or not all(map(_is_cell, cells)):
        raise InvalidInput(
            f"{name} is damaged: its cells or metadata are malformed. Open it in JupyterLab and save it."
        )
    if not any(source(cell).strip() for cell in cells):
        raise InvalidInput(f"{name} is empty: it has no cell with content. Add one in JupyterLab and save it.")
    return document


def clean(notebook: JSON) -> JSON:
    """A copy without outputs, execution counts and widget state; the same for the same code.

    Lists of lines are joined, as nbformat does on reading: the file on disk and what the editor shows become equal.
    """
    metadata = {key: value for key, value in notebook.get("metadata", {}).items() if key != "widgets"}
    return {**notebook, "metadata": metadata, "cells": [_clean_cell(cell) for cell in notebook["cells"]]}


def dump(notebook: JSON) -> bytes:
    """Canonical JSON in UTF-8, for upload and digest."""
    text = json.dumps(notebook, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # JSON may hold half of a surrogate pair, which UTF-8 can't.
    return text.encode("utf-8", errors="replace")


def digest(notebook: JSON) -> str:
    """SHA-256 in hex of the notebook's code: of :func:`dump` of :func:`clean`."""
    return hashlib.sha256(dump(clean(notebook))).hexdigest()


def source(cell: JSON) -> str:
    """The cell's text; a file on disk has a list of lines."""
    text = cell.get("source", "")
    return "".join(text) if isinstance(text, list) else str(text)


def tags(cell: JSON) -> list[str]:
    """The cell's tags, as far as they are texts."""
    found = cell.get("metadata", {}).get("tags")
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def kernel_name(notebook: JSON) -> str | None:
    """The name of the notebook's kernelspec; None when it has none, as before its first save."""
    return _kernelspec(notebook).get("name") or None


def language(notebook: JSON) -> str | None:
    """The notebook's language in lower case as far as its metadata tell; None when they don't."""
    info = notebook.get("metadata", {}).get("language_info")
    name = (info.get("name") if isinstance(info, dict) else None) or _kernelspec(notebook).get("language")
    if not name and str(kernel_name(notebook)).startswith("python"):
        name = "python"
    return str(name).lower() if name else None


def parameters_cell(notebook: JSON) -> int | None:
    """Index of the first cell tagged ``parameters``, the one that papermill uses; None without one."""
    return next((index for index, cell in enumerate(notebook["cells"]) if PARAMETERS_TAG in tags(cell)), None)


def parameter_names(notebook: JSON) -> frozenset[str] | None:
    """Names assigned at the top level of the ``parameters`` cell; empty without such a cell.

    None when they can't be told: the language is not Python or the cell does not parse.
    """
    if language(notebook) != "python":
        return None
    index = parameters_cell(notebook)
    if index is None:
        return frozenset()
    tree = python_tree(source(notebook["cells"][index]))
    return None if tree is None else frozenset(_assigned_names(tree))


def python_tree(text: str) -> ast.Module | None:
    """The syntax tree of a cell in IPython's Python; None when it does not parse.

    Magics, help and shell lines are blanked, but only where there are any: a line of plain Python, or of a text in
    it, may look like one.
    """
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[first].startswith("%%"):
        if not lines[first].startswith(_TRANSPARENT_MAGICS):
            return None
        lines[first] = ""
    return _parsed(lines) or _parsed(map(_without_magic, lines))


def _parsed(lines: Iterable[str]) -> ast.Module | None:
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _without_magic(line: str) -> str:
    stripped = line.strip()
    if stripped.startswith(("%", "!", "?")) or _HELP.fullmatch(line):
        # `pass` keeps a block like `if x:` from being empty.
        return line[: len(line) - len(line.lstrip())] + "pass"
    return _ASSIGNED_MAGIC.sub(r"\1None", line)


def _assigned_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for statement in tree.body:
        targets: list[Any] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            # A target like `a, (b, c)` holds names; `options["x"]` and `self.x` only read theirs.
            names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names


def _clean_cell(cell: JSON) -> JSON:
    metadata = {k: v for k, v in cell.get("metadata", {}).items() if k not in _EPHEMERAL_CELL_METADATA}
    cleaned = {**cell, "metadata": metadata, "source": source(cell)}
    if cell["cell_type"] == "code":
        cleaned.update(outputs=[], execution_count=None)
    if isinstance(cell.get("attachments"), dict):
        cleaned["attachments"] = {name: _join_lines(bundle) for name, bundle in cell["attachments"].items()}
    return cleaned


def _join_lines(bundle: Any) -> Any:
    if not isinstance(bundle, dict):
        return bundle
    return {mime: "".join(map(str, data)) if isinstance(data, list) else data for mime, data in bundle.items()}


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("metadata", {}), dict)
        and isinstance(cell.get("source", ""), (str, list))
    )


def _kernelspec(notebook: JSON) -> JSON:
    kernelspec = notebook.get("metadata", {}).get("kernelspec")
    return kernelspec if isinstance(kernelspec, dict) else {}

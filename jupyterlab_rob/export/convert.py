"""The work of the export's child process: papermill reads the parameters, nbconvert writes the script."""

# nbformat and nbconvert have no types.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

import nbformat
from nbconvert.exporters import PythonExporter
from papermill import inspect_notebook

from .. import notebooks
from ..models import JSON, Problem
from . import cells, front
from .cells import Cell, Reading

_GUARD = "except (Exception, SystemExit):\n    __import__('traceback').print_exc()"


def convert(notebook: JSON, name: str) -> JSON:
    """``{content, options}`` of the script, or ``{problems}`` where it is refused."""
    reading = cells.read(notebook)
    if reading.errors:
        return {"problems": [problem.to_dict() for problem in reading.errors]}
    options = _options(notebook, reading)
    parts = [_header(notebook, name, reading), *_support(reading, options), *_body(reading)]
    document = nbformat.v4.new_notebook(cells=parts)
    content, _ = PythonExporter(exclude_input_prompt=True).from_notebook_node(document)
    error = cells.compiled(content)
    if error or content.count("get_ipython()") > sum(part.source.count("get_ipython()") for part in parts):
        # The check has found every cell to be plain Python. IPython, which nbconvert asks, must find so as well.
        message = f"The notebook can't become a script: {error or 'it uses syntax that only IPython knows'}."
        return {"problems": [Problem("error", message).to_dict()]}
    return {"content": content, "options": [option.name for option in options]}


def _options(notebook: JSON, reading: Reading) -> list[front.Option]:
    """The variables of the `parameters` cell in their order, as papermill reads them.

    Papermill reads line by line and misses some, or takes a ``#`` in a text for a comment; there Python's own reading
    counts.
    """
    index = notebooks.parameters_cell(notebook)
    cell = next((cell for cell in reading.cells if index is not None and cell.number == index + 1), None)
    if index is None or cell is None or cell.tree is None:
        return []
    names = notebooks.parameter_names(notebook) or frozenset()
    read = _inspect(cell)
    options: dict[str, front.Option] = {}
    stores = [node for node in ast.walk(cell.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    for node in sorted(stores, key=lambda node: (node.lineno, node.col_offset)):
        if node.id in names and node.id not in options:
            options[node.id] = front.Option(node.id)
    target: ast.expr
    for statement in cell.tree.body:
        if isinstance(statement, ast.AnnAssign):
            target, annotation = statement.target, ast.unparse(statement.annotation)
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, annotation = statement.targets[0], ""
        else:
            continue
        if isinstance(target, ast.Name) and target.id in options:
            options[target.id] = _option(target.id, annotation, statement.value, read.get(target.id))
    return list(options.values())


def _option(name: str, annotation: str, value: ast.expr | None, read: JSON | None) -> front.Option:
    default = ast.unparse(value) if value else ""
    if read is None or not _is_same(read["default"], value):
        return front.Option(name, annotation, default)
    # Papermill says "None" of a type that is not given.
    said = read["inferred_type_name"]
    return front.Option(name, annotation or (said if said != "None" else ""), read["default"], read["help"])


def _is_same(text: str, value: ast.expr | None) -> bool:
    try:
        return value is not None and ast.dump(ast.parse(text, mode="eval").body) == ast.dump(value)
    except (SyntaxError, ValueError):
        return False


def _inspect(cell: Cell) -> dict[str, JSON]:
    code = nbformat.v4.new_code_cell(cell.text, metadata={"tags": [notebooks.PARAMETERS_TAG]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = nbformat.v4.new_notebook(cells=[code], metadata={"kernelspec": kernel})
    read: dict[str, JSON] = inspect_notebook(document)
    return read


def _header(notebook: JSON, name: str, reading: Reading) -> nbformat.NotebookNode:
    shown = re.sub(r"[^\w .()-]+", "_", re.split(r"[/\\]", name)[-1])
    lines = [
        f"# Made by jupyterlab-rob from the notebook {shown};",
        f"# SHA-256 of its code: {notebooks.digest(notebook)}",
    ]
    future = [name for cell in reading.cells if cell.tree for name in cells.without_future(cell)[1]]
    if future:
        lines.append(f"from __future__ import {', '.join(dict.fromkeys(future))}")
    return _code("\n".join(lines))


def _support(reading: Reading, options: list[front.Option]) -> Iterator[nbformat.NotebookNode]:
    text = _text(reading)
    modules = cells.imported_modules(reading)
    name = front.free_name("_rob_options", text)
    if reading.parameters_cell is not None or "sys.argv" not in text:
        ending = "" if reading.parameters_cell is not None else f"\ndel {name}"
        call = f"{name} = {name}({front.declaration(options)}){ending}"
        yield _code(f"{front.OPTIONS.format(name=name)}\n\n{call}")
    if _draws(reading):
        yield _code(front.BACKEND)
    if _saves_figures(reading):
        yield _code(front.FIGURES.format(name=front.free_name("_rob_close_figures", text)))
    if "IPython" in modules:
        name = front.free_name("_rob_ipython", text)
        yield _code(f"{front.IPYTHON.format(name=name)}\n\n{name}()\ndel {name}")
    used = {node.id for _, node in reading.nodes() if isinstance(node, ast.Name)}
    if "display" in used - cells.defined_names(reading):
        yield _code(front.DISPLAY)


def _body(reading: Reading) -> Iterator[nbformat.NotebookNode]:
    text = _text(reading)
    ending = f"{front.free_name('_rob_close_figures', text)}()" if _saves_figures(reading) else ""
    for cell in reading.cells:
        if cell.tree is None:
            yield nbformat.v4.new_markdown_cell(cell.text)
            continue
        if cell.text.strip():
            own, _ = cells.without_future(cell)
            own = _guarded(own, cell.tree) if cell.may_raise else own.strip("\n")
            yield _code(f"# Cell {cell.number}\n{own}\n{ending}".rstrip("\n"))
        if cell.number == reading.parameters_cell:
            name = front.free_name("_rob_options", text)
            yield _code(f"{name}(globals())\ndel {name}")


def _guarded(text: str, tree: ast.Module) -> str:
    """``text`` in a ``try``: after an error in this cell the notebook goes on."""
    # Lines that begin inside a string are part of it.
    strings: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
            strings.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.split("\n"), 1)
    indented = [line if number in strings else textwrap.indent(line, "    ") for number, line in lines]
    return "\n".join(["try:", *indented, "    pass", _GUARD])


def _draws(reading: Reading) -> bool:
    return bool(cells.imported_modules(reading) & {"matplotlib", "pylab", "seaborn"}) or _saves_figures(reading)


def _saves_figures(reading: Reading) -> bool:
    """Whether figures that stay open would show in a later file. Interactive ones stay open in a notebook, too."""
    modes = [words[1:] for words in map(str.split, reading.magics) if words[:1] == ["matplotlib"]]
    saves = any(isinstance(node, ast.Attribute) and node.attr == "savefig" for _, node in reading.nodes())
    return saves and all(mode == ["inline"] for mode in modes)


def _text(reading: Reading) -> str:
    return "\n".join(cell.text for cell in reading.cells)


def _code(text: str) -> nbformat.NotebookNode:
    cell: nbformat.NotebookNode = nbformat.v4.new_code_cell(text)
    return cell

"""The leaderboard's columns and the result files that are shown."""

from __future__ import annotations

from collections.abc import Iterator

from .findings import Finding
from .folder import covers, normal, outside
from .nodes import Node
from .shape import check_mapping, check_unique, nearest

_DTYPES = ("int", "float", "string")
_FORMER_DTYPES = {"decimal": "float", "integer": "int", "text": "string", "str": "string", "number": "float"}


def check_results(specification: Node) -> Iterator[Finding]:
    results = specification.get("results")
    if results is None or results.value is None:
        place = results or specification
        yield place.warning(
            "There are no `results`: without a file of metrics and its columns there is no leaderboard."
        )
        return
    yield from check_mapping(results, "'results'", {"file": "text", "schema": "list"}, {"orderBy": "list"})
    file, schema = results.get("file"), results.get("schema")
    if file is not None and isinstance(file.value, str) and outside(file.value):
        yield file.error(f"The metrics file '{file.value}' {outside(file.value)}.")
    if schema is not None and schema.value == []:
        yield schema.error("The leaderboard has no columns; add some to 'schema'.")
    for column in results.elements_of("schema"):
        yield from _check_column(column)
    for key, what in (("name", "column's name"), ("label", "column's label")):
        columns = results.elements_of("schema")
        yield from check_unique([child for column in columns if (child := column.get(key)) is not None], what)
    yield from _check_order(results)


def _check_column(column: Node) -> Iterator[Finding]:
    name = column.text("name")
    what = f"The column '{name}'" if name else "A column"
    yield from check_mapping(
        column, what, {"name": "text", "label": "text", "dtype": "text"}, {"path": "text", "required": "flag"}
    )
    dtype, path = column.get("dtype"), column.text("path")
    if dtype is not None and isinstance(dtype.value, str) and dtype.value not in _DTYPES:
        instead = _FORMER_DTYPES.get(dtype.value)
        hint = f"; write '{instead}'" if instead else nearest(dtype.value, _DTYPES)
        yield dtype.error(f"{what} has the unknown type '{dtype.value}' (known: {', '.join(_DTYPES)}){hint}")
    if path is not None and not all(path.split("/")):
        yield column.at("path").error(
            f"The path '{path}' has an empty part; write the keys that lead to the value, like 'scores/mean'."
        )
    if name == "":
        yield column.at("name").error("A column's name is empty; give it one.")


def _check_order(results: Node) -> Iterator[Finding]:
    order = results.elements_of("orderBy")
    names = [name for column in results.elements_of("schema") if (name := column.text("name")) is not None]
    if not order and names and results.text("file") is not None:
        yield results.warning(
            f"There is no 'orderBy': the leaderboard is ordered by '{names[0]}', highest first; name an order."
        )
    for entry in order:
        yield from check_mapping(entry, "An entry of 'orderBy'", {"name": "text"}, {"sortDesc": "flag"})
        name = entry.text("name")
        if name is not None and name not in names:
            hint = nearest(name, names) or "; name one of the schema."
            yield entry.error(f"There is no column '{name}' to order by{hint}")


def check_shown_files(section: Node, made: set[str], where: str) -> Iterator[Finding]:
    """The entries of an ``outputs`` section; ``made`` are the files that the steps of ``where`` make."""
    entries = section.elements_of("outputs")
    for entry in entries:
        yield from check_mapping(
            entry,
            "An entry of 'outputs'",
            {"source": "text"},
            {"key": "text", "title": "text", "caption": "text", "widget": "mapping", "format": "mapping"},
        )
        source = entry.text("source")
        if source is None:
            continue
        if outside(source):
            yield entry.at("source").error(f"The file '{source}' {outside(source)}.")
        elif not is_made(source, made):
            yield entry.at("source").error(
                f"No step of {where} makes '{source}'; add it to the `files.outputs` of the step that writes it."
            )
    yield from check_unique([node for entry in entries if (node := entry.get("source")) is not None], "output file")
    yield from check_unique([node for entry in entries if (node := entry.get("key")) is not None], "output's key")


def kept_files(specification: Node) -> list[Node]:
    """The names of the files that are kept of a run: those of the ``outputs`` section; without it, the workflow's."""
    shown = [source for entry in specification.elements_of("outputs") if (source := entry.get("source")) is not None]
    return [name for name in shown if isinstance(name.value, str)] or specification.texts_of(
        "workflow", "files", "outputs"
    )


def check_kept_files(specification: Node, made: set[str]) -> Iterator[Finding]:
    """Only single files are kept."""
    for node in kept_files(specification):
        name = normal(node.value)
        if node.value.endswith("/") or any(covers(name, other) and name != other for other in made):
            yield node.error(f"'{node.value}' is a folder, and only files are kept as results; name them one by one.")


def check_metrics_made(specification: Node, made: set[str]) -> Iterator[Finding]:
    """Whether a step makes the metrics file, and whether it is kept as a result."""
    node = specification.get("results", "file")
    if node is None or not isinstance(node.value, str) or outside(node.value):
        return
    if not is_made(node.value, made):
        yield node.error(
            f"No step makes the metrics file '{node.value}'; add it to the `files.outputs` of the evaluation's step."
        )
        return
    declared = {name.value for name in specification.texts_of("workflow", "files", "outputs")}
    if not is_made(node.value, declared):
        yield node.warning(f"The metrics file '{node.value}' is not among workflow.files.outputs; add it.")


def is_made(name: str, made: set[str]) -> bool:
    """Whether ``name``, a file or folder, is or holds what is made, or is in a folder that is."""
    return any(covers(normal(other), normal(name)) or covers(normal(name), normal(other)) for other in made)

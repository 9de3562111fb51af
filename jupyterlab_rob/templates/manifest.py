"""The manifest ``flowserv.yaml``: name, description, instructions and where the specification is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from .findings import Finding
from .folder import Folder, Unreadable, normal, outside
from .nodes import Node, parse
from .shape import check_mapping, is_kind

#: In the order in which they are tried.
MANIFESTS = ("flowserv.json", "flowserv.yaml", "flowserv.yml")
SPECIFICATIONS = tuple(
    f"{name}{suffix}" for name in ("benchmark", "workflow", "template") for suffix in (".yaml", ".yml", ".json")
)

_MAX_NAME = 512
_INCLUDE = re.compile(r"\{\{(.*?)\}\}")


def find_manifest(folder: Folder) -> tuple[Node | None, list[Finding]]:
    """The manifest and what is wrong with how it is found and read."""
    present = [name for name in MANIFESTS if name in folder.files]
    if not present:
        specification = find_specification(folder) or "benchmark.yaml"
        message = (
            "The manifest is missing. Write the file flowserv.yaml with the lines "
            f"`name: '…'`, `description: '…'`, `instructions: 'instructions.md'` and `specfile: '{specification}'`."
        )
        return None, [Finding("error", "flowserv.yaml", None, message)]
    findings = [
        Finding("warning", name, None, f"'{name}' is not read, since there is '{present[0]}'; take one of them away.")
        for name in present[1:]
    ]
    node, more = read_document(folder, present[0])
    return node, findings + more


def find_specification(folder: Folder) -> str | None:
    """The file that is the specification by its name."""
    return next((name for name in SPECIFICATIONS if name in folder.files), None)


def read_document(folder: Folder, name: str) -> tuple[Node | None, list[Finding]]:
    try:
        return parse(folder.read(name), name)
    except Unreadable as error:
        return None, [Finding("error", name, None, f"The file {error}.")]


def check_manifest(manifest: Node, folder: Folder) -> Iterator[Finding]:
    yield from check_mapping(
        manifest,
        "The manifest",
        {"name": "text", "specfile": "text"},
        {"description": "text", "instructions": "text", "files": "list"},
    )
    name = manifest.get("name")
    if name is not None and isinstance(name.value, str) and not 0 < len(name.value.strip()) <= _MAX_NAME:
        yield name.error(f"The benchmark's name must have 1 to {_MAX_NAME} characters.")
    for entry in manifest.elements_of("files"):
        yield from _check_copied(entry, folder)
    specfile = manifest.get("specfile")
    if specfile is not None and isinstance(specfile.value, str) and not folder.has(specfile.value):
        reason = outside(specfile.value) or "is no file of the folder; name the one with the workflow"
        yield specfile.error(f"The specification '{specfile.value}' {reason}.")
    yield from _check_instructions(manifest, folder)


def _check_copied(entry: Node, folder: Folder) -> Iterator[Finding]:
    yield from check_mapping(entry, "An entry of 'files'", {"source": "text"}, {"target": "text"})
    for key in ("source", "target"):
        path = entry.text(key)
        reason = outside(path) if path is not None else None
        if reason:
            yield entry.at(key).error(f"The {key} '{path}' {reason}.")
    source, target = entry.text("source"), entry.text("target")
    if source is None or outside(source):
        return
    if not folder.covered(source):
        yield entry.at("source").error(f"The file or folder '{source}' does not exist; add it or take the entry away.")
    if "target" in entry.value and target is None and not isinstance(entry.value["target"], str):
        yield from is_kind(entry.children["target"], "text", "'target'")
    elif target is not None and not outside(target) and normal(target) != normal(source):
        yield entry.at("target").error(
            f"Files keep their place here: move '{source}' to '{target}' and take the target away."
        )


def _check_instructions(manifest: Node, folder: Folder) -> Iterator[Finding]:
    node = manifest.get("instructions")
    if node is None:
        if isinstance(manifest.value, dict):
            yield manifest.warning("The manifest names no instructions; participants need to know what to do.")
        return
    if node.value is None:
        # Joined to the folder's path, which ends in an exception.
        yield node.error("'instructions' must be a text, the name of a file.")
        return
    if not isinstance(node.value, str):
        return
    try:
        text = folder.read(node.value)
    except Unreadable as error:
        yield node.error(f"The instructions '{node.value}' {error}.")
        return
    if not text.strip():
        yield Finding("warning", normal(node.value), None, "The instructions are empty; tell participants what to do.")
    yield from _check_included(normal(node.value), text, folder, (), set())


def _check_included(
    name: str, text: str, folder: Folder, including: tuple[str, ...], checked: set[str]
) -> Iterator[Finding]:
    """Each ``{{file}}`` in the text is replaced by the content of that file, relative to the text's own folder.

    ``including`` are the files on the way to this one, ``checked`` all that have been looked at.
    """
    checked.add(name)
    for match in _INCLUDE.finditer(text.strip()):
        line = text.count("\n", 0, text.find(text.strip()) + match.start()) + 1
        target = str(PurePosixPath(name).parent / match[1]) if match[1] else ""
        way_out = "name a file of the benchmark, or put a blank between the braces if no file is meant"
        try:
            content = folder.read(target)
        except Unreadable as error:
            reason = str(error).partition(";")[0]
            yield Finding("error", name, line, f"'{match[0]}' includes a file that {reason}; {way_out}.")
            continue
        if normal(target) in (*including, name):
            yield Finding("error", name, line, f"'{match[0]}' includes a file that includes itself; {way_out}.")
        elif normal(target) not in checked:
            yield from _check_included(normal(target), content, folder, (*including, name), checked)

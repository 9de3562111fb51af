"""Benchmarks for the tests of their administration: folders that a coordinator could have written, and archives."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from jupyterlab_rob.packing import pack

EVALUATE = """
import json, pathlib
truth = float(pathlib.Path("private/truth.txt").read_text())
guess = float(pathlib.Path("results/guess.txt").read_text())
json.dump({"off": abs(guess - truth), "guess": guess}, open("results/score.json", "w"))
"""
COLUMNS = ({"name": "off", "label": "Off by", "dtype": "float"},)


def write_benchmark(
    folder: Path,
    truth: float,
    *,
    name: str = "Guess",
    columns: tuple[dict[str, Any], ...] = COLUMNS,
    order: tuple[dict[str, Any], ...] = ({"name": "off", "sortDesc": False},),
    parameters: tuple[dict[str, Any], ...] = (),
    evaluate: str = EVALUATE,
) -> Path:
    """A benchmark whose notebook writes a number into ``outputfile``: the nearer to ``truth``, the better."""
    (folder / "private").mkdir(parents=True)
    (folder / "private" / "truth.txt").write_text(str(truth))
    (folder / "evaluate.py").write_text(evaluate)
    manifest = {"name": name, "description": f"The truth is {truth}.", "specfile": "benchmark.yaml"}
    (folder / "flowserv.yaml").write_text(json.dumps(manifest))
    steps = [
        {
            "name": "guess",
            "files": {"inputs": [], "outputs": ["results/guess.txt"]},
            "action": "$[[notebook]]",
        },
        {
            "name": "evaluate",
            "files": {
                "inputs": ["evaluate.py", "private/truth.txt", "results/guess.txt"],
                "outputs": ["results/score.json"],
            },
            "action": {"environment": "python", "commands": ["${python} evaluate.py"]},
        },
    ]
    specification = {
        "workflow": {
            "files": {
                "inputs": ["private/", "evaluate.py"],
                "outputs": ["results/guess.txt", "results/score.json"],
            },
            "parameters": {"outputfile": "results/guess.txt"},
            "steps": steps,
        },
        "parameters": [
            {"name": "notebook", "label": "Notebook", "dtype": "actor", "isRequired": True},
            *parameters,
        ],
        "results": {"file": "results/score.json", "schema": list(columns), "orderBy": list(order)},
    }
    (folder / "benchmark.yaml").write_text(json.dumps(specification))
    return folder


def guessing(number: object) -> str:
    """A cell that guesses."""
    return f"import pathlib\npathlib.Path(outputfile).write_text(str({number}))"


def packed(folder: Path) -> bytes:
    archive = io.BytesIO()
    pack(folder, archive)
    return archive.getvalue()


def archived(*members: tuple[tarfile.TarInfo, bytes], folder: Path | None = None) -> bytes:
    """An archive of these members, after the files of ``folder``."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", errors="surrogateescape") as tar:
        if folder is not None:
            for path in sorted(folder.rglob("*")):
                tar.add(path, path.relative_to(folder).as_posix(), recursive=False)
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o644
    return info


def bomb(size: int) -> bytes:
    """An archive, short as it is, of a file of ``size`` bytes."""
    head = tarfile.TarInfo("zeros.bin")
    head.size = size
    archive = io.BytesIO()
    with gzip.GzipFile(fileobj=archive, mode="wb") as compressed:
        compressed.write(head.tobuf())
        piece = bytes(1 << 20)
        for _ in range(size // len(piece)):
            compressed.write(piece)
        compressed.write(bytes(1024))
    return archive.getvalue()

"""A benchmark that takes two notebooks, and notebooks for it: the first step hands numbers on to the second.

The sum of the numbers, each to the power ``power``, is the answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .service.api import notebook

NUMBERS = (1, 2, 3)

_EVALUATE = """
import json, pathlib
off = abs(float(pathlib.Path("results/sum.txt").read_text()) - float(pathlib.Path("private/truth.txt").read_text()))
json.dump({"off": off}, open("results/score.json", "w"))
"""
# Not in the order of the alphabet.
PREPARE = {"name": "prepare", "label": "Preparation", "dtype": "actor", "isRequired": True}
ANSWER = {"name": "answer", "label": "Answer", "dtype": "actor", "isRequired": True}
FACTOR = {"name": "factor", "label": "Factor", "dtype": "int", "defaultValue": 1}
VARIABLES = {
    "numbers": "data/numbers.txt",
    "features": "features",
    "outputfile": "results/sum.txt",
    "scorefile": "results/score.json",
    "factor": "$[[factor]]",
}
_STEPS = [
    {
        "name": "prepare",
        "files": {"inputs": ["data/numbers.txt"], "outputs": ["features/"]},
        "action": "$[[prepare]]",
    },
    {"name": "answer", "files": {"inputs": ["features/"], "outputs": ["results/sum.txt"]}, "action": "$[[answer]]"},
    {
        "name": "evaluate",
        "files": {
            "inputs": ["evaluate.py", "private/truth.txt", "results/sum.txt"],
            "outputs": ["results/score.json"],
        },
        "action": {"environment": "python", "commands": ['"${python}" evaluate.py']},
    },
]

#: The benchmark's handle, as far as it matters before anything is sent.
HANDLE: dict[str, Any] = {
    "id": "relay",
    "name": "Relay",
    "parameters": [PREPARE, ANSWER, FACTOR],
    "notebookSteps": [
        {
            "parameter": step["name"],
            "step": step["name"],
            **step["files"],  # type: ignore[dict-item]
            "variables": VARIABLES,
            "elsewhere": ["results/score.json"],
        }
        for step in _STEPS[:2]
    ],
}


def write_relay(folder: Path, name: str = "Relay", *, by_file: bool = False) -> Path:
    """The benchmark in a new folder; with ``by_file`` the notebooks are files that its own steps execute."""
    parameters, steps = [PREPARE, ANSWER, FACTOR], _STEPS
    if by_file:
        targets = {name: f"submitted/{name}.ipynb" for name in ("prepare", "answer")}
        files = [{**p, "dtype": "file", "target": targets[str(p["name"])]} for p in (PREPARE, ANSWER)]
        parameters = [*files, FACTOR]
        steps = [
            {**step, "action": {"notebook": targets[str(step["name"])]} if step["name"] in targets else step["action"]}
            for step in steps
        ]
    texts = {
        "data/numbers.txt": " ".join(map(str, NUMBERS)),
        "private/truth.txt": str(sum(NUMBERS)),
        "evaluate.py": _EVALUATE,
        "instructions.md": "Add up.",
        "flowserv.yaml": json.dumps(
            {"name": name, "description": "Add up.", "instructions": "instructions.md", "specfile": "benchmark.yaml"}
        ),
        "benchmark.yaml": json.dumps(
            {
                "workflow": {
                    "files": {
                        "inputs": ["data/", "private/", "evaluate.py"],
                        "outputs": ["results/sum.txt", "results/score.json"],
                    },
                    "parameters": VARIABLES,
                    "steps": steps,
                },
                "parameters": parameters,
                "results": {
                    "file": "results/score.json",
                    "schema": [{"name": "off", "label": "Off by", "dtype": "float"}],
                    "orderBy": [{"name": "off", "sortDesc": False}],
                },
            }
        ),
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


_GIVEN = "numbers = ''\nfeatures = ''\npower = 1\nfactor = 1"
_TAKEN = "features = ''\noutputfile = ''\npower = 1\nfactor = 1"
_FIRST = (
    "pathlib.Path(features).mkdir(exist_ok=True)\n"
    "read = [int(word) for word in pathlib.Path(numbers).read_text().split()]\n"
    "(pathlib.Path(features) / 'n.txt').write_text(' '.join(str(number ** power) for number in read))"
)
_SECOND = (
    "powers = [int(word) for word in (pathlib.Path(features) / 'n.txt').read_text().split()]\n"
    "pathlib.Path(outputfile).write_text(str(factor * sum(powers)))"
)


def tagged(*cells: tuple[str, list[str]]) -> dict[str, Any]:
    """A notebook of code cells with these tags."""
    document = notebook(*(source for source, _ in cells), parameters=None)
    for cell, (_, tags) in zip(document["cells"], cells):
        cell["metadata"]["tags"] = tags
    return document


def split_notebook(first: str = _FIRST, second: str = _SECOND) -> dict[str, Any]:
    """One notebook for both steps; ``first`` is in its cell 3, ``second`` in its cell 5."""
    return tagged(
        ("import pathlib", []),
        (_GIVEN, ["parameters", "rob:prepare"]),
        (first, ["rob:prepare"]),
        (_TAKEN, ["parameters", "rob:answer"]),
        (second, ["rob:answer"]),
        ("print('done')", ["rob:prepare", "rob:answer"]),
    )


def first_notebook(source: str = _FIRST) -> dict[str, Any]:
    """A notebook for the step ``prepare`` alone."""
    return notebook("import pathlib", source, parameters=_GIVEN)


def second_notebook(source: str = _SECOND) -> dict[str, Any]:
    """A notebook for the step ``answer`` alone."""
    return notebook("import pathlib", source, parameters=_TAKEN)

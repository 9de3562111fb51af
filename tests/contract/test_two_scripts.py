"""A benchmark that runs two scripts, made of one notebook that is split or of two: at the published server and ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..protocol import make_notebook
from .asking import Panel
from .classic import ClassicServer

FIRST = (
    "inputfile = ''\ndifferences = ''",
    "with open(differences, 'w') as file:\n"
    "    for line in (list(map(int, line.split())) for line in open(inputfile)):\n"
    "        print(line[-1], (line[-1] - line[0]) // (len(line) - 1), file=file)",
)
SECOND = (
    "differences = ''\noutputfile = ''\nshift: int = 0",
    "with open(outputfile, 'w') as file:\n"
    "    for line in open(differences):\n"
    "        print(sum(map(int, line.split())) + shift, file=file)",
)


def split_notebook() -> dict[str, Any]:
    document = make_notebook(*FIRST, *SECOND)
    steps = ("prepare", "prepare", "code", "code")
    for number, (cell, step) in enumerate(zip(document["cells"], steps)):
        cell["metadata"]["tags"] = [f"rob:{step}", *(() if number % 2 else ("parameters",))]
    return document


@pytest.fixture
def stranger(jp_fetch: Callable[..., Any]) -> Panel:
    return Panel(jp_fetch, "Sequences by two scripts")


@pytest.mark.parametrize("is_split", [True, False], ids=["split", "two"])
async def test_from_notebooks_to_the_result(server: object, panel: Panel, is_split: bool) -> None:
    request = panel.request(split_notebook(), shift=1)
    if not is_split:
        request["notebook"]["content"] = make_notebook(*FIRST)
        request["notebooks"] = {"code": {"name": "second.ipynb", "content": make_notebook(*SECOND)}}
    checked = await panel.ask("POST", "check", request)
    assert (panel.status, checked["problems"]) == (200, [])
    assert [(part["parameter"], part["format"], part["cells"]) for part in checked["parts"]] == [
        ("prepare", "script", 2),
        ("code", "script", 2),
    ]
    preview = await panel.ask("POST", "export", request)
    assert [part["name"] for part in preview["parts"]] == [
        "predictor.py",
        "predictor.py" if is_split else "second.py",
    ]
    answer = await panel.ask("POST", "submit", request)
    assert panel.status == 201, answer
    run = await panel.ended(answer["run"]["id"])
    assert (run["state"], run["result"]) == ("SUCCESS", {"deviation": 1.0, "exact": 0}), run["messages"]
    assert [(one["parameter"], one["name"], one["sha256"]) for one in run["submitted"]] == [
        ("prepare", "predictor.ipynb", checked["parts"][0]["sha256"]),
        ("code", "predictor.ipynb" if is_split else "second.ipynb", checked["parts"][1]["sha256"]),
    ]
    listed = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/runs?limit=1")
    assert listed["runs"][0]["submitted"] == run["submitted"]
    sent = {}
    for argument in run["arguments"]:
        if isinstance(argument["value"], dict):
            file = argument["value"]["value"]["fileId"]
            response = await panel.fetch("rob/api/v1/uploads", run["groupId"], "files", file)
            sent[argument["name"]] = response.body.decode()
    assert sent == {part["parameter"]: part["content"] for part in preview["parts"]}


async def test_a_second_script_that_is_refused_leaves_nothing_behind(classic: ClassicServer, panel: Panel) -> None:
    large = make_notebook(*SECOND, f"x = {'1' * (1 << 16)!r}")
    request = panel.request(make_notebook(*FIRST))
    request["notebooks"] = {"code": {"name": "large.ipynb", "content": large}}
    answer = await panel.ask("POST", "submit", request)
    assert (panel.status, "larger than the ROB server takes" in answer["message"]) == (413, True)
    assert (await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/groups"))["groups"] == []
    made = await panel.ask("POST", f"api/v1/workflows/{panel.benchmark}/groups", {"name": f"{panel.benchmark} mine"})
    await panel.ask("POST", "submit", {**request, "submission": made["name"]})
    assert panel.status == 413
    assert (await panel.ask("GET", f"api/v1/uploads/{made['id']}/files"))["files"] == []

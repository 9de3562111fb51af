"""Runs with two notebook steps: each has a kernel of its own, of which the first may be warm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlab_rob.service.engine.record import RecordReader
from jupyterlab_rob.service.store import Store

from ..relay import first_notebook, second_notebook, write_relay
from .api import Api, ServiceProcess
from .conftest import WARM


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    process = ServiceProcess(tmp_path_factory.mktemp("two"))
    process.data_dir.mkdir()
    store = Store(process.data_dir)
    store.open()
    store.benchmarks.add(write_relay(process.data_dir.parent / "relay"), "relay")
    store.close()
    with process.running(WARM) as client:
        yield client


def started(api: Api, first: dict[str, Any], second: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The handle of a run that has begun to wait; ``values`` are for the second notebook's own parameters."""
    submission = api.submission("relay")
    given = []
    for parameter, document, own in (("prepare", first, {}), ("answer", second, values)):
        file = api.upload(submission, document, f"{parameter}.ipynb")
        value = {"type": "$notebook", "value": {"fileId": file, "parameters": own}}
        given.append({"name": parameter, "value": value})
    answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": given})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def places(api: Api, run: str) -> list[tuple[Any, ...]]:
    """What the run's worker has told of its way: steps with the number of their cells, and cells."""
    entries = RecordReader(api.run_folder(run).record(1)).read()
    return [(entry["step"], entry.get("cell"), entry.get("cells")) for entry in entries if entry["event"] != "end"]


@pytest.mark.parametrize("number", [1, 2], ids=["cold", "perhaps warm"])
def test_from_two_notebooks(api: Api, number: int) -> None:
    handle = started(api, first_notebook(), second_notebook(), factor=2)
    assert [(one["parameter"], one["name"]) for one in handle["submitted"]] == [
        ("prepare", "prepare.ipynb"),
        ("answer", "answer.ipynb"),
    ]
    assert handle["notebook"] == {key: handle["submitted"][0][key] for key in ("name", "sha256")}
    run = api.ended(handle["id"])
    assert run["state"] == "SUCCESS", run["cause"]
    assert run["submitted"] == handle["submitted"]
    # The second one's own value is not the first one's.
    assert run["result"] == {"off": 6.0}
    assert places(api, run["id"]) == [
        *[("prepare", cell, 3) for cell in (None, 1, 1, 2, 3)],
        *[("answer", cell, 3) for cell in (None, 1, 1, 2, 3)],
        ("evaluate", None, None),
    ]
    assert run["notebooks"] == [
        {"step": "prepare", "name": "prepare.ipynb"},
        {"step": "answer", "name": "answer.ipynb"},
    ]
    first, second = (json.dumps(api.get(f"runs/{run['id']}/notebooks/{step}")) for step in ("prepare", "answer"))
    assert ("data/numbers.txt" in first, "results/sum.txt" in first) == (True, False)
    assert ("data/numbers.txt" in second, "results/sum.txt" in second) == (False, True)


def test_nothing_but_outputs_moves_on(api: Api) -> None:
    first = first_notebook("import os\nos.mkdir(features)\nopen(f'{features}/n.txt', 'w').close()\nsecret = 1")
    second = second_notebook("print(sorted(os.listdir('.')) if 'os' in dir() else 'no os')\nprint(secret)")
    run = api.ended(started(api, first, second)["id"])
    cause = run["cause"]
    assert (cause["step"], cause["cell"], cause["ename"], cause["blame"]) == ("answer", 3, "NameError", "participant")
    assert cause["message"] == "Step 'answer': cell 3: NameError: name 'secret' is not defined"
    assert "no os" in api.log(run["id"])
    assert [notebook["step"] for notebook in run["notebooks"]] == ["prepare", "answer"]


def test_the_first_fails(api: Api) -> None:
    run = api.ended(started(api, first_notebook("1 / 0"), second_notebook())["id"])
    assert run["cause"]["message"] == "Step 'prepare': cell 3: ZeroDivisionError: division by zero"
    assert [notebook["step"] for notebook in run["notebooks"]] == ["prepare"]


def test_a_second_notebook_for_another_kernel(api: Api) -> None:
    lacking = second_notebook()
    lacking["metadata"]["kernelspec"]["name"] = "klingon"
    submission = api.submission("relay")
    given = [
        {"name": name, "value": {"type": "$notebook", "value": {"fileId": api.upload(submission, document)}}}
        for name, document in (("prepare", first_notebook()), ("answer", lacking))
    ]
    answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": given})
    assert answer.status_code == 400
    assert "needs the kernel 'klingon'" in answer.json()["message"]
    assert api.get(f"groups/{submission}/runs") == {"runs": []}


def test_what_the_handle_tells_of_paths(api: Api) -> None:
    first, second = api.get("workflows/relay")["notebookSteps"]
    assert (first["inputs"], first["outputs"]) == (["data/numbers.txt"], ["features/"])
    assert first["elsewhere"] == ["features", "results/score.json", "results/sum.txt"]
    assert second["elsewhere"] == ["data/numbers.txt", "features", "results/score.json", "results/sum.txt"]
    assert "private" not in json.dumps([first, second]), "no more than the variables tell"

"""A benchmark that takes two notebooks, from one that is split and from two: by the extension, Python and CLI, with a
real service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlab_rob import administration, embedded, notebooks
from jupyterlab_rob.client import Client
from jupyterlab_rob.flows import get

from .conftest import Home, end
from .relay import first_notebook, second_notebook, split_notebook, write_relay
from .test_routes import Fetch, ended, post, refused


@pytest.fixture(scope="module")
def relay_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a service of this module's own, which has the benchmark."""
    home = Home(tmp_path_factory.mktemp("rob"))
    with pytest.MonkeyPatch.context() as patch:
        home.enter(patch)
        connection = embedded.ensure(timeout=60)
        administration.add(Client(), write_relay(tmp_path_factory.mktemp("relay") / "relay"), "relay")
        yield home
        home.enter(patch)
        try:
            embedded.stop()
        finally:
            end(connection.pid)


@pytest.fixture
def relay(request: pytest.FixtureRequest, relay_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service, as the default of this test."""
    if "jp_serverapp" in request.fixturenames or "jp_fetch" in request.fixturenames:
        request.getfixturevalue("jp_environ")
    relay_home.enter(monkeypatch)


def body(**more: Any) -> dict[str, Any]:
    return {"benchmark": "relay", "arguments": {}, **more}


def given(name: str, content: Any) -> dict[str, Any]:
    return {"name": name, "content": content}


SPLIT = given("both.ipynb", split_notebook())
TWO = {"prepare": given("first.ipynb", first_notebook()), "answer": given("second.ipynb", second_notebook())}


async def test_check_tells_the_parts(relay: None, jp_fetch: Fetch) -> None:
    answer = await post(jp_fetch, "check", body(notebook=SPLIT))
    assert answer["problems"] == []
    assert answer["sha256"] == notebooks.digest(split_notebook()), "of the whole notebook"
    assert answer["parameters"] == ["factor", "features", "numbers", "outputfile", "power"]
    assert [(p["parameter"], p["name"], p["format"], p["cells"]) for p in answer["parts"]] == [
        ("prepare", "both.ipynb", "notebook", 4),
        ("answer", "both.ipynb", "notebook", 4),
    ]
    assert len({part["sha256"] for part in answer["parts"]} | {answer["sha256"]}) == 3

    answer = await post(jp_fetch, "check", body(notebooks=TWO))
    assert (answer["problems"], answer["sha256"]) == ([], None)
    assert [(p["parameter"], p["name"], p["cells"], p["sha256"]) for p in answer["parts"]] == [
        ("prepare", "first.ipynb", 3, notebooks.digest(first_notebook())),
        ("answer", "second.ipynb", 3, notebooks.digest(second_notebook())),
    ]


async def test_export_tells_the_parts(relay: None, jp_fetch: Fetch) -> None:
    checked = await post(jp_fetch, "check", body(notebook=SPLIT))
    answer = await post(jp_fetch, "export", body(notebook=SPLIT))
    assert answer["problems"] == []
    first, second = answer["parts"]
    assert {key: answer[key] for key in ("format", "name", "content", "sha256")} == {
        key: first[key] for key in ("format", "name", "content", "sha256")
    }
    assert [part["sha256"] for part in (first, second)] == [part["sha256"] for part in checked["parts"]]
    assert "rob:answer" in first["content"]
    assert "sum(powers)" not in first["content"]
    assert "sum(powers)" in second["content"]


@pytest.mark.parametrize(
    "request_body",
    [
        {"notebook": SPLIT},
        {"notebooks": TWO},
        {"notebook": SPLIT, "notebooks": {"answer": TWO["answer"]}},
        {"notebook": TWO["prepare"], "notebooks": {"answer": SPLIT}},
    ],
    ids=["split", "two", "split and one", "one and split"],
)
async def test_submit_by_the_extension(relay: None, jp_fetch: Fetch, request_body: Any) -> None:
    answer = await post(jp_fetch, "export", body(**request_body))
    run = (await post(jp_fetch, "submit", body(**request_body, submission="a team")))["run"]
    sent = [{key: part[key] for key in ("parameter", "name", "sha256")} for part in answer["parts"]]
    assert run["submitted"] == sent
    assert run["notebook"] == {key: sent[0][key] for key in ("name", "sha256")}
    run = await ended(jp_fetch, run["id"])
    assert run["state"] == "SUCCESS", run["messages"]
    assert (run["result"], run["submitted"]) == ({"off": 0.0}, sent)
    assert [notebook["step"] for notebook in run["notebooks"]] == ["prepare", "answer"], "in the order of the steps"


async def test_a_notebook_that_is_not_split(relay: None, jp_fetch: Fetch) -> None:
    plain = split_notebook()
    for cell in plain["cells"]:
        cell["metadata"]["tags"] = [tag for tag in cell["metadata"]["tags"] if not tag.startswith("rob:")]
    request = body(notebook=given("plain.ipynb", plain), submission="never made")
    answer = await post(jp_fetch, "check", request)
    error = answer["problems"][0]
    assert error["message"] == (
        "The benchmark takes 2 notebooks (prepare, answer). Tag the cells of each step with `rob:prepare` or "
        "`rob:answer`, or give a notebook of its own for each."
    )
    assert (error["severity"], error["notebook"]) == ("error", "prepare")
    assert [part["parameter"] for part in answer["parts"]] == ["prepare", "answer"]
    for route in ("rob/export", "rob/submit"):
        status, told = await refused(jp_fetch, route, method="POST", body=json.dumps(request))
        assert (status, told["problems"]) == (400, answer["problems"])
    groups = json.loads((await jp_fetch("rob/api/v1/workflows/relay/groups")).body)["groups"]
    assert "never made" not in [group["name"] for group in groups]


@pytest.mark.parametrize(
    ("request_body", "reason"),
    [
        ({"notebooks": {"answr": TWO["answer"]}}, "Benchmark Relay takes no notebook for answr. Did you mean answer?"),
        ({"notebooks": {"answer": TWO["answer"]}}, "No notebook is given for prepare. Give one."),
        ({"notebooks": {}}, "The request needs"),
    ],
)
async def test_what_can_not_be_divided(relay: None, jp_fetch: Fetch, request_body: Any, reason: str) -> None:
    status, told = await refused(jp_fetch, "rob/submit", method="POST", body=json.dumps(body(**request_body)))
    assert (status, reason in told["message"]) == (400, True), told
    if request_body["notebooks"]:
        answer = await post(jp_fetch, "check", body(**request_body))
        assert ([p["message"] for p in answer["problems"]], answer["parts"]) == ([told["message"]], [])


async def test_a_refused_start_leaves_nothing_behind(relay: None, jp_fetch: Fetch) -> None:
    """The service refuses the second notebook only after both have arrived."""
    lacking = second_notebook()
    lacking["metadata"]["kernelspec"]["name"] = "no-such"
    request = body(notebooks={**TWO, "answer": given("second.ipynb", lacking)})
    status, told = await refused(
        jp_fetch, "rob/submit", method="POST", body=json.dumps({**request, "submission": "kernelless"})
    )
    assert (status, "no-such" in told["message"]) == (400, True)
    made = await asyncio.to_thread(Client().submit, "relay", split_notebook(), None, "known")
    files = await asyncio.to_thread(Client().transport.run, get("uploads", made.handle["groupId"], "files"))
    status, _ = await refused(
        jp_fetch, "rob/submit", method="POST", body=json.dumps({**request, "submission": "known"})
    )
    assert status == 400
    left = await asyncio.to_thread(Client().transport.run, get("uploads", made.handle["groupId"], "files"))
    assert left == files
    groups = await asyncio.to_thread(Client().submissions, "relay")
    assert "kernelless" not in [group["name"] for group in groups]

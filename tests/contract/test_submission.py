"""From the notebook to the leaderboard through the extension, at the published server and at our own.

Ours also takes the notebook itself as a step: what is told of a run must not depend on that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyterlab_rob import notebooks

from ..protocol import make_notebook
from ..waiting import until
from .asking import NOTEBOOK, Panel
from .conftest import Server

CLASSIC = pytest.param(("classic", "Sequences"), id="classic")
SHARED = pytest.param(("shared", "Sequences"), id="shared")
NOTEBOOK_STEP = pytest.param(("shared", "Sequences by notebook"), id="notebook")
SERVERS = [CLASSIC, SHARED]
PARAMETERS = "inputfile = ''\noutputfile = ''\nshift = 0"


@pytest.fixture(params=[*SERVERS, NOTEBOOK_STEP])
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The server and the benchmark on it; the last takes notebooks, the others scripts."""
    return (request.param[0], request.param[1])


@pytest.fixture
def server(kind: tuple[str, str], servers: Callable[[str], Server]) -> Server:
    return servers(kind[0])


@pytest.fixture
def stranger(kind: tuple[str, str], server: Server, jp_fetch: Callable[..., Any]) -> Panel:
    return Panel(jp_fetch, kind[1])


@pytest.fixture
def is_script(kind: tuple[str, str]) -> bool:
    return kind[1] == "Sequences"


async def test_from_the_notebook_to_the_leaderboard(
    panel: Panel, events: list[Any], extension: Any, user: str, is_script: bool
) -> None:
    first = await panel.submit(shift=1)
    assert first["groupName"] == user
    assert first["notebook"] == {"name": "predictor.ipynb", "sha256": notebooks.digest(NOTEBOOK)}
    # Nobody but the extension asks.
    await until(lambda: events and events[-1]["state"] == "SUCCESS")
    states = [event["state"] for event in events if not event.get("progress")]
    assert list(dict.fromkeys(states))[-2:] == ["RUNNING", "SUCCESS"]
    assert {(e["run"], e["benchmark"], e["submission"]) for e in events} == {
        (first["id"], panel.benchmark, first["groupId"])
    }
    assert events[-1]["result"] == {"deviation": 1.0, "exact": 0}
    assert isinstance(events[-1]["rank"], int)
    await until(lambda: extension.current_activity() == 0)

    worse = await panel.ask("GET", f"api/v1/runs/{first['id']}")
    assert worse["notebook"] == first["notebook"]
    assert (worse["result"], worse["rank"]) == (events[-1]["result"], events[-1]["rank"])
    assert [worse[name] for name in ("progress", "cause")] == [None, None]
    assert len(worse["notebooks"]) == (0 if is_script else 1)
    assert [file["title"] for file in worse["files"]] == ["Predictions", "Metrics"]
    response = await panel.fetch("rob/api/v1/runs", worse["id"], "downloads/files", worse["files"][0]["id"])
    assert response.body == b"5\n9\n6\n5\n"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    response = await panel.fetch("rob/api/v1/runs", worse["id"], "downloads/archive")
    assert response.body.startswith(b"\x1f\x8b")

    better = await panel.ended((await panel.submit())["id"])
    assert better["result"] == {"deviation": 0.0, "exact": 4}
    assert (better["rank"], better["groupId"]) == (1, first["groupId"])
    listed = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/runs?limit=1")
    assert (listed["runs"], listed["total"]) == ([better], 2)
    listed = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/runs?offset=1")
    assert [(run["id"], run["rank"]) for run in listed["runs"]] == [(worse["id"], None)], "one is the submission's best"
    listed = await panel.ask("GET", f"api/v1/groups/{first['groupId']}/runs?state=SUCCESS")
    assert {run["id"] for run in listed["runs"]} == {better["id"], worse["id"]}
    handle = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}")
    assert [(group["id"], group["name"]) for group in handle["groups"]] == [(first["groupId"], user)]

    await panel.ended((await panel.submit(submission=f"{user} too"))["id"])
    ranks = {row["group"]["name"]: (row["run"]["id"], row["rank"]) for row in await panel.rows()}
    assert ranks[user] == (better["id"], 1)
    assert ranks[f"{user} too"][1] == 1, "equal results share a rank"
    mine = [row["run"]["id"] for row in await panel.rows("?includeAll=true") if row["group"]["name"] == user]
    assert set(mine) == {better["id"], worse["id"]}
    board = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/leaderboard?limit=1&offset=1")
    assert (len(board["ranking"]), board["total"]) == (1, len(ranks))
    by_exact = [row["results"][1]["value"] for row in await panel.rows("?orderBy=exact:asc&includeAll=true")]
    assert by_exact == sorted(by_exact)


async def test_benchmark(panel: Panel, is_script: bool) -> None:
    handle = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}")
    assert handle["name"] == panel.name
    assert handle["instructions"].startswith("Each line of the input")
    assert (handle["groups"], handle["isCoordinator"]) == ([], False)
    assert len(handle["notebookSteps"]) == (0 if is_script else 1)
    assert [parameter["name"] for parameter in handle["parameters"]] == ["code", "shift", "delay"]


async def test_preview_is_what_is_sent(panel: Panel, is_script: bool) -> None:
    request = panel.request()
    checked = await panel.ask("POST", "check", request)
    assert checked["format"] == ("script" if is_script else "notebook")
    assert not [problem for problem in checked["problems"] if problem["severity"] == "error"]
    assert checked["parameters"] == ["inputfile", "outputfile", "shift"]
    preview = await panel.ask("POST", "export", request)
    assert (preview["format"], preview["sha256"]) == (checked["format"], checked["sha256"])
    assert preview["name"] == ("predictor.py" if is_script else "predictor.ipynb")
    run = await panel.submit()
    file = run["arguments"][0]["value"]["value"]["fileId"]
    response = await panel.fetch("rob/api/v1/uploads", run["groupId"], "files", file)
    assert response.body.decode() == preview["content"]


async def test_what_stands_in_the_way_is_told_before_anything_is_sent(panel: Panel, is_script: bool) -> None:
    request = panel.request(make_notebook(PARAMETERS, "!rm -r x", "%cd /"), shift="two", shfit=1)
    checked = await panel.ask("POST", "check", request)
    told = " ".join(problem["message"] for problem in checked["problems"])
    assert ("Cell 2, line 1" in told) is is_script, "a script has no shell"
    assert "shift" in told
    assert "Did you mean shift?" in told
    for route in ("export", "submit"):
        answer = await panel.ask("POST", route, request)
        assert panel.status == 400
        assert answer["problems"] == checked["problems"]
    assert (await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/groups"))["groups"] == []


async def test_a_failing_notebook(panel: Panel, events: list[Any], is_script: bool) -> None:
    run = await panel.submit(make_notebook(PARAMETERS, "undefined_name"))
    await until(lambda: events and events[-1]["state"] == "ERROR")
    message = events[-1]["message"]
    assert "NameError: name 'undefined_name' is not defined" in message
    handle = await panel.ask("GET", f"api/v1/runs/{run['id']}")
    assert handle["messages"][-1] == message
    cause = {name: handle["cause"][name] for name in ("kind", "message")}
    assert cause == {"kind": "step" if is_script else "notebook", "message": message}
    assert (handle["result"], handle["rank"]) == (None, None)
    assert run["id"] not in {row["run"]["id"] for row in await panel.rows("?includeAll=true")}


async def test_cancel(panel: Panel, events: list[Any], extension: Any) -> None:
    run = await panel.submit(delay="60")
    await until(lambda: extension.current_activity() == 1)
    handle = await panel.ask("PUT", f"api/v1/runs/{run['id']}", {"reason": "enough"})
    assert (panel.status, handle["state"], handle["messages"]) == (200, "CANCELED", ["enough"])
    await until(lambda: events and events[-1]["state"] == "CANCELED")
    await until(lambda: extension.current_activity() == 0)
    again = await panel.ask("PUT", f"api/v1/runs/{run['id']}", {"reason": "another"})
    assert (panel.status, again["state"], again["messages"]) == (200, "CANCELED", ["enough"])
    await panel.ask("DELETE", f"api/v1/groups/{run['groupId']}")
    assert panel.status == 409
    await panel.ask("DELETE", f"api/v1/runs/{run['id']}")
    assert panel.status == 204
    await panel.ask("DELETE", f"api/v1/groups/{run['groupId']}")
    assert panel.status == 204


@pytest.mark.parametrize("kind", SERVERS, indirect=True)
async def test_following_goes_on_after_a_log_in(
    server: Server, panel: Panel, events: list[Any], extension: Any, user: str
) -> None:
    run = await panel.submit(delay="1")
    server.expire_tokens()
    await until(lambda: extension.current_activity() == 0)
    await panel.login(user)
    await until(lambda: events and events[-1]["state"] == "SUCCESS")
    assert events[-1]["run"] == run["id"]


@pytest.mark.parametrize("kind", SERVERS, indirect=True)
async def test_names_and_ids_that_are_wrong(server: Server, panel: Panel, user: str) -> None:
    groups = f"api/v1/workflows/{panel.benchmark}/groups"
    await panel.ask("POST", groups, {"name": user})
    server.register(f"{user} other")
    await panel.login(f"{user} other")
    answer = await panel.ask("POST", groups, {"name": user})
    assert panel.status == 409
    assert user in answer["message"]
    answer = await panel.ask("POST", "submit", {**panel.request(), "submission": user})
    assert panel.status == 409
    assert user in answer["message"]
    for path in ("runs/nope", "workflows/nope", "groups/nope", "workflows/nope/leaderboard"):
        await panel.ask("GET", f"api/v1/{path}")
        assert panel.status == 404, path
    answer = await panel.ask("POST", "check", {**panel.request(), "benchmark": "nope"})
    assert panel.status == 404
    assert panel.benchmark in answer["message"]
    await panel.ask("GET", "api/v1/users")
    assert panel.status == 404, "no route of the extension"
    answer = await panel.ask("GET", "api/v1/groups")
    assert (panel.status, answer["groups"]) == (200, [])
    descriptor = await panel.ask("GET", "api/v1")
    assert descriptor["url"].endswith("/rob/api/v1")
    assert str(server.port) not in descriptor["url"]

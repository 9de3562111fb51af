"""A notebook on the published server: sent as a script, followed by a poll, told in the shapes of the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlab_rob import notebooks, polling

from ..protocol import make_notebook
from ..waiting import until
from .asking import NOTEBOOK, Panel
from .server import ClassicServer

Fetch = Callable[..., Any]
SCHEMA = "https://schema.jupyterlab-rob.org/run/v1"


@pytest.fixture
def panel(jp_fetch: Fetch, user: str, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Panel:
    panel = Panel(jp_fetch)
    jp_asyncio_loop.run_until_complete(panel.login(user))
    return panel


@pytest.fixture
def events(jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the panel is told."""
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    monkeypatch.setattr(polling, "INTERVAL", 0.05)
    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    return heard


@pytest.fixture
def extension(jp_serverapp: Any) -> Any:
    return jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app


async def test_from_the_notebook_to_the_leaderboard(panel: Panel, events: list[Any], extension: Any, user: str) -> None:
    run = await panel.submit(shift=1)
    assert run["groupName"] == user
    assert run["notebook"] == {"name": "predictor.ipynb", "sha256": notebooks.digest(NOTEBOOK)}
    # Nobody but the poll asks.
    await until(lambda: events and events[-1]["state"] == "SUCCESS")
    assert [event["state"] for event in events] == ["RUNNING", "SUCCESS"]
    assert {(e["run"], e["benchmark"], e["submission"]) for e in events} == {
        (run["id"], panel.benchmark, run["groupId"])
    }
    assert events[-1]["result"] == {"deviation": 1.0, "exact": 0}
    assert isinstance(events[-1]["rank"], int)
    await until(lambda: extension.current_activity() == 0)

    handle = await panel.ask("GET", f"api/v1/runs/{run['id']}")
    assert handle["result"] == events[-1]["result"]
    assert handle["rank"] == events[-1]["rank"]
    assert [handle[name] for name in ("progress", "cause", "notebooks")] == [None, None, []]
    assert [file["title"] for file in handle["files"]] == ["Predictions", "Metrics"]
    response = await panel.fetch("rob/api/v1/runs", run["id"], "downloads/files", handle["files"][0]["id"])
    assert response.body == b"5\n9\n6\n5\n"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    response = await panel.fetch("rob/api/v1/runs", run["id"], "downloads/archive")
    assert response.body.startswith(b"\x1f\x8b")

    better = await panel.submit()
    better = await panel.ended(better["id"])
    assert better["result"] == {"deviation": 0.0, "exact": 4}
    assert better["rank"] == 1
    assert (await panel.ask("GET", f"api/v1/runs/{run['id']}"))["rank"] is None, "the other is the submission's best"
    listed = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/runs?limit=1")
    assert (listed["runs"], listed["total"]) == ([better], 2)
    listed = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/runs?offset=1")
    assert [handle["id"] for handle in listed["runs"]] == [run["id"]]

    board = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/leaderboard?limit=1")
    assert len(board["ranking"]) == 1
    assert board["total"] >= 1
    row = next(row for row in await rows(panel) if row["group"]["name"] == user)
    assert (row["run"]["id"], row["rank"]) == (better["id"], 1)


async def rows(panel: Panel, query: str = "") -> list[Any]:
    return list((await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/leaderboard{query}"))["ranking"])


async def test_equal_results_share_a_rank(classic: ClassicServer, panel: Panel, user: str) -> None:
    await panel.ended((await panel.submit(shift=7))["id"])
    await panel.ended((await panel.submit(submission=f"{user} too", shift=7))["id"])
    ranks = {row["group"]["name"]: row["rank"] for row in await rows(panel)}
    assert ranks[user] == ranks[f"{user} too"]
    by_exact = await rows(panel, "?orderBy=exact:desc")
    values = [row["results"][1]["value"] for row in by_exact]
    assert values == sorted(values, reverse=True)
    assert [row["rank"] for row in by_exact] == [values.index(value) + 1 for value in values]


async def test_benchmark(panel: Panel) -> None:
    handle = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}")
    assert (handle["groups"], handle["notebookSteps"]) == ([], [])
    assert [parameter["name"] for parameter in handle["parameters"]] == ["code", "shift", "delay"]


async def test_preview_is_what_is_sent(classic: ClassicServer, panel: Panel, user: str) -> None:
    request = {
        "benchmark": panel.benchmark,
        "notebook": {"name": "predictor.ipynb", "content": NOTEBOOK},
        "arguments": {},
    }
    checked = await panel.ask("POST", "check", request)
    assert (checked["format"], checked["problems"]) == ("script", [])
    assert checked["parameters"] == ["inputfile", "outputfile", "shift"]
    preview = await panel.ask("POST", "export", request)
    assert (preview["format"], preview["name"], preview["sha256"]) == ("script", "predictor.py", checked["sha256"])
    run = await panel.submit()
    file = run["arguments"][0]["value"]["value"]["fileId"]
    response = await panel.fetch("rob/api/v1/uploads", run["groupId"], "files", file)
    assert response.body.decode() == preview["content"]


async def test_what_stands_in_the_way_is_told_before_anything_is_sent(panel: Panel) -> None:
    request = {
        "benchmark": panel.benchmark,
        "notebook": {"name": "a.ipynb", "content": make_notebook("depth = 1", "!rm -r x", "%cd /")},
        "arguments": {"depth": 2, "delay": "1; rm -r x", "shfit": 1},
    }
    checked = await panel.ask("POST", "check", request)
    told = " ".join(problem["message"] for problem in checked["problems"])
    assert "Cell 2, line 1" in told
    assert "depth can't be given" in told
    assert 'delay holds ";"' in told
    assert "Did you mean shift?" in told
    for route in ("export", "submit"):
        answer = await panel.ask("POST", route, request)
        assert panel.status == 400
        assert answer["problems"] == checked["problems"]
    assert (await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/groups"))["groups"] == []


async def test_a_failing_notebook(panel: Panel, events: list[Any]) -> None:
    notebook = make_notebook("inputfile = ''\noutputfile = ''\nshift = 0", "undefined_name")
    run = await panel.submit(notebook)
    await until(lambda: events and events[-1]["state"] == "ERROR")
    message = "NameError: name 'undefined_name' is not defined"
    assert events[-1]["message"] == message
    handle = await panel.ask("GET", f"api/v1/runs/{run['id']}")
    assert handle["messages"][-1] == message
    assert "Traceback" in handle["messages"][0]
    assert {name: value for name, value in handle["cause"].items() if value is not None} == {
        "kind": "step",
        "ename": "NameError",
        "evalue": "name 'undefined_name' is not defined",
        "message": message,
    }
    assert (handle["result"], handle["rank"]) == (None, None)


async def test_cancel(panel: Panel, events: list[Any], extension: Any) -> None:
    run = await panel.submit(delay="60")
    await until(lambda: extension.current_activity() == 1)
    handle = await panel.ask("PUT", f"api/v1/runs/{run['id']}", {"reason": "enough"})
    assert (panel.status, handle["state"], handle["messages"]) == (200, "CANCELED", ["enough"])
    await until(lambda: [event["state"] for event in events] == ["RUNNING", "CANCELED"])
    await until(lambda: extension.current_activity() == 0)
    answer = await panel.ask("PUT", f"api/v1/runs/{run['id']}")
    assert (panel.status, answer) == (409, {"message": "The run has ended: it can't be canceled."})


async def test_runs_that_others_have_started_are_followed(
    classic: ClassicServer, panel: Panel, events: list[Any], user: str
) -> None:
    first = await panel.ended((await panel.submit())["id"])
    events.clear()
    # As from the server's own pages.
    arguments = [*first["arguments"], {"name": "delay", "value": "60"}]
    token = classic.login(user)
    started = classic.request("POST", f"groups/{first['groupId']}/runs", {"arguments": arguments}, token)
    listed = await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/runs")
    assert [run["state"] for run in listed["runs"]] == ["RUNNING", "SUCCESS"]
    await until(lambda: [event["run"] for event in events] == [started["id"]])
    classic.request("PUT", f"runs/{started['id']}", {}, token)
    await until(lambda: [event["state"] for event in events] == ["RUNNING", "CANCELED"])


async def test_following_goes_on_after_a_log_in(
    classic: ClassicServer, panel: Panel, events: list[Any], extension: Any, user: str
) -> None:
    run = await panel.submit(delay="1")
    classic.expire_tokens()
    await until(lambda: extension.current_activity() == 0)
    assert [event["state"] for event in events] == ["RUNNING"]
    await panel.login(user)
    await until(lambda: events[-1]["state"] == "SUCCESS")
    assert events[-1]["run"] == run["id"]


async def test_following_survives_a_restart(
    classic: ClassicServer, panel: Panel, events: list[Any], extension: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = await panel.submit(delay="60")
    await asyncio.to_thread(classic.stop)
    await until(lambda: "can't be followed for the moment" in caplog.text)
    await asyncio.to_thread(classic.resume)
    assert extension.current_activity() == 1
    # The published server forgets its runs when it ends; what it is told changes them still.
    await panel.ask("PUT", f"api/v1/runs/{run['id']}")
    await until(lambda: events[-1]["state"] == "CANCELED")


async def test_what_the_server_lacks_is_explained(panel: Panel) -> None:
    run = await panel.ended((await panel.submit())["id"])
    for path, reason in [
        (f"runs/{run['id']}/log", "keeps no log"),
        (f"runs/{run['id']}/notebooks/predict", "no executed notebook"),
        (f"workflows/{panel.benchmark}/versions", "no versions"),
        ("status", "does not tell how busy"),
    ]:
        answer = await panel.ask("GET", f"api/v1/{path}")
        assert panel.status == 404
        assert reason in answer["message"]
    descriptor = await panel.ask("GET", "api/v1")
    assert descriptor["url"].endswith("/rob/api/v1")
    assert "5000" not in descriptor["url"]
    await panel.ask("GET", "api/v1/users")
    assert panel.status == 404


async def test_refusals_in_our_words(classic: ClassicServer, panel: Panel, user: str) -> None:
    run = await panel.ended((await panel.submit())["id"])
    answer = await panel.ask("DELETE", f"api/v1/groups/{run['groupId']}")
    assert (panel.status, answer["message"]) == (409, "The submission has runs. Delete them first.")
    classic.register(f"{user} other")
    await panel.login(f"{user} other")
    answer = await panel.ask("POST", f"api/v1/workflows/{panel.benchmark}/groups", {"name": user})
    assert panel.status == 409
    assert f"The name {user} is taken" in answer["message"]
    request = {"benchmark": panel.benchmark, "notebook": {"name": "a.ipynb", "content": NOTEBOOK}, "submission": user}
    answer = await panel.ask("POST", "submit", request)
    assert (panel.status, f"The name {user} is taken" in answer["message"]) == (409, True)
    large = make_notebook("inputfile = ''\noutputfile = ''\nshift = 0", f"x = {'1' * 2_000_000!r}")
    answer = await panel.ask("POST", "submit", {**request, "submission": "x", "notebook": {"content": large}})
    assert panel.status == 413
    assert "larger than the ROB server takes" in answer["message"]
    assert (await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/groups"))["groups"] == [], "nothing is left"
    await panel.ask("GET", "api/v1/runs/nope")
    assert panel.status == 404
    answer = await panel.ask("GET", "api/v1/groups")
    assert (panel.status, answer) == (200, {"groups": []})
    assert json.loads((await panel.fetch("rob/api/v1/workflows")).body)["workflows"]

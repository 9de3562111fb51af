"""What is particular to the published server: what it lacks, what it refuses, and the poll that follows its runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ..protocol import make_notebook
from ..waiting import until
from .asking import NOTEBOOK, Panel
from .classic import MAX_UPLOAD, ClassicServer


async def test_session(classic: ClassicServer, stranger: Panel, user: str) -> None:
    session = await stranger.ask("GET", "session")
    assert session["name"] == "Reproducible and Reusable Data Analysis Workflow Server (API)"
    assert (session["version"], session["additions"]) == ("0.7.2", [])
    blank = {"username": f"{user} two", "password": " x", "register": True}
    answer = await stranger.ask("POST", "session", blank)
    assert (stranger.status, "begin or end with a blank" in answer["message"]) == (400, True)
    session = await stranger.login(user)
    assert classic.login(user) not in str(session), "the published server gives the same token to all log-ins of a user"


async def test_values_that_would_become_commands(panel: Panel) -> None:
    answer = await panel.ask("POST", "check", panel.request(delay="1; rm -r x"))
    assert 'delay holds ";"' in answer["problems"][0]["message"]


async def test_own_parameters_of_a_script(panel: Panel) -> None:
    answer = await panel.ask("POST", "check", panel.request(make_notebook("depth = 1"), depth=2))
    assert any("depth can't be given" in problem["message"] for problem in answer["problems"])


async def test_what_a_failing_script_printed(panel: Panel) -> None:
    notebook = make_notebook("inputfile = ''\noutputfile = ''\nshift = 0", "undefined_name")
    handle = await panel.ended((await panel.submit(notebook))["id"])
    assert "Traceback" in handle["messages"][0]
    assert {name: value for name, value in handle["cause"].items() if value is not None} == {
        "kind": "step",
        "ename": "NameError",
        "evalue": "name 'undefined_name' is not defined",
        "message": "NameError: name 'undefined_name' is not defined",
    }


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


async def test_a_file_that_is_too_large_leaves_nothing_behind(panel: Panel) -> None:
    large = make_notebook("inputfile = ''\noutputfile = ''\nshift = 0", f"x = {'1' * MAX_UPLOAD!r}")
    answer = await panel.ask("POST", "submit", panel.request(large))
    assert panel.status == 413
    assert "larger than the ROB server takes" in answer["message"]
    assert (await panel.ask("GET", f"api/v1/workflows/{panel.benchmark}/groups"))["groups"] == []


async def test_runs_that_others_have_started_are_followed(
    classic: ClassicServer, panel: Panel, events: list[Any], user: str
) -> None:
    first = await panel.ended((await panel.submit(NOTEBOOK))["id"])
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

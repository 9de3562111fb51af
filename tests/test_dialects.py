"""Telling services apart, and what of the published server can't be had from a healthy one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyterlab_rob import dialects
from jupyterlab_rob.dialects import Classic
from jupyterlab_rob.errors import InvalidInput, LoginRequired
from jupyterlab_rob.flows import Flow, Request, Response

SCHEMA = [{"name": "score", "label": "Score", "dtype": "float"}, {"name": "note", "label": "Note", "dtype": "string"}]
RUN = {"id": "r", "state": "SUCCESS", "workflowId": "w", "groupId": "g", "createdAt": "2020-01-01", "arguments": []}
GROUP = {"id": "g", "name": "alice", "files": [], "runs": [RUN]}


def row(run: str, group: str, score: Any, note: str = "") -> dict[str, Any]:
    results = [{"name": "score", "value": score}, {"name": "note", "value": note}]
    return {"run": {"id": run}, "group": {"id": group, "name": group}, "results": results}


class Server:
    """Answers by path; a number is a status, a text a page of HTML."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("__", "/"): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    def ask(self, method: str, path: str, body: bytes | None = None, dialect: Classic | None = None) -> Any:
        flow: Flow[Response] = (dialect or Classic()).answer(Request(method, path, body))
        answer: Any = None
        try:
            while True:
                wanted = flow.send(answer)
                answer = list(map(self._answer, wanted)) if isinstance(wanted, tuple) else self._answer(wanted)
        except StopIteration as stop:
            response: Response = stop.value
            self.status = response.status
            return json.loads(response.body) if response.body else None

    def _answer(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.path}")
        answer = self.answers.get(request.path.partition("?")[0], 404)
        if isinstance(answer, int):
            return Response(answer, b"<html>")
        status, document = answer if isinstance(answer, tuple) else (200, answer)
        # As the server's own JSON, with NaN.
        return Response(status, document.encode() if isinstance(document, str) else json.dumps(document).encode())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"name": "x", "routes": [], "additions": ["events"]}, "shared"),
        (200, {"name": "x", "routes": []}, "classic"),
        (401, {"message": "who are you?"}, "shared"),
        (401, "<html>", None),
        (200, "<html>", None),
        (200, {"routes": 7}, None),
        (200, [], None),
        (404, {"routes": []}, None),
    ],
)
def test_choose(status: int, body: Any, kind: str | None) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    dialect = dialects.choose(Response(status, content.encode()))
    assert (dialect.kind if dialect else None) == kind


def test_a_benchmark_without_metrics() -> None:
    board = Server(workflows__w__leaderboard=None).ask("GET", "workflows/w/leaderboard")
    assert board == {"schema": [], "ranking": [], "orderBy": [], "total": 0, "version": None}


def test_ranks_where_the_order_is_not_told() -> None:
    ranking = [row("a", "1", float("nan")), row("b", "2", 3, "x"), row("c", "3", 3, "x"), row("d", "4", 3, "y")]
    server = Server(workflows__w__leaderboard={"schema": SCHEMA, "ranking": ranking})
    board = server.ask("GET", "workflows/w/leaderboard")
    assert [row["rank"] for row in board["ranking"]] == [1, 2, 2, 4]
    assert board["ranking"][0]["results"][0]["value"] is None, "NaN is no JSON"
    board = server.ask("GET", "workflows/w/leaderboard?orderBy=score:asc&limit=2&offset=1")
    assert server.asked[-1] == "GET workflows/w/leaderboard?orderBy=score%3Aasc"
    assert [row["rank"] for row in board["ranking"]] == [2, 2]
    assert (board["total"], board["orderBy"]) == (4, [{"name": "score", "sortDesc": False}])


def test_a_leaderboard_that_fails_hurts_no_run() -> None:
    server = Server(runs__r=RUN, groups__g=GROUP, workflows__w__leaderboard=500)
    handle = server.ask("GET", "runs/r")
    assert (server.status, handle["state"], handle["result"], handle["rank"]) == (200, "SUCCESS", None, None)
    answer = server.ask("GET", "workflows/w/leaderboard")
    assert server.status == 500
    assert "an error of its own" in answer["message"]


def test_what_has_ended_is_asked_for_once() -> None:
    running = {**RUN, "id": "now", "state": "RUNNING", "createdAt": "2021-01-01"}
    server = Server(
        workflows__w__groups={"groups": [GROUP]},
        groups__g={**GROUP, "runs": [RUN, running]},
        workflows__w__leaderboard={"schema": SCHEMA, "ranking": [row("r", "g", 1.5)]},
        runs__r=RUN,
        runs__now=running,
    )
    dialect = Classic()
    noticed: list[str] = []
    dialect.notice = lambda handle: noticed.append(handle["id"])
    first = server.ask("GET", "workflows/w/runs?limit=50", dialect=dialect)
    assert [(run["id"], run["rank"]) for run in first["runs"]] == [("now", None), ("r", 1)]
    assert noticed == ["now", "r"]
    server.asked.clear()
    assert server.ask("GET", "workflows/w/runs?limit=50", dialect=dialect) == first
    assert server.asked == [
        "GET workflows/w/groups",
        "GET groups/g",
        "GET runs/now",
        "GET workflows/w/leaderboard?includeAll=true",
    ]


@pytest.mark.parametrize(
    ("messages", "ename", "told"),
    [
        (["Traceback (most recent call last):\n  File\nValueError: no\n"], "ValueError", ["ValueError: no"]),
        (["KeyboardInterrupt"], "KeyboardInterrupt", []),
        (["no such file"], None, []),
        ([], None, ["The run failed; the server does not tell why."]),
    ],
)
def test_cause(messages: list[str], ename: str | None, told: list[str]) -> None:
    run = {**RUN, "state": "ERROR", "messages": messages}
    handle = Server(runs__r=run, groups__g=GROUP).ask("GET", "runs/r")
    assert handle["messages"] == messages + told
    assert handle["cause"]["ename"] == ename
    assert handle["cause"]["message"] == handle["messages"][-1]


def test_file_without_a_target() -> None:
    parameters = [
        {"dtype": "file", "name": "a", "target": None},
        {"dtype": "file", "name": "b", "defaultValue": "code/b.py"},
        {"dtype": "file", "name": "c"},
    ]
    server = Server(workflows__w={"id": "w", "name": "W", "parameters": parameters, "groups": []})
    a, b, c = server.ask("GET", "workflows/w")["parameters"]
    assert (a["target"], a["isTargetOpen"]) == ("notebook.py", True)
    assert (b["target"], b["isTargetOpen"]) == ("code/b.py", False)
    assert (c["target"], c["isTargetOpen"]) == ("notebook_2.py", True), "not where the other one is"


def test_the_notebooks_of_a_run() -> None:
    arguments = [
        {"name": name, "value": {"type": "$file", "value": {"fileId": file}}}
        for name, file in (("prepare", "f1"), ("weights", "f2"), ("answer", "f3"), ("gone", "f4"))
    ]
    names = {"f1": f"both.{'1' * 64}.py", "f2": "weights.bin", "f3": f"both.{'3' * 64}.py"}
    group = {**GROUP, "files": [{"id": file, "name": name} for file, name in names.items()]}
    handle = Server(runs__r={**RUN, "arguments": arguments}, groups__g=group).ask("GET", "runs/r")
    assert handle["submitted"] == [
        {"parameter": "prepare", "name": "both.ipynb", "sha256": "1" * 64},
        {"parameter": "answer", "name": "both.ipynb", "sha256": "3" * 64},
    ]
    assert handle["notebook"] == {"name": "both.ipynb", "sha256": "1" * 64}
    handle = Server(runs__r=RUN, groups__g=GROUP).ask("GET", "runs/r")
    assert (handle["notebook"], handle["submitted"]) == (None, [])


@pytest.mark.parametrize("path", ["runs/r", "groups/g/runs"])
def test_whose_token_is_refused(path: str) -> None:
    refusal = (403, {"message": "not authorized"})
    with pytest.raises(LoginRequired):
        Server(**{path.replace("/", "__"): refusal, "": {"routes": []}}).ask("GET", path)
    server = Server(**{path.replace("/", "__"): refusal, "": {"routes": [], "username": "alice"}})
    assert server.ask("GET", path) == {"message": "not authorized"}
    assert server.status == 403


def test_pages_of_html_become_messages() -> None:
    server = Server(runs__r=502)
    assert "status 502" in server.ask("GET", "runs/r")["message"]
    assert server.ask("GET", "nowhere") == {"message": "The ROB server answered with status 404."}


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_canceling_with_a_body_that_is_no_object(body: bytes) -> None:
    server = Server(runs__r=RUN)
    with pytest.raises(InvalidInput, match="The request's body"):
        server.ask("PUT", "runs/r", body)
    assert server.asked == []

"""Tables and progress lines."""

from __future__ import annotations

import io
from typing import Any

import pytest

from jupyterlab_rob.console import Progress, print_leaderboard, print_run, print_table, progress_text, shown, time_text


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("a", "1"), ("粒子", "22.5"), ("e\u0301", "-")], ("Name", "Value"))
    assert capsys.readouterr().out.splitlines() == ["Name  Value", "a         1", "粒子   22.5", "e\u0301         -"]
    print_table([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (float("nan"), "-"), (1 / 3, "0.333333"), (27, "27"), (True, "True"), ("x", "x")]
)
def test_shown(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("handle", "text"),
    [
        ({"state": "PENDING"}, "waiting for its turn"),
        ({"state": "RUNNING", "progress": None}, "RUNNING"),
        ({"state": "RUNNING", "progress": {"step": None}}, "starting"),
        ({"state": "RUNNING", "progress": {"step": "predict", "cell": 3, "cells": 8}}, "predict: cell 3 of 8"),
        ({"state": "RUNNING", "progress": {"step": "evaluate", "cell": None}}, "evaluate"),
        ({"state": "ERROR", "progress": None}, "ERROR"),
        ({"state": "ERROR", "attempt": 2}, "ERROR"),
        ({"state": "PENDING", "progress": {"position": 1}, "attempt": 1}, "waiting for its turn, next"),
        ({"state": "PENDING", "progress": {"position": 12}}, "waiting for its turn, number 12 in the queue"),
        (
            {"state": "RUNNING", "progress": {"step": "p", "cell": 1, "cells": 2}, "attempt": 2},
            "attempt 2, after the run was lost: p: cell 1 of 2",
        ),
    ],
)
def test_progress_text(handle: dict[str, Any], text: str) -> None:
    assert progress_text(handle) == text


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (None, ""),
        ({"position": 1, "elapsed": None}, ""),
        ({"elapsed": 12.3}, "12 s"),
        ({"elapsed": 12.3, "expected": 40.0, "idle": 2.0}, "12 s of about 40 s"),
        ({"elapsed": 130, "expected": 7300, "idle": None}, "2 min of about 2 h 02 min"),
        ({"elapsed": 130, "idle": 90}, "2 min, no sign of life for 90 s"),
    ],
)
def test_time_text(progress: dict[str, Any] | None, text: str) -> None:
    assert time_text({"state": "RUNNING", "progress": progress}) == text


@pytest.mark.parametrize(
    ("cause", "whom"),
    [
        (None, None),
        ({"kind": "notebook"}, None),
        ({"kind": "notebook", "blame": "participant"}, None),
        ({"kind": "metrics", "blame": "coordinator"}, "the benchmark's coordinator"),
        ({"kind": "storage", "blame": "service"}, "who runs the ROB service"),
        ({"kind": "new", "blame": "nobody that is known"}, None),
    ],
)
def test_whose_fault_it_is(cause: dict[str, Any] | None, whom: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    print_run({"id": "r", "state": "ERROR", "cause": cause, "messages": ["no"], "attempt": 2})
    told = capsys.readouterr().out
    assert told.splitlines()[:3] == ["Run      r", "State    ERROR", "Attempt  2"]
    expected = f"\nno\nThis is not your notebook's fault; tell {whom}.\n" if whom else "\nno\n"
    assert told.endswith(expected)


@pytest.mark.parametrize("kind", ["step", "notebook"])
def test_an_evaluation_may_fail_for_the_result(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Then nobody is told that it was not their fault."""
    cause = {"kind": kind, "blame": "coordinator", "step": "evaluate", "cell": 3}
    print_run({"id": "r", "state": "ERROR", "cause": cause, "messages": ["no"], "notebooks": []})
    assert "Unless its message is about your results, it is not your fault" in capsys.readouterr().out


def test_where_the_traceback_is(capsys: pytest.CaptureFixture[str]) -> None:
    handle = {"id": "0123456789", "state": "ERROR", "cause": {"kind": "notebook", "cell": 3}, "messages": ["no"]}
    print_run({**handle, "notebooks": [{"step": "a", "name": "a.ipynb"}]})
    assert capsys.readouterr().out.endswith("has the traceback: jupyter rob runs download 01234567\n")
    print_run({**handle, "notebooks": []})
    assert capsys.readouterr().out.endswith("\nno\n")


def test_a_run_that_is_active(capsys: pytest.CaptureFixture[str]) -> None:
    print_run({"id": "r", "state": "PENDING", "progress": {"position": 3}})
    assert "number 3 in the queue" in capsys.readouterr().out
    print_run({"id": "r", "state": "RUNNING", "progress": {"step": "p", "cell": None, "elapsed": 3, "expected": 9}})
    assert "p (3 s of about 9 s)" in capsys.readouterr().out


def test_a_line_per_change() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    for state in ("PENDING", "PENDING", "SUCCESS"):
        progress.show({"state": state})
    progress.end()
    assert stream.getvalue() == "waiting for its turn\nSUCCESS\n"


def test_leaderboard(capsys: pytest.CaptureFixture[str]) -> None:
    print_leaderboard({"schema": [], "ranking": []}, set())
    assert "Nobody" in capsys.readouterr().out
    schema = [{"name": "auc", "label": "AUC"}, {"name": "n", "label": None}]
    ranking = [
        {"rank": 1, "group": {"id": "g1", "name": "bob"}, "results": [{"name": "auc", "value": 0.98}]},
        {"rank": 1, "group": {"id": "g2", "name": "alice"}, "results": [{"name": "n", "value": 5}]},
    ]
    print_leaderboard({"schema": schema, "ranking": ranking}, {"g2"})
    assert capsys.readouterr().out.splitlines() == [
        "Rank  Submission   AUC  n",
        "   1  bob         0.98  -",
        "   1  alice          -  5  <- you",
    ]
    print_leaderboard({"schema": schema, "ranking": ranking}, {"g1", "g2"})
    assert "<- you" not in capsys.readouterr().out, "no news when all are mine"


def test_leaderboard_tells_versions_where_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    def row(name: str, version: int) -> dict[str, object]:
        return {"rank": 1, "group": {"id": name, "name": name}, "results": [], "version": version}

    board = {"schema": [], "version": 2, "ranking": [row("a", 2), row("b", 2)]}
    print_leaderboard(board, set())
    assert "Version" not in capsys.readouterr().out
    print_leaderboard({**board, "ranking": [row("a", 2), row("b", 1)]}, set())
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["Rank", "Submission", "Version"], ["1", "a", "2"], ["1", "b", "1"]]

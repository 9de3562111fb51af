"""Tables and progress lines."""

from __future__ import annotations

import io
from typing import Any

import pytest

from jupyterlab_rob.console import Progress, print_leaderboard, print_table, progress_text, shown


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
    ],
)
def test_progress_text(handle: dict[str, Any], text: str) -> None:
    assert progress_text(handle) == text


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

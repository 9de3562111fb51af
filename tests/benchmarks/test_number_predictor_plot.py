"""The bundled benchmark's post-processing: a chart and a table, with nothing but Python's standard library."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

import jupyterlab_rob

FOLDER = Path(jupyterlab_rob.__file__).parent / "benchmarks" / "number_predictor"
SVG = "{http://www.w3.org/2000/svg}"

POSTPROC = yaml.safe_load((FOLDER / "benchmark.yaml").read_text())["postproc"]


def plot(folder: Path, entries: list[tuple[str, float]]) -> Path:
    """Run the step as the service does, for submissions with these names and scores; the folder of results."""
    (step,) = POSTPROC["workflow"]["steps"]
    (folder / "code").mkdir()
    (folder / "code" / "plot.py").write_bytes((FOLDER / "code" / "plot.py").read_bytes())
    (folder / "results").mkdir()
    runs = []
    for number, (name, score) in enumerate(entries):
        metrics = folder / "runs" / f"run{number}" / "results" / "score.json"
        metrics.parent.mkdir(parents=True)
        metrics.write_text(json.dumps({"deviation": 1.5, "exact": round(40 * score), "score": score}))
        runs.append({"id": f"run{number}", "name": name, "files": POSTPROC["inputs"]["files"]})
    (folder / "runs" / "runs.json").write_text(json.dumps(runs))
    (command,) = step["action"]["commands"]
    environment = {"PATH": os.defpath, "python": sys.executable, "runs": "runs"}
    subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=environment, check=True)
    return folder / "results"


def drawn(results: Path) -> ElementTree.Element:
    return ElementTree.parse(results / "scores.svg").getroot()  # noqa: S314 (drawn just now)


def test_chart_and_table(tmp_path: Path) -> None:
    results = plot(tmp_path, [("first", 1.0), ("second", 0.25)])
    chart = drawn(results)
    bars = [float(bar.get("width", "")) for bar in chart.iter(f"{SVG}rect")]
    assert bars[1] == bars[0] / 4
    texts = [text.text for text in chart.iter(f"{SVG}text")]
    assert {"Score by submission", "Score (share of exact predictions)", "first", "second", "0.25"} <= set(texts)
    with (results / "scores.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["submission", "deviation", "exact", "score"],
            ["first", "1.5", "40", "1.0"],
            ["second", "1.5", "10", "0.25"],
        ]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"&'\x07", "=1+1", "x" * 500, "→ Ω"])
def test_names_are_data(tmp_path: Path, name: str) -> None:
    results = plot(tmp_path, [(name, 0.5)])
    chart = drawn(results)
    assert not list(chart.iter(f"{SVG}script"))
    with (results / "scores.csv").open(newline="") as file:
        (shown,) = [row[0] for row in csv.reader(file)][1:]
    assert shown.removeprefix("'") == name
    assert not shown.startswith("=")


def test_chart_of_many_submissions_shows_the_best(tmp_path: Path) -> None:
    results = plot(tmp_path, [(f"submission {number}", 0.5) for number in range(30)])
    assert len(list(drawn(results).iter(f"{SVG}rect"))) == 20
    assert len((results / "scores.csv").read_text().splitlines()) == 31


def test_answers_are_not_shown() -> None:
    assert "private" not in json.dumps(POSTPROC)

"""Top tagger's post-processing: curves, histograms and a table, of any number of submissions with any names."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.font_manager import FontManager

from .toptagger import PLOT, SPECIFICATION, provide, run

SVG = "{http://www.w3.org/2000/svg}"
FILES = ["metrics.csv", "roc.svg", "roc_log.svg", "scores.svg"]


def outcome(skill: float) -> tuple[dict[str, float], dict[str, Any]]:
    """What the evaluation could say of a submission; its ROC curve is a power of the signal efficiency."""
    grid = np.linspace(0, 1, 201)
    rejections = {percent: float(min((percent / 100) ** -skill, 6000)) for percent in (30, 50)}
    metrics = {"auc": skill / (skill + 1), "accuracy": 0.9}
    for percent, rejection in rejections.items():
        metrics |= {f"rejection_{percent}": rejection, f"rejection_{percent}_std": 0.1 * rejection}
    shares = np.exp(-np.arange(40) / skill)
    shares /= shares.sum()
    scores = {"low": 0.0, "high": 1.0, "signal": shares[::-1].tolist(), "background": shares.tolist()}
    curves = {
        "signal_jets": 2000,
        "background_jets": 6000,
        "background_efficiency": (grid**skill).tolist(),
        "scores": scores,
    }
    return metrics, curves


def plot(folder: Path, names: list[str], **changes: Any) -> Path:
    """Run the step as the service does, for submissions with these names; the folder of results. ``changes`` are made
    to the scores of the first."""
    provide(PLOT, folder)
    runs = []
    for number, name in enumerate(names):
        metrics, curves = outcome(6 - 5 * number / len(names))
        if number == 0:
            curves["scores"].update(changes)
        path = folder / "runs" / f"run{number}" / "results"
        path.mkdir(parents=True)
        (path / "score.json").write_text(json.dumps(metrics))
        (path / "curves.json").write_text(json.dumps(curves))
        runs.append({"id": f"run{number}", "name": name, "files": SPECIFICATION["postproc"]["inputs"]["files"]})
    (folder / "runs" / "runs.json").write_text(json.dumps(runs))
    done = run(PLOT, folder, runs="runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["code", "results", "runs"]
    assert sorted(path.name for path in (folder / "results").iterdir()) == FILES
    return folder / "results"


def texts(image: Path) -> list[str]:
    """All texts of an SVG image, which must be well-formed and run nothing."""
    drawn = ElementTree.parse(image).getroot()  # noqa: S314 (drawn just now)
    assert not list(drawn.iter(f"{SVG}script"))
    return ["".join(text.itertext()).strip() for text in drawn.iter(f"{SVG}text")]


def table(results: Path) -> list[list[str]]:
    with (results / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_figures_and_table(tmp_path: Path) -> None:
    results = plot(tmp_path, ["first", "second"])

    head, first, second = table(results)
    assert head == [
        "submission",
        "auc",
        "rejection_30",
        "rejection_30_std",
        "rejection_50",
        "rejection_50_std",
        "accuracy",
    ]
    assert (first[0], float(first[1]), second[0]) == ("first", pytest.approx(6 / 7), "second")
    for name in ("roc.svg", "roc_log.svg"):
        shown = texts(results / name)
        assert {"first", "second", "AUC", "0.8571", "1372 ± 137", "64 ± 6", "random guess"} <= set(shown)
        assert not [text for text in shown if "more" in text]
    assert {"1. first", "2. second", "top jets", "light-quark and gluon jets"} <= set(texts(results / "scores.svg"))


HOSTILE = [
    r"$\frac{1}{0}$ $x$",
    "_hidden",
    "a\nb\tc",
    "🚀 rocket 👩‍🔬",
    "名前がとても長いチームの提出物はここで切れるはず",
    "x" * 5000,
    "<script>alert(1)</script>&\"'",
    "=HYPERLINK(1)",
    "\u202eback to front",
    "\x07\x00\ud800half",
    "tower" + "\u0301" * 5000,
    "",
]


def test_names_are_data(tmp_path: Path) -> None:
    results = plot(tmp_path, HOSTILE)

    shown = texts(results / "roc.svg")
    assert {
        r"$\frac{1}{0}$ $x$",
        "_hidden",
        "a b c",
        "🚀 rocket 👩 🔬",
        "名前がとても長いチームの提出…",
        "x" * 29 + "…",
        "<script>alert(1)</script>&\"'",
        "=HYPERLINK(1)",
        "back to front",
        "half",
    } <= set(shown)
    assert [text for text in shown if text.startswith("tower")] == ["tower" + 3 * "\u0301"]
    assert "2. _hidden" in texts(results / "scores.svg")
    written = [row[0] for row in table(results)[1:]]
    assert written[0] == HOSTILE[0]
    assert written[5] == HOSTILE[5]
    # No formula for a spreadsheet, and text for every reader.
    assert written[7] == "'=HYPERLINK(1)"
    assert written[9] == "\x07\x00?half"


def test_no_more_curves_than_a_browser_can_draw(tmp_path: Path) -> None:
    results = plot(tmp_path, [f"team {number}" for number in range(1100)])

    for name in ("roc.svg", "roc_log.svg"):
        assert "1088 more, 1000 of them drawn" in texts(results / name)
    assert len(table(results)) == 1101


def test_the_best_of_many_are_in_colour_and_named(tmp_path: Path) -> None:
    results = plot(tmp_path, [f"team {number}" for number in range(300)])

    for name in ("roc.svg", "roc_log.svg"):
        shown = texts(results / name)
        assert [text for text in shown if text.startswith("team")] == [f"team {number}" for number in range(12)]
        assert "288 more" in shown
    shown = texts(results / "scores.svg")
    assert "1. team 0" in shown
    assert "212. team 211" in shown
    assert "88 more are in the table." in shown
    assert len(table(results)) == 301


@pytest.mark.parametrize(
    "ends", [{"low": -1.7e308, "high": 1.7e308}, {"low": 2.5, "high": 2.5000001}, {"low": -3e-320, "high": 1e-320}]
)
def test_scores_of_any_size_are_drawn(tmp_path: Path, ends: dict[str, float]) -> None:
    plot(tmp_path, ["huge"], **ends)


def test_a_rejection_at_its_bound_is_called_so(tmp_path: Path) -> None:
    provide(PLOT, tmp_path)
    path = tmp_path / "runs" / "best" / "results"
    path.mkdir(parents=True)
    metrics, curves = outcome(3)
    metrics |= {"rejection_30": 6000.0, "rejection_30_std": 0.0}
    curves["background_efficiency"] = [0.0] * 201
    (path / "score.json").write_text(json.dumps(metrics))
    (path / "curves.json").write_text(json.dumps(curves))
    (tmp_path / "runs" / "runs.json").write_text(json.dumps([{"id": "best", "name": "best", "files": []}]))
    done = run(PLOT, tmp_path, runs="runs")

    assert (done.returncode, done.stderr) == (0, "")
    assert "at least 6000" in texts(tmp_path / "results" / "roc.svg")


def test_a_list_of_fonts_that_is_of_no_use_does_no_harm(tmp_path: Path) -> None:
    cache = tmp_path / "home" / ".cache" / "matplotlib"
    cache.mkdir(parents=True)
    for version in ("390", FontManager.__version__):
        (cache / f"fontlist-v{version}.json").write_text("{}")
    plot(tmp_path / "run", ["a"])
    done = run(PLOT, tmp_path / "run", runs="runs", HOME=str(tmp_path / "home"))

    assert (done.returncode, done.stderr) == (0, "")
    assert [path.read_text() for path in cache.iterdir()] == ["{}", "{}"]


def test_post_processing_is_given_neither_labels_nor_scores() -> None:
    given = json.dumps(SPECIFICATION["postproc"])

    assert "private" not in given
    assert "npy" not in given

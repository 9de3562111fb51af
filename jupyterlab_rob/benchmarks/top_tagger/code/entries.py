"""The submissions' best runs: what post-processing is given of them, and the table of their metrics."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METRICS = "results/score.json"
CURVES = "results/curves.json"

#: The columns of the table, beside rank and submission.
COLUMNS = ("auc", "rejection_30", "rejection_30_std", "rejection_50", "rejection_50_std", "accuracy")


@dataclass(frozen=True)
class Entry:
    """A submission's best run: ``metrics`` as evaluate.py and ``curves`` as curves.py describe them."""

    name: str
    metrics: dict[str, float]
    curves: dict[str, Any]


def read_entries(runs: Path) -> list[Entry]:
    """The entries in the order of the leaderboard; ``runs`` is the folder that ROB gives to post-processing."""
    return [
        Entry(run["name"], _read(runs / run["id"] / METRICS), _read(runs / run["id"] / CURVES))
        for run in json.loads((runs / "runs.json").read_text(encoding="utf-8"))
    ]


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def write_table(entries: Sequence[Entry], path: Path) -> None:
    """A CSV file with one line per submission, the best first."""
    # A name may hold what is no text in UTF-8: half of a character.
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        table = csv.writer(file)
        table.writerow(["submission", *COLUMNS])
        for entry in entries:
            table.writerow([_cell(entry.name), *(entry.metrics[column] for column in COLUMNS)])


def _cell(name: str) -> str:
    # A spreadsheet would take it for a formula.
    return f"'{name}" if name.lstrip().startswith(("=", "+", "-", "@")) else name

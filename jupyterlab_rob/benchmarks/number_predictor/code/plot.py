"""Compare the submissions' best runs: a bar chart and a table.

    python plot.py RUNS CHART TABLE

RUNS is the folder that ROB gives to post-processing, with ``runs.json`` and each run's ``results/score.json``. CHART
becomes an SVG image, TABLE a CSV file with one line per submission, the best first. Only Python's standard library is
used.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

METRICS = "results/score.json"

#: The chart shows no more submissions than this; the table has all.
SHOWN = 20

_WIDTH, _LABELS, _VALUES, _TOP, _ROW, _BOTTOM = 640, 190, 60, 40, 24, 44
_BARS = _WIDTH - _LABELS - _VALUES
_LONGEST = 26

# An image knows no theme of the page that it is in; it can ask for the reader's preference.
_STYLE = """
text { font: 12px sans-serif; fill: #333; }
.title { font-size: 15px; font-weight: bold; }
.axis { stroke: #999; }
.bar { fill: #1976d2; }
@media (prefers-color-scheme: dark) { text { fill: #ddd; } .axis { stroke: #777; } .bar { fill: #64b5f6; } }
"""


@dataclass(frozen=True)
class Entry:
    """A submission's best run; ``score`` is the share of exact predictions, from 0 to 1."""

    name: str
    deviation: float
    exact: int
    score: float


def read_entries(runs: Path) -> list[Entry]:
    """The entries in the order of the leaderboard."""
    entries = []
    for run in json.loads((runs / "runs.json").read_text(encoding="utf-8")):
        metrics = json.loads((runs / run["id"] / METRICS).read_text(encoding="utf-8"))
        entries.append(Entry(run["name"], metrics["deviation"], metrics["exact"], metrics["score"]))
    return entries


def draw(entries: list[Entry]) -> str:
    """An SVG image: a bar for the score of each submission, the leaderboard's first on top."""
    shown = entries[:SHOWN]
    bottom = _TOP + _ROW * len(shown)
    title = "Score by submission" if len(shown) == len(entries) else f"Score of the best {SHOWN} submissions"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + _BOTTOM}" role="img">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_WIDTH / 2}" y="22" text-anchor="middle">{title}</text>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = _LABELS + tick * _BARS
        parts.append(f'<line class="axis" x1="{x}" x2="{x}" y1="{_TOP - 4}" y2="{bottom}" stroke-width="0.5"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
    for row, entry in enumerate(shown):
        y = _TOP + _ROW * row
        length = entry.score * _BARS
        parts.append(f'<text x="{_LABELS - 8}" y="{y + 15}" text-anchor="end">{_label(entry.name)}</text>')
        parts.append(f'<rect class="bar" x="{_LABELS}" y="{y + 4}" width="{length:.1f}" height="{_ROW - 8}"/>')
        parts.append(f'<text x="{_LABELS + length + 6:.1f}" y="{y + 15}">{entry.score:.3g}</text>')
    x = _LABELS + _BARS / 2
    parts.append(f'<text x="{x}" y="{bottom + 36}" text-anchor="middle">Score (share of exact predictions)</text>')
    return "\n".join([*parts, "</svg>\n"])


def write_table(entries: list[Entry], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["submission", "deviation", "exact", "score"])
        for entry in entries:
            table.writerow([_cell(entry.name), entry.deviation, entry.exact, entry.score])


def _label(name: str) -> str:
    # XML has no control characters.
    shown = "".join(character if character.isprintable() else " " for character in name)
    return escape(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…")


def _cell(name: str) -> str:
    # A spreadsheet would take it for a formula.
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print("usage: plot.py RUNS CHART TABLE", file=sys.stderr)
        return 2
    runs, chart, table = map(Path, arguments)
    entries = read_entries(runs)
    chart.write_text(draw(entries), encoding="utf-8")
    write_table(entries, table)
    print(f"{len(entries)} submissions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

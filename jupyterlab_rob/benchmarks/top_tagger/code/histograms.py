"""Histograms of the scores of all submissions: a panel for each of the best, a small one for each of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger.code.entries import Entry
    from jupyterlab_rob.benchmarks.top_tagger.code.figures import FAINT, SHOWN, label
else:
    from figures import FAINT, SHOWN, label

Floats = NDArray[np.float64]

#: Panels in a row, of the best and of the others; and how many of the others are drawn at most.
COLUMNS, SMALL_COLUMNS, MOST_SMALL = 3, 8, 200
#: The share of a class that is drawn at the bottom of a panel.
LOWEST = 2e-4

SIGNAL, BACKGROUND = "#0072b2", "#d55e00"
_WIDTH, _HEIGHT, _SMALL, _HEAD, _MARGIN = 7.4, 1.9, 0.56, 0.34, 0.3  # inches


def score_histograms(entries: Sequence[Entry]) -> Figure:
    """The share of each class in bins of the score, logarithmic; 1 for a class whose scores are all in one bin."""
    best, others = entries[:SHOWN], entries[SHOWN : SHOWN + MOST_SMALL]
    rows, small_rows = -(-len(best) // COLUMNS), -(-len(others) // SMALL_COLUMNS)
    height = _HEAD + rows * _HEIGHT + (small_rows * _SMALL + _MARGIN if others else 0) + _MARGIN
    figure = Figure(figsize=(_WIDTH, height))
    handles = [
        Patch(color=SIGNAL, alpha=0.45, label="top jets"),
        Patch(fill=False, edgecolor=BACKGROUND, label="light-quark and gluon jets"),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.04, 1),
        ncols=2,
        frameon=False,
        fontsize=10,
        borderaxespad=0.2,
    )
    for number, entry in enumerate(best):
        row, column = divmod(number, COLUMNS)
        left = 0.09 + column * 0.308
        bottom = height - _HEAD - row * _HEIGHT - (_HEIGHT - 0.4)
        axes = figure.add_axes((left, bottom / height, 0.27, (_HEIGHT - 0.68) / height))
        _panel(axes, entry, number + 1, is_first=column == 0)
    if others:
        axes = figure.add_axes((0.04, _MARGIN / height, 0.94, small_rows * _SMALL / height))
        _small_panels(axes, others, small_rows)
        left_out = len(entries) - len(best) - len(others)
        if left_out:
            figure.text(0.04, 0.1 / height, f"{left_out} more are in the table.", fontsize=8, color=FAINT)
    return figure


def _panel(axes: Axes, entry: Entry, place: int, is_first: bool) -> None:
    scores = entry.curves["scores"]
    edges = np.linspace(0, 1, len(scores["signal"]) + 1)
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    axes.set_ylim(LOWEST, 1)
    axes.stairs(
        np.maximum(scores["signal"], LOWEST / 10), edges, baseline=LOWEST / 10, fill=True, color=SIGNAL, alpha=0.45
    )
    axes.stairs(np.maximum(scores["background"], LOWEST / 10), edges, baseline=None, color=BACKGROUND, linewidth=1.1)
    _ticks(axes, scores["low"], scores["high"])
    axes.tick_params(labelsize=8.5, length=2.5)
    axes.set_title(f"{place}. {label(entry.name, 26)}", fontsize=9, loc="left", pad=3, parse_math=False)
    axes.set_xlabel("score", fontsize=9, labelpad=1)
    if is_first:
        axes.set_ylabel("share per bin", fontsize=9)
    else:
        axes.tick_params(labelleft=False)


def _ticks(axes: Axes, low: float, high: float) -> None:
    """Ticks of the scores on an axis from 0 to 1: scores may be so large that no axis can have them."""
    if not np.isfinite(high - low):
        axes.set_xticks([0, 1], [f"{low:.1g}", f"{high:.1g}"])
        return
    ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
    axes.set_xticks([(tick - low) / (high - low) for tick in ticks], [f"{tick:g}" for tick in ticks])


def _small_panels(axes: Axes, entries: Sequence[Entry], rows: int) -> None:
    """All in one pair of axes, a cell of size 1 for each: as many pairs of axes would take minutes."""
    axes.set_axis_off()
    axes.set_xlim(0, SMALL_COLUMNS)
    axes.set_ylim(rows, 0)
    areas, lines = [], []
    for number, entry in enumerate(entries):
        row, column = divmod(number, SMALL_COLUMNS)
        scores: dict[str, Any] = entry.curves["scores"]
        areas.append(_outline(scores["signal"]) * (0.92, -0.6) + (column, row + 0.95))
        lines.append(_outline(scores["background"]) * (0.92, -0.6) + (column, row + 0.95))
        text = f"{SHOWN + number + 1}. {label(entry.name, 12)}"
        axes.text(column, row + 0.26, text, fontsize=6, va="center", color=FAINT, parse_math=False)
    axes.add_collection(PolyCollection(areas, facecolors="#bdbdbd", edgecolors="none"))
    axes.add_collection(LineCollection(lines, colors="#6e6e6e", linewidths=0.7))


def _outline(shares: Sequence[float]) -> Floats:
    """A histogram's outline, logarithmic, in a square of size 1 that it stands at the bottom of; shape (points, 2)."""
    heights = np.log(np.maximum(shares, LOWEST) / LOWEST) / -np.log(LOWEST)
    x = np.repeat(np.linspace(0, 1, len(heights) + 1), 2)
    return np.column_stack([x, np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])])

"""ROC curves of all submissions, in both conventions of arXiv:1902.09914; the best in colour, the others in grey."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger.code.entries import Entry

Floats = NDArray[np.float64]

#: How many submissions are drawn in colour and named, and how many more in grey.
SHOWN = 12
MOST_GREY = 1000
#: Longest name in a legend, in columns; a Chinese character takes two. And the most marks on a letter: no towers.
LONGEST = 30
MOST_MARKS = 3

# Colours that also the colour-blind tell apart (M. Okabe and K. Ito), with a second round dashed.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLES = ("solid", (0, (5, 1.5)))
# Inches. So narrow that the text can be read where the figure is shown beside a sidebar.
_WIDTH, _PLOT, _ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 7.4, 4.4, 0.25, 0.72, 0.12, 0.12, 0.5
GREY = "#c4c4c4"
INK = "#333333"
FAINT = "#777777"

mpl.use("agg")
mpl.rcParams.update(
    {
        # Text stays text: small, sharp, and a name shows in whatever script the reader's fonts have.
        "svg.fonttype": "none",
        "svg.hashsalt": "rob",
        "font.size": 10,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.7,
        "axes.axisbelow": True,
    }
)


def label(name: str, longest: int = LONGEST) -> str:
    """A submission's name on one line; what can't be shown is left out, and a long one is cut."""
    # What is not printable: controls (no XML), halves of characters, and what turns the direction of writing round.
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    shown, fitting, columns, marks = "", 0, 0, 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks > MOST_MARKS:
            continue
        columns += _columns(letter)
        if columns > longest:
            return shown[:fitting].rstrip() + "…"
        shown += letter
        if columns < longest:
            fitting = len(shown)
    return shown


def _columns(letter: str) -> int:
    return 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():
        # The font here lacks characters that the reader's may have.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def rejection_curves(entries: Sequence[Entry]) -> Figure:
    """Background rejection 1/εB, logarithmic, against the signal efficiency εS."""
    figure, axes = _frame(entries, lambda efficiency: 1 / efficiency)
    axes.set_ylabel(r"Background rejection $1/\varepsilon_B$")
    axes.set_ylim(1, 1.7 * _most_background(entries))
    x = np.linspace(0.005, 1, 200)
    axes.plot(x, 1 / x, color=FAINT, linewidth=0.8, linestyle="dotted", zorder=1)
    axes.annotate("random guess", (0.5, 2), (-8, -11), textcoords="offset points", fontsize=8, color=FAINT, ha="center")
    # Of more they would hide each other; the legend has the numbers.
    for entry, colour, _ in _coloured(entries) if len(entries) <= len(COLOURS) else ():
        for percent in (30, 50):
            rejection, spread = (entry.metrics[f"rejection_{percent}{suffix}"] for suffix in ("", "_std"))
            factor = 1 + spread / rejection
            axes.plot([percent / 100] * 2, [rejection / factor, rejection * factor], color=colour, linewidth=1.2)
            axes.plot(percent / 100, rejection, "o", color=colour, markersize=3.5)
    return figure


def efficiency_curves(entries: Sequence[Entry]) -> Figure:
    """Background efficiency εB, logarithmic, against the signal efficiency εS."""
    figure, axes = _frame(entries, lambda efficiency: efficiency)
    axes.set_ylabel(r"Background efficiency $\varepsilon_B$")
    axes.set_ylim(0.6 / _most_background(entries), 1)
    x = np.linspace(0, 1, 200)
    axes.plot(x, x, color=FAINT, linewidth=0.8, linestyle="dotted", zorder=1)
    axes.annotate(
        "random guess", (0.5, 0.5), (0, -13), textcoords="offset points", fontsize=8, color=FAINT, ha="center"
    )
    return figure


def _most_background(entries: Sequence[Entry]) -> int:
    return max((entry.curves["background_jets"] for entry in entries), default=1000)


def _coloured(entries: Sequence[Entry]) -> list[tuple[Entry, str, str | tuple[int, tuple[float, float]]]]:
    """The best entries, each with colour and style of its line."""
    return [
        (entry, COLOURS[number % len(COLOURS)], STYLES[number // len(COLOURS) % len(STYLES)])
        for number, entry in enumerate(entries[:SHOWN])
    ]


def _frame(entries: Sequence[Entry], ordinate: Callable[[Floats], Floats]) -> tuple[Figure, Axes]:
    """Curves and legend; ``ordinate`` turns background efficiencies above 0 into what is drawn."""
    legend = (2 + min(len(entries), SHOWN + 1)) * _ROW
    height = _TOP + _PLOT + _BOTTOM + legend
    figure = Figure(figsize=(_WIDTH, height))
    plot = (_LEFT / _WIDTH, (legend + _BOTTOM) / height, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, _PLOT / height)
    axes = figure.add_axes(plot)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=range(2, 10)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(0, 1)
    axes.set_xticks(np.arange(0, 1.01, 0.1))
    axes.set_xlabel(r"Signal efficiency $\varepsilon_S$")
    others = [_points(entry, ordinate) for entry in entries[SHOWN : SHOWN + MOST_GREY]]
    axes.add_collection(LineCollection(others, colors=GREY, linewidths=0.7, zorder=1.5))
    # The best on top.
    for number, (entry, colour, style) in reversed(list(enumerate(_coloured(entries)))):
        axes.plot(*_points(entry, ordinate).T, color=colour, linestyle=style, linewidth=1.5, zorder=3 - number / SHOWN)
    _legend(figure.add_axes((plot[0], 0, plot[2], legend / height)), entries)
    return figure, axes


def _points(entry: Entry, ordinate: Callable[[Floats], Floats]) -> Floats:
    """The curve, shape (points, 2), as far as at least one background jet is kept: below that nothing is known."""
    kept = np.asarray(entry.curves["background_efficiency"], np.float64)
    known = np.flatnonzero(kept * entry.curves["background_jets"] >= 0.999999)
    efficiency = np.linspace(0, 1, len(kept))[known]
    return np.column_stack([efficiency, ordinate(kept[known])])


def _legend(axes: Axes, entries: Sequence[Entry]) -> None:
    """A table below the curves: line, name and metrics. Drawn by hand, for a name is never to be taken as more than
    text, whatever it begins with."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(2 + min(len(entries), SHOWN + 1), 0)
    columns = ((0.6, "auc", ""), (0.8, "rejection_30", "_std"), (0.995, "rejection_50", "_std"))
    heads = ("AUC", r"$1/\varepsilon_B$ (30 %)", r"$1/\varepsilon_B$ (50 %)")
    for (x, _, _), head in zip(columns, heads):
        axes.text(x, 0.5, head, ha="right", va="center", fontsize=8.5, color=FAINT)
    for number, (entry, colour, style) in enumerate(_coloured(entries)):
        y = number + 1.5
        axes.plot([0.005, 0.06], [y, y], color=colour, linestyle=style, linewidth=2)
        axes.text(0.08, y, label(entry.name), va="center", fontsize=9, parse_math=False)
        for x, column, spread in columns:
            text = f"{entry.metrics[column]:.4f}" if not spread else _measured(entry, column)
            axes.text(x, y, text, ha="right", va="center", fontsize=9)
    if len(entries) > SHOWN:
        y = SHOWN + 1.5
        more = len(entries) - SHOWN
        axes.plot([0.005, 0.06], [y, y], color=GREY, linewidth=2)
        text = f"{more} more" if more <= MOST_GREY else f"{more} more, {MOST_GREY} of them drawn"
        axes.text(0.08, y, text, va="center", fontsize=9, color=FAINT)


def _measured(entry: Entry, column: str) -> str:
    if entry.metrics[column] >= entry.curves["background_jets"]:
        return f"at least {entry.metrics[column]:.0f}"
    return f"{entry.metrics[column]:.0f} ± {entry.metrics[f'{column}_std']:.0f}"

"""What post-processing draws of a submission: a few KB in place of all scores and labels.

NumPy only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger.code.metrics import Floats, Roc, background_kept
else:
    # A run has the scripts side by side in a folder of its own.
    from metrics import background_kept

#: The ROC curve is given at the signal efficiencies 0, 1 / STEPS, 2 / STEPS, ... 1.
STEPS = 200
#: Bins of the histograms, and the share of the jets that may be beyond them at either end.
BINS = 40
BEYOND = 0.001
_DIGITS = 6


def curves(curve: Roc, scores: Floats, is_signal: NDArray[np.bool_]) -> dict[str, Any]:
    """A JSON object.

    - ``signal_jets`` and ``background_jets``: how many there are in the test sample;
    - ``background_efficiency``: at each of the signal efficiencies 0, 1/200, ... 1; 0 where no background jet is kept;
    - ``scores``: ``low`` and ``high``, the ends of 40 bins of the same width, and for ``signal`` and ``background``
      the share of the class in each bin, which sum to 1. The first and the last bin hold what is beyond as well.
    """
    grid = np.arange(STEPS + 1) / STEPS
    low, high = _ends(scores)
    # Not by their difference, which is no number for the largest floats.
    part = np.arange(1, BINS) / BINS
    inner = low * (1 - part) + high * part
    return {
        "signal_jets": int(curve.signal[-1]),
        "background_jets": int(curve.background[-1]),
        "background_efficiency": _rounded(background_kept(curve, grid) / curve.background[-1]),
        "scores": {
            "low": low,
            "high": high,
            "signal": _shares(scores[is_signal], inner),
            "background": _shares(scores[~is_signal], inner),
        },
    }


def _ends(scores: Floats) -> tuple[float, float]:
    """0 and 1 for probabilities; else where the scores are, but for a few that are far from the others."""
    lowest, highest = float(scores.min()), float(scores.max())
    if lowest >= 0 and highest <= 1:
        return 0.0, 1.0
    # Scores and no means of two, which need not be finite.
    low, high = np.quantile(scores, [BEYOND, 1 - BEYOND], method="nearest")
    if low < high:
        return float(low), float(high)
    return (lowest, highest) if lowest < highest else (min(lowest, 0.0), max(highest, 1.0))


def _shares(scores: Floats, inner: Floats) -> list[float]:
    bins = np.searchsorted(inner, scores, side="right")
    return _rounded(np.bincount(bins, minlength=BINS) / len(scores))


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]

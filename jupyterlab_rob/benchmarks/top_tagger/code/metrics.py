"""What is read off the scores of a classifier: ROC curve, AUC, rejections with their spread, accuracy.

Signal are the jets that a higher score speaks for, background the others. At a threshold a classifier keeps the jets
with this score or a higher one: its signal efficiency is the share of the signal that it keeps, its background
efficiency that of the background. Jets with the same score are kept or not kept together, whatever their order.

NumPy only. Time grows as N log N with the number of jets, memory as N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

#: How many samples are drawn for the spread of a rejection, and from which seed.
SAMPLES = 100
SEED = 20190226


@dataclass(frozen=True)
class Ranks:
    """The rank of each jet: 0 for those with the highest score, 1 for the next one, and so on to ``many - 1``.

    ``signal`` has the shape (S,), ``background`` (B,).
    """

    signal: Counts
    background: Counts
    many: int


@dataclass(frozen=True)
class Roc:
    """How many jets are kept as the threshold is lowered from one score to the next.

    ``signal`` and ``background`` have the shape (thresholds + 1,): they begin with 0, where nothing is kept, and end
    with all jets.
    """

    signal: Counts
    background: Counts


def rank(scores: Floats, is_signal: NDArray[np.bool_]) -> Ranks:
    """Ranks of finite scores; both arrays have the shape (jets,)."""
    distinct, ranks = np.unique(-scores, return_inverse=True)
    ranks = ranks.reshape(scores.shape)  # NumPy 2.0.0 gives another shape
    return Ranks(ranks[is_signal], ranks[~is_signal], len(distinct))


def roc(ranks: Ranks) -> Roc:
    return Roc(_kept(ranks.signal, ranks.many), _kept(ranks.background, ranks.many))


def _kept(ranks: Counts, many: int) -> Counts:
    kept = np.zeros(many + 1, np.int64)
    np.cumsum(np.bincount(ranks, minlength=many), out=kept[1:])
    return kept


def auc(curve: Roc) -> float:
    """Area under the ROC curve: how often a signal jet has a higher score than a background jet; ties count half."""
    # Whole numbers, so nothing is lost: twice the area of a trapezoid for each threshold.
    doubled = np.sum(np.diff(curve.background) * (curve.signal[1:] + curve.signal[:-1]))
    return float(doubled / (2 * curve.signal[-1] * curve.background[-1]))


def background_kept(curve: Roc, efficiencies: Sequence[float] | Floats) -> Floats:
    """Number of background jets that are kept at each signal efficiency, shape (efficiencies,).

    It is that of the first threshold that reaches the efficiency; between the threshold before and this one the curve
    is a straight line, so it need not be a whole number.
    """
    # Rounded, since 0.07 of 100 jets are 7.000000000000001.
    wanted = np.round(np.asarray(efficiencies, np.float64) * curve.signal[-1], 6)
    after = np.searchsorted(curve.signal, wanted, side="left")
    before = np.maximum(after - 1, 0)
    step = np.maximum(curve.signal[after] - curve.signal[before], 1)
    part = (wanted - curve.signal[before]) / step
    kept: Floats = curve.background[before] + part * (curve.background[after] - curve.background[before])
    # At an efficiency of 0 there is no threshold before.
    return np.where(after == 0, curve.background[0], kept)


def rejections(curve: Roc, efficiencies: Sequence[float]) -> Floats:
    """Background rejection, 1 / background efficiency, at each signal efficiency, shape (efficiencies,).

    Where less than one background jet is kept, the sample can't tell more than that the rejection is at least the
    number of background jets: this bound is taken, and the rejection is never infinite.
    """
    bounded: Floats = curve.background[-1] / np.maximum(background_kept(curve, efficiencies), 1.0)
    return bounded


def spreads(ranks: Ranks, efficiencies: Sequence[float], samples: int = SAMPLES, seed: int = SEED) -> Floats:
    """Standard deviation of the rejections over bootstrap samples of the test jets, shape (efficiencies,).

    For a sample, as many signal jets are drawn with replacement as there are, and apart from them as many background
    jets. One sample is in memory at a time.
    """
    generator = np.random.default_rng(seed)
    drawn = np.empty((samples, len(efficiencies)))
    for row in drawn:
        signal = ranks.signal[generator.integers(0, len(ranks.signal), len(ranks.signal))]
        background = ranks.background[generator.integers(0, len(ranks.background), len(ranks.background))]
        row[:] = rejections(roc(Ranks(signal, background, ranks.many)), efficiencies)
    spread: Floats = np.std(drawn, axis=0, ddof=1)
    return spread


def balanced_accuracy(scores: Floats, is_signal: NDArray[np.bool_]) -> float:
    """Mean of the share of the signal with a score above 0.5 and the share of the background with none above it.

    Both classes weigh the same, whatever their numbers.
    """
    taken = scores > 0.5
    return float((np.mean(taken[is_signal]) + np.mean(~taken[~is_signal])) / 2)

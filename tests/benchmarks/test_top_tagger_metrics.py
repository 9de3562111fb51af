"""The metrics of Top tagger: as scikit-learn has them, as by hand, and whatever the order and scale of the scores."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve

from .toptagger import load

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger.code import metrics
else:
    metrics = load("code/metrics.py")

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]


@st.composite
def samples(draw: st.DrawFn) -> tuple[Scores, Labels]:
    """Scores, many of them equal, of jets of both classes in any order."""
    values = st.integers(0, 8).map(lambda number: number / 8)
    values = draw(st.sampled_from([values, st.floats(-1e300, 1e300)]))
    signal = draw(st.lists(values, min_size=1, max_size=40))
    background = draw(st.lists(values, min_size=1, max_size=40))
    order = draw(st.permutations(range(len(signal) + len(background))))
    is_signal = np.arange(len(order)) < len(signal)
    return np.array(signal + background, np.float64)[order], is_signal[order]


def curve_of(scores: Scores, is_signal: Labels) -> metrics.Roc:
    return metrics.roc(metrics.rank(scores, is_signal))


def sample(signal: list[float], background: list[float]) -> tuple[Scores, Labels]:
    return np.array(signal + background, np.float64), np.arange(len(signal) + len(background)) < len(signal)


@given(samples())
def test_curve_and_area_are_those_of_scikit_learn(drawn: tuple[Scores, Labels]) -> None:
    scores, is_signal = drawn
    curve = curve_of(scores, is_signal)
    background, signal, _ = roc_curve(is_signal, scores, drop_intermediate=False)

    np.testing.assert_allclose(curve.signal / is_signal.sum(), signal, atol=1e-12)
    np.testing.assert_allclose(curve.background / (~is_signal).sum(), background, atol=1e-12)
    assert metrics.auc(curve) == pytest.approx(roc_auc_score(is_signal, scores), abs=1e-12)


@given(samples())
def test_accuracy_is_that_of_scikit_learn(drawn: tuple[Scores, Labels]) -> None:
    scores, is_signal = drawn

    assert metrics.balanced_accuracy(scores, is_signal) == pytest.approx(
        balanced_accuracy_score(is_signal, scores > 0.5), abs=1e-12
    )


def kept_by_definition(scores: Scores, is_signal: Labels, efficiency: Fraction) -> Fraction:
    """Background jets that are kept at a signal efficiency, threshold by threshold, without rounding."""
    signal, background = (sorted(scores[of].tolist()) for of in (is_signal, ~is_signal))
    before = (Fraction(0), Fraction(0))
    for threshold in sorted(set(scores.tolist()), reverse=True):
        kept = tuple(Fraction(sum(score >= threshold for score in some)) for some in (signal, background))
        if kept[0] >= efficiency * len(signal):
            part = (efficiency * len(signal) - before[0]) / (kept[0] - before[0])
            return before[1] + part * (kept[1] - before[1])
        before = (kept[0], kept[1])
    raise AssertionError


@given(samples(), st.sampled_from([Fraction(1, 100), Fraction(3, 10), Fraction(1, 2), Fraction(7, 10), Fraction(1)]))
def test_rejection_is_that_of_the_definition(drawn: tuple[Scores, Labels], efficiency: Fraction) -> None:
    kept = kept_by_definition(*drawn, efficiency)
    curve = curve_of(*drawn)

    assert metrics.background_kept(curve, [float(efficiency)])[0] == pytest.approx(float(kept), abs=1e-4)
    (rejection,) = metrics.rejections(curve, [float(efficiency)])
    assert rejection == pytest.approx((~drawn[1]).sum() / max(float(kept), 1.0), rel=1e-4)


@given(samples())
def test_only_the_order_of_scores_matters(drawn: tuple[Scores, Labels]) -> None:
    scores, is_signal = drawn
    scaled = np.arctan(scores) / 4 - 3
    # Where rounding makes different scores the same it is another order.
    if len(np.unique(scaled)) == len(np.unique(scores)):
        ranks, other = metrics.rank(scores, is_signal), metrics.rank(scaled, is_signal)
        assert metrics.auc(metrics.roc(ranks)) == metrics.auc(metrics.roc(other))
        np.testing.assert_array_equal(metrics.spreads(ranks, [0.3, 0.5]), metrics.spreads(other, [0.3, 0.5]))


@pytest.mark.parametrize(
    ("signal", "background", "efficiency", "kept"),
    [
        # The second threshold reaches 50 %.
        ([9, 8, 3, 2], [8.5, 7, 6, 1], 0.5, 1),
        # 30 % are 1.2 signal jets: after the first, which is above all others, 0.2 of the way to the second, which has
        # the same score as a background jet.
        ([9, 8, 3, 2], [8, 7, 6, 1], 0.3, 0.2),
        # Here that background jet is kept before the second signal jet, and so on all of the way.
        ([9, 8, 3, 2], [8.5, 7, 6, 1], 0.3, 1),
        # A background jet below a signal jet, but above the next one, counts at the next one only.
        ([9, 8], [8.5], 0.5, 0),
        ([9, 8], [8.5], 1.0, 1),
        # A signal and two background jets with the same score are one threshold: half of them at half of it.
        ([5], [5, 5], 0.5, 1),
        ([5, 4], [5, 5, 4], 0.5, 2),
        # All scores are equal.
        ([1, 1, 1], [1, 1, 1, 1], 0.25, 1),
        # 7 % of 100 is 7.000000000000001 for the computer, and must not become the eighth jet.
        ([100 - n for n in range(100)], [93.5] * 50, 0.07, 0),
        ([1], [2, 2], 0.0, 0),
    ],
)
def test_background_by_hand(signal: list[float], background: list[float], efficiency: float, kept: float) -> None:
    curve = curve_of(*sample(signal, background))

    assert metrics.background_kept(curve, [efficiency])[0] == pytest.approx(kept)


@pytest.mark.parametrize(
    ("signal", "background", "area"),
    [([2, 3], [0, 1], 1), ([0, 1], [2, 3], 0), ([1, 1], [1], 0.5), ([3, 1], [2], 0.5), ([3, 2], [2, 1], 7 / 8)],
)
def test_area_by_hand(signal: list[float], background: list[float], area: float) -> None:
    assert metrics.auc(curve_of(*sample(signal, background))) == area


def test_rejection_is_bounded_by_one_background_jet() -> None:
    apart = metrics.rank(*sample([2.0] * 10, [1.0] * 500))

    assert metrics.rejections(metrics.roc(apart), [0.3, 0.5]).tolist() == [500, 500]
    assert metrics.spreads(apart, [0.3, 0.5]).tolist() == [0, 0]


def test_accuracy_weighs_both_classes_the_same() -> None:
    # Of 4 top jets 3 are found, of 100 others 90: a score of 0.5 is none for a top jet.
    scores, is_signal = sample([0.9, 0.8, 0.7, 0.5], [0.5] * 90 + [0.6] * 10)

    assert metrics.balanced_accuracy(scores, is_signal) == pytest.approx((0.75 + 0.9) / 2)


def test_spread_is_that_of_the_number_of_background_jets() -> None:
    # 400 of 20,000 background jets are kept at any efficiency: by drawing anew their number varies like sqrt(400).
    ranks = metrics.rank(*sample([1.0] * 50, [2.0] * 400 + [0.0] * 19_600))

    assert metrics.rejections(metrics.roc(ranks), [0.3]).tolist() == [50]
    assert metrics.spreads(ranks, [0.3])[0] == pytest.approx(50 / math.sqrt(400), rel=0.3)


def test_spread_comes_from_the_signal_as_well() -> None:
    # The background is spread evenly: where the threshold is, the rejection is. It moves with the signal drawn.
    ranks = metrics.rank(*sample([n / 100 for n in range(100)], [n / 100_000 for n in range(100_000)]))

    assert metrics.spreads(ranks, [0.5])[0] > 5 * 2 / math.sqrt(50_000)


def test_spread_is_the_same_each_time() -> None:
    ranks = metrics.rank(*sample([n % 7 for n in range(60)], [n % 5 for n in range(90)]))

    first, second = (metrics.spreads(ranks, [0.3, 0.5]).tolist() for _ in range(2))
    assert first == second
    assert first != metrics.spreads(ranks, [0.3, 0.5], seed=1).tolist()

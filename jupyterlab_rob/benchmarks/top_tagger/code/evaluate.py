"""Compare the scores of the test jets with their labels; write the metrics, and curves for plots.

    python evaluate.py SCORES LABELS METRICS CURVES

SCORES is an ``.npy`` file with one finite float per test jet, higher for what is more like a top jet. LABELS is an
``.npz`` file with the array ``labels``, 1 for a top jet and 0 for others. METRICS becomes a JSON object with

- ``auc``: area under the ROC curve,
- ``rejection_30``, ``rejection_50``: background rejection at a signal efficiency of 30 % and 50 %, and
  ``rejection_30_std``, ``rejection_50_std``: their standard deviation over bootstrap samples,
- ``accuracy``: share of right decisions at a score of 0.5, both classes weighted the same,

CURVES another one for post-processing; see metrics.py and curves.py for their definitions. Scores that can't be used
end the program with exit code 1 and one line on standard error that says what was found and what is expected.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger.code import metrics
    from jupyterlab_rob.benchmarks.top_tagger.code.curves import curves
else:
    # A run has the scripts side by side in a folder of its own.
    import metrics
    from curves import curves

#: At these signal efficiencies the background rejection is measured.
EFFICIENCIES = (0.3, 0.5)

#: Largest head of an .npy file that NumPy takes, and largest float, in bytes.
_HEAD, _FLOAT = 10_000, 16
_NPY, _ZIP, _PICKLE = b"\x93NUMPY", b"PK", b"\x80"


class Malformed(Exception):
    """The scores can't be used; the message is for the participant."""


def read_scores(path: Path, jets: int) -> metrics.Floats:
    """The scores in an ``.npy`` file, shape (jets,). Its content is read when its size and head fit."""
    expected = f"expected are {jets} floats, one per test jet"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(len(_NPY))
    except OSError as error:
        raise Malformed(f"{path.name} can't be read: {error.strerror}.") from error
    if start != _NPY:
        raise Malformed(f"{path.name} {_kind(start)}: write the scores with np.save; {expected}.")
    if size > _HEAD + _FLOAT * jets:
        raise Malformed(f"{path.name} has {size} bytes, {size // jets} for each test jet; {expected}.")
    try:
        found = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:
        # Whatever NumPy stumbles over: a head is text that it parses.
        if "Python objects" in str(error):
            raise Malformed(f"{path.name} holds Python objects; {expected}.") from error
        raise Malformed(f"{path.name} is damaged or cut short; {expected}.") from error
    if found.dtype.kind != "f":
        raise Malformed(f"{path.name} holds values of the type {str(found.dtype)[:40]}; {expected}.")
    if found.shape != (jets,):
        shape = f"the shape {found.shape}" if found.ndim < 8 else f"{found.ndim} dimensions"
        raise Malformed(f"{path.name} has {shape}; expected is the shape ({jets},), one float per test jet.")
    with np.errstate(over="ignore"):
        scores: metrics.Floats = np.asarray(found, np.float64)
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        more = f", and {len(bad) - 1} more are none" if len(bad) > 1 else ""
        raise Malformed(f"{path.name}: scores[{bad[0]}] is {scores[bad[0]]}, not a finite number{more}.")
    return scores


def _kind(start: bytes) -> str:
    if not start:
        return "is empty"
    if start.startswith(_ZIP):
        return "is an archive (np.savez), not a single array"
    if start.startswith(_PICKLE):
        return "is a pickle, which is not opened"
    return "is not an .npy file"


def read_labels(path: Path) -> NDArray[np.bool_]:
    """Whether each test jet is signal, shape (jets,)."""
    with np.load(path, allow_pickle=False) as archive:
        labels = archive["labels"]
    if labels.ndim != 1 or set(np.unique(labels)) != {0, 1}:
        raise ValueError(f"{path}: 'labels' must be one array of 0 and 1, and have both.")
    is_signal: NDArray[np.bool_] = labels == 1
    return is_signal


def evaluate(scores: metrics.Floats, is_signal: NDArray[np.bool_]) -> tuple[dict[str, float], dict[str, Any]]:
    """Metrics and curves."""
    ranks = metrics.rank(scores, is_signal)
    curve = metrics.roc(ranks)
    values = {"auc": metrics.auc(curve)}
    measured = zip(EFFICIENCIES, metrics.rejections(curve, EFFICIENCIES), metrics.spreads(ranks, EFFICIENCIES))
    for efficiency, rejection, spread in measured:
        name = f"rejection_{efficiency * 100:.0f}"
        values[name] = float(rejection)
        values[f"{name}_std"] = float(spread)
    values["accuracy"] = metrics.balanced_accuracy(scores, is_signal)
    return values, curves(curve, scores, is_signal)


def main(arguments: list[str]) -> int:
    if len(arguments) != 4:
        print("usage: evaluate.py SCORES LABELS METRICS CURVES", file=sys.stderr)
        return 2
    scores_file, labels_file, metrics_file, curves_file = map(Path, arguments)
    try:
        is_signal = read_labels(labels_file)
    except Exception as error:
        # The last line is read by participants, what comes before by the coordinator alone.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        print("The benchmark's own data can't be read. Tell its coordinator.", file=sys.stderr)
        return 1
    try:
        values, drawn = evaluate(read_scores(scores_file, len(is_signal)), is_signal)
    except Malformed as error:
        print(error, file=sys.stderr)
        return 1
    metrics_file.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    curves_file.write_text(json.dumps(drawn) + "\n", encoding="utf-8")
    print(", ".join(f"{name} {value:.6g}" for name, value in values.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

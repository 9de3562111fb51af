"""Compare predictions with the truth and write the metrics.

    python evaluate.py PREDICTIONS TRUTH SCORE

PREDICTIONS and TRUTH hold one number per line, SCORE becomes a JSON object with

- ``deviation``: mean of the absolute differences between prediction and truth (lower is better),
- ``exact``: how many predictions are right,
- ``score``: ``exact`` divided by the number of sequences, from 0 to 1.

Predictions that can't be read (a line that is no number, too few lines) end the program with exit code 1 and one line
on standard error that says what is wrong and where. Only Python's standard library is used.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

#: A prediction is exact when it is this close: what is left of rounding in a computation with floats does not count.
TOLERANCE = 1e-6


class Malformed(Exception):
    """The predictions can't be compared; the message is for the participant."""


def read_numbers(path: Path) -> list[float]:
    """The numbers in a file with one number per line; empty lines at its end do not count."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise Malformed(f"{path.name} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{path.name} is not a text file: write one number per line.") from error
    while lines and not lines[-1]:
        lines.pop()
    return [to_number(line, f"{path.name}, line {number}") for number, line in enumerate(lines, start=1)]


def to_number(text: str, where: str) -> float:
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    try:
        number = float(text)
    except ValueError:
        found = f"{shown} is not a number" if text else "the line is empty"
        raise Malformed(f"{where}: {found}.") from None
    if not math.isfinite(number):
        raise Malformed(f"{where}: {shown} is not a finite number.")
    return number


def evaluate(predictions: list[float], truth: list[float]) -> dict[str, float | int]:
    if len(predictions) != len(truth):
        raise Malformed(
            f"{len(predictions)} predictions for {len(truth)} sequences: write one number per line for each of them."
        )
    differences = [abs(prediction - true) for prediction, true in zip(predictions, truth)]
    exact = sum(difference <= TOLERANCE for difference in differences)
    return {
        # Divided first, so that the sum of very large differences stays a number.
        "deviation": sum(difference / len(truth) for difference in differences),
        "exact": exact,
        "score": exact / len(truth),
    }


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print("usage: evaluate.py PREDICTIONS TRUTH SCORE", file=sys.stderr)
        return 2
    predictions, truth, score = map(Path, arguments)
    try:
        metrics = evaluate(read_numbers(predictions), read_numbers(truth))
    except Malformed as error:
        print(error, file=sys.stderr)
        return 1
    score.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(", ".join(f"{name} {value:.6g}" for name, value in metrics.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Make the data of this benchmark: the sequences that participants get and the numbers that they have to predict.

    python generate.py          writes data/sequences.txt and private/truth.txt beside this file

The same files come out on every machine and Python version: all chance comes from ``random.Random(SEED).random()``,
whose values Python guarantees. The script is for the coordinator; no run gets to see it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

SEED = 2026
LENGTHS = (8, 12)  #: fewest and most numbers that are shown of a sequence

Sequence = list[int]


class Dice:
    """Whole numbers by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  (nothing here is a secret)

    def between(self, low: int, high: int) -> int:
        return low + int(self._random.random() * (high - low + 1))

    def sign(self) -> int:
        return 1 if self._random.random() < 0.5 else -1

    def shuffled(self, items: list[Sequence]) -> list[Sequence]:
        # Not random.shuffle, whose result may change between versions of Python.
        return [item for _, item in sorted(((self._random.random(), item) for item in items), key=lambda pair: pair[0])]


def polynomial(dice: Dice, degree: int) -> Iterator[int]:
    steepest = 12 // degree
    coefficients = [dice.between(-9, 20)] + [dice.sign() * dice.between(1, steepest) for _ in range(degree)]
    return (sum(c * n**power for power, c in enumerate(coefficients)) for n in count())


def linear(dice: Dice) -> Iterator[int]:
    return polynomial(dice, 1)


def quadratic(dice: Dice) -> Iterator[int]:
    return polynomial(dice, 2)


def cubic(dice: Dice) -> Iterator[int]:
    return polynomial(dice, 3)


def geometric(dice: Dice) -> Iterator[int]:
    """Doubling or so, sometimes with changing sign."""
    start, ratio = dice.between(1, 4), 2 * dice.sign()
    return (start * ratio**n for n in count())


def shifted_powers(dice: Dice) -> Iterator[int]:
    """Each number is twice the one before and a little more or less."""
    number, step = dice.between(1, 5), dice.sign() * dice.between(1, 4)
    while True:
        yield number
        number = 2 * number + step


def fibonacci(dice: Dice) -> Iterator[int]:
    """Each number is the sum of the two before."""
    first, second = dice.between(1, 6), dice.between(1, 9)
    while True:
        yield first
        first, second = second, first + second


def alternating(dice: Dice) -> Iterator[int]:
    """Two linear sequences take turns."""
    one, other = linear(dice), linear(dice)
    while True:
        yield next(one)
        yield next(other)


def periodic(dice: Dice) -> Iterator[int]:
    """Three or four numbers that come again and again."""
    period = [dice.between(-20, 20) for _ in range(dice.between(3, 4))]
    while True:
        yield from period


#: How many sequences there are of each kind: 40 in all.
KINDS: dict[Callable[[Dice], Iterator[int]], int] = {
    linear: 8,
    quadratic: 7,
    cubic: 5,
    geometric: 4,
    shifted_powers: 3,
    fibonacci: 6,
    alternating: 4,
    periodic: 3,
}


def sequences() -> list[Sequence]:
    """All sequences, each with the number to predict at its end."""
    dice = Dice(SEED)
    made: dict[tuple[int, ...], Sequence] = {}  # by their first numbers: no two sequences begin alike
    for kind, many in KINDS.items():
        wanted = len(made) + many
        while len(made) < wanted:
            sequence = list(islice(kind(dice), dice.between(*LENGTHS) + 1))
            made.setdefault(tuple(sequence[: LENGTHS[0]]), sequence)
    return dice.shuffled(list(made.values()))


def write(folder: Path) -> None:
    """Write ``data/sequences.txt`` and ``private/truth.txt`` in ``folder``."""
    made = sequences()
    shown = "".join(" ".join(map(str, sequence[:-1])) + "\n" for sequence in made)
    truth = "".join(f"{sequence[-1]}\n" for sequence in made)
    for name, text in (("data/sequences.txt", shown), ("private/truth.txt", truth)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii", newline="\n")


if __name__ == "__main__":
    write(Path(__file__).parent)

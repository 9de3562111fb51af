"""Make the files of this benchmark from generated jets: shuffled, split, and the labels of the test jets apart.

    python split.py signal.npy background.npy --train 4000 4000

writes, beside this file or in the folder ``--output``,

- ``data/train.npz``: ``jets`` and ``labels`` of the first 4,000 signal and 4,000 background jets,
- ``data/test.npz``: ``jets`` of the others,
- ``private/test_labels.npz``: their ``labels``.

Label 1 is signal. The arrays are read and written piece by piece, so they may be larger than the memory. The order is
drawn anew each time, from the system's entropy, and written down nowhere: who could draw that of the test jets again
would know their labels.

Nothing in the evaluation depends on how many jets there are. For a benchmark of another size, 400,000 test jets as in
the original, say, copy the folder, make its files anew, change the numbers in instructions.md and the limits in
benchmark.yaml, and add it: ``jupyter rob benchmarks add FOLDER``.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Jets = NDArray[np.float32]
Order = NDArray[np.int64]

#: How many jets are in memory at a time.
PIECE = 10_000


@dataclass(frozen=True)
class Member:
    """An array of an archive: its head, and its content in pieces along the first axis."""

    dtype: str
    shape: tuple[int, ...]
    pieces: Iterable[NDArray[Any]]


class Sample:
    """Some of the signal and of the background jets, in an order of their own.

    Args:
        signal: Signal jets, shape (S, constituents, 4); may be a memory map.
        background: Background jets, shape (B, constituents, 4).
        random: Draws the order.
    """

    def __init__(self, signal: Jets, background: Jets, random: np.random.Generator) -> None:
        self._signal, self._background = signal, background
        self._order: Order = random.permutation(len(signal) + len(background))

        self.labels: NDArray[np.uint8] = (self._order < len(signal)).astype(np.uint8)

    def jets_member(self) -> Member:
        return Member("<f4", (len(self._order), *self._signal.shape[1:]), self._pieces())

    def labels_member(self) -> Member:
        return Member("|u1", self.labels.shape, [self.labels])

    def _pieces(self) -> Iterator[Jets]:
        for start in range(0, len(self._order), PIECE):
            order = self._order[start : start + PIECE]
            is_signal = order < len(self._signal)
            jets = np.empty((len(order), *self._signal.shape[1:]), np.float32)
            jets[is_signal] = self._signal[order[is_signal]]
            jets[~is_signal] = self._background[order[~is_signal] - len(self._signal)]
            yield jets


def split(
    signal: Jets, background: Jets, train: tuple[int, int], folder: Path, random: np.random.Generator
) -> tuple[Sample, Sample]:
    """Write the three files; ``train`` is how many signal and background jets go into the training part. The samples
    for training and test.

    Raises:
        ValueError: The arrays are no jets, or too few.
    """
    for name, jets, wanted in (("signal", signal, train[0]), ("background", background, train[1])):
        if jets.ndim != 3 or jets.shape[1:] != signal.shape[1:] or jets.shape[2] != 4:
            raise ValueError(f"The {name} has the shape {jets.shape}; expected is (jets, constituents, 4).")
        if not 0 < wanted < len(jets):
            raise ValueError(f"{wanted} of {len(jets)} {name} jets can't be for training: some must be left to test.")
    training = Sample(signal[: train[0]], background[: train[1]], random)
    test = Sample(signal[train[0] :], background[train[1] :], random)
    write(folder / "data" / "train.npz", {"jets": training.jets_member(), "labels": training.labels_member()})
    write(folder / "data" / "test.npz", {"jets": test.jets_member()})
    write(folder / "private" / "test_labels.npz", {"labels": test.labels_member()})
    return training, test


def write(path: Path, members: dict[str, Member]) -> None:
    """A compressed ``.npz`` file, which np.load reads, without a whole array in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            # With no time in it, so that the same arrays are the same file.
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as file:
                head = {"descr": member.dtype, "fortran_order": False, "shape": member.shape}
                np.lib.format.write_array_header_1_0(file, head)
                for piece in member.pieces:
                    file.write(piece.astype(member.dtype, copy=False).tobytes())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Make the benchmark's files from generated jets.")
    parser.add_argument("signal", type=Path, help=".npy file of signal jets")
    parser.add_argument("background", type=Path, help=".npy file of background jets")
    parser.add_argument(
        "--train", type=int, nargs=2, required=True, metavar=("S", "B"), help="signal and background jets to train with"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="folder (default: the script's)")
    options = parser.parse_args(arguments)
    signal, background = (np.load(path, mmap_mode="r") for path in (options.signal, options.background))
    try:
        samples = split(signal, background, tuple(options.train), options.output, np.random.default_rng())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for part, sample in zip(("train", "test"), samples):
        print(f"{part}: {len(sample.labels)} jets, {int(sample.labels.sum())} of them signal")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

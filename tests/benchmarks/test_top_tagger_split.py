"""How Top tagger's files are made from generated jets: the bundled ones again, and any others."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from .toptagger import FOLDER, labels_of_test, load

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger import generate, split
else:
    # Pythia and FastJet are imported by the functions that need them.
    generate, split = load("generate.py"), load("split.py")


def jets(number: int, first: float) -> NDArray[np.float32]:
    """Jets that can be told apart: all values of a jet are the same, and another jet has the next ones."""
    values = np.arange(first, first + number, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(values[:, None, None], (number, 5, 4)))


def read(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    with np.load(folder / name, allow_pickle=False) as file:
        return dict(file)


def test_each_jet_is_in_one_part_with_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "PIECE", 7)
    split.split(jets(30, 1000), jets(50, 5000), (20, 10), tmp_path, np.random.default_rng(1))
    train, test = read(tmp_path, "data/train.npz"), read(tmp_path, "data/test.npz")
    labels = read(tmp_path, "private/test_labels.npz")

    assert (sorted(train), sorted(test), sorted(labels)) == (["jets", "labels"], ["jets"], ["labels"])
    assert train["jets"].dtype == test["jets"].dtype == np.float32
    assert train["labels"].dtype == labels["labels"].dtype == np.uint8
    for part, label, signal, background in (
        (train["jets"], train["labels"], range(1000, 1020), range(5000, 5010)),
        (test["jets"], labels["labels"], range(1020, 1030), range(5010, 5050)),
    ):
        first = part[:, 0, 0]
        assert (part == first[:, None, None]).all()
        assert sorted(first[label == 1]) == list(signal)
        assert sorted(first[label == 0]) == list(background)
        assert list(first) != sorted(first)


def test_the_bundled_files_come_out_again(tmp_path: Path) -> None:
    """Sorted back into signal and background, the jets make the same files, but for their order."""
    parts = [read(FOLDER, "data/train.npz"), {**read(FOLDER, "data/test.npz"), "labels": labels_of_test()}]
    signal, background = (np.concatenate([p["jets"][p["labels"] == label] for p in parts]) for label in (1, 0))
    split.split(signal, background, (4000, 4000), tmp_path, np.random.default_rng(3))

    for name in ("data/train.npz", "data/test.npz", "private/test_labels.npz"):
        made, bundled = read(tmp_path, name), read(FOLDER, name)
        assert sorted(made) == sorted(bundled)
        for array in bundled:
            assert (made[array].shape, made[array].dtype) == (bundled[array].shape, bundled[array].dtype)
            np.testing.assert_array_equal(np.sort(made[array], axis=0), np.sort(bundled[array], axis=0))


def test_the_order_of_the_test_jets_can_not_be_drawn_again() -> None:
    """Who could would know their labels: signal was first when it was shuffled."""
    labels = labels_of_test()
    for seed in range(2000):
        order = np.random.default_rng(seed).permutation(len(labels))
        # By chance five eighths of them are the same.
        assert 0.5 < np.mean((order < labels.sum()) == labels) < 0.75
        assert 0.5 < np.mean((np.argsort(order) < labels.sum()) == labels) < 0.75


def test_each_time_the_order_is_another(tmp_path: Path) -> None:
    for name in ("one", "other"):
        np.save(tmp_path / f"{name}.npy", jets(300, 0))
    command = [sys.executable, str(FOLDER / "split.py"), "one.npy", "other.npy", "--train", "1", "1", "--output"]
    for name in ("a", "b"):
        subprocess.run([*command, name], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    one, other = (read(tmp_path, f"{name}/private/test_labels.npz")["labels"] for name in ("a", "b"))
    assert (one != other).any()


@pytest.mark.parametrize(
    ("signal", "background", "train", "message"),
    [
        (jets(3, 0)[0], jets(9, 0), (1, 1), "The signal has the shape (5, 4); expected is (jets, constituents, 4)."),
        (
            jets(9, 0),
            jets(9, 0)[0],
            (1, 1),
            "The background has the shape (5, 4); expected is (jets, constituents, 4).",
        ),
        (jets(9, 0), jets(9, 0), (9, 1), "9 of 9 signal jets can't be for training: some must be left to test."),
        (jets(9, 0), jets(9, 0), (1, 0), "0 of 9 background jets can't be for training: some must be left to test."),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, signal: NDArray[Any], background: NDArray[Any], train: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        split.split(signal, background, train, tmp_path, np.random.default_rng(1))

    assert not list(tmp_path.iterdir())


def test_command(tmp_path: Path) -> None:
    shutil.copyfile(FOLDER / "split.py", tmp_path / "split.py")
    np.save(tmp_path / "signal.npy", jets(6, 0))
    np.save(tmp_path / "background.npy", jets(8, 10))
    command = [sys.executable, "split.py", "signal.npy", "background.npy", "--train"]
    done = subprocess.run([*command, "4", "3"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["train: 7 jets, 4 of them signal", "test: 7 jets, 2 of them signal"]
    assert len(read(tmp_path, "data/test.npz")["jets"]) == 7
    done = subprocess.run([*command, "9", "3"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_rounding_keeps_twelve_bits() -> None:
    values = np.array([0, 1, 1 + 2**-12, 1 + 2**-13 + 2**-20, -1 - 2**-12, 600.123, 1e-30], np.float32)
    rounded = generate.rounded(values)

    assert rounded[:5].tolist() == [0, 1, 1 + 2**-12, 1 + 2**-12, -1 - 2**-12]
    np.testing.assert_allclose(rounded, values, rtol=2**-13)
    np.testing.assert_array_equal(generate.rounded(rounded), rounded)


def test_distance_goes_around() -> None:
    assert generate.delta_r(0.5, 3.1, 0.5, -3.1) == pytest.approx(2 * (np.pi - 3.1))
    assert generate.delta_r(0, 1, 3, 5 - 2 * np.pi) == pytest.approx(np.hypot(3, 2 * np.pi - 4))

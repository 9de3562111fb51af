"""The bundled benchmark Top tagger: what it declares, what it gives away, and what its evaluation says of scores."""

from __future__ import annotations

import io
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from jupyterlab_rob.templates import check_template

from .toptagger import EVALUATE, FOLDER, PREPROC, SPECIFICATION, TAGGER, VALUES, evaluate, labels_of_test, results, run

JETS = 8000
GOOD = np.linspace(0, 1, JETS)
EXPECTED = "expected are 8000 floats, one per test jet."


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def with_head(head: str, content: bytes = b"") -> bytes:
    """An .npy file with a head that NumPy would not write."""
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + content


def changed(**values: float) -> NDArray[np.float64]:
    """Good scores, but for those at some places."""
    scores: NDArray[np.float64] = GOOD.copy()
    for place, value in values.items():
        scores[int(place.removeprefix("at_"))] = value
    return scores


def test_nothing_is_wrong_with_the_template() -> None:
    assert check_template(FOLDER) == []


def test_template_is_what_flowserv_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    from flowserv.model.workflow.manifest import WorkflowManifest

    manifest = WorkflowManifest.load(str(FOLDER))
    template = manifest.template()

    assert manifest.name == "Top tagger"
    assert manifest.instructions.startswith("# Top tagger")
    declared = {name: (parameter.dtype, parameter.required) for name, parameter in template.parameters.items()}
    assert declared == {"preproc": ("actor", True), "tagger": ("actor", True)}
    columns = [column.column_id for column in template.result_schema.columns]
    assert columns == ["auc", "rejection_30", "rejection_30_std", "rejection_50", "rejection_50_std", "accuracy"]
    order = [(column.column_id, column.sort_desc) for column in template.result_schema.get_default_order()]
    assert order == [("auc", True), ("rejection_30", True)]


def test_instructions_name_what_the_parameters_cell_is_given() -> None:
    instructions = (FOLDER / "instructions.md").read_text()

    for name in (*VALUES, "rob:preproc", "rob:tagger"):
        assert f"`{name}`" in instructions


def test_data_are_as_described() -> None:
    with np.load(FOLDER / "data" / "train.npz") as train, np.load(FOLDER / "data" / "test.npz") as test:
        assert sorted(train) == ["jets", "labels"]
        assert sorted(test) == ["jets"]
        for jets in (train["jets"], test["jets"]):
            assert (jets.shape, jets.dtype) == ((JETS, 40, 4), np.float32)
            pt = np.hypot(jets[..., 1], jets[..., 2])
            # Hardest first, as far as they are rounded.
            assert (np.diff(pt, axis=1) <= 5e-4 * pt[:, :-1]).all()
        assert train["labels"].sum() == 4000
    assert labels_of_test().sum() == 2000


def test_labels_are_given_to_the_evaluation_only() -> None:
    given = PREPROC["files"]["inputs"] + TAGGER["files"]["inputs"]

    assert given == ["data/train.npz", "data/test.npz", "features/"]
    assert "private/test_labels.npz" in EVALUATE["files"]["inputs"]
    assert "private" not in json.dumps([VALUES, SPECIFICATION["postproc"]])
    for name in ("train", "test"):
        # Nor are they hidden in the files that are given.
        with np.load(FOLDER / "data" / f"{name}.npz") as file:
            assert all(len(array) == JETS for array in file.values())


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("name", ["private/", "private/test_labels.npz"])
def test_check_finds_labels_that_a_participant_would_be_given(tmp_path: Path, step: int, name: str) -> None:
    folder = tmp_path / "top_tagger"
    shutil.copytree(FOLDER, folder)
    specification = yaml.safe_load((folder / "benchmark.yaml").read_text())
    specification["workflow"]["steps"][step]["files"]["inputs"].append(name)
    (folder / "benchmark.yaml").write_text(yaml.safe_dump(specification))

    (found,) = [finding for finding in check_template(folder) if finding.severity == "error"]
    assert "private/test_labels.npz" in found.message


def test_perfect_scores(tmp_path: Path) -> None:
    metrics, curves = results(tmp_path, labels_of_test().astype(np.float32))

    assert metrics == {
        "auc": 1.0,
        "rejection_30": 6000.0,
        "rejection_30_std": 0.0,
        "rejection_50": 6000.0,
        "rejection_50_std": 0.0,
        "accuracy": 1.0,
    }
    # At full efficiency all signal and no background is kept.
    assert curves["background_efficiency"] == [0.0] * 201
    assert (curves["signal_jets"], curves["background_jets"]) == (2000, 6000)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f8", "longdouble"])
def test_scores_may_be_any_floats(tmp_path: Path, dtype: str) -> None:
    metrics, _ = results(tmp_path, np.full(JETS, -7.0, dtype))

    assert metrics["auc"] == metrics["accuracy"] == 0.5
    assert metrics["rejection_30"] == pytest.approx(1 / 0.3)
    assert metrics["rejection_50"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        (b"", "is empty: write the scores with np.save"),
        (b"0.5\n" * 9, "is not an .npy file: write the scores with np.save"),
        (pickle.dumps([0.5]), "is a pickle, which is not opened: write the scores with np.save"),
        (b"PK\x03\x04", "is an archive (np.savez), not a single array: write the scores with np.save"),
        (npy(np.array([0.5, None]), allow_pickle=True), "holds Python objects"),
        (b"\x93NUMPY", "is damaged or cut short"),
        (npy(GOOD)[:-1], "is damaged or cut short"),
        (with_head("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}\n"), "is damaged or cut short"),
        (with_head("-" * 9000 + "1\n"), "is damaged or cut short"),
        (with_head("(" * 9000 + "\n"), "is damaged or cut short"),
        (GOOD.astype(int), "holds values of the type int64"),
        (GOOD > 0.5, "holds values of the type bool"),
        (GOOD.astype(np.complex64), "holds values of the type complex64"),
        (np.zeros(3, [("score", float)]), "holds values of the type [('score', '<f8')]"),
        (np.array(["0.5"]), "holds values of the type <U3"),
        (np.zeros((JETS, 40)), "has 2560128 bytes, 320 for each test jet"),
    ],
)
def test_what_is_no_array_of_floats_is_said(tmp_path: Path, scores: Any, found: str) -> None:
    refused(tmp_path, scores, f"scores.npy {found}; {EXPECTED}")


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        (np.float64(0.5), "the shape ()"),
        (GOOD[:0], "the shape (0,)"),
        (GOOD[:-1], "the shape (7999,)"),
        (GOOD[:, None], "the shape (8000, 1)"),
        (np.zeros((1,) * 20), "20 dimensions"),
    ],
)
def test_another_shape_is_said(tmp_path: Path, scores: Any, found: str) -> None:
    message = f"scores.npy has {found}; expected is the shape (8000,), one float per test jet."
    refused(tmp_path, scores, message)


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        (changed(at_17=np.nan), "scores[17] is nan, not a finite number."),
        (changed(at_0=-np.inf, at_5=np.nan), "scores[0] is -inf, not a finite number, and 1 more are none."),
    ],
)
def test_the_first_that_is_not_finite_is_said(tmp_path: Path, scores: Any, found: str) -> None:
    refused(tmp_path, scores, f"scores.npy: {found}")


def refused(folder: Path, scores: Any, message: str) -> None:
    """The evaluation must fail with this message and nothing else, and leave no results."""
    done = evaluate(folder, scores)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message + "\n")
    assert not list((folder / "results").glob("*.json"))


def test_no_scores_at_all_are_said(tmp_path: Path) -> None:
    evaluate(tmp_path, GOOD)
    (tmp_path / VALUES["scorefile"]).unlink()
    done = run(EVALUATE, tmp_path, scorefile=VALUES["scorefile"])

    assert (done.returncode, done.stderr) == (1, "scores.npy can't be read: No such file or directory.\n")


def test_scores_that_are_huge_are_not_read(tmp_path: Path) -> None:
    evaluate(tmp_path, GOOD)
    with (tmp_path / VALUES["scorefile"]).open("wb") as file:
        file.write(npy(GOOD)[:128])
        file.truncate(1 << 40)
    done = run(EVALUATE, tmp_path, scorefile=VALUES["scorefile"])

    message = f"scores.npy has 1099511627776 bytes, 137438953 for each test jet; {EXPECTED}\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_what_is_wrong_with_the_labels_is_not_for_participants(tmp_path: Path) -> None:
    evaluate(tmp_path, GOOD)
    np.savez(tmp_path / "private" / "test_labels.npz", labels=np.arange(3))
    done = run(EVALUATE, tmp_path, scorefile=VALUES["scorefile"])

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "The benchmark's own data can't be read. Tell its coordinator."


@pytest.mark.parametrize(
    ("scores", "ends"),
    [
        (GOOD, (0.0, 1.0)),
        (100 * GOOD, (0.1, 99.9)),
        (np.full(JETS, 7.0), (0.0, 7.0)),
        (np.where(np.arange(JETS) == 5, 1e9, 2.5), (2.5, 1e9)),
        (np.where(np.arange(JETS) < 4000, -1.7e308, 1.7e308), (-1.7e308, 1.7e308)),
    ],
)
def test_curves_are_small_and_hold_all_jets(
    tmp_path: Path, scores: NDArray[np.float64], ends: tuple[float, float]
) -> None:
    metrics, curves = results(tmp_path, scores)

    assert (tmp_path / "results" / "curves.json").stat().st_size < 6000
    histograms = curves["scores"]
    assert (histograms["low"], histograms["high"]) == pytest.approx(ends, abs=0.05)
    for shares in (histograms["signal"], histograms["background"]):
        assert len(shares) == 40
        assert sum(shares) == pytest.approx(1, abs=1e-4)
    # The curves are those of the metrics.
    for percent in (30, 50):
        kept = curves["background_efficiency"][2 * percent]
        assert 1 / max(kept, 1 / 6000) == pytest.approx(metrics[f"rejection_{percent}"], rel=1e-4)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.service.engine.metrics import MAX_SIZE, Column, MetricsProblem, read_metrics

COLUMNS = (
    Column("auc", "float", ("auc",)),
    Column("exact", "int", ("counts", "exact")),
    Column("remark", "string", ("remark",), required=False),
)
GOOD = {"auc": 0.5, "counts": {"exact": 3}, "remark": "fine"}


def _read(folder: Path, document: Any) -> Any:
    (folder / "score.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return read_metrics(folder, "score.json", COLUMNS)


def test_values_by_their_paths(tmp_path: Path) -> None:
    assert _read(tmp_path, GOOD) == {"auc": 0.5, "exact": 3, "remark": "fine"}


def test_whole_numbers_fit_either_type(tmp_path: Path) -> None:
    values = _read(tmp_path, {"auc": 1, "counts": {"exact": 3.0}})
    assert values == {"auc": 1.0, "exact": 3, "remark": None}
    assert isinstance(values["auc"], float)
    assert isinstance(values["exact"], int)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "'auc'.* is missing"),
        ({**GOOD, "counts": 3}, "'exact'.* is missing"),
        ({**GOOD, "counts": {"exact": 3.5}}, "3.5; a value of type int"),
        ({**GOOD, "auc": True}, "true; a value of type float"),
        ({**GOOD, "auc": "0.5"}, "type float"),
        ({**GOOD, "auc": float("inf")}, "inf; a finite number"),
        ({**GOOD, "remark": 5}, "type string"),
        ({**GOOD, "remark": "x" * 1001}, "'remark'.* has 1001 characters; at most 1000"),
        ("", "not JSON"),
        ("\ufeff{", "not JSON"),
        ("[]", "is missing"),
        (" " * (MAX_SIZE + 1), "larger than"),
    ],
)
def test_problems(tmp_path: Path, document: Any, words: str) -> None:
    with pytest.raises(MetricsProblem, match=words):
        _read(tmp_path, document)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(MetricsProblem, match=r"wrote no metrics: 'score.json' does not exist"):
        read_metrics(tmp_path, "score.json", COLUMNS)


def test_folder_or_link(tmp_path: Path) -> None:
    (tmp_path / "score.json").mkdir()
    with pytest.raises(MetricsProblem, match="is a folder"):
        read_metrics(tmp_path, "score.json", COLUMNS)
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    with pytest.raises(MetricsProblem, match="link"):
        read_metrics(tmp_path, "link.json", COLUMNS)

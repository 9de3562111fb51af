"""The bundled benchmark: what it declares, how it evaluates, and that it does not give its answers away."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import jupyterlab_rob

FOLDER = Path(jupyterlab_rob.__file__).parent / "benchmarks" / "number_predictor"
EXAMPLES = Path(__file__).parents[2] / "examples"
TRUTH = (FOLDER / "private" / "truth.txt").read_text().splitlines()


def evaluate(tmp_path: Path, predictions: str | bytes) -> subprocess.CompletedProcess[str]:
    """Run the evaluation step as a run does: its files in a folder of its own, the command of the specification."""
    for name in ("code/evaluate.py", "private/truth.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "results").mkdir()
    content = predictions.encode() if isinstance(predictions, str) else predictions
    (tmp_path / "results" / "predictions.txt").write_bytes(content)
    specification = yaml.safe_load((FOLDER / "benchmark.yaml").read_text())
    (command,) = specification["workflow"]["steps"][1]["action"]["commands"]
    variables = {"python": sys.executable, "outputfile": specification["workflow"]["parameters"]["outputfile"]}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=tmp_path,
        env={"PATH": os.defpath, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def metrics(tmp_path: Path, predictions: str) -> dict[str, Any]:
    done = evaluate(tmp_path, predictions)
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads((tmp_path / "results" / "score.json").read_text())
    return document


def text(*numbers: object) -> str:
    return "".join(f"{number}\n" for number in numbers)


def test_template_is_what_flowserv_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    from flowserv.model.workflow.manifest import WorkflowManifest

    manifest = WorkflowManifest.load(str(FOLDER))
    template = manifest.template()

    assert manifest.name == "Number predictor"
    assert manifest.instructions.startswith("# Number predictor")
    declared = {name: (parameter.dtype, parameter.required) for name, parameter in template.parameters.items()}
    assert declared == {"predictor": ("actor", True), "shift": ("int", False)}
    schema = template.result_schema
    assert [(column.column_id, column.dtype) for column in schema.columns] == [
        ("deviation", "float"),
        ("exact", "int"),
        ("score", "float"),
    ]
    assert [(column.column_id, column.sort_desc) for column in schema.get_default_order()] == [("deviation", False)]
    produced = {file for step in template.workflow_spec["steps"] for file in step["files"]["outputs"]}
    assert {file.source for file in template.outputs} == set(template.workflow_spec["files"]["outputs"]) == produced


def test_files_of_the_manifest_exist() -> None:
    manifest = yaml.safe_load((FOLDER / "flowserv.yaml").read_text())
    specification = yaml.safe_load((FOLDER / "benchmark.yaml").read_text())
    copied = [entry["source"] for entry in manifest["files"]]

    assert all((FOLDER / name).is_dir() for name in copied)
    assert [name.rstrip("/") for name in specification["workflow"]["files"]["inputs"]] == copied


def test_perfect_predictions(tmp_path: Path) -> None:
    assert metrics(tmp_path, text(*TRUTH)) == {"deviation": 0.0, "exact": 40, "score": 1.0}


def test_deviation_is_the_mean_absolute_difference(tmp_path: Path) -> None:
    numbers = [float(number) for number in TRUTH]
    numbers[0] += 60
    numbers[1] -= 20

    assert metrics(tmp_path, text(*numbers)) == {"deviation": 2.0, "exact": 38, "score": 0.95}


def test_rounding_is_no_error_and_empty_lines_at_the_end_do_not_count(tmp_path: Path) -> None:
    predictions = text(*(f" {float(number) + 1e-9:.12f}\r" for number in TRUTH)) + "\n\n"

    assert metrics(tmp_path, predictions)["exact"] == 40


def test_enormous_predictions_have_a_finite_deviation(tmp_path: Path) -> None:
    document = metrics(tmp_path, text(*["1e308"] * 40))

    assert document["deviation"] == pytest.approx(1e308)
    assert document["exact"] == 0


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ("", "0 predictions for 40 sequences: write one number per line for each of them."),
        (text(*TRUTH[:-1]), "39 predictions for 40 sequences: write one number per line for each of them."),
        (text(*TRUTH, 7), "41 predictions for 40 sequences: write one number per line for each of them."),
        (text(*TRUTH[:4], "many", *TRUTH[5:]), "predictions.txt, line 5: 'many' is not a number."),
        (text(*TRUTH[:4], "1 2", *TRUTH[5:]), "predictions.txt, line 5: '1 2' is not a number."),
        (text(*TRUTH[:4], "", *TRUTH[5:]), "predictions.txt, line 5: the line is empty."),
        (text("nan", *TRUTH[1:]), "predictions.txt, line 1: 'nan' is not a finite number."),
        (text(*TRUTH[:39], "-inf"), "predictions.txt, line 40: '-inf' is not a finite number."),
        (text("x" * 5000), f"predictions.txt, line 1: '{'x' * 37}...' is not a number."),
        (b"\xff\xfe1\x00", "predictions.txt is not a text file: write one number per line."),
    ],
)
def test_malformed_predictions_end_with_one_clear_line(tmp_path: Path, predictions: str | bytes, message: str) -> None:
    done = evaluate(tmp_path, predictions)

    assert (done.returncode, done.stderr) == (1, message + "\n")
    assert not (tmp_path / "results" / "score.json").exists()


def test_a_folder_in_place_of_the_predictions_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / "code" / "evaluate.py", tmp_path, FOLDER / "private" / "truth.txt", "score.json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, f"{tmp_path.name} can't be read: Is a directory.\n")


def test_truth_is_given_to_the_evaluation_only() -> None:
    workflow = yaml.safe_load((FOLDER / "benchmark.yaml").read_text())["workflow"]
    notebook, evaluation = workflow["steps"]

    assert notebook["action"] == "$[[predictor]]"
    assert notebook["files"]["inputs"] == ["data/sequences.txt"]
    assert "private/truth.txt" in evaluation["files"]["inputs"]
    assert not any("private" in str(value) for value in workflow["parameters"].values())


def test_truth_is_not_among_the_data() -> None:
    shown = [line.split() for line in (FOLDER / "data" / "sequences.txt").read_text().splitlines()]
    samples = [line.split() for line in (EXAMPLES / "data" / "sequences.txt").read_text().splitlines()]

    assert len(shown) == len(TRUTH) == 40
    assert {path.name for path in (FOLDER / "data").iterdir()} == {"sequences.txt"}
    for line, answer in zip(shown, TRUTH, strict=True):
        whole = " ".join([*line, answer])
        assert not any(" ".join(other).startswith(whole) for other in shown + samples), f"{whole} is given away"


def test_generator_makes_the_data_anew(tmp_path: Path) -> None:
    generator = runpy.run_path(str(FOLDER / "generate.py"))
    generator["write"](tmp_path)

    for name in ("data/sequences.txt", "private/truth.txt"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "at_least", "at_most"), [("number-predictor", 25, 30), ("number-predictor-linear", 5, 10)]
)
def test_examples_differ_in_skill(tmp_path: Path, name: str, at_least: int, at_most: int) -> None:
    """The code cells of an example, run as one script: with a kernel they run in the tests of the service."""
    cells = json.loads((EXAMPLES / f"{name}.ipynb").read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    predictions = tmp_path / "mine.txt"
    given = f"inputfile, outputfile, shift = {str(FOLDER / 'data' / 'sequences.txt')!r}, {str(predictions)!r}, 0"
    script = tmp_path / "notebook.py"
    script.write_text("\n\n".join([sources[0], given, *sources[1:]]))
    subprocess.run([sys.executable, script], check=True, stdout=subprocess.DEVNULL)

    assert at_least <= metrics(tmp_path, predictions.read_text())["exact"] <= at_most


@pytest.mark.parametrize("name", ["number-predictor", "number-predictor-linear"])
def test_examples_are_clean_notebooks(name: str) -> None:
    notebook = json.loads((EXAMPLES / f"{name}.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]

    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert [line.split(" = ")[0] for cell in tagged for line in cell["source"]] == ["inputfile", "outputfile", "shift"]

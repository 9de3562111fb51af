"""Steps of the coordinator: what their notebooks show may tell of the truth, and so is for coordinators."""

from __future__ import annotations

import json
from pathlib import Path

from .accounts import User
from .api import ServiceProcess, notebook
from .benchmark import guessing, packed, write_benchmark

EVALUATE = """
import json, pathlib
truth = float(pathlib.Path("private/truth.txt").read_text())
print("The truth is", truth)
guess = float(pathlib.Path("results/guess.txt").read_text())
json.dump({"off": abs(guess - truth)}, open("results/score.json", "w"))
"""


def write_with_notebook(folder: Path) -> Path:
    write_benchmark(folder, 42)
    (folder / "evaluate.ipynb").write_text(json.dumps(notebook(EVALUATE)))
    path = folder / "benchmark.yaml"
    specification = json.loads(path.read_text().replace("evaluate.py", "evaluate.ipynb"))
    specification["workflow"]["steps"][1]["action"] = {"notebook": "evaluate.ipynb"}
    path.write_text(json.dumps(specification))
    return folder


def test_is_executed_and_kept_for_coordinators(tmp_path: Path, service: ServiceProcess) -> None:
    with service.running("--registration", "--RobService.warm_workers=0") as owner:
        files = {"file": ("b.tar.gz", packed(write_with_notebook(tmp_path / "b")), "application/gzip")}
        answer = owner.request("POST", "workflows", data={"id": "guess"}, files=files)
        assert answer.status_code == 201, answer.text
        member = User(owner.url)
        run = member.ended(member.started(notebook(guessing(40)), member.submission("guess")))
        assert (run["state"], run["result"]) == ("SUCCESS", {"off": 2.0}), run
        assert [one["step"] for one in run["notebooks"]] == ["guess"]
        assert member.get(f"runs/{run['id']}/notebooks/guess")["cells"]
        assert member.request("GET", f"runs/{run['id']}/notebooks/evaluate").status_code == 403
        assert "The truth is 42" in json.dumps(owner.get(f"runs/{run['id']}/notebooks/evaluate"))
        assert owner.request("GET", f"runs/{run['id']}/notebooks/guess").status_code == 403


def test_bad_metrics_are_the_fault_of_who_writes_them(tmp_path: Path, service: ServiceProcess) -> None:
    with service.running("--RobService.warm_workers=0") as owner:
        folder = write_benchmark(tmp_path / "b", 42, evaluate="open('results/score.json', 'w').write('{}')")
        files = {"file": ("b.tar.gz", packed(folder), "application/gzip")}
        assert owner.request("POST", "workflows", data={"id": "guess"}, files=files).status_code == 201
        run = owner.ended(owner.started(notebook(guessing(40)), owner.submission("guess")))
        cause = run["cause"]
        assert (cause["kind"], cause["step"], cause["blame"]) == ("metrics", "evaluate", "coordinator")

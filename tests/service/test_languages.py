"""Notebooks in other languages than Python, with real kernels, in the sandbox and without one.

What their ``parameters`` cell declares can't be told, so all of the workflow's parameters are injected (DESIGN.md).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from .api import Api, ServiceProcess, notebook
from .engine.boxes import has_bubblewrap


@dataclass(frozen=True)
class Language:
    """A kernel's name, and cells in its language; ``says`` prints the parameter ``label`` between brackets."""

    kernel: str
    name: str
    parameters: str
    says: str
    scores: str
    fails: str
    error: str


BASH = Language(
    "bash",
    "bash",
    "outputfile=''",
    'printf "[%s]\\n" "$label"; printf "[%s]\\n" "$inputfile"',
    'echo \'{"points": 3}\' > "$outputfile"',
    "ls /nowhere-at-all",
    "/nowhere-at-all",
)
R = Language(
    "ir",
    "R",
    'outputfile <- ""',
    'cat("[", label, "]\\n", sep = ""); cat("[", inputfile, "]\\n", sep = "")',
    "writeLines('{\"points\": 3}', outputfile)",
    "stop('no more data')",
    "no more data",
)


@pytest.fixture(scope="module", params=["required", "off"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    if request.param == "required" and not has_bubblewrap():
        pytest.skip("no bubblewrap; see scripts/bubblewrap.sh")
    folder = tmp_path_factory.mktemp("languages")
    spec = folder / "jupyter" / "kernels" / "bash"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    document = {"argv": argv, "display_name": "Bash", "language": "bash", "env": {"PS1": "$"}}
    (spec / "kernel.json").write_text(json.dumps(document))
    service = ServiceProcess(folder)
    service.add_probe()
    path = str(folder / "jupyter")
    with service.running("--slots=2", f"--RobService.sandbox={request.param}", JUPYTER_PATH=path) as client:
        yield client


@pytest.fixture(params=[BASH, R], ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    found: Language = request.param
    if found is R:
        try:
            KernelSpecManager().get_kernel_spec("ir")
        except NoSuchKernel:
            pytest.skip("no kernel of R; see scripts/rkernel.sh")
    elif shutil.which("bash") is None:
        pytest.skip("no bash")
    return found


def _document(language: Language, *cells: str) -> dict[str, Any]:
    document = notebook(*cells, parameters=language.parameters, kernel=language.kernel)
    document["metadata"]["kernelspec"]["language"] = language.name
    return document


@pytest.mark.parametrize("label", ["plain", 'it\'s "mine" $(touch pwned) `touch pwned` \\ größe 粒子', ""])
def test_all_values_are_injected(api: Api, language: Language, label: str, tmp_path: Path) -> None:
    """Also those that the ``parameters`` cell does not name; and none of them is code."""
    run = api.ended(api.started(_document(language, language.says, language.scores), label=label))
    assert run["state"] == "SUCCESS", (run["cause"], api.log(run["id"]))
    assert run["result"]["points"] == 3
    log = api.log(run["id"])
    assert f"[{label}]" in log
    assert "[data/input.txt]" in log
    executed = api.get(f"runs/{run['id']}/notebooks/first-step")
    tags = [cell["metadata"].get("tags", []) for cell in executed["cells"]]
    assert tags.count(["injected-parameters"]) == 1


def test_an_error_names_the_cell(api: Api, language: Language) -> None:
    run = api.ended(api.started(_document(language, language.fails, language.scores)))
    assert run["state"] == "ERROR", api.log(run["id"])
    assert (run["cause"]["kind"], run["cause"]["cell"]) == ("notebook", 2)
    assert language.error in run["cause"]["message"] + api.log(run["id"]) + json.dumps(
        api.get(f"runs/{run['id']}/notebooks/first-step")
    )

"""Top tagger in a real service: one notebook fills both steps, and neither of them finds the labels of the test jets.

Without a sandbox the same notebook finds them, so the search is one that can succeed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob
from jupyterlab_rob.splitting import Source, divide

from .api import Api, ServiceProcess, notebook
from .engine.boxes import has_bubblewrap

PARAMETERS = 'trainfile = testfile = featurefolder = scorefile = ""\nroots = []'

#: Prints every file below ``roots``, whatever it is called, that holds the labels: known by how many there are, and by
#: their sum.
SEARCH = """
import json, os
import numpy as np
found = []
for root in [".", *roots]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            try:
                content = np.load(path, allow_pickle=False)
                arrays = content.values() if hasattr(content, "values") else [content]
                if any(array.shape == (8000,) and array.sum() == 2000 for array in arrays):
                    found.append(path)
            except Exception:
                pass
print("FOUND", json.dumps(found))
"""
PREPROC = """
os.makedirs(featurefolder)
np.save(f"{featurefolder}/mass.npy", np.load(testfile)["jets"].sum(axis=1)[:, 0])
"""
TAGGER = "np.save(scorefile, np.load(f'{featurefolder}/mass.npy').astype(float))"


def document() -> dict[str, Any]:
    """A notebook of cells for both steps and for either one."""
    made = notebook(SEARCH, PREPROC, TAGGER, parameters=PARAMETERS)
    for cell, step in zip(made["cells"][-2:], ("preproc", "tagger")):
        cell["metadata"]["tags"] = [f"rob:{step}"]
    return made


def searched(api: Api, data_dir: Path) -> tuple[dict[str, Any], list[list[str]]]:
    """The run, and what each of its steps has found."""
    submission = api.submission("top-tagger")
    roots = [str(data_dir), str(Path(jupyterlab_rob.__file__).parent)]
    arguments = []
    for part in divide(api.get("workflows/top-tagger"), Source("search.ipynb", document())):
        value = {"fileId": api.upload(submission, part.notebook), "parameters": {"roots": roots}}
        arguments.append({"name": part.target.name, "value": {"type": "$notebook", "value": value}})
    answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": arguments})
    assert answer.status_code == 201, answer.text
    run = api.ended(answer.json()["id"])
    assert run["state"] == "SUCCESS", run["cause"]
    lines = [line for line in api.log(run["id"]).splitlines() if line.startswith("FOUND ")]
    return run, [json.loads(line.partition(" ")[2]) for line in lines]


@pytest.mark.skipif(not has_bubblewrap(), reason="no bubblewrap; see scripts/bubblewrap.sh")
def test_labels_of_the_test_jets_are_not_found(service: ServiceProcess) -> None:
    with service.running("--RobService.sandbox=required") as api:
        run, found = searched(api, service.data_dir)
        assert found == [[], []]
        # They are there nevertheless, and judge.
        assert 0 < run["result"]["auc"] < 1


def test_the_search_finds_what_is_there(service: ServiceProcess) -> None:
    with service.running("--RobService.sandbox=off") as api:
        _, found = searched(api, service.data_dir)
        for paths in found:
            assert any(path.endswith("private/test_labels.npz") for path in paths)

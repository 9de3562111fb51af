"""FAILURES.md as a table (failure_cases.py): ways in which runs go wrong, with what the user gets instead, over HTTP
with real kernels.

Where the other cases are tested:

==========================================================  ==========================================================
no kernelspec, unknown kernel, format 3, no notebook        test_runs.py; before it is sent: ../test_preflight.py
a misspelt parameter, no ``parameters`` cell                ../test_preflight.py, ../test_arguments.py
the editor's text is newer than the file; ``RTC:`` paths    ../test_submission.py, ../test_notebooks.py
100 MB of outputs in the notebook that is sent              ../test_notebooks.py, test_uploads.py
a notebook in another language                              test_languages.py
the worker is killed, the service is killed, cancel         test_recovery.py, test_runs.py
two services on one data folder                             test_app.py
the login expires                                           test_logins.py, ../test_remote.py
metrics out of the schema, results that are no files        test_containment.py, test_runs.py
what a notebook reads, reaches and leaves behind            test_sealed.py
==========================================================  ==========================================================

Arguments are no place for secrets: papermill writes them into the executed notebook, which is kept with the run and
which all members of the submission and the benchmark's coordinators can read. They have to: it tells with which
values a result was made. ``test_arguments_stay_in_the_executed_notebook`` shows it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.service.engine.logfile import HEAD, TAIL
from jupyterlab_rob.service.store import Store

from .api import Api, ServiceProcess, notebook, scoring, wait_for
from .failure_cases import CASES

PLOTS = Path(__file__).parent / "plots"
_EMPTY_PLOT = """\
import sys
from pathlib import Path
for name in ("points.csv", "points.svg"):
    (Path(sys.argv[2]) / name).write_text("something")
(Path(sys.argv[2]) / "points.png").touch()
"""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ServiceProcess:
    service = ServiceProcess(tmp_path_factory.mktemp("failures"))
    service.add_probe()
    store = Store(service.data_dir)
    store.open()
    for name, case in {case.benchmark: case for case in CASES.values()}.items():
        case.write_benchmark(service.data_dir.parent / name)
        store.benchmarks.add(service.data_dir.parent / name, name)
    shutil.copytree(PLOTS, service.data_dir.parent / "plots")
    (service.data_dir.parent / "plots" / "code" / "plot.py").write_text(_EMPTY_PLOT)
    store.benchmarks.add(service.data_dir.parent / "plots", "plots")
    store.close()
    return service


@pytest.fixture(scope="module")
def api(process: ServiceProcess) -> Iterator[Api]:
    with process.running("--slots=2", "--RobService.warm_workers=1") as client:
        yield client


def _document(*cells: str) -> dict[str, Any]:
    """A notebook; a cell that begins with ``#tag NAME`` has that tag."""
    document = notebook(*cells)
    for cell in document["cells"]:
        if cell["source"].startswith("#tag "):
            cell["metadata"]["tags"] = [cell["source"].splitlines()[0].split()[1]]
    return document


def _executed(api: Api, run: str) -> dict[str, Any]:
    return dict(api.get(f"runs/{run}/notebooks/first-step"))


@pytest.mark.parametrize("name", CASES)
def test_what_the_user_gets(api: Api, name: str) -> None:
    case = CASES[name]
    run = api.ended(api.started(_document(*case.cells), api.submission(case.benchmark)))
    cause = run["cause"]
    if case.kind is None:
        assert run["state"] == "SUCCESS", cause
        assert run["result"]["points"] == 1
        log = api.log(run["id"])
        assert all(words in log for words in case.words), log
        return
    assert run["state"] == "ERROR"
    assert cause["kind"] == case.kind, cause
    for words in case.words:
        assert words in cause["message"]
    assert cause["blame"] == case.blame, cause
    if case.cell is not None:
        assert (cause["cell"], cause["cellId"]) == (case.cell, f"cell-{case.cell}")
    assert run["messages"][-1] == cause["message"]
    assert run["rank"] is None
    # What the user needs most: how far it got.
    assert len(_executed(api, run["id"])["cells"]) >= len(case.cells)


@pytest.mark.parametrize(
    ("cell", "most"),
    [
        ("for n in range(100_000): print(n)", 4 << 20),
        ("print('x' * (50 << 20))", 60 << 20),
        ("for _ in range(15): print('y' * (10 << 20))", 140 << 20),
        ("from IPython.display import HTML, display\nfor _ in range(3): display(HTML('z' * (50 << 20)))", 140 << 20),
    ],
    ids=["100,000 prints", "a 50 MB output", "150 MB in lines of 10 MB", "150 MB of HTML"],
)
def test_a_flood_of_output_is_a_success_and_bounded(api: Api, cell: str, most: int) -> None:
    run = api.ended(api.started(notebook(cell, "print('the end')", scoring(1))))
    assert run["state"] == "SUCCESS", run["cause"]
    folder = api.run_folder(run["id"])
    assert folder.log.stat().st_size <= HEAD + TAIL + 1000
    assert api.log(run["id"]).rstrip().endswith("the end")
    assert (folder.notebooks / "first-step.ipynb").stat().st_size <= most
    if most > 128 << 20:
        assert "outputs beyond 128 MB are left out" in (folder.notebooks / "first-step.ipynb").read_text()


def test_an_error_with_a_flood_before_it_is_found_at_the_end_of_the_log(api: Api) -> None:
    run = api.ended(api.started(notebook("for n in range(100_000): print(n)\nraise ValueError('x' * 100_000)")))
    assert run["cause"]["message"].startswith("cell 2: ValueError: xxx")
    assert len(run["cause"]["message"]) <= 4000
    assert "99999" in api.log(run["id"])


def test_an_expected_error_is_in_the_executed_notebook(api: Api) -> None:
    run = api.ended(api.started(_document("#tag raises-exception\n1 / 0", scoring(1))))
    assert run["state"] == "SUCCESS"
    (cell,) = (cell for cell in _executed(api, run["id"])["cells"] if "1 / 0" in "".join(cell["source"]))
    (output,) = cell["outputs"]
    assert output["name"] == "stderr"
    assert "ZeroDivisionError" in "".join(output["text"])


@pytest.mark.parametrize("cell", ["import sys; sys.exit(0)", "exit()"])
def test_a_notebook_that_ends_itself_has_not_scored(api: Api, cell: str) -> None:
    """Even when it has written its metrics before."""
    run = api.ended(api.started(notebook(scoring(1e12), cell, "raise ValueError")))
    assert run["state"] == "ERROR"
    assert run["result"] is None
    assert run["cause"]["ename"] == "SystemExit"
    assert "raise ValueError" in json.dumps(_executed(api, run["id"]))


@pytest.mark.parametrize(
    "name",
    ["a b.ipynb", 'it\'s "mine".ipynb', "$(touch x); `y`.ipynb", "粒子 größe ☃.ipynb", "-rf.ipynb", "%s%d.ipynb"],
)
def test_notebooks_may_have_any_name(api: Api, name: str) -> None:
    submission = api.submission(name=f"{name} {id(name)}")
    file = api.upload(submission, notebook(scoring(1)), name)
    value = {"type": "$notebook", "value": {"fileId": file}}
    answer = api.request(
        "POST", f"groups/{submission}/runs", json={"arguments": [{"name": "notebook", "value": value}]}
    )
    assert answer.status_code == 201, answer.text
    run = api.ended(answer.json()["id"])
    assert run["state"] == "SUCCESS", run["cause"]
    # The form that it was sent in has no other way to say a quotation mark.
    assert run["notebook"]["name"] == name.replace('"', "%22")


def test_a_notebook_as_others_write_it(api: Api) -> None:
    """Without outputs and execution counts, with sources in lines, and with cells that are no code."""
    document = notebook("x = 1\ny = 2", scoring("x + y"))
    for cell in document["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        del cell["outputs"], cell["execution_count"]
    document["cells"] += [
        {"id": "text", "cell_type": "markdown", "metadata": {}, "source": "# ü"},
        {"id": "raw", "cell_type": "raw", "metadata": {}, "source": "1 / 0"},
        {"id": "empty", "cell_type": "code", "metadata": {}, "source": "", "outputs": [], "execution_count": None},
    ]
    run = api.ended(api.started(document))
    assert run["state"] == "SUCCESS", run["cause"]
    assert run["result"]["points"] == 3


def test_arguments_stay_in_the_executed_notebook(api: Api) -> None:
    """And nowhere else that others read: neither in the log nor among the run's files."""
    submission = api.submission()
    file = api.upload(submission, notebook(scoring(1), parameters='outputfile = ""\npassword = ""'))
    value = {"type": "$notebook", "value": {"fileId": file, "parameters": {"password": "hunter2"}}}
    answer = api.request(
        "POST", f"groups/{submission}/runs", json={"arguments": [{"name": "notebook", "value": value}]}
    )
    run = api.ended(answer.json()["id"])
    assert "hunter2" in json.dumps(_executed(api, run["id"]))
    assert "hunter2" not in api.log(run["id"])
    assert "hunter2" not in api.coordinator_log(run["id"])


def test_a_plot_of_0_bytes_is_told_to_the_coordinator(api: Api) -> None:
    """And hurts no run."""
    run = api.ended(api.started(notebook(scoring(1)), api.submission("plots")))
    assert run["state"] == "SUCCESS"

    def failed() -> Any:
        status = api.get("workflows/plots")["postprocStatus"]
        return status["state"] == "ERROR" and status

    assert "'results/points.png' is empty (0 bytes)" in wait_for(failed, "the failure")["message"]
    assert "postproc" not in api.get("workflows/plots")

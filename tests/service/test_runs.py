"""Runs, over HTTP, with real processes and kernels."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from .api import TIMEOUT, Api, ServiceProcess, is_alive, notebook, scoring, wait_for

EXAMPLE = Path(__file__).parents[2] / "examples" / "number-predictor.ipynb"


def test_example_reaches_the_leaderboard(api: Api) -> None:
    document = json.loads(EXAMPLE.read_text())
    submission = api.submission("number-predictor", "differences")
    answer = api.start(document, submission, parameter="predictor")
    assert answer.status_code == 201
    run = api.ended(answer.json()["id"])
    assert run["state"] == "SUCCESS"
    assert run["rank"] == 1
    assert set(run["result"]) == {"deviation", "exact", "score"}
    assert run["result"]["score"] == run["result"]["exact"] / 40
    assert run["notebook"]["name"] == "a notebook.ipynb"
    assert run["notebooks"] == [{"step": "predict", "name": "predict.ipynb"}]
    row = api.get("workflows/number-predictor/leaderboard")["ranking"][0]
    assert row["group"] == {"id": submission, "name": "differences"}
    assert {item["name"]: item["value"] for item in row["results"]} == run["result"]
    file = next(file for file in run["files"] if file["name"] == "results/score.json")
    assert api.get(f"runs/{run['id']}/downloads/files/{file['id']}") == run["result"]
    executed = api.get(f"runs/{run['id']}/notebooks/predict")
    assert any("injected-parameters" in cell["metadata"].get("tags", []) for cell in executed["cells"])


def test_best_run_of_a_submission_is_ranked(api: Api) -> None:
    submission = api.submission()
    runs = [api.ended(api.started(notebook(scoring(points)), submission)) for points in (901, 903, 902)]
    ranks = [api.get(f"runs/{run['id']}")["rank"] for run in runs]
    assert ranks[0] is None
    assert ranks[2] is None
    assert ranks[1] is not None
    mine = [row for row in api.get("workflows/probe/leaderboard")["ranking"] if row["group"]["id"] == submission]
    assert [row["run"]["id"] for row in mine] == [runs[1]["id"]]
    every = api.get("workflows/probe/leaderboard?includeAll=true&orderBy=points:asc")["ranking"]
    points = [item["value"] for row in every for item in row["results"] if item["name"] == "points"]
    assert points == sorted(points)
    assert len(every) >= 3
    listed = api.get("workflows/probe/runs?limit=3")["runs"]
    assert [run["id"] for run in listed] == [run["id"] for run in reversed(runs)]


def test_error_names_the_cell(api: Api) -> None:
    document = notebook("print('fine')", "1 / 0", "print('never')")
    document["cells"].insert(0, {"id": "title", "cell_type": "markdown", "source": "# Title", "metadata": {}})
    run = api.ended(api.started(document))
    assert run["state"] == "ERROR"
    assert run["cause"] == {
        "kind": "notebook",
        "message": "cell 4: ZeroDivisionError: division by zero",
        "step": "first step",
        "cell": 4,
        "cellId": "cell-3",
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "blame": "participant",
    }
    assert run["messages"][-1] == run["cause"]["message"]
    assert run["result"] is None
    assert run["rank"] is None
    # What the user needs most: how far it got, and what it printed.
    executed = api.get(f"runs/{run['id']}/notebooks/first-step")
    assert any("fine" in json.dumps(cell.get("outputs", [])) for cell in executed["cells"])
    assert "fine" in api.log(run["id"])


def test_error_in_a_notebook_without_cell_ids(api: Api) -> None:
    document = notebook("undefined_name") | {"nbformat_minor": 4}
    for cell in document["cells"]:
        del cell["id"]
    cause = api.ended(api.started(document))["cause"]
    assert (cause["cell"], cause["ename"]) == (2, "NameError")


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        ("pass", "output", "'results/score.json' does not exist"),
        ("import os; os.symlink('/etc/passwd', outputfile)", "output", "link"),
        ("import os; os.mkdir(outputfile)", "output", "is an empty folder"),
        ("open(outputfile, 'w').write('nothing')", "metrics", "is not JSON"),
        ("open(outputfile, 'w').write('[1]')", "metrics", "'points' in 'results/score.json' is missing"),
        (scoring("float('nan')"), "metrics", "is nan; a finite number is expected"),
        (scoring("'many'"), "metrics", 'is "many"; a value of type float is expected'),
        (scoring("None"), "metrics", "is missing"),
        ("import os; os.kill(os.getpid(), 9)", "died", "The kernel died"),
        ("raise MemoryError", "memory", "cell 2: MemoryError"),
        ("name = input()", "notebook", "cell 2: StdinNotImplementedError"),
        (scoring("10 ** 400"), "metrics", "a finite number is expected"),
        ("open(outputfile, 'w').write('[' * 100_000)", "metrics", "is not JSON"),
    ],
)
def test_what_goes_wrong_is_said(api: Api, cell: str, kind: str, words: str) -> None:
    run = api.ended(api.started(notebook(cell)))
    assert run["state"] == "ERROR"
    assert run["cause"]["kind"] == kind
    assert words in run["cause"]["message"]


def test_optional_metric_may_be_empty(api: Api) -> None:
    run = api.ended(api.started(notebook(scoring(1.5))))
    assert run["result"] == {"points": 1.5, "remark": None}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (notebook("1", kernel=None), "does not say which kernel"),
        (notebook("1", kernel="klingon"), "'klingon', which is not installed"),
        ({"nbformat": 3, "worksheets": []}, "notebook format 3"),
        ({"no": "notebook"}, "is not a notebook"),
    ],
)
def test_notebook_is_refused(api: Api, document: dict[str, Any], words: str) -> None:
    submission = api.submission()
    answer = api.start(document, submission)
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert api.get(f"groups/{submission}/runs") == {"runs": []}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument for 'notebook'"),
        ([{"name": "notebook", "value": {"environment": "sh", "commands": ["touch /tmp/x"]}}], "uploaded notebook"),
        ([{"name": "nosuch", "value": 1}], "nosuch"),
        (["label"], "must be an object"),
        ([{"name": "label", "value": "a\0b"}], "null character"),
        ([{"name": "notebook", "value": {"type": "$notebook", "value": {"fileId": "nosuch"}}}], "nosuch"),
    ],
)
def test_arguments_are_refused(api: Api, arguments: list[Any], words: str) -> None:
    submission = api.submission()
    answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": arguments})
    assert answer.status_code in (400, 404)
    assert words in answer.json()["message"]
    assert api.get(f"groups/{submission}/runs") == {"runs": []}


def test_argument_is_no_shell(api: Api, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    label = f'"; touch {victim}; echo "$(touch {victim})`touch {victim}`'
    run = api.ended(api.started(notebook(scoring(1)), label=label))
    assert run["state"] == "SUCCESS"
    assert not victim.exists()
    log = api.coordinator_log(run["id"])
    assert f"label: {label}" in log
    assert "price: 5" in log


def test_step_sees_its_inputs_and_no_secrets(api: Api) -> None:
    look = (
        "import os, pathlib\n"
        "print('FILES', sorted(str(path) for path in pathlib.Path('.').rglob('*') if path.is_file()))\n"
        "print('ENVIRONMENT', sorted(os.environ))"
    )
    run = api.ended(api.started(notebook(look, scoring(1))))
    log = api.log(run["id"])
    assert "FILES ['data/input.txt']" in log
    assert "ENVIRONMENT" in log
    assert "SECRET_TOKEN" not in log


def test_only_declared_parameters_are_injected(api: Api) -> None:
    run = api.ended(
        api.started(notebook("print(sorted(name for name in globals() if name.endswith('file')))", scoring(1)))
    )
    assert "['outputfile']" in api.log(run["id"])


def test_values_for_the_notebooks_own_parameters(api: Api) -> None:
    submission = api.submission()
    file = api.upload(submission, notebook(scoring("depth * 2"), parameters='outputfile = ""\ndepth = 1'))
    value = {"type": "$notebook", "value": {"fileId": file, "parameters": {"depth": 21}}}
    answer = api.request(
        "POST", f"groups/{submission}/runs", json={"arguments": [{"name": "notebook", "value": value}]}
    )
    assert answer.json()["arguments"][0] == {"name": "notebook", "value": value}
    assert api.ended(answer.json()["id"])["result"]["points"] == 42


def test_cancel_ends_the_whole_tree(api: Api) -> None:
    # A process of the notebook's own, in a session of its own, that has left its parent.
    daemon = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import os, time\\nos.fork() and os._exit(0)\\ntime.sleep(600)'],"
        " start_new_session=True).wait()\n"
    )
    run = api.started(notebook(daemon, "import time; time.sleep(600)"))
    wait_for(lambda: (api.get(f"runs/{run}")["progress"] or {}).get("cell") == 3, "the third cell")
    processes = api.processes(run)
    assert len(processes) >= 3
    answer = api.request("PUT", f"runs/{run}", json={"reason": "Changed my mind."})
    assert answer.status_code == 200
    assert answer.json()["state"] == "CANCELED"
    assert answer.json()["messages"] == ["Changed my mind."]
    # Once more: it is as it was.
    again = api.request("PUT", f"runs/{run}", json={"reason": "Another one."})
    assert again.status_code == 200
    assert again.json() == answer.json()
    wait_for(lambda: not any(map(is_alive, processes)), "the end of all processes")


def test_a_run_that_has_ended_can_not_be_canceled(api: Api) -> None:
    run = api.ended(api.started(notebook(scoring(1))))["id"]
    answer = api.request("PUT", f"runs/{run}", json={})
    assert answer.status_code == 409
    assert "it is SUCCESS" in answer.json()["message"]
    assert api.get(f"runs/{run}")["state"] == "SUCCESS"


def test_many_cancel_at_once(api: Api) -> None:
    run = api.started(notebook("import time; time.sleep(600)"))
    with ThreadPoolExecutor(8) as threads:
        requests = [threads.submit(api.request, "PUT", f"runs/{run}", json={"reason": str(n)}) for n in range(8)]
        answers = [request.result() for request in requests]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["messages"][-1] for answer in answers}) == 1


def test_cancel_ends_a_command_that_hides(service: ServiceProcess) -> None:
    service.add_commands("hiding", "echo here; exec env -i /bin/sleep 3777")
    with service.running() as api:
        submission = api.submission("hiding")
        run = api.request("POST", f"groups/{submission}/runs", json={"arguments": []}).json()["id"]
        (sleeper,) = wait_for(lambda: _sleepers("3777"), "the command")
        assert api.request("PUT", f"runs/{run}", json={}).json()["state"] == "CANCELED"
        wait_for(lambda: not is_alive(sleeper), "the end of the command")


def _sleepers(seconds: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["cmdline"] == ["/bin/sleep", seconds] and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_kernel_leaves_nothing_in_the_steps_folder(api: Api) -> None:
    run = api.ended(api.started(notebook("import os; print('HERE', sorted(os.listdir()))", scoring(1))))
    assert "HERE ['data', 'results']" in api.log(run["id"])


def test_delete_run(api: Api) -> None:
    submission = api.submission()
    run = api.ended(api.started(notebook(scoring(1e9)), submission))["id"]
    assert api.request("DELETE", f"runs/{run}").status_code == 204
    assert api.request("GET", f"runs/{run}").status_code == 404
    ranked = {row["group"]["id"] for row in api.get("workflows/probe/leaderboard")["ranking"]}
    assert submission not in ranked


def test_runs_wait_for_a_slot(service: ServiceProcess) -> None:
    with service.running("--slots=1") as api:
        first = api.started(notebook("import time; time.sleep(600)"))
        second = api.started(notebook(scoring(2)))
        third = api.started(notebook(scoring(3)))
        wait_for(lambda: api.get(f"runs/{first}")["state"] == "RUNNING", "the first run's start")
        assert api.get(f"runs/{second}")["state"] == "PENDING"
        assert api.request("DELETE", f"runs/{second}").status_code == 409
        assert api.request("PUT", f"runs/{second}", json={}).json()["state"] == "CANCELED"
        assert api.request("PUT", f"runs/{first}", json={}).json()["state"] == "CANCELED"
        assert api.ended(third)["state"] == "SUCCESS"
        assert api.get("status")["running"] == 0


def test_events_tell_what_happens(api: Api) -> None:
    events: list[dict[str, Any]] = []
    connected = threading.Event()

    def listen() -> None:
        with api.session.get(f"{api.url}/events", stream=True, timeout=TIMEOUT) as answer:
            for line in answer.iter_lines():
                connected.set()
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    if event["submission"] == submission:
                        events.append(event)
                        if event["state"] == "SUCCESS":
                            return

    submission = api.submission()
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert connected.wait(TIMEOUT)
    run = api.started(notebook("x = 1", scoring(7)), submission)
    listener.join(TIMEOUT)
    assert {event["run"] for event in events} == {run}
    assert events[0]["state"] == "PENDING"
    assert {event.get("cell") for event in events} >= {1, 2, 3}
    assert all(event["cells"] == 3 for event in events if event.get("cell"))
    assert events[-1]["state"] == "SUCCESS"
    assert events[-1]["result"] == {"points": 7.0, "remark": None}
    assert isinstance(events[-1]["rank"], int)

"""Post-processing, over HTTP, with real processes; the benchmark is in ``plots``."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.errors import Forbidden
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.store import Store

from .api import TIMEOUT, Api, ServiceProcess, notebook, wait_for

PLOTS = Path(__file__).parent / "plots"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    # Without a sandbox, so that its steps can tell the tests by files what they do.
    process = ServiceProcess(tmp_path, "--RobService.sandbox=off")
    process.data_dir.mkdir()
    store = Store(process.data_dir)
    store.open()
    store.benchmarks.add(PLOTS, "plots")
    store.close()
    yield process
    if process.process is not None:
        process.process.kill()
        process.process.communicate()


def _succeed(api: Api, points: float, submission: str | None = None, remark: Path | None = None) -> str:
    """Submit a notebook that gets these points; the run, once it has become SUCCESS."""
    metrics = json.dumps({"points": points, "remark": str(remark) if remark else None})
    cell = f"import pathlib\npathlib.Path(outputfile).write_text({metrics!r})"
    run = api.started(notebook(cell), submission or api.submission("plots"))
    assert api.ended(run)["state"] == "SUCCESS"
    return run


def _shown(api: Api, submissions: int) -> dict[str, Any]:
    """What is shown on the benchmark, once it is about so many submissions."""

    def handle() -> Any:
        benchmark = api.get("workflows/plots")
        shown = benchmark.get("postproc")
        assert benchmark["postprocStatus"]["state"] != "ERROR", benchmark["postprocStatus"]
        return shown if shown and len(_table(api, shown)) == submissions else None

    shown: dict[str, Any] = wait_for(handle, f"the plots of {submissions} submissions")
    return shown


def _table(api: Api, shown: dict[str, Any]) -> list[list[str]]:
    file = next(file for file in shown["files"] if file["name"] == "results/points.csv")
    answer = api.request("GET", f"workflows/plots/downloads/files/{file['id']}")
    # It may have been replaced since.
    return list(csv.reader(io.StringIO(answer.text)))[1:] if answer.status_code == 200 else []


def _wait_until_removed(service: ServiceProcess, shown: dict[str, Any]) -> None:
    """All files of what was shown once are removed, after it is not shown any more."""
    wait_for(lambda: not _is_kept(service.data_dir, shown), "the removal of what was shown before")


def _is_kept(folder: Path, shown: dict[str, Any]) -> bool:
    # Unlike Path.rglob, os.walk bears that folders are removed meanwhile.
    return any(shown["id"] in (*folders, *files) for _, folders, files in os.walk(folder))


def _status(api: Api) -> dict[str, Any]:
    return dict(api.get("workflows/plots")["postprocStatus"])


def test_plots_and_tables_appear_on_the_benchmark(service: ServiceProcess, tmp_path: Path) -> None:
    with service.running() as api:
        assert "postproc" not in api.get("workflows/plots")
        assert _status(api) == {"state": "IDLE", "message": None, "log": False}
        assert api.request("GET", "workflows/plots/downloads/archive").status_code == 404
        assert api.request("GET", "workflows/plots/postproc/log").status_code == 404
        # A submission's name is somebody's text: data, and nothing else.
        name = f'"; touch {tmp_path}/pwned; $(touch {tmp_path}/pwned) <b>'
        runs = [_succeed(api, 1, api.submission("plots", "second")), _succeed(api, 2, api.submission("plots", name))]
        shown = _shown(api, 2)
        assert _table(api, shown) == [[name, "2"], ["second", "1"]]
        assert not (tmp_path / "pwned").exists()
        assert shown["state"] == "SUCCESS"
        assert shown["finishedAt"] >= shown["startedAt"] >= shown["createdAt"]
        # In the order in which the template lists them, with what it says about them.
        assert [(file["name"], file["title"]) for file in shown["files"]] == [
            ("results/points.svg", "Points"),
            ("results/points.png", "A pixel"),
            ("results/points.csv", "Table"),
        ]
        assert shown["files"][0]["caption"] == "Points of each submission."
        for file, mime_type in zip(shown["files"], ("image/svg+xml", "image/png", "text/csv")):
            answer = api.request("GET", f"workflows/plots/downloads/files/{file['id']}")
            assert answer.headers["Content-Type"].partition(";")[0] == mime_type
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        answer = api.request("GET", "workflows/plots/downloads/archive")
        assert answer.headers["Content-Type"] == "application/gzip"
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            assert sorted(archive.getnames()) == sorted(file["name"] for file in shown["files"])
        assert api.get("workflows/plots/leaderboard")["postproc"] == shown
        # The steps write over what they are given; the results stay as they are.
        for run, points in zip(runs, (1, 2)):
            (file,) = api.get(f"runs/{run}")["files"]
            assert api.get(f"runs/{run}/downloads/files/{file['id']}")["points"] == points


def test_post_processing_is_nobodys_run(service: ServiceProcess) -> None:
    with service.running() as api:
        run = _succeed(api, 1)
        shown = _shown(api, 1)
        assert [item["id"] for item in api.get("workflows/plots/runs")["runs"]] == [run]
        assert [row["run"]["id"] for row in api.get("workflows/plots/leaderboard?includeAll=true")["ranking"]] == [run]
        # flowserv takes everybody for a member of a run without a submission.
        path = f"runs/{shown['id']}"
        for method, what in (("GET", ""), ("DELETE", ""), ("PUT", ""), ("GET", "/log"), ("GET", "/notebooks/plot")):
            assert api.request(method, path + what).status_code == 404
        assert api.request("GET", f"{path}/downloads/files/{shown['files'][0]['id']}").status_code == 404
        assert _table(api, api.get("workflows/plots")["postproc"])


def test_runs_that_finish_together_are_taken_together(service: ServiceProcess, tmp_path: Path) -> None:
    executions, hold = tmp_path / "executions", tmp_path / "executions.hold"
    hold.touch()
    with service.running() as api:
        _succeed(api, 1, remark=executions)
        wait_for(executions.exists, "the first post-processing")
        # It runs, and neither requests nor runs wait for it.
        assert _status(api)["state"] == "RUNNING"
        assert api.get("status")["running"] == 0
        for points in (2, 3, 4):
            _succeed(api, points)
        assert executions.read_text().split() == ["1"]
        hold.unlink()
        _shown(api, 4)
        assert executions.read_text().split() == ["1", "4"]


def test_only_a_change_of_the_ranked_runs_starts_it(service: ServiceProcess, tmp_path: Path) -> None:
    executions = tmp_path / "executions"
    with service.running() as api:
        submission = api.submission("plots")
        _succeed(api, 2, submission, executions)
        first = _shown(api, 1)
        worse = _succeed(api, 1, submission, executions)
        assert api.request("DELETE", f"runs/{worse}").status_code == 204
        other = _succeed(api, 3)
        second = _shown(api, 2)
        assert executions.read_text().split() == ["1", "2"]
        _wait_until_removed(service, first)
        assert _is_kept(service.data_dir / "files", second)
        assert api.request("DELETE", f"runs/{other}").status_code == 204
        _shown(api, 1)
        assert executions.read_text().split() == ["1", "2", "1"]


def test_new_name_of_a_submission_is_shown(service: ServiceProcess, tmp_path: Path) -> None:
    executions = tmp_path / "executions"
    with service.running() as api:
        submission = api.submission("plots", "old")
        _succeed(api, 2, submission, executions)
        assert _table(api, _shown(api, 1)) == [["old", "2"]]
        path = f"groups/{submission}"
        members = [member["id"] for member in api.get(path)["members"]]
        for change in ({"name": "old"}, {"members": members}, {"name": "new"}):
            assert api.request("PUT", path, json=change).status_code == 200

        def is_renamed() -> bool:
            return _table(api, api.get("workflows/plots")["postproc"]) == [["new", "2"]]

        wait_for(is_renamed, "the new name")
        assert executions.read_text().split() == ["1", "1"]


def test_nothing_is_shown_of_runs_that_are_gone(service: ServiceProcess) -> None:
    with service.running() as api:
        run = _succeed(api, 1)
        shown = _shown(api, 1)
        assert api.request("DELETE", f"runs/{run}").status_code == 204
        wait_for(lambda: "postproc" not in api.get("workflows/plots"), "an empty benchmark")
        assert _status(api) == {"state": "IDLE", "message": None, "log": False}
        _wait_until_removed(service, shown)


def test_failure_is_shown_to_the_coordinator_and_hurts_no_run(service: ServiceProcess) -> None:
    with service.running() as api:
        good = _succeed(api, 1)
        shown = _shown(api, 1)
        bad = _succeed(api, -1)
        status = wait_for(lambda: (status := _status(api))["state"] == "ERROR" and status, "the failure")
        assert "There is no plot of points below zero." in status["message"]
        assert status["log"]
        log = api.request("GET", "workflows/plots/postproc/log")
        assert "There is no plot" in log.text
        assert log.headers["Content-Type"].startswith("text/plain")
        for run in (good, bad):
            assert api.get(f"runs/{run}")["state"] == "SUCCESS"
        assert len(api.get("workflows/plots/leaderboard")["ranking"]) == 2
        # What was shown before still is.
        assert api.get("workflows/plots")["postproc"] == shown
        assert _table(api, shown)
        assert api.request("DELETE", f"runs/{bad}").status_code == 204
        wait_for(lambda: _status(api)["state"] == "IDLE", "a new success")
        assert len(_table(api, api.get("workflows/plots")["postproc"])) == 1


def test_participants_see_the_plots_and_not_how_they_are_made(service: ServiceProcess) -> None:
    with service.running() as api:
        _succeed(api, 1)
        shown = _shown(api, 1)
    store = Store(service.data_dir)
    store.open()
    try:
        participant = Identity(store.accounts.ensure_user("participant"), "participant", Role.PARTICIPANT)
        assert store.postprocessing.describe(participant, "plots") == {"postproc": shown}
        with pytest.raises(Forbidden):
            store.postprocessing.log(participant, "plots")
    finally:
        store.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_is_run_again_when_the_service_has_ended(service: ServiceProcess, tmp_path: Path, number: int) -> None:
    executions, hold = tmp_path / "executions", tmp_path / "executions.hold"
    hold.touch()
    with service.running() as api:
        _succeed(api, 1, remark=executions)
        wait_for(executions.exists, "post-processing")
        service.end(number)
    hold.unlink()
    with service.running() as api:
        _shown(api, 1)
        assert executions.read_text().split() == ["1", "1"]
        assert _status(api)["state"] == "IDLE"
    # Nothing is due any more.
    with service.running() as api:
        _succeed(api, 2)
        _shown(api, 2)
        assert executions.read_text().split() == ["1", "1", "2"]


def test_an_event_tells_when_it_has_ended(service: ServiceProcess) -> None:
    with service.running() as api:
        connected = threading.Event()
        told: list[dict[str, Any]] = []

        def listen() -> None:
            with api.session.get(f"{api.url}/events", stream=True, timeout=TIMEOUT) as answer:
                name = ""
                for line in answer.iter_lines(decode_unicode=True):
                    connected.set()
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: ") and name == "benchmark":
                        told.append(json.loads(line[6:]))
                        if len(told) == 2:
                            return

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        assert connected.wait(TIMEOUT)
        _succeed(api, 1)
        _shown(api, 1)
        _succeed(api, -1)
        listener.join(TIMEOUT)
        assert told == [{"benchmark": "plots", "postproc": "SUCCESS"}, {"benchmark": "plots", "postproc": "ERROR"}]

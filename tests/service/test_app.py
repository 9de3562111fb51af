"""The service as a process: lock, connection file, idleness, stopping, and what it says when it can't start."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import requests

from jupyterlab_rob.connection import EXIT_LOCKED, connection_file

from .api import TIMEOUT, Api, ServiceProcess, notebook, wait_for


def test_connection_file_is_private_and_goes_with_the_service(service: ServiceProcess) -> None:
    with service.running() as api:
        path = connection_file(service.data_dir)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["url"] == api.url
        assert api.url.startswith("http://127.0.0.1:")
    assert not path.exists()


def test_new_data_folder_is_private(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path / "deep" / "er")
    with service.running():
        assert stat.S_IMODE(service.data_dir.stat().st_mode) == 0o700


def test_log_is_structured_and_has_no_token(service: ServiceProcess) -> None:
    with service.running() as api:
        api.get("workflows")
        token = str(api.session.headers["Authorization"]).split()[1]
    text = (service.data_dir / "service.log").read_text()
    messages = [json.loads(line)["message"] for line in text.splitlines()]
    assert messages[0].startswith("Serving")
    assert messages[-1] == "Stopped"
    assert token not in text


def test_files_are_private_in_a_folder_that_is_not(service: ServiceProcess) -> None:
    service.data_dir.chmod(0o755)
    for path in service.data_dir.glob("rob.db*"):
        path.unlink()
    with service.running():
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in service.data_dir.iterdir() if path.is_file()}
        assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def test_stopping_service_takes_no_run(service: ServiceProcess) -> None:
    with service.running("--slots=1") as api:
        run = api.started(notebook("import time; time.sleep(600)"))
        wait_for(lambda: (api.get(f"runs/{run}")["progress"] or {}).get("cell"), "the first cell")
        submission = api.submission()
        assert api.request("POST", "shutdown").status_code == 202
        try:
            answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": []})
        except requests.ConnectionError:
            return
        assert answer.status_code == 503
        assert "is stopping" in answer.json()["message"]


def test_one_process_owns_the_data_folder(service: ServiceProcess) -> None:
    with service.running():
        second = service.spawn()
        _, said = second.communicate(timeout=TIMEOUT)
        assert second.returncode == EXIT_LOCKED
        assert said.startswith("ERROR: The data folder")
        assert service.process is not None
        assert str(service.process.pid) in said


def test_lock_goes_with_a_killed_service(service: ServiceProcess) -> None:
    service.start()
    service.end(9)
    with service.running() as api:
        assert api.get("status")["kind"] == "embedded"


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    process = ServiceProcess(tmp_path).spawn()
    _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert said.startswith(f"ERROR: The data folder {tmp_path / 'data'} can't be used")
    assert "ROB_DATA_DIR" in said
    assert "Traceback" not in said


def test_damaged_database_is_named(service: ServiceProcess) -> None:
    (service.data_dir / "rob.db").write_bytes(b"this is no database" * 1000)
    process = service.spawn()
    _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert said.startswith("ERROR:")
    assert "rob.db" in said


def test_idle_service_ends(service: ServiceProcess) -> None:
    service.start("--idle-timeout=0.5")
    assert service.process is not None
    assert service.process.wait(TIMEOUT) == 0
    assert not connection_file(service.data_dir).exists()


def test_service_with_a_run_is_not_idle(service: ServiceProcess) -> None:
    with service.running("--idle-timeout=1") as api:
        run = api.started(notebook("import time; time.sleep(600)"))
        # Followed by its record alone, since a request would keep the service awake.
        record = service.data_dir / "runs" / run / "record-1.jsonl"
        wait_for(lambda: record.exists() and '"cell": 2' in record.read_text(), "the second cell")
        log = service.data_dir / "service.log"
        assert service.process is not None
        assert service.process.poll() is None, log.read_text()
        assert api.request("PUT", f"runs/{run}", json={}).status_code == 200


def test_stopped_by_request(service: ServiceProcess) -> None:
    with service.running() as api:
        assert api.request("POST", "shutdown").status_code == 202
        assert service.process is not None
        assert service.process.wait(TIMEOUT) == 0


def test_not_for_other_hosts(service: ServiceProcess) -> None:
    with service.running() as api:
        port = api.url.split(":")[2].split("/")[0]
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.2:{port}/rob/api/v1", timeout=5)


def test_status(api: Api) -> None:
    status = api.get("status")
    assert status["slots"] == 2
    assert status["pid"] != os.getpid()


def test_title_is_the_name_that_users_read(service: ServiceProcess) -> None:
    with service.running("--title=ROB of the jet group") as api:
        assert api.get("")["name"] == "ROB of the jet group"


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--databse=x", "There is no option --databse. Did you mean --database?"),
        ("--nonsense=1", "There is no option --nonsense. All: --help"),
        ("--RobService.max_uplod=1", "RobService has no setting 'max_uplod'. Did you mean max_upload?"),
    ],
)
def test_unknown_option_is_refused(service: ServiceProcess, option: str, reason: str) -> None:
    process = service.spawn(option)
    said = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 2
    assert reason in said
    assert "Traceback" not in said

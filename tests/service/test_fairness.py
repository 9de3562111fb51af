"""What one client can't do to the service and to others: by another name, by many connections, runs or log-ins."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from jupyterlab_rob.service.api.service import MAX_STREAMS
from jupyterlab_rob.service.store.logins import MAX_LOGINS

from .accounts import User, log_in, whoami
from .api import TIMEOUT, Api, ServiceProcess, notebook, scoring, wait_for
from .postgresql import PostgreSQL

MOST = 20


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    service = ServiceProcess(tmp_path_factory.mktemp("fair"))
    service.add_probe()
    with service.running(
        "--registration", f"--RobService.max_connections={MOST}", "--RobService.max_active_runs=2", "--slots=1"
    ) as api:
        yield api


def test_a_page_can_not_give_the_service_a_name_of_its_own(owner: Api) -> None:
    port = urlsplit(owner.url).port
    for name in ("127.0.0.1", "localhost", f"localhost:{port}", f"[::1]:{port}"):
        assert requests.get(owner.url, headers={"Host": name}, timeout=TIMEOUT).status_code == 200
    for name in ("attacker.example", f"attacker.example:{port}", "127.0.0.1.attacker.example", "192.0.2.1"):
        answer = requests.get(owner.url, headers={"Host": name}, timeout=TIMEOUT)
        assert answer.status_code == 403
        assert "allowed_hosts" in answer.json()["message"]


def test_names_can_be_allowed(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path).running("--RobService.allowed_hosts=rob.example") as api:
        for name, status in (("ROB.example", 200), ("127.0.0.1", 200), ("other.example", 403)):
            assert api.request("GET", "", headers={"Host": name}).status_code == status


def test_more_connections_than_there_may_be_are_hung_up(owner: Api) -> None:
    address = urlsplit(owner.url)
    place = (str(address.hostname), int(address.port or 0))
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.create_connection(place, TIMEOUT)) for _ in range(2 * MOST)]
        # Those that are too many are told so by their end; the others wait for a request.
        assert all(surplus.recv(1) == b"" for surplus in sockets[MOST:])

    def answers() -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(owner.url, timeout=TIMEOUT).status_code == 200
        return False

    wait_for(answers, "an answer when they have gone")


def test_active_runs_of_a_user_are_limited(owner: Api) -> None:
    user = User(owner.url)
    submissions = [user.submission(), user.submission()]
    runs = [user.started(notebook("import time; time.sleep(600)"), submission) for submission in submissions]
    refused = user.start(notebook("1"), submissions[0])
    assert refused.status_code == 409
    assert refused.json()["message"].startswith("2 runs of yours wait or run, the most there may be.")
    # Nobody else's business, and over when one ends.
    other = User(owner.url)
    theirs = other.started(notebook("1"))
    assert user.request("PUT", f"runs/{runs[1]}").status_code == 200
    assert user.start(notebook("1"), submissions[0]).status_code == 201
    assert user.request("PUT", f"runs/{runs[0]}").status_code == 200
    other.ended(theirs)


def test_nobodys_first_run_waits_for_anothers_second(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path)
    service.add_probe()
    with service.running("--registration", "--slots=1") as api:
        many, one = User(api.url), User(api.url)
        blocking = api.started(notebook("import time; time.sleep(600)"))
        theirs = [many.started(notebook(scoring(number))) for number in range(3)]
        mine = one.started(notebook(scoring(9)))
        position = {run: who.get(f"runs/{run}")["progress"]["position"] for who, run in _pairs(many, theirs, one, mine)}
        assert [position[run] for run in (theirs[0], mine, *theirs[1:])] == [1, 2, 3, 4]
        assert api.request("PUT", f"runs/{blocking}").status_code == 200
        ended = {run: who.ended(run)["startedAt"] for who, run in _pairs(many, theirs, one, mine)}
        assert sorted(ended, key=ended.__getitem__) == [theirs[0], mine, *theirs[1:]]


def _pairs(many: User, theirs: list[str], one: User, mine: str) -> list[tuple[User, str]]:
    return [*((many, run) for run in theirs), (one, mine)]


def test_the_oldest_log_in_ends(owner: Api) -> None:
    user = User(owner.url)
    tokens = [user.token, *(log_in(owner.url, user.name) for _ in range(MAX_LOGINS))]
    assert whoami(owner.url, tokens[0]) == 401
    assert [whoami(owner.url, token) for token in (tokens[1], tokens[-1])] == [200, 200]


def test_event_streams_of_a_user_are_limited(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path).running("--registration") as api, contextlib.ExitStack() as opened:
        user, other = User(api.url), User(api.url)

        def listen(who: Api) -> requests.Response:
            answer = requests.get(f"{api.url}/events", headers=dict(who.session.headers), stream=True, timeout=TIMEOUT)
            return opened.enter_context(answer)

        assert {listen(user).status_code for _ in range(MAX_STREAMS)} == {200}
        refused = listen(user)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "60"
        assert listen(other).status_code == 200


def test_results_wait_for_the_databases_server(tmp_path: Path) -> None:
    server, gate = PostgreSQL(), tmp_path / "gate"
    code = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)"
    write = "import pathlib\npathlib.Path(outputfile).write_text('1\\n' * 40)"
    try:
        with ServiceProcess(tmp_path).running("--RobService.sandbox=off", ROB_DATABASE=server.create()) as api:
            submission = api.submission("number-predictor", "kept")
            document = notebook(code, write)
            run = str(api.start(document, submission, parameter="predictor").json()["id"])
            wait_for(lambda: (api.get(f"runs/{run}")["progress"] or {}).get("cell"), "the first cell")
            server.stop()
            gate.touch()
            log = tmp_path / "data" / "service.log"
            wait_for(lambda: "waits for the database" in log.read_text(), "the end of the run")
            server.start()
            assert api.ended(run)["state"] == "SUCCESS"
    finally:
        server.close()

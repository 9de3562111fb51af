"""Coordinators add benchmarks, give them new versions and remove them; what was submitted stays what it was."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from .api import Api, ServiceProcess, notebook, wait_for
from .benchmark import COLUMNS, archived, bomb, guessing, member, packed, write_benchmark

LIMIT = 4 << 20
LIMITS = (f"--RobService.max_benchmark={LIMIT}", "--RobService.max_benchmark_files=100")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that takes small benchmarks only, started with one slot."""
    process = ServiceProcess(tmp_path_factory.mktemp("administration"))
    process.add_probe()
    yield process
    if process.process is not None:
        process.process.kill()
        process.process.communicate()


@pytest.fixture(scope="module")
def api(service: ServiceProcess) -> Iterator[Api]:
    # Without a sandbox, in which no run would see the file for which it waits.
    with service.running("--slots=1", "--RobService.sandbox=off", *LIMITS) as client:
        yield client


def send(
    api: Api, content: bytes, benchmark: str | None = None, *, update: bool = False, **fields: str
) -> requests.Response:
    files = {"file": ("benchmark.tar.gz", content, "application/gzip")}
    if update:
        return api.request("PUT", f"workflows/{benchmark}", files=files, data=fields)
    return api.request("POST", "workflows", files=files, data={**fields, **({"id": benchmark} if benchmark else {})})


def add(api: Api, folder: Path, benchmark: str, note: str = "") -> dict[str, Any]:
    answer = send(api, packed(folder), benchmark, note=note)
    assert answer.status_code == 201, answer.text
    handle: dict[str, Any] = answer.json()
    return handle


def update(api: Api, folder: Path, benchmark: str, note: str = "") -> dict[str, Any]:
    answer = send(api, packed(folder), benchmark, update=True, note=note)
    assert answer.status_code == 200, answer.text
    handle: dict[str, Any] = answer.json()
    return handle


def listed(api: Api) -> set[str]:
    return {benchmark["id"] for benchmark in api.get("workflows")["workflows"]}


def guess(api: Api, benchmark: str, number: object, **arguments: Any) -> str:
    return api.started(notebook(guessing(number)), api.submission(benchmark), **arguments)


def files_of(service: ServiceProcess, benchmark: str) -> Path:
    return service.data_dir / "files" / benchmark


def left_behind(service: ServiceProcess) -> list[str]:
    return [path.name for path in (service.data_dir / "files" / "incoming").iterdir()]


def nothing_left_behind(service: ServiceProcess) -> None:
    # Removed in a thread after the answer.
    wait_for(lambda: not left_behind(service), f"the removal of {left_behind(service)}")


def user(api: Api, name: str, role: str) -> Api:
    """A client of the same service for a user of that role."""
    account = {"username": name, "password": f"password of {name}"}
    answer = api.request("POST", "users/register", json=account)
    assert answer.status_code == 201, answer.text
    changed = api.request("PUT", f"users/{answer.json()['id']}", json={"role": role})
    assert changed.status_code == 200, changed.text
    token = api.request("POST", "users/login", json=account).json()["token"]
    other = Api.__new__(Api)
    other.__dict__.update(api.__dict__)
    other.session = requests.Session()
    other.session.headers["Authorization"] = f"token {token}"
    return other


def test_add_run_and_show(api: Api, service: ServiceProcess, tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "b", 10, name="Added")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "evaluate.pyc").write_bytes(b"not packed")
    handle = add(api, folder, "added", note="The first.")
    assert handle["id"] == "added"
    assert (handle["version"], handle["isCoordinator"], handle["isArchived"]) == (1, True, False)
    assert isinstance(handle["problems"], list)
    assert "added" in listed(api)
    run = api.ended(guess(api, "added", 7))
    assert run["state"] == "SUCCESS", run
    assert run["result"] == {"off": 3.0}
    assert run["version"] == 1
    (version,) = api.get("workflows/added/versions")["versions"]
    assert version.items() >= {"version": 1, "note": "The first.", "runs": 1, "isCurrent": True}.items()
    assert version["createdBy"]
    assert not list(files_of(service, "added").rglob("__pycache__"))
    nothing_left_behind(service)


def test_a_queued_run_keeps_its_version(api: Api, tmp_path: Path) -> None:
    add(api, write_benchmark(tmp_path / "1", 10, name="Queued"), "queued")
    # The only slot is taken until the second version is there.
    gate = tmp_path / "gate"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)"
    blocking = api.started(notebook(wait, guessing(10)), api.submission("queued"))
    first = guess(api, "queued", 10)
    # Another truth, another metric with another order, and another result file.
    second = write_benchmark(
        tmp_path / "2",
        20,
        name="Queued anew",
        columns=({"name": "guess", "label": "Guess", "dtype": "float"}, *COLUMNS),
        order=({"name": "guess", "sortDesc": True},),
        parameters=({"name": "shift", "label": "Shift", "dtype": "int", "defaultValue": 0},),
    )
    assert update(api, second, "queued", note="Harder")["version"] == 2
    assert api.get(f"runs/{first}")["state"] == "PENDING"
    later = guess(api, "queued", 20, shift=1)
    gate.touch()
    old, new = api.ended(first), api.ended(later)
    assert api.ended(blocking)["state"] == "SUCCESS"
    assert (old["state"], old["version"], old["result"]) == ("SUCCESS", 1, {"off": 0.0})
    assert (new["state"], new["version"], new["result"]) == ("SUCCESS", 2, {"guess": 20.0, "off": 0.0})
    # What each run was given is told by its own version.
    assert [parameter["name"] for parameter in old["parameters"]] == ["notebook"]
    assert [parameter["name"] for parameter in new["parameters"]] == ["notebook", "shift"]

    board = api.get("workflows/queued/leaderboard")
    assert board["version"] == 2
    assert [column["name"] for column in board["schema"]] == ["guess", "off"]
    assert (board["ranking"][0]["run"]["id"], board["ranking"][0]["version"]) == (later, 2)
    # The column that there was not is empty, and empty is last.
    assert {row["version"] for row in board["ranking"][1:]} == {1}
    assert board["ranking"][1]["results"] == [{"name": "guess", "value": None}, {"name": "off", "value": 0.0}]
    of_first = api.get("workflows/queued/leaderboard?version=1")["ranking"]
    assert {row["run"]["id"] for row in of_first} == {blocking, first}

    assert api.get("workflows/queued")["name"] == "Queued anew"
    former = api.get("workflows/queued?version=1")
    assert (former["name"], former["version"]) == ("Queued", 1)
    assert [parameter["name"] for parameter in former["parameters"]] == ["notebook"]
    api.get("workflows/queued?version=3", 404)
    found = api.get("workflows/queued/versions")["versions"]
    assert [(v["version"], v["runs"], v["isCurrent"]) for v in found] == [(2, 1, True), (1, 2, False)]


def test_a_queued_run_ends_well_when_there_are_no_results_any_more(api: Api, tmp_path: Path) -> None:
    add(api, write_benchmark(tmp_path / "1", 10, name="Dropped"), "dropped")
    gate = tmp_path / "gate"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)"
    run = api.started(notebook(wait, guessing(10)), api.submission("dropped"))
    second = write_benchmark(tmp_path / "2", 10, name="Dropped")
    specification = second / "benchmark.yaml"
    text = specification.read_text()
    begin = text.index(', "results": {"file"')
    specification.write_text(text[:begin] + "}")
    update(api, second, "dropped")
    gate.touch()
    assert api.ended(run)["result"] == {"off": 0.0}
    api.get("workflows/dropped/leaderboard", 404)


def test_the_same_folder_is_no_new_version(api: Api, tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "b", 1, name="Same")
    add(api, folder, "same")
    answer = send(api, packed(folder), "same", update=True)
    assert answer.status_code == 409
    assert "Nothing has changed" in answer.json()["message"]
    assert api.get("workflows/same")["version"] == 1


def test_taken_and_impossible_identifiers(api: Api, tmp_path: Path) -> None:
    content = packed(write_benchmark(tmp_path / "b", 1, name="Taken"))
    assert send(api, content, "probe").status_code == 409
    for name in ("Upper", "a_b", "../x", "check", "incoming", "x" * 33):
        assert send(api, content, name).status_code == 400, name
    assert send(api, content).status_code == 400
    assert send(api, content, "nowhere", update=True).status_code == 404
    # Names are unique as well.
    other = packed(write_benchmark(tmp_path / "c", 1, name="Probe"))
    answer = send(api, other, "another-probe")
    assert answer.status_code == 409
    assert "'probe' has the name 'Probe'" in answer.json()["message"]
    assert send(api, content, "noted", note="\x1b[2J").status_code == 400
    assert not {"another-probe", "noted"} & listed(api)


def test_errors_of_the_template_are_all_told(api: Api, service: ServiceProcess, tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "b", 1, name="Wrong")
    specification = folder / "benchmark.yaml"
    specification.write_text(
        specification.read_text().replace("$[[notebook]]", "$[[nothing]]").replace("evaluate.py", "gone.py")
    )
    answer = send(api, packed(folder), "wrong")
    assert answer.status_code == 400
    problems = answer.json()["problems"]
    assert len([problem for problem in problems if problem["severity"] == "error"]) >= 2
    assert {"file": "benchmark.yaml", "line": 1}.items() <= problems[0].items()
    files = {"file": ("b.tar.gz", packed(folder))}
    checked = api.request("POST", "workflows/check", files=files)
    assert checked.status_code == 200
    assert [p["message"] for p in checked.json()["problems"]] == [p["message"] for p in problems]
    assert "wrong" not in listed(api)
    assert not files_of(service, "wrong").exists()
    nothing_left_behind(service)


def test_a_folder_around_it_is_taken_off(api: Api, service: ServiceProcess, tmp_path: Path) -> None:
    write_benchmark(tmp_path / "outer" / "inner", 1, name="Wrapped")
    add(api, tmp_path / "outer", "wrapped")
    assert (files_of(service, "wrapped") / "versions" / "1" / "flowserv.yaml").is_file()


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([member("../escaped.txt")], "leads out of its folder"),
        ([member("a/../../escaped.txt")], "leads out of its folder"),
        ([member("/tmp/escaped.txt")], "leads out of its folder"),
        ([member("link", tarfile.SYMTYPE, "/etc")], "link or a special file"),
        ([member("link", tarfile.SYMTYPE, "private/truth.txt")], "link or a special file"),
        ([member("link", tarfile.LNKTYPE, "private/truth.txt")], "link or a special file"),
        ([member("pipe", tarfile.FIFOTYPE)], "link or a special file"),
        ([member("device", tarfile.CHRTYPE)], "link or a special file"),
        ([member("twice.txt"), member("./twice.txt")], "twice"),
        ([member("twice"), member("twice/file.txt")], "twice"),
        ([member("latin-\udce9.txt")], "not UTF-8"),
        ([member("control-\x07.txt")], "control characters"),
        ([member("n" * 300)], "too long"),
        ([member(f"{number}.txt") for number in range(101)], "more than 100 files"),
    ],
)
def test_hostile_archives(
    api: Api, service: ServiceProcess, tmp_path: Path, members: list[tarfile.TarInfo], reason: str
) -> None:
    folder = write_benchmark(tmp_path / "b", 1, name="Hostile")
    answer = send(api, archived(*((info, b"x") for info in members), folder=folder), "hostile")
    assert answer.status_code in (400, 413), answer.text
    assert reason in answer.json()["message"]
    assert "hostile" not in listed(api)
    assert not files_of(service, "hostile").exists()
    assert not list(service.data_dir.parent.rglob("escaped.txt"))
    nothing_left_behind(service)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", archived(), packed(Path(__file__).parent / "probe")[:-9]],
    # Names of their own: an archive holds the time at which it was made, and each test process collects at another one.
    ids=["empty", "text", "without members", "cut short"],
)
def test_what_is_no_archive(api: Api, service: ServiceProcess, content: bytes) -> None:
    answer = send(api, content, "nothing")
    assert answer.status_code == 400, answer.text
    assert "archive" in answer.json()["message"] or "packed as .tar.gz" in answer.json()["message"]
    nothing_left_behind(service)


def test_bombs(api: Api, service: ServiceProcess) -> None:
    content = bomb(64 << 20)
    assert len(content) < LIMIT
    answer = send(api, content, "bomb")
    assert answer.status_code == 413
    assert "4 MB" in answer.json()["message"]
    # A header that would be read into memory whole.
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 3 << 20
    answer = send(api, gzip.compress(head.tobuf() + bytes(3 << 20)), "bomb")
    assert answer.status_code == 400
    assert "headers are too long" in answer.json()["message"]
    # What is larger than anything that could be taken is not even read.
    answer = send(api, bytes(LIMIT + (1 << 20)), "bomb")
    assert answer.status_code == 413
    assert "max_benchmark" in answer.json()["message"]
    nothing_left_behind(service)


def test_remove_and_archive(api: Api, service: ServiceProcess, tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "b", 1, name="Leaving")
    add(api, folder, "leaving")
    assert files_of(service, "leaving").is_dir()
    api.submission("leaving")
    assert api.request("DELETE", "workflows/leaving").status_code == 204
    api.get("workflows/leaving", 404)
    assert not files_of(service, "leaving").exists()
    # The name and the identifier are free again.
    add(api, folder, "leaving")
    submission = api.submission("leaving")
    run = api.ended(api.started(notebook(guessing(2)), submission))
    answer = api.request("DELETE", "workflows/leaving")
    assert answer.status_code == 409
    assert "has a run" in answer.json()["message"]
    assert "--archive" in answer.json()["message"]
    assert api.request("DELETE", "workflows/leaving?archive=true").status_code == 204
    assert "leaving" not in listed(api)
    assert api.get("workflows/leaving")["isArchived"] is True
    assert api.get("workflows/leaving/leaderboard")["ranking"][0]["run"]["id"] == run["id"]
    assert api.get(f"runs/{run['id']}")["result"] == run["result"]
    for refused in (
        api.start(notebook(guessing(1)), submission),
        api.request("POST", "workflows/leaving/groups", json={"name": "late"}),
    ):
        assert refused.status_code == 409
        assert "archived" in refused.json()["message"]
    assert "archived" in send(api, packed(folder), "leaving").json()["message"]
    # The same folder brings it back as it was.
    assert update(api, folder, "leaving")["version"] == 1
    assert "leaving" in listed(api)


def test_who_may_do_what(api: Api, tmp_path: Path) -> None:
    content = packed(write_benchmark(tmp_path / "1", 1, name="Owned"))
    changed = packed(write_benchmark(tmp_path / "2", 2, name="Owned"))
    participant = user(api, "participant", "participant")
    owner, other = user(api, "owner", "coordinator"), user(api, "other", "coordinator")
    anonymous = user(api, "gone", "participant")
    anonymous.session.headers.pop("Authorization")
    files = {"file": ("b.tar.gz", content)}

    assert send(participant, content, "owned").status_code == 403
    assert participant.request("POST", "workflows/check", files=files).status_code == 403
    assert send(anonymous, content, "owned").status_code == 401
    assert send(owner, content, "owned").status_code == 201
    for stranger, status in ((participant, 403), (other, 403), (anonymous, 401)):
        assert send(stranger, changed, "owned", update=True).status_code == status
        assert stranger.request("DELETE", "workflows/owned").status_code == status
        assert stranger.request("DELETE", "workflows/owned?archive=true").status_code == status
    assert participant.get("workflows/owned")["isCoordinator"] is False
    assert participant.get("workflows/owned/versions")["versions"][0]["createdBy"] == "owner"
    assert owner.get("workflows/owned")["isCoordinator"] is True
    assert send(owner, changed, "owned", update=True).status_code == 200
    # An administrator may change everybody's.
    assert api.request("DELETE", "workflows/owned").status_code == 204

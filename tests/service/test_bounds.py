"""How long, deep and large what participants send and print may be, over HTTP; beyond that they are told the limit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.service.engine.cause import MAX_TEXT
from jupyterlab_rob.service.engine.environment import MAX_VALUE, command_environment, require_fitting
from jupyterlab_rob.service.store import Store

from .api import Api, ServiceProcess, notebook

#: A text that many values are made of, two files, and values whose names shells know.
TEMPLATE = {
    "workflow": {
        "parameters": {
            **{f"copy{number}": "$[[text]]" for number in range(9)},
            "ENV": "$[[text]]",
            "PS4": "$[[text]]",
            "given": "$[[given]]",
            "other": "$[[other]]",
        },
        "steps": [{"name": "say", "action": {"environment": "python", "commands": ["env"]}}],
    },
    "parameters": [
        {"name": "text", "label": "Text", "dtype": "string", "defaultValue": "none"},
        {"name": "given", "label": "File", "dtype": "file", "defaultValue": "given.txt"},
        {"name": "other", "label": "File", "dtype": "file", "defaultValue": "other.txt"},
    ],
}
MARKS = [chr(code) for code in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ServiceProcess:
    service = ServiceProcess(tmp_path_factory.mktemp("bounds"))
    service.add_probe()
    service.add_commands("loud", "printf '%03000d' 7; exit 3")
    folder = service.data_dir.parent / "say"
    folder.mkdir()
    (folder / "flowserv.yaml").write_text("name: Say\nspecfile: benchmark.yaml\n")
    (folder / "benchmark.yaml").write_text(json.dumps(TEMPLATE))
    store = Store(service.data_dir)
    store.open()
    store.benchmarks.add(folder, "say")
    store.close()
    return service


@pytest.fixture(scope="module")
def api(process: ServiceProcess) -> Iterator[Api]:
    with process.running() as client:
        yield client


def start(api: Api, submission: str, **arguments: Any) -> Any:
    given = [{"name": name, "value": value} for name, value in arguments.items()]
    # By hand: requests would refuse halves of characters.
    return api.request("POST", f"groups/{submission}/runs", data=json.dumps({"arguments": given}))


def refused(api: Api, process: ServiceProcess, status: int, submission: str, **arguments: Any) -> str:
    """The message with which the start of a run is refused; it leaves nothing behind."""
    before = sorted(os.listdir(process.data_dir / "runs"))
    answer = start(api, submission, **arguments)
    assert answer.status_code == status, answer.text
    assert api.get(f"groups/{submission}/runs")["runs"] == []
    assert sorted(os.listdir(process.data_dir / "runs")) == before
    message: str = answer.json()["message"]
    return message


def file(file_id: str, target: object = None) -> dict[str, Any]:
    return {"type": "$file", "value": {"fileId": file_id, **({} if target is None else {"targetPath": target})}}


def put(api: Api, submission: str, content: bytes, name: str = "a.ipynb") -> str:
    answer = api.request("POST", f"uploads/{submission}/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_large_notebook_is_not_read(api: Api, process: ServiceProcess) -> None:
    large = b" " * ((16 << 20) + 1)
    submission = api.submission()
    value = {"type": "$notebook", "value": {"fileId": put(api, submission, large)}}
    message = refused(api, process, 413, submission, notebook=value)
    assert "'a.ipynb' is larger than 16 MB" in message
    submission = api.submission("say")
    upload = put(api, submission, large)
    message = refused(api, process, 413, submission, given=file(upload, "input/x.ipynb"), other=file(upload))
    assert "16 MB" in message


def test_an_errors_text_is_cut(api: Api) -> None:
    run = api.ended(api.started(notebook("raise type('E' * 9000, (Exception,), {})('x' * 200_000)")))
    cause = run["cause"]
    assert cause["kind"] == "notebook"
    assert cause["message"].startswith("cell 2: EEE")
    for text in (cause["message"], cause["ename"], cause["evalue"], *run["messages"]):
        assert len(text) == MAX_TEXT
        assert text.endswith("…")


def test_a_commands_last_line_is_cut(api: Api) -> None:
    run = api.ended(start(api, api.submission("loud")).json()["id"])
    assert run["cause"]["message"].startswith("Step 'run' failed with exit code 3: 000")
    assert len(run["cause"]["message"]) < 1100
    assert run["cause"]["message"].endswith("0…")


def test_a_reason_has_an_end(api: Api) -> None:
    run = api.started(notebook("import time; time.sleep(600)"))
    answer = api.request("PUT", f"runs/{run}", json={"reason": "x" * 1001})
    assert answer.status_code == 400
    assert "at most 1000" in answer.json()["message"]
    answer = api.request("PUT", f"runs/{run}", json={"reason": "x" * 1000})
    assert answer.json()["state"] == "CANCELED"


def test_arguments_have_an_end(api: Api, process: ServiceProcess) -> None:
    message = refused(api, process, 413, api.submission("say"), text="x" * (64 << 10))
    assert "64 KB" in message


def test_values_must_fit_into_an_environment(api: Api, process: ServiceProcess) -> None:
    submission = api.submission("say")
    upload = put(api, submission, b"")
    files = {"given": file(upload, "a"), "other": file(upload, "b")}
    assert "540002 bytes together" in refused(api, process, 400, submission, text="x" * 60_000, **files)
    with pytest.raises(InvalidInput, match="'a' has 100001 bytes"):
        require_fitting({"a": "x" * (MAX_VALUE + 1)})
    require_fitting({"a": "x" * MAX_VALUE})


@pytest.mark.parametrize("value", ["half \ud800", ["\udfff"], {"\ud800": 1}])
def test_halves_of_characters_are_refused(api: Api, process: ServiceProcess, value: object) -> None:
    assert "'text' has half of a character" in refused(api, process, 400, api.submission("say"), text=value)


@pytest.mark.parametrize("member", ["\ud800", "nul\0"])
def test_members_are_texts(api: Api, member: str) -> None:
    body = json.dumps({"name": f"with {member!a}", "members": [member]})
    answer = api.request("POST", "workflows/say/groups", data=body)
    assert answer.status_code == 400
    assert answer.json()["message"] == "A member's identifier must be a text that can be printed."
    answer = api.request("PUT", f"groups/{api.submission('say')}", data=json.dumps({"members": [member]}))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (".", "the run's folder itself"),
        ("./", "the run's folder itself"),
        ("n" * 300, "too long"),
        ("ü" * 121, "too long"),
        ("folder/" * 200 + "x", "too long"),
        ("line\nbreak", "path inside"),
        ("a\u202efdp.exe", "path inside"),
        ("half \ud800", "half of a character"),
        ("other.txt", "both be put at 'other.txt'"),
        ("./other.txt", "both be put at 'other.txt'"),
        ("other.txt/below", "'other.txt' is the file of 'other'"),
        ("other.txt/far/below", "'other.txt' is the file of 'other'"),
    ],
)
def test_a_target_is_a_place_for_a_file(api: Api, process: ServiceProcess, target: str, words: str) -> None:
    submission = api.submission("say")
    upload = put(api, submission, b"")
    assert words in refused(api, process, 400, submission, given=file(upload, target), other=file(upload))
    assert words in refused(api, process, 400, submission, other=file(upload), given=file(upload, target))


def test_the_longest_target_is_taken(api: Api) -> None:
    submission = api.submission("say")
    upload = put(api, submission, b"")
    answer = start(api, submission, given=file(upload, "n" * 240), other=file(upload, "folder/" * 142 + "x"))
    assert api.ended(answer.json()["id"])["state"] == "SUCCESS"


@pytest.mark.parametrize("where", ["value", "parameters"])
def test_depth_has_an_end(api: Api, process: ServiceProcess, where: str) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    submission = api.submission()
    upload = api.upload(submission, notebook("1"))
    value = {"type": "$notebook", "value": {"fileId": upload, "parameters": {"x": deep}}}
    if where == "value":
        value = deep
    assert "nested too deeply" in refused(api, process, 400, submission, notebook=value)


def test_upload_names_do_not_turn_the_text(api: Api) -> None:
    submission = api.submission()
    for mark in MARKS:
        answer = api.request("POST", f"uploads/{submission}/files", files={"file": (f"a{mark}fdp.exe", b"")})
        assert answer.status_code == 400, hex(ord(mark))
        assert "direction" in answer.json()["message"]
    assert put(api, submission, b"", "مرحبا.txt")


def test_names_that_shells_know_are_not_passed(api: Api) -> None:
    submission = api.submission("say")
    upload = put(api, submission, b"")
    answer = start(api, submission, text="told", given=file(upload), other=file(upload))
    log = api.log(api.ended(answer.json()["id"])["id"]).splitlines()
    assert "copy0=told" in log
    assert not {"ENV=told", "PS4=told"} & set(log)


def test_names_that_programs_know_are_not_passed() -> None:
    names = (
        *("BASH_ENV", "BASH_FUNC_x%%", "ENV", "PS4", "IFS", "PATH", "python", "PERL5OPT", "PERL5LIB", "NODE_OPTIONS"),
        *("R_PROFILE_USER", "GIT_SSH_COMMAND", "ROB_SLOT", "JUPYTER_PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES"),
        *("PYTHONSTARTUP", "PYTHONPATH", "LC_ALL"),
    )
    assert "told" not in command_environment({}, dict.fromkeys(names, "told")).values()
    free = ("R", "r_squared", "path", "environment", "git", "OMP_NUM_THREADS", "LEARNING_RATE")
    passed = command_environment({}, dict.fromkeys(free, "told"))
    assert {name for name, value in passed.items() if value == "told"} == set(free)


def test_a_form_has_few_parts(api: Api) -> None:
    submission = api.submission()
    fields = {f"field{number}": "x" for number in range(20)}
    answer = api.request("POST", f"uploads/{submission}/files", data=fields, files={"file": ("a.txt", b"")})
    assert answer.status_code == 400
    assert "more than 20 parts" in answer.json()["message"]
    del fields["field0"]
    answer = api.request("POST", f"uploads/{submission}/files", data=fields, files={"file": ("a.txt", b"")})
    assert answer.status_code == 201

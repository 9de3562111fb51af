"""What participants may try, over HTTP against a real service, and what must come of it: nothing.

Each test fails without the containment that it is about. Where the other ones of flowserv's faults are tested:

=====================================================  =====================================================
anonymous downloads, tokens and e-mails of others      test_access.py, test_users.py, test_logins.py
foreign submissions, runs and uploads                  test_access.py, test_store.py
deletion of post-processing                            test_postprocessing.py
post-processing: lost results, requests that wait      test_postprocessing.py
names that are not unique, in a race                   test_routes.py, test_logins.py
string arguments as shell, in the log                  test_runs.py; here in all places of a template
keys that lead out of the store, links in it           test_storage.py
template includes, links and paths in folders          ../templates/test_folder.py, test_administration.py
``func`` in a template                                 test_store.py, ../templates/test_check.py
one run's values in the next one's template            here
runs that never end, processes that stay               test_runs.py
metrics that are missing, no JSON or out of schema     test_runs.py, engine/test_metrics.py; here the rest
ties, empty values and NaN on the leaderboard          test_leaderboard.py
sessions that commit when a block raises               test_database.py
=====================================================  =====================================================
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.service.store import Store

from .api import Api, ServiceProcess, notebook, scoring

#: A participant's file, value and text: the file is read by a command, the values are in its environment.
TEMPLATE = {
    "workflow": {
        "files": {"inputs": ["secret.txt"], "outputs": ["results/said.txt"]},
        "parameters": {"text": "$[[text]]", "given": "$[[given]]"},
        "steps": [
            {
                "name": "say",
                "files": {"inputs": ["input/"], "outputs": ["results/said.txt"]},
                "action": {
                    "environment": "python",
                    "commands": ['printf "%s" "${text}" > results/said.txt', 'cat "${given}" || true', "env; pwd"],
                },
            }
        ],
    },
    "parameters": [
        {"name": "text", "label": "Text", "dtype": "string", "defaultValue": "nothing"},
        {"name": "given", "label": "File", "dtype": "file", "defaultValue": "input/given.txt"},
    ],
}


#: A file whose place the benchmark names, and a participant's step whose output covers a file of the benchmark.
FIXED = {
    "workflow": {
        "files": {"outputs": ["results/score.txt"]},
        "parameters": {"a": 1},
        "steps": [
            {"name": "step", "files": {"inputs": [], "outputs": ["results/"]}, "action": "$[[step]]"},
            {
                "name": "judge",
                "files": {"inputs": ["results/own.txt"], "outputs": ["results/score.txt"]},
                "action": {"environment": "python", "commands": ["cp results/own.txt results/score.txt"]},
            },
        ],
    },
    "parameters": [
        {"name": "step", "label": "Notebook", "dtype": "actor"},
        {"name": "given", "label": "File", "dtype": "file", "target": "input/given.json", "isRequired": False},
    ],
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ServiceProcess:
    # Without a sandbox, in which an attack may succeed without harm: each of these walls must hold by itself.
    service = ServiceProcess(tmp_path_factory.mktemp("contained"), "--RobService.sandbox=off")
    service.add_probe()
    folder = service.data_dir.parent / "say"
    (folder / "input").mkdir(parents=True)
    (folder / "input" / "static.txt").write_text("static")
    (folder / "secret.txt").write_text("the right answers")
    (folder / "flowserv.yaml").write_text("name: Say\nspecfile: benchmark.yaml\n")
    (folder / "benchmark.yaml").write_text(json.dumps(TEMPLATE))
    fixed = service.data_dir.parent / "fixed"
    (fixed / "results").mkdir(parents=True)
    (fixed / "results" / "own.txt").write_text("0")
    (fixed / "flowserv.yaml").write_text("name: Fixed\nspecfile: benchmark.yaml\n")
    (fixed / "benchmark.yaml").write_text(json.dumps(FIXED))
    store = Store(service.data_dir)
    store.open()
    store.benchmarks.add(folder, "say")
    store.benchmarks.add(fixed, "fixed")
    store.close()
    return service


@pytest.fixture(scope="module")
def api(process: ServiceProcess) -> Iterator[Api]:
    secrets = {"ROB_TOKEN": "hidden-1", "JUPYTERHUB_API_TOKEN": "hidden-2", "AWS_SECRET_ACCESS_KEY": "hidden-3"}
    with process.running("--slots=2", **secrets) as client:
        yield client


def _start(api: Api, text: Any = "fine", target: Any = None, **more: Any) -> Any:
    submission = api.submission("say")
    value = {"fileId": api.upload(submission, {"my": "file"}, "my.json")}
    if target is not None:
        value["targetPath"] = target
    arguments = [{"name": "text", "value": text}, {"name": "given", "value": {"type": "$file", "value": value}}]
    return api.request("POST", f"groups/{submission}/runs", json={"arguments": arguments, **more})


def _is_pwned(process: ServiceProcess) -> bool:
    # Not by rglob, which fails when a folder goes meanwhile, as those of runs that have just ended do.
    return any("pwned" in (*folders, *files) for _, folders, files in os.walk(process.data_dir.parent))


def _said(api: Api, run: dict[str, Any]) -> str:
    (file,) = run["files"]
    answer = api.request("GET", f"runs/{run['id']}/downloads/files/{file['id']}")
    # Decoded here: requests would guess.
    return answer.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        '"; touch {}; "',
        "'; touch {}; '",
        "$(touch {})",
        "`touch {}`",
        "&& touch {}",
        "x\ntouch {}\n",
        "${{IFS}}$$;touch${{IFS}}{}",
        "$[[given]]",
        "ü → %s %n \\",
    ],
)
def test_text_is_no_shell(api: Api, tmp_path: Path, text: str) -> None:
    victim = tmp_path / "pwned"
    text = text.format(victim)
    run = api.ended(_start(api, text).json()["id"])
    assert run["state"] == "SUCCESS"
    assert _said(api, run) == text
    assert not victim.exists()


@pytest.mark.parametrize("name", ["$(touch pwned).txt", "a; touch pwned; b", "`touch pwned`", 'input/it\'s "mine"'])
def test_target_path_is_no_shell(api: Api, process: ServiceProcess, name: str) -> None:
    answer = _start(api, target=name)
    if answer.status_code == 201:
        assert api.ended(answer.json()["id"])["state"] == "SUCCESS"
    assert not _is_pwned(process)


@pytest.mark.parametrize(
    "target", ["../../x", "../x", "{}/absolute", "input/../../../x", "x\0y", "", 5, ["x"], {"x": 1}]
)
def test_target_path_stays_in_the_run_folder(api: Api, process: ServiceProcess, tmp_path: Path, target: object) -> None:
    before = _outside(process)
    target = target.format(tmp_path) if isinstance(target, str) else target
    answer = _start(api, target=target)
    if answer.status_code == 201:
        api.ended(answer.json()["id"])
    else:
        assert answer.status_code == 400
        assert answer.json()["message"]
    assert _outside(process) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["secret.txt", "input/static.txt", "input", "input/static.txt/x", "./secret.txt"])
def test_target_path_replaces_nothing_of_the_benchmark(api: Api, target: str) -> None:
    answer = _start(api, target=target)
    assert answer.status_code == 400
    assert target in answer.json()["message"]


def test_the_benchmarks_target_path_goes_before_the_clients(process: ServiceProcess, api: Api) -> None:
    submission = api.submission("fixed")
    value = {"type": "$file", "value": {"fileId": api.upload(submission, {"my": "file"}), "targetPath": "mine.json"}}
    answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": [{"name": "given", "value": value}]})
    assert answer.status_code == 400
    assert "'input/given.json' and nowhere else" in answer.json()["message"]


def test_a_step_replaces_nothing_of_the_benchmark(api: Api) -> None:
    submission = api.submission("fixed")
    write = "import pathlib\nresults = pathlib.Path('results')\nresults.mkdir()\n(results / 'own.txt').write_text('1')"
    document = notebook(write, parameters="a = 1")
    run = api.ended(api.start(document, submission, parameter="step").json()["id"])
    assert run["state"] == "ERROR"
    assert run["cause"]["kind"] == "output"
    assert "'results/own.txt' is a file of the benchmark and can't be replaced" in run["cause"]["message"]


def _outside(process: ServiceProcess) -> set[str]:
    """What is beside runs and files, and all that is directly in the folders of these."""
    places = [process.data_dir.parent, process.data_dir, process.data_dir / "files"]
    names = {str(path) for place in places for path in place.iterdir()} | {
        str(path) for path in (process.data_dir / "runs").iterdir() if not path.is_dir()
    }
    return {name for name in names if "rob.db" not in name}


@pytest.mark.parametrize(
    "value",
    [
        {"environment": "sh", "commands": ["touch pwned"]},
        {"func": "os.system", "arg": "touch pwned"},
        {"func": "antigravity.fly"},
        {"notebook": "/etc/passwd"},
        {"type": "$actor", "value": {"environment": "sh", "commands": ["touch pwned"]}},
        {"type": "$notebook", "value": {"fileId": "x", "commands": ["touch pwned"]}},
        {"type": "$notebook", "value": {"notebook": "../../x", "fileId": {"commands": []}}},
        "touch pwned",
        ["touch pwned"],
        None,
        5,
    ],
)
def test_actor_from_a_client_is_a_notebook_or_nothing(api: Api, process: ServiceProcess, value: object) -> None:
    submission = api.submission()
    answer = api.request(
        "POST", f"groups/{submission}/runs", json={"arguments": [{"name": "notebook", "value": value}]}
    )
    assert answer.status_code in (400, 404)
    assert answer.json()["message"]
    assert api.get(f"groups/{submission}/runs")["runs"] == []
    assert not _is_pwned(process)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("given", value) for value in (5, None, "/etc", "input/static.txt")),
        *(
            (name, value)
            for name in ("given", "text")
            for value in (["x"], {}, {"type": "$file"}, {"type": "$file", "value": 5}, {"type": "$file", "value": {}})
        ),
    ],
)
def test_file_is_an_uploaded_one(api: Api, name: str, value: object) -> None:
    submission = api.submission("say")
    arguments = [{"name": name, "value": value}]
    answer = api.request("POST", f"groups/{submission}/runs", json={"arguments": arguments})
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert api.get(f"groups/{submission}/runs")["runs"] == []


def test_config_from_a_client_sets_no_environment(api: Api) -> None:
    config = {"env": {"SET_BY_CLIENT": "1"}, "environment": {"SET_BY_CLIENT": "1"}, "workers": {"python": {"env": {}}}}
    answer = _start(api, config=config)
    if answer.status_code == 201:
        run = api.ended(answer.json()["id"])
        assert run["state"] == "SUCCESS"
        assert "SET_BY_CLIENT" not in api.log(run["id"])


def test_step_knows_no_secret_and_runs_in_its_folder(api: Api, process: ServiceProcess) -> None:
    run = api.ended(_start(api).json()["id"])
    log = api.log(run["id"])
    token = str(api.session.headers["Authorization"]).split()[1]
    for secret in ("hidden-1", "hidden-2", "hidden-3", token, "the right answers"):
        assert secret not in log
    assert "ROB_SLOT=" in log
    assert str(process.data_dir / "slots") in log


def test_values_of_one_run_do_not_reach_the_next(api: Api) -> None:
    submission = api.submission("say")
    value = {"type": "$file", "value": {"fileId": api.upload(submission, {}, "my.json")}}
    given = {"name": "given", "value": value}
    texts = []
    for arguments in ([given, {"name": "text", "value": "mine"}], [given]):
        run = api.request("POST", f"groups/{submission}/runs", json={"arguments": arguments}).json()
        texts.append(_said(api, api.ended(run["id"])))
    assert texts == ["mine", "nothing"]


@pytest.mark.parametrize(
    "cell",
    [
        "os.symlink('/etc/passwd', outputfile)",
        "os.symlink('{other}', outputfile)",
        "os.symlink('../data/input.txt', outputfile)",
        "os.rmdir('results'); os.symlink('/etc', 'results'); os.symlink('/etc/passwd', 'score.json')",
        "os.rmdir('results'); os.mkdir('real'); os.symlink('real', 'results'); os.symlink('/x', 'real/score.json')",
        "os.mkfifo(outputfile)",
        "import socket; socket.socket(socket.AF_UNIX).bind(outputfile)",
    ],
)
def test_result_is_a_regular_file(api: Api, process: ServiceProcess, cell: str) -> None:
    other = api.ended(api.started(notebook(scoring(1))))
    (stored,) = (process.data_dir / "files").rglob(f"{other['id']}/**/score.json")
    run = api.ended(api.started(notebook("import os\n" + cell.replace("{other}", str(stored)))))
    assert run["state"] == "ERROR"
    assert run["cause"]["kind"] == "output"
    assert "results" in run["cause"]["message"]
    assert "files" not in run
    assert json.loads(stored.read_bytes()) == {"points": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{'points': float('inf')}", ["finite"]),
        ("{'points': float('-inf')}", ["finite"]),
        ("{'points': True}", ["true", "float"]),
        ("{'points': [1]}", ["[1]", "float"]),
        ("{'points': {'value': 1}}", ["float"]),
        ("{'points': '1'}", ['"1"', "float"]),
        ("{'points': 1, 'remark': 5}", ["'remark'", "5", "string"]),
        ("{'Points': 1}", ["'points'", "missing"]),
        ("'points'", ["missing"]),
        ("None", ["missing"]),
        ("{'points': 1, 'padding': 'x' * (1 << 20)}", ["larger than"]),
    ],
)
def test_metrics_out_of_schema_say_what_was_expected_and_found(api: Api, content: str, words: list[str]) -> None:
    run = api.ended(api.started(notebook(f"import json\nopen(outputfile, 'w').write(json.dumps({content}))")))
    assert run["state"] == "ERROR"
    assert run["cause"]["kind"] == "metrics"
    for word in words:
        assert word in run["cause"]["message"]
    assert run["messages"][-1] == run["cause"]["message"]
    ranked = api.get("workflows/probe/leaderboard?includeAll=true")["ranking"]
    assert run["id"] not in [row["run"]["id"] for row in ranked]


@pytest.mark.parametrize(
    "content", ["b''", "b'{'", "b'\\xff\\xfe'", "b'{}{}'", "b'{\"points\": ' + b'9' * 5000 + b'}'"]
)
def test_metrics_that_are_no_json(api: Api, content: str) -> None:
    run = api.ended(api.started(notebook(f"open(outputfile, 'wb').write({content})")))
    assert run["state"] == "ERROR"
    assert run["cause"]["kind"] == "metrics"


@pytest.mark.parametrize("remark", ["None", "''"])
def test_optional_columns_may_be_empty(api: Api, remark: str) -> None:
    cell = f"import json\nopen(outputfile, 'w').write(json.dumps({{'points': 0, 'remark': {remark}}}))"
    run = api.ended(api.started(notebook(cell)))
    assert run["state"] == "SUCCESS"
    assert run["rank"] is not None

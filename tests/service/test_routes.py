"""Each route: nobody without a token, errors as JSON, shapes as published."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from jupyterlab_rob.service.api.handler import MAX_JSON
from jupyterlab_rob.service.api.patterns import PATTERNS

from .api import TIMEOUT, Api, notebook, scoring

# The rest of what a token is needed for is in test_access.py.
PUBLIC = {("GET", ""), ("POST", "users/login"), ("POST", "users/register")}
PATHS = sorted({re.sub(r"\{\w+\}", "x", pattern).partition("?")[0] for pattern in PATTERNS.values()} | {"nosuch"})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
def test_every_route_wants_the_token(api: Api, path: str, method: str) -> None:
    url = f"{api.url}/{path}".rstrip("/")
    none: tuple[dict[str, str], ...] = ({}, {"Authorization": "token "}, {"Authorization": "Basic YTpi"})
    wrong: tuple[dict[str, str], ...] = ({"Authorization": "token wrong"}, {"api_key": "wrong"})
    for headers in wrong if (method, path) in PUBLIC else none + wrong:
        answer = requests.request(method, url, headers=headers, timeout=TIMEOUT)
        assert answer.status_code == 401
        assert "token" in answer.json()["message"]


def test_token_in_the_url_is_no_token(api: Api) -> None:
    token = str(api.session.headers["Authorization"]).split()[1]
    assert requests.get(f"{api.url}/workflows?token={token}", timeout=TIMEOUT).status_code == 401
    assert "username" not in requests.get(f"{api.url}?token={token}", timeout=TIMEOUT).json()


def test_published_header(api: Api) -> None:
    token = str(api.session.headers["Authorization"]).split()[1]
    assert requests.get(api.url, headers={"api_key": token}, timeout=TIMEOUT).status_code == 200


def test_descriptor(api: Api) -> None:
    descriptor = api.get("")
    assert set(descriptor) == {"name", "version", "url", "username", "role", "registration", "routes", "additions"}
    assert (descriptor["role"], descriptor["registration"]) == ("administrator", False)
    assert descriptor["url"] == api.url
    assert {route["id"]: route["pattern"] for route in descriptor["routes"]} == PATTERNS
    public = requests.get(api.url, timeout=TIMEOUT).json()
    assert public == {**{k: v for k, v in descriptor.items() if k != "username"}, "role": None}


def test_benchmarks(api: Api) -> None:
    listed = {benchmark["id"] for benchmark in api.get("workflows")["workflows"]}
    assert listed == {"number-predictor", "probe", "top-tagger"}
    handle = api.get("workflows/probe")
    assert [parameter["name"] for parameter in handle["parameters"]] == ["notebook", "label"]
    assert handle["notebookSteps"] == [
        {
            "parameter": "notebook",
            "step": "first step",
            "inputs": ["data/input.txt"],
            "outputs": ["results/score.json"],
            "variables": {"inputfile": "data/input.txt", "outputfile": "results/score.json", "label": "$[[label]]"},
            # Another step has to do with it as well.
            "elsewhere": ["results/score.json"],
        }
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nosuch", 404),
        ("GET", "workflows/nosuch", 404),
        ("GET", "workflows/nosuch/leaderboard", 404),
        ("GET", "workflows/nosuch/runs", 404),
        ("GET", "workflows/probe/leaderboard?orderBy=nosuch", 400),
        ("GET", "workflows/probe/leaderboard?orderBy=points:sideways", 400),
        ("GET", "workflows/probe/runs?limit=many", 400),
        ("GET", "groups/nosuch", 404),
        ("GET", "groups/nosuch/runs", 404),
        ("POST", "groups/nosuch/runs", 404),
        ("GET", "uploads/nosuch/files", 404),
        ("GET", "runs/nosuch", 404),
        ("PUT", "runs/nosuch", 404),
        ("DELETE", "runs/nosuch", 404),
        ("GET", "runs/nosuch/log", 404),
        ("GET", "runs/nosuch/coordinator-log", 404),
        ("GET", "runs/nosuch/notebooks/step", 404),
        ("GET", "runs/..%2F..%2Fx/log", 404),
        ("PATCH", "workflows", 405),
    ],
)
def test_errors_are_json_with_a_message(api: Api, method: str, path: str, status: int) -> None:
    answer = api.request(method, path)
    assert answer.status_code == status
    assert answer.json()["message"]


def test_a_stranger_sends_no_body(api: Api) -> None:
    # Refused on the head: the body, which is never sent, would be a hundred times what this waits for.
    head = (
        f"POST /rob/api/v1/uploads/x/files HTTP/1.1\r\nHost: {urlsplit(api.url).netloc}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000000\r\n\r\n"
    )
    address = urlsplit(api.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=TIMEOUT) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_refused_client_is_told_that_the_connection_ends(api: Api) -> None:
    for _ in range(20):
        answer = api.request("PATCH", "workflows")
        assert answer.status_code == 405
        assert answer.headers["Connection"] == "close"


def test_too_large(api: Api) -> None:
    answer = api.request("POST", "workflows/probe/groups", data=b" " * (MAX_JSON + 1))
    assert answer.status_code == 413
    assert "4 MB" in answer.json()["message"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_are_finite(api: Api, number: str) -> None:
    answer = api.request("POST", "workflows/probe/groups", data=f'{{"name": "x", "n": [{number}]}}')
    assert answer.status_code == 400


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "1" * 100_000, "[" * 100_000])
def test_body_that_is_no_object(api: Api, body: str) -> None:
    answer = api.request("POST", "workflows/probe/groups", data=body)
    assert answer.status_code == 400
    assert "body" in answer.json()["message"]


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 5}, {"name": "x" * 600}, {"name": "x", "members": ["nosuch"]}]
)
def test_submission_is_refused(api: Api, body: dict[str, object]) -> None:
    assert api.request("POST", "workflows/probe/groups", json=body).status_code in (400, 404)


def test_submission_without_runs_is_deleted(api: Api) -> None:
    submission = api.submission()
    api.upload(submission, notebook("1"))
    assert api.request("DELETE", f"groups/{submission}").status_code == 204
    assert api.request("GET", f"groups/{submission}").status_code == 404
    submission = api.submission()
    api.ended(api.started(notebook("1"), submission))
    assert api.request("DELETE", f"groups/{submission}").status_code == 409


def test_submission_names_are_unique_also_in_a_race(api: Api) -> None:
    def create(_: int) -> int:
        answer = api.request("POST", "workflows/probe/groups", json={"name": "the only one"})
        assert answer.status_code == 201 or "the only one" in answer.json()["message"]
        return answer.status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(create, range(8)))
    assert statuses.count(201) == 1
    names = [group["name"] for group in api.get("workflows/probe/groups")["groups"]]
    assert names.count("the only one") == 1


def test_uploads(api: Api) -> None:
    submission = api.submission()
    document = notebook(scoring(1))
    file = api.upload(submission, document, "Über 'quotes' & spaces.ipynb")
    listed = api.get(f"uploads/{submission}/files")["files"]
    assert [(item["id"], item["name"]) for item in listed] == [(file, "Über 'quotes' & spaces.ipynb")]
    answer = api.request("GET", f"uploads/{submission}/files/{file}")
    assert answer.json() == document
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert api.request("DELETE", f"uploads/{submission}/files/{file}").status_code == 204
    assert api.request("GET", f"uploads/{submission}/files/{file}").status_code == 404
    assert api.request("POST", f"uploads/{submission}/files", data=b"no form").status_code == 400


def test_many_at_once(api: Api) -> None:
    submission = api.submission()

    def start(_: int) -> str:
        return api.started(notebook(scoring(1)), submission)

    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(start, range(8)))
    assert len(set(runs)) == 8
    for run in runs:
        assert api.request("PUT", f"runs/{run}", json={}).status_code in (200, 409)
    states = {api.ended(run)["state"] for run in runs}
    assert states <= {"CANCELED", "SUCCESS"}


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "x"])
def test_a_length_that_is_none(api: Api, size: str) -> None:
    address = urlsplit(api.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), TIMEOUT) as connection:
        head = f"POST {address.path}/users/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).split()[1] == b"400"


def test_versions_count_from_1(api: Api) -> None:
    for path in ("workflows/probe?version=0", "workflows/probe/leaderboard?version=0", "workflows/probe?version=x"):
        assert "count from 1" in api.get(path, status=400)["message"]

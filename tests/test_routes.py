"""The extension's routes in a Jupyter server, before a real service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError, HTTPResponse

from jupyterlab_rob import embedded, notebooks
from jupyterlab_rob.connection import Connection

from .protocol import GOOD_CELL, make_notebook
from .waiting import until

Fetch = Callable[..., Any]

ROUTES = [
    ("GET", "rob/session"),
    ("POST", "rob/check"),
    ("POST", "rob/submit"),
    ("GET", "rob/api/v1"),
    ("GET", "rob/api/v1/workflows"),
    ("POST", "rob/api/v1/workflows/b/groups"),
    ("PUT", "rob/api/v1/runs/r"),
    ("DELETE", "rob/api/v1/runs/r"),
    ("GET", "rob/api/v1/runs/r/log"),
    ("GET", "rob/api/v1/shutdown"),
]
PREDICT = (
    "from pathlib import Path\nPath(outputfile).write_text('1\\n' * len(Path(inputfile).read_text().splitlines()))"
)


class DenyRob(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "rob"


class ReadOnly(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


def body_for(method: str) -> dict[str, Any]:
    return {"body": "{}"} if method in ("POST", "PUT") else {}


async def refused(fetch: Fetch, *args: Any, **options: Any) -> tuple[int, dict[str, Any]]:
    """Status and document of an error."""
    with pytest.raises(HTTPClientError) as caught:
        await fetch(*args, **options)
    response = caught.value.response
    assert response is not None
    return caught.value.code, json.loads(response.body)


async def post(fetch: Fetch, route: str, document: Any) -> dict[str, Any]:
    response: HTTPResponse = await fetch("rob", route, method="POST", body=json.dumps(document))
    return dict(json.loads(response.body))


@pytest.mark.parametrize("unauthenticated_access", [False, True])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_authentication(
    home: object,
    jp_configurable_serverapp: Callable[..., Any],
    jp_server_config: dict[str, Any],
    jp_asyncio_loop: Any,
    jp_http_port: int,
    method: str,
    path: str,
    unauthenticated_access: bool,
) -> None:
    from tornado.httpclient import AsyncHTTPClient
    from tornado.httpserver import HTTPServer

    jp_server_config["ServerApp"]["allow_unauthenticated_access"] = unauthenticated_access
    app = jp_configurable_serverapp(config=jp_server_config)
    server = HTTPServer(app.web_app)
    server.listen(0, "127.0.0.1")
    port = next(iter(server._sockets.values())).getsockname()[1]
    try:
        url = f"http://127.0.0.1:{port}{app.base_url}{path}"
        response = await AsyncHTTPClient().fetch(
            url, method=method, follow_redirects=False, raise_error=False, **body_for(method)
        )
        assert response.code == 403
        assert "message" in json.loads(response.body)
        assert embedded.find() is None, "nothing was started for a stranger"
    finally:
        server.stop()
        await server.close_all_connections()


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_authorization(
    home: object, jp_serverapp: Any, jp_fetch: Fetch, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jp_serverapp.web_app.settings, "authorizer", DenyRob(parent=jp_serverapp))
    status, document = await refused(jp_fetch, path, method=method, **body_for(method))
    assert status == 403
    assert "not authorized" in document["message"]
    assert embedded.find() is None


async def test_reading_is_not_writing(
    real_service: Connection, jp_serverapp: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jp_serverapp.web_app.settings, "authorizer", ReadOnly(parent=jp_serverapp))
    assert (await jp_fetch("rob/api/v1/workflows")).code == 200
    assert (await refused(jp_fetch, "rob/api/v1/runs/r", method="PUT", body="{}"))[0] == 403
    assert (await refused(jp_fetch, "rob/submit", method="POST", body="{}"))[0] == 403
    assert (await jp_fetch("rob/session")).code == 200


async def test_xsrf_is_checked(
    real_service: Connection, jp_serverapp: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A browser: known by its cookie, not by a token.
    monkeypatch.setattr(type(jp_serverapp.identity_provider), "is_token_authenticated", lambda self, handler: False)
    for method, path, reason in [
        ("POST", "rob/submit", "_xsrf"),
        ("PUT", "rob/api/v1/runs/r", "_xsrf"),
        ("GET", "rob/api/v1/runs/r/log", "unknown origin"),
    ]:
        status, document = await refused(jp_fetch, path, method=method, **body_for(method))
        assert status == 403
        assert reason in document["message"]
    headers = {"Cookie": "_xsrf=secret", "X-XSRFToken": "secret"}
    assert (await refused(jp_fetch, "rob/api/v1/runs/r", method="PUT", body="{}", headers=headers))[0] == 404


async def test_session(real_service: Connection, jp_fetch: Fetch) -> None:
    document = json.loads((await jp_fetch("rob/session")).body)
    assert document["kind"] == "embedded"
    assert document["state"] == "ready"
    assert document.keys() == {
        *("kind", "state", "name", "version", "username", "url", "registration", "role", "additions")
    }
    assert (document["url"], document["registration"]) == (None, False)
    assert "events" in document["additions"]
    assert real_service.token not in json.dumps(document)


async def test_check(real_service: Connection, jp_fetch: Fetch) -> None:
    notebook = make_notebook("inputfile = ''\noutputfile = ''", "input()")
    answer = await post(
        jp_fetch,
        "check",
        {"benchmark": "number-predictor", "notebook": {"name": "a.ipynb", "content": notebook}, "arguments": {"x": 1}},
    )
    assert answer["sha256"] == notebooks.digest(notebook)
    assert answer["parameters"] == ["inputfile", "outputfile"]
    assert answer["format"] == "notebook"
    assert [(p["severity"], p.get("cell"), p.get("parameter")) for p in answer["problems"]] == [
        ("error", None, "x"),
        ("warning", 1, None),
        ("warning", 2, None),
    ]


async def test_submit_as_shown_and_from_a_file(
    real_service: Connection, jp_fetch: Fetch, jp_root_dir: Path, jp_serverapp: Any
) -> None:
    events: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        events.append(data)

    jp_serverapp.event_logger.add_listener(schema_id="https://schema.jupyterlab-rob.org/run/v1", listener=listen)
    notebook = make_notebook(GOOD_CELL, PREDICT)
    notebook["cells"][0]["id"], notebook["cells"][1]["id"] = "a", "b"
    (jp_root_dir / "folder").mkdir()
    (jp_root_dir / "folder" / "mine.ipynb").write_text(json.dumps(notebook))
    await jp_fetch("rob/session")
    for given in ({"name": "mine.ipynb", "content": notebook}, {"path": "RTC:folder/mine.ipynb"}):
        answer = await post(
            jp_fetch,
            "submit",
            {"benchmark": "number-predictor", "submission": "a team", "notebook": given, "arguments": {}},
        )
        run = answer["run"]
        assert run["state"] == "PENDING"
        assert run["groupName"] == "a team"
        assert run["notebook"] == {"name": "mine.ipynb", "sha256": notebooks.digest(notebook)}
        run = await ended(jp_fetch, run["id"])
        assert run["state"] == "SUCCESS", run["messages"]
        assert run["result"].keys() == {"deviation", "exact", "score"}

    await until(lambda: [e["state"] for e in events if e["run"] == run["id"]][-1:] == ["SUCCESS"])
    mine = [event for event in events if event["run"] == run["id"]]
    assert "RUNNING" in [event["state"] for event in mine]
    assert {event["benchmark"] for event in mine} == {"number-predictor"}
    extension = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app
    assert extension.current_activity() == 0
    assert "jupyterlab_rob" in jp_serverapp.web_app.settings["last_activity_times"]

    file = run["files"][0]["id"]
    response = await jp_fetch("rob/api/v1/runs", run["id"], "downloads/files", file)
    assert response.body.startswith(b"1\n1\n")
    confined(response)
    step = run["notebooks"][0]["step"]
    response = await jp_fetch("rob/api/v1/runs", run["id"], "notebooks", step)
    assert json.loads(response.body)["nbformat"] == 4
    confined(response)
    confined(await jp_fetch("rob/api/v1/runs", run["id"], "log"))


def confined(response: HTTPResponse) -> None:
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def ended(fetch: Fetch, run: str) -> dict[str, Any]:
    handle: dict[str, Any] = {}

    async def has_ended() -> bool:
        handle.update(json.loads((await fetch("rob/api/v1/runs", run)).body))
        return handle["state"] not in ("PENDING", "RUNNING")

    await until(has_ended)
    return handle


async def test_refused_notebook_leaves_nothing(real_service: Connection, jp_fetch: Fetch) -> None:
    request = {
        "benchmark": "number-predictor",
        "submission": "never made",
        "notebook": {"name": "a.ipynb", "content": make_notebook("x = 1", tagged=None)},
        "arguments": {},
    }
    status, document = await refused(jp_fetch, "rob/submit", method="POST", body=json.dumps(request))
    assert status == 400
    assert "no `parameters` cell" in document["message"]
    assert document["problems"][0]["severity"] == "error"
    groups = json.loads((await jp_fetch("rob/api/v1/workflows/number-predictor/groups")).body)["groups"]
    assert "never made" not in [group["name"] for group in groups]


async def test_unknown_kernel_leaves_nothing_behind(real_service: Connection, jp_fetch: Fetch) -> None:
    notebook = make_notebook(GOOD_CELL, metadata={"kernelspec": {"name": "no-such", "language": "python"}})
    request = {
        "benchmark": "number-predictor",
        "submission": "kernelless",
        "notebook": {"name": "a.ipynb", "content": notebook},
    }
    status, document = await refused(jp_fetch, "rob/submit", method="POST", body=json.dumps(request))
    assert status == 400
    assert "no-such" in document["message"]
    groups = json.loads((await jp_fetch("rob/api/v1/workflows/number-predictor/groups")).body)["groups"]
    assert "kernelless" not in {group["name"] for group in groups}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("{", 400, "not JSON"),
        ('{"benchmark": "b", "arguments": {"x": NaN}}', 400, "not JSON: NaN"),
        ('{"benchmark": "b", "arguments": {"x": [1e999]}}', 400, "not JSON: 1e999"),
        ("[" * 100_000, 400, "not JSON"),
        ("[]", 400, "JSON object"),
        ("{}", 400, "needs `benchmark`"),
        ({"benchmark": "b", "notebook": {}, "arguments": []}, 400, "`arguments` (objects)"),
        ({"benchmark": "b", "notebook": None}, 400, "The request needs `benchmark`"),
        ({"benchmark": "b", "notebooks": {}}, 400, "The request needs `benchmark`"),
        ({"benchmark": "b", "notebooks": []}, 400, "`notebooks` (an object of such objects by parameter)"),
        ({"benchmark": "b", "notebook": {}, "notebooks": {"a": "a.ipynb"}}, 400, "`notebooks` (an object of such"),
        ({"benchmark": "b", "notebooks": {"a": {}}}, 400, "a.ipynb is not a notebook"),
        ({"benchmark": "b", "notebooks": {"a": {"path": "nowhere.ipynb"}}}, 404, "nowhere.ipynb"),
        ({"benchmark": "b", "notebook": {"name": ["a.ipynb"], "content": {}}}, 400, "name of a file"),
        ({"benchmark": "b", "notebook": {"name": "a.ipynb", "content": None}}, 400, "a.ipynb is not a notebook"),
        ({"benchmark": "b", "notebook": {"name": "a.ipynb", "content": {"nbformat": 3}}}, 400, "format 3"),
        ({"benchmark": "b", "notebook": {"path": "nowhere.ipynb"}}, 404, "nowhere.ipynb"),
        ({"benchmark": "nope", "notebook": {"content": make_notebook("x=1")}}, 404, "no benchmark nope"),
    ],
)
@pytest.mark.parametrize("route", ["rob/check", "rob/submit"])
async def test_bad_requests(
    real_service: Connection, jp_fetch: Fetch, route: str, body: Any, status: int, reason: str
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    found, document = await refused(jp_fetch, route, method="POST", body=text)
    assert found == status
    assert reason in document["message"]


async def test_service_that_cannot_start(home: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    home.data_dir.parent.mkdir(exist_ok=True)
    home.data_dir.write_text("a file where a folder should be")
    for path in ("rob/session", "rob/api/v1/workflows"):
        status, document = await refused(jp_fetch, path, request_timeout=60)
        assert status == 503
        assert str(home.data_dir) in document["message"]

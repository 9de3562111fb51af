"""The published ROB server, rob-flask on flowserv-core 0.7, in the shapes of docs/protocol.md.

What it has under another name or in several pieces is put together here; what it lacks is null, empty, or a 404 that
says so. Its faults that a client meets are translated, too: it answers 403 for a token that has expired and for
what is another's, 400 for what is a conflict, and pages of HTML.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from .. import strictjson
from ..errors import LoginRequired
from ..flows import Flow, Request, Response, ask, ask_all, get, path_of
from ..models import JSON, RunState
from . import classic_runs as runs

_Answer = Callable[["Classic", list[str], Mapping[str, str], Request], Flow[Response]]

_MISSING = {
    "workflows/{}/data": "This ROB server does not hand out a benchmark's data: ask its coordinator.",
    "workflows/{}/versions": "This ROB server keeps no versions of a benchmark.",
    "runs/{}/log": "This ROB server keeps no log of a run; what a failing program printed is in the run's messages.",
    "runs/{}/coordinator-log": "This ROB server keeps no log of a run's evaluation.",
    "runs/{}/notebooks/{}": "This ROB server runs scripts: there is no executed notebook.",
    "status": "This ROB server does not tell how busy it is.",
    "events": "This ROB server has no stream of events.",
}
# What travels as it is: its body may be large.
_STREAMED = ("uploads/{}/files", "uploads/{}/files/{}", "runs/{}/downloads/", "workflows/{}/downloads/")


class Classic:
    """The dialect of the published server.

    ``notice`` is called with each run's handle that comes by; the extension's poll learns so what there is to follow.
    """

    kind = "classic"
    has_events = False

    def __init__(self) -> None:
        self.notice: Callable[[JSON], None] = lambda handle: None
        self._ended = runs.Ended()

    def headers(self, token: str) -> dict[str, str]:
        return {"api_key": token}

    def adapts(self, method: str, path: str) -> bool:
        return not any(_pattern(streamed).match(path) for streamed in _STREAMED)

    def answer(self, request: Request) -> Flow[Response]:
        path, _, query = request.path.partition("?")
        given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        for method, pattern, translate in _ROUTES:
            found = _pattern(pattern).fullmatch(path) if method == request.method else None
            if found:
                segments = [unquote(segment) for segment in found.groups()]
                response = yield from translate(self, segments, given, request)
                break
        else:
            response = yield from ask(request)
        return (yield from self.corrected(response))

    def corrected(self, response: Response) -> Flow[Response]:
        """An error in our words, any other answer as it is.

        Raises:
            LoginRequired: It is the token that was refused.
        """
        if response.status < 400:
            return response
        if response.status in (401, 403):
            # The same status for what is another's: ask who I am.
            descriptor = yield from ask(Request("GET", ""))
            if descriptor.status == 200 and "username" not in descriptor.json():
                raise _login_required()
        return Response.of({"message": _reason(response)}, response.status)

    def _descriptor(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        response = yield from ask(request)
        if response.status != 200:
            return response
        return Response.of({**response.json(), "additions": [], "registration": True})

    # -- benchmarks --

    def _benchmark(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        response = yield from ask(request)
        if response.status != 200:
            return response
        handle = response.json()
        if "groups" not in handle:
            # Open to all, but only who is logged in has submissions.
            raise _login_required()
        targets = _open_targets()
        for parameter in handle.get("parameters") or []:
            if parameter.get("dtype") == "file" and not parameter.get("target"):
                default = parameter.get("defaultValue")
                parameter.update(target=default or next(targets), isTargetOpen=not default)
        lacking: JSON = {"notebookSteps": [], "version": None, "isCoordinator": False}
        # What preflight.py must know of a server that makes commands of values.
        return _strict({**handle, **lacking, "valuesInCommands": True})

    def _leaderboard(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        query = {name: given[name] for name in ("orderBy", "includeAll") if name in given}
        response = yield from ask(runs.leaderboard_request(segments[0], query))
        if response.status != 200:
            return response
        return Response.of(runs.leaderboard(response, given))

    def _groups(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        listed = (yield from get("workflows"))["workflows"]
        answers = yield from ask_all(Request("GET", path_of("workflows", b["id"], "groups")) for b in listed)
        for answer in answers:
            if answer.status != 200:
                return answer
        return Response.of({"groups": [group for answer in answers for group in answer.json()["groups"]]})

    def _make_group(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        response = yield from ask(request)
        if response.status == 400 and _reason(response).endswith("exists"):
            name = strictjson.load_object(request.body or b"{}").get("name")
            message = f"The name {name} is taken by another's submission. Choose another."
            return Response.of({"message": message}, 409)
        return response

    def _delete_group(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        # The server would delete the runs as well.
        listed = yield from ask(Request("GET", path_of("groups", segments[0], "runs")))
        if listed.status != 200:
            return listed
        if listed.json()["runs"]:
            return Response.of({"message": "The submission has runs. Delete them first."}, 409)
        return (yield from ask(request))

    # -- runs --

    def _benchmark_runs(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        found = yield from runs.of_benchmark(segments[0], given, self._ended)
        if isinstance(found, Response):
            return found
        for handle in found["runs"]:
            self.notice(handle)
        return _strict(found)

    def _group_runs(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        response = yield from ask(Request("GET", path_of("groups", segments[0], "runs")))
        if response.status != 200:
            return response
        listed = [run for run in response.json()["runs"] if given.get("state") in (None, "", run["state"])]
        return _strict({"runs": listed})

    def _run(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        response = yield from ask(request)
        if response.status not in (200, 201):
            return response
        handle = yield from runs.complete(response.json(), self._ended)
        self.notice(handle)
        return Response(response.status, _strict(handle).body)

    def _cancel(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        # The server takes an empty body for a broken one, and an object without a reason, too.
        reason = strictjson.load_object(request.body or b"{}").get("reason")
        body = json.dumps({"reason": reason} if reason else {}).encode()
        response = yield from self._run(segments, given, Request("PUT", request.path, body))
        if response.status == 400:
            # One that is canceled already is as it was asked to be.
            found = yield from self._run(segments, given, Request("GET", request.path))
            if found.status == 200 and found.json()["state"] == RunState.CANCELED.value:
                return found
        return (yield from self._conflict_of(segments[0], response, "The run has ended: it can't be canceled."))

    def _delete_run(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        response = yield from ask(request)
        if response.status == 204:
            self._ended.forget(segments[0])
        return (yield from self._conflict_of(segments[0], response, "The run is active. Cancel it first."))

    def _conflict_of(self, run: str, response: Response, message: str) -> Flow[Response]:
        if response.status == 400 and "run in state" in _reason(response):
            return Response.of({"message": message}, 409)
        return response
        yield  # a flow, as all that is called here

    def _lacking(self, segments: list[str], given: Mapping[str, str], request: Request) -> Flow[Response]:
        path = request.path.partition("?")[0]
        message = next(text for pattern, text in _MISSING.items() if _pattern(pattern).fullmatch(path))
        return Response.of({"message": message}, 404)
        yield  # a flow, as all that is called here


def _open_targets() -> Iterator[str]:
    """Where scripts go when a benchmark leaves that open, each at a place of its own."""
    yield "notebook.py"
    for number in itertools.count(2):
        yield f"notebook_{number}.py"


def _pattern(path: str) -> re.Pattern[str]:
    # re keeps what it has compiled.
    return re.compile(path.replace("{}", "([^/]+)"))


def _strict(document: Any) -> Response:
    """The document as an answer, with null for what is no JSON: the server says NaN and Infinity."""
    return Response.of(runs.finite(document))


def _reason(response: Response) -> str:
    """What a refusal says, in one of the server's ways to say it."""
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        document = None
    text = ""
    if isinstance(document, dict):
        text = str(document.get("message") or document.get("error") or "")
    if response.status == 413:
        return "The file is larger than the ROB server takes. Leave out data and outputs, or ask its administrator."
    if response.status >= 500:
        return f"The ROB server has met an error of its own (status {response.status}). Tell its administrator."
    return text or f"The ROB server answered with status {response.status}."


def _login_required() -> LoginRequired:
    return LoginRequired("The ROB server does not know you any more. Please log in again.")


_ROUTES: list[tuple[str, str, _Answer]] = [
    ("GET", "", Classic._descriptor),
    ("GET", "workflows/{}", Classic._benchmark),
    ("GET", "workflows/{}/leaderboard", Classic._leaderboard),
    ("GET", "workflows/{}/runs", Classic._benchmark_runs),
    ("POST", "workflows/{}/groups", Classic._make_group),
    ("GET", "groups", Classic._groups),
    ("DELETE", "groups/{}", Classic._delete_group),
    ("GET", "groups/{}/runs", Classic._group_runs),
    ("POST", "groups/{}/runs", Classic._run),
    ("GET", "runs/{}", Classic._run),
    ("PUT", "runs/{}", Classic._cancel),
    ("DELETE", "runs/{}", Classic._delete_run),
    *[("GET", pattern, Classic._lacking) for pattern in _MISSING],
]

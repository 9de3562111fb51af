"""What is asked of a ROB service, without input or output.

A flow is a generator that yields a :class:`Request`, or a tuple of them that may be made at once, and is sent the
:class:`Response`, or a list; what it returns is its result. Where no answer is to be had, the :class:`RobError` that
says so is raised in it. ``transport.py`` drives flows with requests, ``upstream.py`` with tornado.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from .errors import RobError, ServiceUnavailable, from_status
from .models import JSON, Problem, RunState

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """A request to the service; ``path`` is relative to the API's base, without a slash at its start."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Response:
    """The service's answer, whatever its status."""

    status: int
    body: bytes

    @classmethod
    def of(cls, document: Any, status: int = 200) -> Response:
        """An answer with this document, strict JSON."""
        return cls(status, json.dumps(document, allow_nan=False).encode())

    def require_good(self) -> None:
        """Nothing, when this is no refusal.

        Raises:
            RobError: The service refused; the kind goes by the status.
        """
        if self.status >= 400:
            self.json()

    def json(self) -> Any:
        """The document in the body.

        Raises:
            RobError: The service refused; the kind goes by the status.
            ServiceUnavailable: The body is not JSON.
        """
        try:
            document = json.loads(self.body) if self.body else {}
        except (ValueError, RecursionError) as error:
            if self.status >= 400:
                raise _refusal(self.status, None) from error
            raise ServiceUnavailable(
                "The ROB service's answer is not JSON. Is something else listening there?"
            ) from error
        if self.status >= 400:
            raise _refusal(self.status, document)
        return document


Flow = Generator["Request | tuple[Request, ...]", Any, T]


def ask(request: Request) -> Flow[Response]:
    """The answer to one request, whatever its status."""
    response: Response = yield request
    return response


def ask_all(requests: Iterable[Request]) -> Flow[list[Response]]:
    """The answers to independent requests, in their order."""
    wanted = tuple(requests)
    responses: list[Response] = (yield wanted) if wanted else []
    return responses


def get(*segments: str) -> Flow[Any]:
    """GET the document at the path made of ``segments``."""
    return (yield from ask(Request("GET", path_of(*segments)))).json()


def find_active_runs() -> Flow[list[tuple[JSON, JSON]]]:
    """My runs that wait or run, ``{id, state}``, of all benchmarks, each after its submission."""
    groups = (yield from get("groups"))["groups"]
    wanted = [(group, state.value) for group in groups for state in RunState if state.is_active]
    answers = yield from ask_all(
        Request("GET", f"{path_of('groups', group['id'], 'runs')}?state={state}") for group, state in wanted
    )
    # A submission that has been deleted meanwhile has no runs.
    listed = [(group, answer.json()["runs"]) for (group, _), answer in zip(wanted, answers) if answer.status == 200]
    return [(group, run) for group, runs in listed for run in runs]


def post(path: str, document: JSON) -> Request:
    """A request with a document."""
    return Request("POST", path, json.dumps(document, allow_nan=False).encode())


def put(path: str, document: JSON) -> Request:
    """A request that changes what is there."""
    return Request("PUT", path, json.dumps(document, allow_nan=False).encode())


def path_of(*segments: str) -> str:
    return "/".join(quote(segment, safe="") for segment in segments)


def _refusal(status: int, document: Any) -> RobError:
    document = document if isinstance(document, dict) else {}
    message = str(document.get("message") or f"The ROB service answered with status {status}.")
    found = [p for p in document.get("problems") or [] if isinstance(p, dict)]
    problems = [
        Problem(
            p.get("severity", "error"),
            str(p.get("message", "")),
            p.get("cell"),
            p.get("parameter"),
            p.get("file"),
            p.get("line"),
            p.get("notebook"),
        )
        for p in found
    ]
    return from_status(status, message, problems)

"""Submitting a notebook, written once and without input or output.

Each flow is a generator that yields a :class:`Request` to the ROB service and is sent its :class:`Response`;
``client.py`` drives it with requests, ``upstream.py`` with tornado's async client. What a flow returns is its result.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from . import notebooks
from .errors import InvalidInput, NotFound, RobError, ServiceUnavailable, from_status
from .models import JSON, Problem
from .preflight import actor_parameter, check, split_arguments

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

    def json(self) -> Any:
        """The document in the body.

        Raises:
            RobError: The service refused; the kind goes by the status.
            ServiceUnavailable: The body is not JSON.
        """
        try:
            document = json.loads(self.body) if self.body else {}
        except ValueError:
            document = None
        if self.status >= 400:
            raise _refusal(self.status, document)
        if document is None:
            raise ServiceUnavailable("The ROB service's answer is not JSON. Is something else listening there?")
        return document


Flow = Generator[Request, Response, T]


def get(*segments: str) -> Flow[Any]:
    """GET the document at the path made of ``segments``."""
    return (yield Request("GET", _path(*segments))).json()


def find_benchmark(wanted: str) -> Flow[JSON]:
    """The handle of the benchmark with this id or name.

    Raises:
        NotFound: There is none; the message lists what there is.
        InvalidInput: Several have that name.
    """
    listed = (yield from get("workflows"))["workflows"]
    found = [b for b in listed if b["id"] == wanted] or [b for b in listed if _slug(b["name"]) == _slug(wanted)]
    if not found:
        names = ", ".join(b["id"] for b in listed)
        hint = f"There are: {names}." if names else "There are none."
        raise NotFound(f"There is no benchmark {wanted}. {hint}")
    if len(found) > 1:
        ids = ", ".join(b["id"] for b in found)
        raise InvalidInput(f"Several benchmarks are named {wanted}. Give one's id: {ids}.")
    return dict((yield from get("workflows", found[0]["id"])))


def submit(
    benchmark: JSON, notebook: JSON, name: str, arguments: Mapping[str, Any], submission: str | None = None
) -> Flow[JSON]:
    """Start a run of ``notebook`` and return its handle.

    Args:
        benchmark: The benchmark's handle, see :func:`find_benchmark`.
        notebook: As :func:`notebooks.validate` leaves it; it is cleaned here.
        name: What the file is called; made safe here.
        arguments: Values by parameter name, the benchmark's and the notebook's own.
        submission: Name of the submission, made if need be; None for the user's name.

    Raises:
        InvalidInput: The notebook or an argument is wrong (``problems`` tells what); nothing is sent then.
        RobError: The service refused; neither an upload nor an empty submission is left behind.
    """
    problems = check(notebook, benchmark, arguments)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidInput(" ".join(problem.message for problem in errors), problems)
    # The service keeps a name without the spaces around it; it would not be found with them.
    submission = (submission or "").strip() or str((yield from get())["username"])
    group, is_new = yield from _find_or_create_group(benchmark["id"], submission)
    try:
        return (yield from _start(group["id"], benchmark, notebook, name, arguments))
    except RobError:
        if is_new:
            yield Request("DELETE", _path("groups", group["id"]))
        raise


def _start(group_id: str, benchmark: JSON, notebook: JSON, name: str, arguments: Mapping[str, Any]) -> Flow[JSON]:
    file = yield from _upload(group_id, safe_name(name), notebooks.dump(notebooks.clean(notebook)))
    own, notebooks_own = split_arguments(benchmark, arguments)
    step = {"type": "$notebook", "value": {"fileId": file["id"], "parameters": notebooks_own}}
    body = {"arguments": _pairs({**own, actor_parameter(benchmark)["name"]: step})}
    response = yield _post(_path("groups", group_id, "runs"), body)
    if response.status >= 400:
        # Nobody would ever find this upload again.
        yield Request("DELETE", _path("uploads", group_id, "files", file["id"]))
    return dict(response.json())


def safe_name(name: str) -> str:
    """A file name that is safe everywhere and ends in ``.ipynb``; letters of any script stay."""
    base = re.split(r"[/\\]", name)[-1].replace('"', "'")
    base = "".join(c if c.isprintable() and c not in "<>:|?*" else "_" for c in base)
    stem = base[: -len(".ipynb")] if base.lower().endswith(".ipynb") else base
    # 255 bytes are what file systems take; leave some for what a service adds.
    while len(stem.encode()) > 180:
        stem = stem[:-1]
    return f"{stem.strip(' .') or 'notebook'}.ipynb"


def _find_or_create_group(benchmark_id: str, name: str) -> Flow[tuple[JSON, bool]]:
    """The submission of that name, and whether it was made here."""
    path = _path("workflows", benchmark_id, "groups")
    found = yield from _find_group(path, name)
    if found:
        return found, False
    response = yield _post(path, {"name": name})
    if response.status in (400, 409):
        # Someone, perhaps this user in another window, was quicker.
        found = yield from _find_group(path, name)
        if found:
            return found, False
    return dict(response.json()), True


def _find_group(path: str, name: str) -> Flow[JSON | None]:
    groups = (yield Request("GET", path)).json()["groups"]
    return next((group for group in groups if group["name"] == name), None)


def _upload(group_id: str, name: str, content: bytes) -> Flow[JSON]:
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/x-ipynb+json\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    path = _path("uploads", group_id, "files")
    return dict((yield Request("POST", path, body, f"multipart/form-data; boundary={boundary}")).json())


def _post(path: str, document: JSON) -> Request:
    return Request("POST", path, json.dumps(document, allow_nan=False).encode())


def _pairs(arguments: JSON) -> list[JSON]:
    return [{"name": name, "value": value} for name, value in arguments.items()]


def _path(*segments: str) -> str:
    return "/".join(quote(segment, safe="") for segment in segments)


def _slug(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", name.strip()).casefold()


def _refusal(status: int, document: Any) -> RobError:
    document = document if isinstance(document, dict) else {}
    message = str(document.get("message") or f"The ROB service answered with status {status}.")
    found = [p for p in document.get("problems") or [] if isinstance(p, dict)]
    problems = [
        Problem(p.get("severity", "error"), str(p.get("message", "")), p.get("cell"), p.get("parameter")) for p in found
    ]
    return from_status(status, message, problems)

"""Submitting notebooks, written once and without input or output but for the export of a script.

Flows (flows.py) in the protocol of docs/protocol.md; ``transport.py`` drives them with requests, ``upstream.py`` with
tornado's async client. A dialect translates for services that know it only in part.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import notebooks
from .errors import Conflict, InvalidInput, NotFound, RobError
from .export import export_script
from .flows import Flow, Request, ask, get, path_of, post
from .models import JSON, Problem
from .preflight import check, may_take, split_arguments
from .splitting import Part
from .targets import NotebookTarget
from .uploads import upload_name

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class Upload:
    """A notebook as it is sent for a benchmark: a file's name and content, and for which parameter.

    ``sha256`` is of the cleaned notebook, whatever the format; ``values`` are for its own parameters.
    """

    target: NotebookTarget
    name: str
    content: bytes
    sha256: str
    values: JSON

    def to_dict(self) -> JSON:
        return {
            "parameter": self.target.name,
            "name": self.name,
            "format": self.target.format,
            "content": self.content.decode(),
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Prepared:
    """All that is sent for a run, at least one upload, and what is to be said about it."""

    uploads: tuple[Upload, ...]
    problems: tuple[Problem, ...]

    def to_dict(self) -> JSON:
        """As ``rob/export`` answers it."""
        parts = [upload.to_dict() for upload in self.uploads]
        first = {key: value for key, value in parts[0].items() if key != "parameter"}
        return {**first, "problems": [problem.to_dict() for problem in self.problems], "parts": parts}


def prepare(benchmark: JSON, parts: Sequence[Part], arguments: Mapping[str, Any]) -> Prepared:
    """What is uploaded of the notebooks; takes seconds for each that is exported as a script.

    Args:
        benchmark: The benchmark's handle, see :func:`find_benchmark`.
        parts: What :func:`splitting.divide` makes of the notebooks; they are cleaned, and their names made safe, here.
        arguments: Values by parameter name, the benchmark's and the notebooks' own.

    Raises:
        InvalidInput: A notebook or an argument is wrong; ``problems`` tells what.
    """
    problems = check(parts, benchmark, arguments)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidInput(" ".join(problem.message for problem in errors), problems)
    _, own = split_arguments(benchmark, arguments)
    return Prepared(tuple(_upload(part, own) for part in parts), tuple(problems))


def _upload(part: Part, own: Mapping[str, Any]) -> Upload:
    notebook = notebooks.clean(part.notebook)
    digest, name = notebooks.digest(notebook), safe_name(part.source.name)
    values = {name: value for name, value in own.items() if may_take(part, name)}
    if part.target.format == "notebook":
        return Upload(part.target, name, notebooks.dump(notebook), digest, values)
    script = export_script(notebook, name)
    return Upload(part.target, script.name, script.content.encode(), digest, values)


def find_benchmark(wanted: str) -> Flow[JSON]:
    """The handle of the benchmark with this id or name.

    Raises:
        NotFound: There is none; the message lists what there is.
        InvalidInput: Several have that name.
    """
    listed = (yield from get("workflows"))["workflows"]
    found = [b for b in listed if b["id"] == wanted] or [b for b in listed if _slug(b["name"]) == _slug(wanted)]
    if not found and _IDENTIFIER.fullmatch(wanted):
        # One that is archived is not listed.
        response = yield from ask(Request("GET", path_of("workflows", wanted)))
        if response.status == 200:
            return dict(response.json())
    if not found:
        names = ", ".join(b["id"] for b in listed)
        hint = f"There are: {names}." if names else "There are none."
        raise NotFound(f"There is no benchmark {wanted}. {hint}")
    if len(found) > 1:
        ids = ", ".join(b["id"] for b in found)
        raise InvalidInput(f"Several benchmarks are named {wanted}. Give one's id: {ids}.")
    return dict((yield from get("workflows", found[0]["id"])))


def submit(
    benchmark: JSON, parts: Sequence[Part], arguments: Mapping[str, Any], submission: str | None = None
) -> Flow[JSON]:
    """:func:`prepare` the uploads, which may take seconds, and :func:`start` their run."""
    prepared = prepare(benchmark, parts, arguments)
    return (yield from start(benchmark, prepared, arguments, submission))


def start(
    benchmark: JSON, prepared: Prepared, arguments: Mapping[str, Any], submission: str | None = None
) -> Flow[JSON]:
    """Start a run of what was prepared and return its handle.

    Args:
        benchmark: The benchmark's handle.
        prepared: See :func:`prepare`.
        arguments: The same that it was prepared with.
        submission: Name of the submission, made if need be; None for the user's name.

    Raises:
        RobError: The service refused; neither uploads nor an empty submission are left behind, unless it does not
            delete them.
    """
    # The service keeps a name without the spaces around it; it would not be found with them.
    submission = (submission or "").strip() or str((yield from get())["username"])
    group, is_new = yield from _find_or_create_group(benchmark["id"], submission)
    given, _ = split_arguments(benchmark, arguments)
    own = [path_of("groups", group["id"])] if is_new else []
    files: list[str] = []
    try:
        for upload in prepared.uploads:
            file = (yield from send(group["id"], upload))["id"]
            files.append(path_of("uploads", group["id"], "files", file))
            given[upload.target.name] = _argument(upload, file)
    except RobError:
        yield from _delete([*files, *own])
        raise
    # Without an answer the run may have been started all the same, and needs them.
    response = yield from ask(post(path_of("groups", group["id"], "runs"), {"arguments": _pairs(given)}))
    try:
        response.require_good()
    except RobError:
        yield from _delete([*files, *own])
        raise
    return dict(response.json())


def start_again(run: JSON) -> Flow[JSON]:
    """Start a run with the notebook and the arguments of an earlier one, of the benchmark as it is now; its handle.

    Raises:
        RobError: That can't be, and why: a file is not there any more, the benchmark is archived or has changed.
    """
    refusal = f"Run {run['id']} can't be started again: "
    group = run.get("groupId")
    listed = yield from ask(Request("GET", path_of("uploads", str(group), "files")))
    if not group or listed.status in (403, 404):
        raise Conflict(f"{refusal}its submission was deleted, or you are no member of it any more.")
    there = {file["id"] for file in listed.json()["files"]}
    for argument in run["arguments"]:
        file = _file_of(argument["value"])
        if file is not None and file not in there:
            names = {notebook["parameter"]: notebook["name"] for notebook in run.get("submitted") or []}
            name = names.get(argument["name"], argument["name"])
            raise Conflict(f"{refusal}{name} was deleted from its submission. Submit the notebook anew.")
    try:
        response = yield from ask(post(path_of("groups", group, "runs"), {"arguments": run["arguments"]}))
        return dict(response.json())
    except (InvalidInput, NotFound, Conflict) as error:
        raise type(error)(f"{refusal}{error.message}") from error


def _file_of(value: Any) -> str | None:
    """The identifier of the uploaded file that an argument is."""
    if isinstance(value, dict) and value.get("type") in ("$file", "$notebook"):
        return str((value.get("value") or {}).get("fileId"))
    return None


def _delete(paths: Sequence[str]) -> Flow[None]:
    """Delete what nobody would ever find again; one that stays is no reason to leave the others."""
    for path in paths:
        with contextlib.suppress(RobError):
            yield from ask(Request("DELETE", path))


def _argument(upload: Upload, file: str) -> JSON:
    value: JSON = {"fileId": file}
    if upload.target.is_step:
        return {"type": "$notebook", "value": {**value, "parameters": upload.values}}
    return {"type": "$file", "value": {**value, **({"targetPath": upload.target.path} if upload.target.path else {})}}


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
    path = path_of("workflows", benchmark_id, "groups")
    found = yield from _find_group(path, name)
    if found:
        return found, False
    response = yield from ask(post(path, {"name": name}))
    if response.status in (400, 409):
        # Someone, perhaps this user in another window, was quicker.
        found = yield from _find_group(path, name)
        if found:
            return found, False
    return dict(response.json()), True


def _find_group(path: str, name: str) -> Flow[JSON | None]:
    groups = (yield from ask(Request("GET", path))).json()["groups"]
    return next((group for group in groups if group["name"] == name), None)


def send(group_id: str, upload: Upload) -> Flow[JSON]:
    """Send what was prepared to a submission; the handle of the file."""
    boundary = uuid.uuid4().hex
    kind = "text/x-python" if upload.target.format == "script" else "application/x-ipynb+json"
    name = upload.name if upload.target.is_step else upload_name(upload.name, upload.sha256)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode() + upload.content + f"\r\n--{boundary}--\r\n".encode()
    path = path_of("uploads", group_id, "files")
    response = yield from ask(Request("POST", path, body, f"multipart/form-data; boundary={boundary}"))
    return dict(response.json())


def _pairs(arguments: JSON) -> list[JSON]:
    return [{"name": name, "value": value} for name, value in arguments.items()]


def _slug(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", name.strip()).casefold()

"""A benchmark's folder tried out: one run in a service of its own that leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from . import administration, embedded, submission
from .client import Client, Run, read_sources
from .errors import Conflict, InvalidInput, NotFound, RobError, ServiceUnavailable
from .flows import Request, path_of, post
from .models import JSON
from .preflight import coerce_arguments
from .splitting import divide, require_use

#: The benchmark's and the submission's name in the service of its own.
NAME = "trial"

# What would lead the service to other data or settings than its own.
_FOREIGN = ("ROB_URL", "ROB_TOKEN", "ROB_DATABASE", "ROB_DATA_DIR")


@dataclass(frozen=True)
class Given:
    """What a run is started with: ``texts`` are values of parameters as they are typed, ``files`` and ``notebooks``
    paths by parameter, ``notebook`` is for all that have none of their own; for what is not given the parameter's
    default is taken."""

    notebook: Path | None
    texts: Mapping[str, str]
    files: Mapping[str, Path]
    notebooks: Mapping[str, Path] = field(default_factory=dict)


@contextmanager
def temporary_service() -> Iterator[Client]:
    """A client of a service with empty folders; service, runs and folders are gone in the end, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="rob-trial-"))
    before = dict(os.environ)
    data_dir = folder / "data"
    try:
        for name in _FOREIGN:
            os.environ.pop(name, None)
        # No settings of the user's either: they may name a database. Jupyter makes folders that it forgets for that.
        folders = {"JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_CONFIG_DIR": "config", "TMPDIR": "tmp"}
        for variable, name in folders.items():
            (folder / name).mkdir(mode=0o700)
            os.environ[variable] = str(folder / name)
        os.environ["JUPYTER_NO_CONFIG"] = "1"
        client = Client(data_dir=data_dir)
        with _interrupts_later():
            # Until it answers nobody knows which process it is.
            client.transport.link()
        with _handling(_interrupt):
            try:
                yield client
            finally:
                with _interrupts_ignored(), contextlib.suppress(RobError):
                    _cancel_runs(client)
    finally:
        with _interrupts_ignored():
            with contextlib.suppress(ServiceUnavailable):
                embedded.stop(data_dir)
            os.environ.clear()
            os.environ.update(before)
            shutil.rmtree(folder, ignore_errors=True)


def _cancel_runs(client: Client) -> None:
    """Cancel what is active: a run outlives its service, and no other service will ever end this one."""
    # One that was killed is started once more for that.
    for run in client.active_runs():
        with contextlib.suppress(Conflict, NotFound):
            run.cancel()


def start(client: Client, folder: Path, given: Given) -> Run:
    """Add the benchmark in ``folder`` to the service and start a run of it.

    Raises:
        InvalidInput: The folder, the notebook or a value is wrong, or one is missing.
    """
    for bundled in client.benchmarks():
        # One of them may have the same name, or be the same.
        administration.remove(client, bundled["id"])
    benchmark = administration.add(client, folder, NAME)
    arguments = coerce_arguments(benchmark, given.texts)
    declared = {parameter["name"]: parameter for parameter in benchmark["parameters"]}
    for name in given.files:
        if declared.get(name, {}).get("dtype") != "file":
            known = ", ".join(n for n, p in declared.items() if p["dtype"] == "file") or "none"
            raise InvalidInput(f"The benchmark has no parameter '{name}' for a file. There are: {known}.")
    group = client.transport.fetch(post(path_of("workflows", NAME, "groups"), {"name": NAME})).json()["id"]
    files = {name: {"type": "$file", "value": {"fileId": _upload(client, group, p)}} for name, p in given.files.items()}
    if given.notebook is not None or given.notebooks:
        main, own = read_sources(given.notebook, given.notebooks)
        # Without the files, which are there already.
        rest = {**benchmark, "parameters": [p for n, p in declared.items() if n not in files]}
        parts = divide(rest, main, own)
        require_use(parts, main)
        prepared = submission.prepare(rest, parts, arguments)
        return Run(client, client.transport.run(submission.start(benchmark, prepared, {**arguments, **files}, NAME)))
    for name, parameter in declared.items():
        is_given = name in files or name in arguments or parameter.get("defaultValue") is not None
        if parameter.get("isRequired") and not is_given:
            is_one = sum(other["dtype"] == "actor" for other in declared.values()) == 1
            raise InvalidInput(_missing(name, parameter, "PATH" if is_one else f"{name}=PATH"))
    pairs = [{"name": name, "value": value} for name, value in {**arguments, **files}.items()]
    run = client.transport.fetch(post(path_of("groups", group, "runs"), {"arguments": pairs})).json()
    return Run(client, run)


def _upload(client: Client, group: str, path: Path) -> str:
    """The identifier of an uploaded file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Can't read {path}: {error.strerror}.") from error
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(path.name)}"\r\n\r\n'
    body = head.encode(errors="replace") + content + f"\r\n--{boundary}--\r\n".encode()
    request = Request("POST", path_of("uploads", group, "files"), body, f"multipart/form-data; boundary={boundary}")
    return str(client.transport.fetch(request).json()["id"])


def _quoted(name: str) -> str:
    return "".join(letter if letter.isprintable() and letter not in '"\\' else "_" for letter in name)


def _missing(name: str, parameter: JSON, notebook: str) -> str:
    label = parameter.get("label") or name
    if parameter["dtype"] == "actor":
        return f"{name} ({label}) is a participant's notebook: give one with --notebook {notebook}."
    if parameter["dtype"] == "file":
        return f"{name} ({label}) is a file and has no default: give one with --file {name}=PATH."
    return f"{name} ({label}) has no default: give a value with -p {name}=VALUE."


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """An interrupt meanwhile comes at the end, as KeyboardInterrupt; so does SIGTERM."""
    seen: list[int] = []
    with _handling(lambda number, _frame: seen.append(number)):
        yield
    if seen:
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    with _handling(lambda _number, _frame: None):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    # A function and not SIG_IGN, which the service would inherit.
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)

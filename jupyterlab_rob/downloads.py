"""A run's files on the user's disk: results, executed notebooks and log, in one folder and nowhere else.

What a file is called is said by the service, and there by whoever wrote the benchmark: a name is a suggestion of where
in the folder the file goes, and never leads out of it, nor over what is there already.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .errors import InvalidInput, NotFound
from .flows import path_of
from .models import JSON
from .transport import Transport

#: What the log is called.
LOG = "run.log"
#: The folder of the executed notebooks.
NOTEBOOKS = "notebooks"

_MAX_NAME = 200


def download(
    transport: Transport, run: JSON, folder: Path, *, notebook_only: bool = False, overwrite: bool = False
) -> list[Path]:
    """Write what a run has left into ``folder``, which is made if need be; the paths of the files.

    Args:
        run: The run's handle.
        notebook_only: Only the executed notebooks.
        overwrite: Replace files that are there already.

    Raises:
        InvalidInput: A file is there already (nothing is written then), or can't be written.
        NotFound: The run has left nothing.
    """
    wanted = list(_wanted(run, notebook_only))
    places = _places([name for _, name in wanted])
    taken = [str(place) for place in places if not overwrite and os.path.lexists(folder / place)]
    if taken:
        shown = ", ".join(taken[:3]) + (" and more" if len(taken) > 3 else "")
        raise InvalidInput(f"{folder} has {shown} already; nothing was written. Give another folder, or --overwrite.")
    written = []
    for (path, name), place in zip(wanted, places):
        try:
            with transport.open(path) as stream:
                write_file(folder, place, stream.pieces(), overwrite)
        except NotFound:
            # A run that waits has none, and the published server keeps none.
            if name != LOG:
                raise
        else:
            written.append(folder / place)
    if not written:
        what = "executed notebook" if notebook_only else "file"
        raise NotFound(f"Run {run['id']} is {run['state']} and has no {what} (yet).")
    return written


def _wanted(run: JSON, notebook_only: bool) -> Iterator[tuple[str, str]]:
    """The paths in the API, with the names."""
    for notebook in run.get("notebooks") or []:
        yield path_of("runs", run["id"], "notebooks", notebook["step"]), f"{NOTEBOOKS}/{notebook['name']}"
    if notebook_only:
        return
    for file in run.get("files") or []:
        yield path_of("runs", run["id"], "downloads", "files", file["id"]), file["name"]
    yield path_of("runs", run["id"], "log"), LOG


def _places(names: list[str]) -> list[PurePosixPath]:
    """Where in the folder each goes; two of the same name, in whatever case, are kept apart."""
    places: list[PurePosixPath] = []
    taken: set[str] = set()
    for name in names:
        place = confined(name)
        stem, number = place.stem, 2
        while str(place).casefold() in taken:
            place = place.with_name(f"{stem} ({number}){place.suffix}")
            number += 1
        taken.add(str(place).casefold())
        places.append(place)
    return places


def confined(name: str) -> PurePosixPath:
    """A relative path below a folder for a file's name, hidden nowhere.

    Raises:
        InvalidInput: There is none that would be told from it.
    """
    parts = [part.strip() for part in str(name).replace("\\", "/").split("/")]
    if ".." in parts:
        raise InvalidInput(f"The service calls a file {name!r}, which leads out of the folder. Nothing was written.")
    parts = [_harmless(part) for part in parts if part not in ("", ".")]
    if not parts:
        raise InvalidInput(f"The service calls a file {name!r}, which is no name. Nothing was written.")
    return PurePosixPath(*parts)


def _harmless(part: str) -> str:
    part = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in part)
    # A hidden file might be somebody's settings.
    part = f"_{part[1:]}" if part.startswith(".") else part
    while len(part.encode()) > _MAX_NAME:
        stem, dot, suffix = part.rpartition(".")
        part = f"{stem[:-1]}{dot}{suffix}" if stem else part[:-1]
    return part


def write_file(folder: Path, place: PurePosixPath, pieces: Iterator[bytes], overwrite: bool) -> None:
    """Write all of a file or nothing; ``place`` is its :func:`confined` path in ``folder``.

    Raises:
        InvalidInput: It is there already and must not be replaced, or it can't be written.
    """
    target = folder / place
    partial = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        _make_parents(folder, place)
        if not overwrite:
            # From now on the name is taken, and it was free.
            os.close(_create(target))
        try:
            with os.fdopen(_create(partial), "wb") as file:
                for piece in pieces:
                    file.write(piece)
            os.replace(partial, target)
        except BaseException:
            for path in (partial,) if overwrite else (partial, target):
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
    except OSError as error:
        raise InvalidInput(f"Can't write {target}: {error.strerror}.") from error


def _make_parents(folder: Path, place: PurePosixPath) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parent = folder
    for part in place.parts[:-1]:
        parent = parent / part
        # Before anything is made in it.
        if not parent.resolve().is_relative_to(folder.resolve()):
            raise InvalidInput(f"{parent} is a link that leads out of {folder}. Give another folder.")
        parent.mkdir(exist_ok=True)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)

"""Files between steps: what a step gets, and what of it moves on. Links are never followed out of a folder."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


class FileProblem(Exception):
    """A declared file is missing or is not what it must be; the message is for the user."""


def relative_path(name: str) -> PurePosixPath:
    """``name`` as a path inside a folder; FileProblem when it leads out of it."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise FileProblem(f"the path '{name}' leads out of its folder")
    return path


def inside(folder: Path, name: str) -> Path:
    """The path of ``name`` in ``folder``; FileProblem when it, or a link on the way, leads out."""
    path = folder / relative_path(name)
    root = os.path.realpath(folder)
    if os.path.commonpath([root, os.path.realpath(path)]) != root:
        raise FileProblem(f"the path '{name}' leads out of its folder")
    return path


def regular_files(folder: Path, name: str) -> Iterator[str]:
    """Names, relative to ``folder``, of the file ``name`` or of all files below the folder ``name``.

    FileProblem when it does not exist, or when it or something in it is a link or no regular file.
    """
    # The name itself may be a link, which is said below; what leads to it must not.
    path = inside(folder, str(relative_path(name).parent)) / relative_path(name).name
    mode = _mode(path)
    if mode is None:
        raise FileProblem(f"'{name}' does not exist")
    if stat.S_ISDIR(mode):
        for child in sorted(os.listdir(path)):
            yield from regular_files(folder, f"{name.rstrip('/')}/{child}" if name not in ("", ".") else child)
    elif stat.S_ISREG(mode):
        if name != name.encode(errors="replace").decode():
            # Neither the database nor JSON can hold it.
            raise FileProblem(f"the name '{name.encode(errors='replace').decode()}' is no UTF-8")
        yield name
    else:
        raise FileProblem(f"'{name}' is a link or a special file; results must be regular files")


def provide(name: str, sources: tuple[Path, ...], target: Path) -> None:
    """Copy the file or folder ``name`` from the first of ``sources`` that has it into ``target``, a step's folder.

    A copy and no link: what a step does to its inputs must not reach anybody else's.
    """
    relative = relative_path(name)
    found = False
    # A folder may be filled from several places (static data and what an earlier step made): the first source wins
    # file by file.
    for source in reversed(sources):
        path = source / relative
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, target / relative, dirs_exist_ok=True, symlinks=True)
            found = True
        elif path.is_file():
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / relative, follow_symlinks=False)
            found = True
    if not found:
        raise FileProblem(f"its input '{name}' does not exist: neither the benchmark nor an earlier step provides it")


def link(folder: Path, name: str, target: Path) -> None:
    """Give the file ``name`` in ``folder`` a second name in the folder ``target``, without a second copy of its content
    where the file system can do that.

    Only for a folder in which no step runs: whoever wrote to one file would write to both.
    """
    if list(regular_files(folder, name)) != [name]:
        raise FileProblem(f"'{name}' is a folder")
    path = target / relative_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(folder / name, path)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copy2(folder / name, path, follow_symlinks=False)


def hand_on(name: str, step: Path, files: Path, static: Path) -> None:
    """Move the output ``name`` of a finished step from its folder to the files that later steps get.

    What the benchmark itself provides, in ``static``, is not replaced: a participant's step would change the
    evaluation.
    """
    found = list(regular_files(step, name))
    if not found:
        # Else it is missing where it is needed first, and that step would be blamed.
        raise FileProblem(f"'{name}' is an empty folder")
    for file in found:
        given = static / relative_path(file)
        if given.exists():
            if not given.is_file() or not filecmp.cmp(step / file, given, shallow=False):
                raise FileProblem(f"'{file}' is a file of the benchmark and can't be replaced")
            continue
        target = files / relative_path(file)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(step / file, target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise FileProblem(f"'{file}' can't be where an earlier step has made a file or folder") from error


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None

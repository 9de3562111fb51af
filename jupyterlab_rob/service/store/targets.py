"""Where the files of a run's arguments are put: paths in the run's folder, some of them chosen by a client."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath

from ...errors import InvalidInput
from ..engine.files import FileProblem, relative_path

#: Longest name of a file or folder in a target, in bytes: of the 255 that file systems take, a copy under
#: way needs some.
MAX_NAME = 240
#: Longest target, in bytes; the run's folder comes before it.
MAX_PATH = 1000

#: Characters that change in which direction the text around them is shown: ``a<U+202E>fdp.exe`` looks like a PDF.
DIRECTIONAL = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def is_plain(text: str) -> bool:
    """Whether a text is safe on a screen and in a file's name, but for slashes: no control character, none that changes
    the direction, and all of it can be written as UTF-8."""
    return not any(letter in DIRECTIONAL or unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text)


def require_good(argument: str, target: object) -> str:
    """The target itself if a file can be put there; InvalidInput names the argument."""
    where = f"The target path of the argument '{argument}'"
    if not isinstance(target, str) or not is_plain(target):
        raise InvalidInput(f"{where} must be a path inside the run's folder.")
    try:
        path = relative_path(target)
    except FileProblem as problem:
        raise InvalidInput(f"{where} must be a path inside the run's folder.") from problem
    if not path.parts:
        raise InvalidInput(f"{where} is '{target}', the run's folder itself; add the file's name.")
    if len(target.encode()) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in path.parts):
        raise InvalidInput(
            f"{where} is too long: names of files and folders may have {MAX_NAME} bytes, the whole {MAX_PATH}."
        )
    return target


def require_apart(targets: Mapping[str, str]) -> None:
    """Raise InvalidInput when one argument's file would replace another's, or need it to be a folder; ``targets`` are
    paths by the arguments' names."""
    places: dict[PurePosixPath, str] = {}
    for argument, target in targets.items():
        path = PurePosixPath(target)
        if path in places:
            raise InvalidInput(f"The files of '{places[path]}' and '{argument}' can't both be put at '{path}'.")
        places[path] = argument
    for path, argument in places.items():
        for folder in path.parents:
            if folder in places:
                raise InvalidInput(
                    f"The file of '{argument}' can't be put at '{path}': '{folder}' is the file of '{places[folder]}'."
                )

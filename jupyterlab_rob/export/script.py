"""Check a notebook, and have a child process make the script: papermill and nbconvert take seconds to import."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from .. import notebooks
from ..errors import InvalidInput, RobError
from ..models import JSON, Problem
from . import cells

#: Seconds that the child may take; it needs two or three, and more on a machine that is busy.
TIMEOUT = 60.0

_LONGEST_STEM = 80


@dataclass(frozen=True)
class Script:
    """A notebook as a script: a file name, its Python text, the names of its options, and warnings."""

    name: str
    content: str
    options: tuple[str, ...]
    problems: tuple[Problem, ...]


def check_script(notebook: JSON) -> list[Problem]:
    """What stands in the way of a script (errors first), and what will be left out of it (warnings)."""
    return cells.read(notebook).problems


def export_script(notebook: JSON, name: str, timeout: float = TIMEOUT) -> Script:
    """The script of ``notebook``; ``name`` is that of its file. Blocks for seconds, but for those last made.

    Each variable of the `parameters` cell becomes an option ``--variable``. The same notebook gives the same bytes.

    Raises:
        InvalidInput: It can't become a script; the problems tell cell and line.
        RobError: The conversion failed or took more than ``timeout`` seconds.
    """
    reading = cells.read(notebook)
    if not reading.errors:
        answer = _convert(json.dumps({"notebook": notebooks.clean(notebook), "name": name}), timeout)
        if "content" in answer:
            stem = script_name(name, cells.imported_modules(reading))
            return Script(stem, answer["content"], tuple(answer["options"]), tuple(reading.problems))
        reading.problems[:0] = [Problem(**problem) for problem in answer["problems"]]
    raise InvalidInput(" ".join(problem.message for problem in reading.errors), reading.problems)


def script_name(name: str, imported: frozenset[str] = frozenset()) -> str:
    """A safe name for the script of the notebook file ``name``; never that of a module, which it would hide."""
    stem = re.split(r"[/\\]", name)[-1].removesuffix(".ipynb")
    stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).lstrip(".-")[:_LONGEST_STEM].strip("_") or "notebook"
    return f"{stem}_notebook.py" if stem in imported or stem in sys.stdlib_module_names else f"{stem}.py"


# Who has looked at the preview does not wait again for the same when it is sent.
@lru_cache(maxsize=8)
def _convert(request: str, timeout: float) -> JSON:
    try:
        child = subprocess.run(
            [sys.executable, "-m", "jupyterlab_rob.export"],
            input=request.encode(),
            capture_output=True,
            timeout=timeout,
            # `-m` imports from the working folder first, and a folder of notebooks may hold a `json.py`.
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RobError(f"The notebook was not converted to a script within {timeout:g} s. Try again.") from error
    except OSError as error:
        raise RobError(f"The notebook can't be converted to a script: {error}.") from error
    try:
        answer = json.loads(child.stdout) if child.returncode == 0 else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        said = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
        reason = said[0] if said else f"the conversion ended with status {child.returncode}"
        raise RobError(f"The notebook can't be converted to a script: {reason}.")
    return answer

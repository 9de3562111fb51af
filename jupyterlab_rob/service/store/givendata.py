"""What participants may take home of a benchmark's files: that which their notebooks are given anyway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from flowserv.model.base import WorkflowObject

from ..engine.files import FileProblem, regular_files


def given_files(declared: WorkflowObject, folder: Path) -> list[str]:
    """Names of the files in a version's folder that steps get which run a participant's notebook.

    Of what an earlier step makes there is nothing yet. A command that is given a participant's file is the
    coordinator's, and what it reads besides may be the truth.
    """
    return sorted(set(_given(declared, folder)))


def gives_files(declared: WorkflowObject, folder: Path) -> bool:
    """Whether there are any; looks at no more than the first."""
    return next(_given(declared, folder), None) is not None


def _given(declared: WorkflowObject, folder: Path) -> Iterator[str]:
    uploaded = {p.target for p in declared.parameters.values() if p.is_file() and p.target}
    for step in declared.workflow_spec.get("steps", []):
        if _runs_theirs(step["action"], uploaded):
            for name in step.get("files", {}).get("inputs", ()):
                with suppress(FileProblem):
                    yield from regular_files(folder, name)


def _runs_theirs(action: Any, uploaded: set[str]) -> bool:
    if isinstance(action, dict):
        return "commands" not in action and action.get("notebook") in uploaded
    return isinstance(action, str)

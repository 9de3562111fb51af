"""What participants may take home of a benchmark's files: that which their notebooks are given anyway."""

from __future__ import annotations

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
    uploaded = {parameter.target for parameter in declared.parameters.values() if parameter.is_file()}
    found: set[str] = set()
    for step in declared.workflow_spec.get("steps", []):
        if _runs_theirs(step["action"], uploaded):
            for name in step.get("files", {}).get("inputs", ()):
                with suppress(FileProblem):
                    found.update(regular_files(folder, name))
    return sorted(found)


def _runs_theirs(action: Any, uploaded: set[str]) -> bool:
    return isinstance(action, str) or (isinstance(action, dict) and action.get("notebook") in uploaded)

"""What is told of the notebooks that were sent for a run.

Where a benchmark takes a file, the file's name is all that a service keeps of the notebook's own name and content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .models import JSON

_NAME = re.compile(r"(?:(?P<stem>.+)\.)?(?P<sha256>[0-9a-f]{64})\.(?:py|ipynb)", re.DOTALL)


def upload_name(name: str, sha256: str) -> str:
    """``a.py`` with the digest of the notebook that it was made of: ``a.<sha256>.py``."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{sha256}.{suffix}"


def uploaded_notebook(name: str) -> JSON | None:
    """``{name, sha256}`` of the notebook in the file of this name; None when it has no such name."""
    found = _NAME.fullmatch(name)
    return {"name": f"{found['stem'] or 'notebook'}.ipynb", "sha256": found["sha256"]} if found else None


def notebook_fields(submitted: Sequence[JSON]) -> JSON:
    """``notebook`` and ``submitted`` of a run's handle; ``submitted`` are ``{parameter, name, sha256}``."""
    first = next(({"name": one["name"], "sha256": one["sha256"]} for one in submitted), None)
    return {"notebook": first, "submitted": list(submitted)}

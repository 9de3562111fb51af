"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from ..models import JSON

#: The longest message; the names in a template can be of any length.
MAX_MESSAGE = 1000

#: More findings of one template help nobody.
MAX_FINDINGS = 1000


@dataclass(frozen=True)
class Finding:
    """A problem of a template; ``file`` is relative to its folder, ``line`` counts from 1 and is None where the file as
    a whole is meant. The message names the thing that is wrong and the way out.

    An ``error`` would be refused, fail or give answers away; a ``warning`` is for the coordinator to judge.
    """

    severity: Literal["error", "warning"]
    file: str
    line: int | None
    message: str

    def to_dict(self) -> JSON:
        return asdict(self)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file and line, each once, errors before warnings of the same line."""
    found = sorted(
        dict.fromkeys(map(_printable, findings)),
        key=lambda finding: (finding.file, finding.line or 0, finding.severity),
    )
    if len(found) <= MAX_FINDINGS:
        return found
    more = Finding("error", found[-1].file, None, f"There are {len(found) - MAX_FINDINGS} more findings.")
    return [*found[:MAX_FINDINGS], more]


def _printable(finding: Finding) -> Finding:
    """The finding without what a terminal would obey or an encoding could not write."""
    message = "".join(character if character.isprintable() else "�" for character in finding.message[:MAX_MESSAGE])
    return replace(finding, message=message)

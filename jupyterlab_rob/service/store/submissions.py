"""Submissions: who takes part in a benchmark under one name."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ...errors import Conflict
from ...models import JSON
from ..identity import Identity
from .access import find_benchmark
from .part import Part


class Submissions(Part):
    """Everybody sees and changes only those that they are a member of."""

    def listing(self, identity: Identity, benchmark: str | None = None) -> JSON:
        with self._reading(identity) as unit:
            if benchmark is not None:
                find_benchmark(unit.session, benchmark)
            return dict(unit.group_service().list_groups(workflow_id=benchmark))

    def get(self, identity: Identity, submission: str) -> JSON:
        with self._reading(identity) as unit:
            unit.submission(submission)
            return dict(unit.group_service().get_group(submission))

    def create(self, identity: Identity, benchmark: str, name: str, members: list[str] | None) -> JSON:
        with self._writing(identity) as unit:
            try:
                handle = unit.group_service().create_group(workflow_id=benchmark, name=name, members=members)
                unit.session.flush()
            except IntegrityError as error:
                raise Conflict(f"There is a submission '{name}' already.") from error
            return dict(handle)

    def delete(self, identity: Identity, submission: str) -> None:
        """Delete a submission with its files; Conflict when it has runs, which are results that others compare with."""
        with self._writing(identity) as unit:
            if unit.submission(submission).runs:
                raise Conflict("The submission has runs. Delete them first.")
            unit.group_service().delete_group(submission)

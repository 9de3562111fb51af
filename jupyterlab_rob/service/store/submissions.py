"""Submissions: who takes part in a benchmark under one name."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from flowserv.model.base import GroupObject, User
from flowserv.view.group import WorkflowGroupSerializer
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ...errors import Conflict, InvalidInput
from ...models import JSON
from ..identity import Identity
from .access import find_benchmark, members_of
from .database import bytewise
from .part import Part
from .versions import require_open

MAX_NAME = 512

_groups = WorkflowGroupSerializer()


class Submissions(Part):
    """Everybody sees and changes only those that they are a member of."""

    def listing(
        self, identity: Identity, benchmark: str | None = None, limit: int | None = None, offset: int = 0
    ) -> JSON:
        """``{groups: [{id, name, workflow}], total}`` by name: the user's own, of all benchmarks or of one."""
        with self._reading(identity) as unit:
            wanted = GroupObject.members.any(User.user_id == identity.user)
            if benchmark is not None:
                find_benchmark(unit.session, benchmark)
                wanted = wanted & (GroupObject.workflow_id == benchmark)
            total = unit.session.scalar(select(func.count()).select_from(GroupObject).where(wanted))
            groups = unit.session.scalars(
                select(GroupObject)
                .where(wanted)
                .order_by(bytewise(GroupObject.name), GroupObject.group_id)
                .limit(limit)
                .offset(offset)
            )
            return {"groups": [_groups.group_descriptor(group) for group in groups], "total": total}

    def get(self, identity: Identity, submission: str) -> JSON:
        with self._reading(identity) as unit:
            unit.submission(submission)
            return dict(unit.group_service().get_group(submission))

    def create(self, identity: Identity, benchmark: str, name: str, members: Sequence[str] | None) -> JSON:
        """A new submission of the user's, and of ``members`` besides.

        Raises:
            InvalidInput: The name can't be one, or there are no such members; the message names them.
            Conflict: The benchmark has a submission of this name.
        """
        name = _good_name(name)
        with self._writing(identity) as unit:
            find_benchmark(unit.session, benchmark)
            require_open(unit.session, benchmark)
            _require_free(unit.session, benchmark, name)
            _active_users(unit.session, members or ())
            try:
                # flowserv looks members up while the submission is half made, which must not be written yet.
                with unit.session.no_autoflush:
                    handle = unit.group_service().create_group(
                        workflow_id=benchmark, name=name, members=list(members) if members is not None else None
                    )
                unit.session.flush()
            except IntegrityError as error:
                raise _taken(name) from error
            return dict(handle)

    def update(
        self, identity: Identity, submission: str, name: str | None = None, members: Sequence[str] | None = None
    ) -> JSON:
        """Rename a submission, or change who its members are; who is none any more has no access from then on.

        Raises:
            InvalidInput: The name can't be one, or there are no such members; the message names them.
            Conflict: The name is taken, or there would be no member.
        """
        with self._writing(identity) as unit:
            group = unit.submission(submission)
            if members is not None:
                if not members:
                    raise Conflict("A submission needs a member. Delete it if nobody needs it any more.")
                known = {member.user_id for member in group.members}
                # Who is a member and not active any more may stay one.
                added = _active_users(unit.session, [member for member in members if member not in known])
                group.members = [member for member in group.members if member.user_id in members] + added
            if name is not None:
                name = _good_name(name)
                if name != group.name:
                    _require_free(unit.session, group.workflow_id, name)
                group.name = name
            try:
                unit.session.flush()
            except IntegrityError as error:
                raise _taken(group.name) from error
            return dict(unit.group_service().get_group(submission))

    def members(self, submission: str) -> frozenset[str]:
        """The identifiers of those who may hear of the submission's runs, now."""
        with self._database.reading() as session:
            return members_of(session, submission)

    def delete(self, identity: Identity, submission: str) -> None:
        """Delete a submission with its files; Conflict when it has runs, which are results that others compare with."""
        with self._writing(identity) as unit:
            if unit.submission(submission).runs:
                raise Conflict("The submission has runs. Delete them first.")
            unit.group_service().delete_group(submission)


def _good_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(f"A submission's name needs 1 to {MAX_NAME} characters that can be printed.")
    return name


def _require_free(session: Session, benchmark: str, name: str) -> None:
    taken = select(GroupObject.group_id).where(GroupObject.workflow_id == benchmark, GroupObject.name == name)
    if session.scalar(taken) is not None:
        raise _taken(name)


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a submission '{name}' already. Choose another name.")


def _active_users(session: Session, identifiers: Sequence[str]) -> list[User]:
    """The users with these identifiers, each once; InvalidInput names those that there are not."""
    wanted = list(dict.fromkeys(identifiers))
    if not all(identifier.isprintable() for identifier in wanted):
        # No database takes halves of characters, nor every one a null character.
        raise InvalidInput("A member's identifier must be a text that can be printed.")
    found = {user.user_id: user for user in session.scalars(select(User).where(User.user_id.in_(wanted), User.active))}
    if unknown := [identifier for identifier in wanted if identifier not in found]:
        raise InvalidInput(f"There is no user with the identifier {', '.join(repr(u) for u in unknown)}.")
    return [found[identifier] for identifier in wanted]

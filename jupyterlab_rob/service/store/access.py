"""Who may touch what: the one place that decides, before any call of flowserv (whose own checks are full of holes)."""

from __future__ import annotations

from flowserv.model.base import GroupObject, RunObject, User
from flowserv.model.group import WorkflowGroupManager
from flowserv.model.run import RunManager
from sqlalchemy.orm import Session

from ...errors import Forbidden, NotFound


def member_of(session: Session, groups: WorkflowGroupManager, submission: str, user: str) -> GroupObject:
    """The submission, if ``user`` is one of its members; NotFound or Forbidden else."""
    group = groups.get_group(submission)
    if (
        not session.query(User)
        .filter(User.user_id == user, User.groups.any(GroupObject.group_id == submission))
        .count()
    ):
        raise Forbidden("This submission is not yours.")
    return group


def owner_of(session: Session, groups: WorkflowGroupManager, runs: RunManager, run: str, user: str) -> RunObject:
    """The run, if ``user`` is a member of its submission; NotFound or Forbidden else.

    A run without a submission (post-processing) is nobody's; flowserv takes everybody for its member and so lets
    anyone delete it.
    """
    found = runs.get_run(run)
    if found.group_id is None:
        raise NotFound(f"Unknown run '{run}'.")
    member_of(session, groups, found.group_id, user)
    return found

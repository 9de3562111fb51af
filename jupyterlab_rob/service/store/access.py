"""Who may touch what: the one place that decides, before any call of flowserv (whose own checks are full of holes)."""

from __future__ import annotations

from flowserv.model.base import GroupObject, RunObject, User, WorkflowObject, group_member
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...errors import Forbidden, NotFound
from ..identity import Identity
from .tables import coordinators


def find_benchmark(session: Session, benchmark: str) -> WorkflowObject:
    """The benchmark; NotFound when there is none."""
    workflow = session.get(WorkflowObject, benchmark)
    if workflow is None:
        raise NotFound(f"There is no benchmark '{benchmark}'.")
    return workflow


def member_of(session: Session, submission: str, identity: Identity) -> GroupObject:
    """The submission, if they are one of its members; NotFound or Forbidden else."""
    group = session.get(GroupObject, submission)
    if group is None:
        raise NotFound(f"There is no submission '{submission}'.")
    if (
        not session.query(User)
        .filter(User.user_id == identity.user, User.groups.any(GroupObject.group_id == submission))
        .count()
    ):
        raise Forbidden("This submission is not yours.")
    return group


def members_of(session: Session, submission: str) -> frozenset[str]:
    """The users that a submission belongs to, now: who may hear of its runs. Empty when there is no such submission."""
    of = group_member.c
    return frozenset(session.scalars(select(of.user_id).where(of.group_id == submission)))


def submissions_of(session: Session, identity: Identity) -> frozenset[str]:
    """The submissions that they are a member of, now."""
    of = group_member.c
    return frozenset(session.scalars(select(of.group_id).where(of.user_id == identity.user)))


def owner_of(session: Session, run: str, identity: Identity) -> RunObject:
    """The run, if they are a member of its submission; NotFound or Forbidden else.

    A run without a submission (post-processing) is nobody's; flowserv takes everybody for its member and so lets
    anyone delete it.
    """
    found = session.get(RunObject, run)
    if found is None or found.group_id is None:
        raise NotFound(f"There is no run '{run}'.")
    member_of(session, found.group_id, identity)
    return found


def is_coordinator_of(session: Session, benchmark: str, identity: Identity) -> bool:
    """Whether they may change the benchmark: one of its coordinators, or an administrator."""
    if identity.is_administrator:
        return True
    of = coordinators.c
    row = session.query(coordinators).filter(of.workflow_id == benchmark, of.user_id == identity.user)
    return identity.is_coordinator and row.first() is not None


def coordinator_of(session: Session, benchmark: str, identity: Identity) -> WorkflowObject:
    """The benchmark, if they are its coordinator; NotFound or Forbidden else."""
    workflow = find_benchmark(session, benchmark)
    if not is_coordinator_of(session, benchmark, identity):
        raise Forbidden(f"Only a coordinator of the benchmark '{benchmark}' may do this.")
    return workflow


def coordinator_of_run(session: Session, run: str, identity: Identity) -> RunObject:
    """The run, if they are a coordinator of its benchmark, whoever's it is; NotFound or Forbidden else."""
    found = session.get(RunObject, run)
    if found is None or found.group_id is None:
        raise NotFound(f"There is no run '{run}'.")
    coordinator_of(session, found.workflow_id, identity)
    return found


def require_coordinator(identity: Identity) -> None:
    if not identity.is_coordinator:
        raise Forbidden("Only coordinators may do this. Ask an administrator of the ROB service for that role.")


def require_administrator(identity: Identity) -> None:
    if not identity.is_administrator:
        raise Forbidden("Only administrators may do this.")

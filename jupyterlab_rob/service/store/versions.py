"""The versions of benchmarks.

Each has a declaration (what flowserv reads from its template) and a folder of its own, which never change. flowserv
knows one template of a workflow, so the workflow's row, and its submissions' copies, are those of the current version;
a run that belongs to an older one is judged and shown by its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flowserv.model.files as dirs
from flowserv.model.base import RunObject, User, WorkflowObject
from flowserv.util import utc_now
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ...errors import Conflict, NotFound
from ...models import JSON
from . import tables
from .storage import ConfinedStorage

#: The columns of flowserv's that make up a declaration.
COLUMNS = (
    "name",
    "description",
    "instructions",
    "workflow_spec",
    "parameters",
    "parameter_groups",
    "outputs",
    "postproc_spec",
    "ignore_postproc",
    "result_schema",
)

#: Values of these columns, as flowserv's objects have them.
Declaration = Mapping[str, Any]


@dataclass(frozen=True)
class NewVersion:
    """What is written down of a version; ``digest`` is of its files, ``user`` who made it, None for the package."""

    declaration: Declaration
    digest: str
    user: str | None
    note: str | None


def current(session: Session, benchmark: str) -> int:
    """The number of the benchmark's current version; they count from 1."""
    return session.scalar(_of(tables.benchmarks.c.version, benchmark)) or 1


def is_archived(session: Session, benchmark: str) -> bool:
    return bool(session.scalar(_of(tables.benchmarks.c.is_archived, benchmark)))


def require_open(session: Session, benchmark: str) -> None:
    """Conflict when the benchmark is archived: nothing is submitted to it any more."""
    if is_archived(session, benchmark):
        raise Conflict(
            f"The benchmark '{benchmark}' is archived: its results stay, but nothing can be submitted to it any more."
        )


def folder(storage: ConfinedStorage, benchmark: str, version: int) -> Path:
    """Where the files of a version are."""
    return folder_in(storage.locate(dirs.workflow_basedir(benchmark)), version)


def folder_in(files: Path, version: int) -> Path:
    """The same, in the folder of all files of the benchmark."""
    return files / "versions" / str(version)


def declared(session: Session, benchmark: str, version: int) -> WorkflowObject:
    """The benchmark as a version declares it; for the current one flowserv's own row, else an object of no session.

    Raises:
        NotFound: There is no such version.
    """
    workflow = session.get_one(WorkflowObject, benchmark)
    if version == current(session, benchmark):
        return workflow
    of = tables.versions.c
    document = session.scalar(select(of.template).where(of.workflow_id == benchmark, of.version == version))
    if document is None:
        raise NotFound(f"The benchmark '{benchmark}' has no version {version}.")
    return WorkflowObject(workflow_id=benchmark, **_read(document))


def of_run(session: Session, run: RunObject) -> WorkflowObject:
    """The benchmark as the version declares it that the run belongs to."""
    version = session.scalar(select(tables.runs.c.version).where(tables.runs.c.run_id == run.run_id))
    return declared(session, run.workflow_id, version or 1)


def digest(session: Session, benchmark: str, version: int) -> str:
    """Of the version's files; empty when it is not known."""
    of = tables.versions.c
    return session.scalar(select(of.digest).where(of.workflow_id == benchmark, of.version == version)) or ""


def set_digest(session: Session, benchmark: str, version: int, value: str) -> None:
    of = tables.versions.c
    session.execute(
        update(tables.versions).where(of.workflow_id == benchmark, of.version == version).values(digest=value)
    )


def are_somebodys(session: Session, benchmark: str) -> bool:
    """Whether a coordinator has made one of the versions."""
    of = tables.versions.c
    own = select(of.version).where(of.workflow_id == benchmark, of.created_by.is_not(None)).limit(1)
    return session.scalar(own) is not None


def impose(run: RunObject, own: WorkflowObject) -> None:
    """Until the next commit let flowserv take ``own``, see :func:`of_run`, for the run's benchmark.

    At the end of a run it looks for the output files and metrics that the benchmark declares now: those of an old
    version would be missing, or be read by the wrong columns.
    """
    if run.workflow is not own:
        # Not as changes, which would be written.
        set_committed_value(run.workflow, "outputs", own.outputs)
        set_committed_value(run.workflow, "result_schema", own.result_schema)


def listing(session: Session, benchmark: str) -> list[JSON]:
    """All versions, newest first; see docs/protocol.md."""
    of = tables.versions.c
    now = current(session, benchmark)
    counts = (
        select(tables.runs.c.version, func.count())
        .join(RunObject, RunObject.run_id == tables.runs.c.run_id)
        .where(RunObject.workflow_id == benchmark, RunObject.group_id.is_not(None))
        .group_by(tables.runs.c.version)
    )
    runs = {row[0]: row[1] for row in session.execute(counts)}
    found = session.execute(
        select(of.version, of.created_at, User.name, of.note)
        .outerjoin(User, User.user_id == of.created_by)
        .where(of.workflow_id == benchmark)
        .order_by(of.version.desc())
    )
    return [
        {
            "version": version,
            "createdAt": created_at,
            "createdBy": created_by,
            "note": note,
            "runs": runs.get(version, 0),
            "isCurrent": version == now,
        }
        for version, created_at, created_by, note in found
    ]


def write_first(session: Session, benchmark: str, new: NewVersion) -> None:
    """Write down a new benchmark with its first version."""
    session.add(WorkflowObject(workflow_id=benchmark, **new.declaration))
    session.execute(insert(tables.benchmarks).values(workflow_id=benchmark, version=1, is_archived=False))
    _write(session, benchmark, 1, new)


def write_next(session: Session, workflow: WorkflowObject, new: NewVersion) -> int:
    """Make this the benchmark's current version; its number."""
    version = current(session, workflow.workflow_id) + 1
    for name, value in new.declaration.items():
        setattr(workflow, name, value)
    for group in workflow.groups:
        group.parameters = workflow.parameters
        group.workflow_spec = workflow.workflow_spec
    set_current(session, workflow.workflow_id, version=version, is_archived=False)
    _write(session, workflow.workflow_id, version, new)
    return version


def set_current(session: Session, benchmark: str, **values: Any) -> None:
    session.execute(update(tables.benchmarks).where(tables.benchmarks.c.workflow_id == benchmark).values(**values))


def _write(session: Session, benchmark: str, version: int, new: NewVersion) -> None:
    session.execute(
        insert(tables.versions).values(
            workflow_id=benchmark,
            version=version,
            created_at=utc_now(),
            created_by=new.user,
            note=new.note,
            digest=new.digest,
            template=_document(new.declaration),
        )
    )


def _document(declaration: Declaration) -> JSON:
    """A declaration as JSON: flowserv's columns have their own way with each object."""
    return {name: _plain(name, declaration.get(name)) for name in COLUMNS}


def _plain(name: str, value: Any) -> Any:
    convert = getattr(WorkflowObject.__table__.c[name].type, "process_bind_param", None)
    return value if convert is None or value is None else json.loads(convert(value, None))


def _read(document: JSON) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in COLUMNS:
        value = document.get(name)
        convert = getattr(WorkflowObject.__table__.c[name].type, "process_result_value", None)
        values[name] = value if convert is None or value is None else convert(json.dumps(value), None)
    return values


def _of(column: Any, benchmark: str) -> Any:
    return select(column).where(tables.benchmarks.c.workflow_id == benchmark)

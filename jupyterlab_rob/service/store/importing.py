"""Brings a benchmark folder (a flowserv 0.9 template) into the store."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import flowserv.model.files as dirs
from flowserv.model.base import WorkflowObject
from flowserv.model.workflow.manifest import WorkflowManifest
from sqlalchemy.orm import Session

from ...errors import InvalidInput
from .storage import ConfinedStorage

#: The benchmarks that come with the package.
BUNDLED = Path(__file__).parents[2] / "benchmarks"

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def bundled_folders() -> dict[str, Path]:
    """Identifier and folder of each bundled benchmark."""
    return {
        folder.name.replace("_", "-"): folder
        for folder in sorted(BUNDLED.iterdir())
        if (folder / "flowserv.yaml").is_file()
    }


def add_benchmark(session: Session, storage: ConfinedStorage, folder: Path, identifier: str) -> WorkflowObject:
    """Add the benchmark in ``folder`` under ``identifier`` (lower-case letters, digits and hyphens, at most 32).

    Written here and not by flowserv's manager, which allows no hyphen and whose manifest can name files outside the
    folder.

    Raises InvalidInput when the folder holds no usable template, and flowserv's errors for a template that it finds
    wrong.
    """
    if not _IDENTIFIER.fullmatch(identifier):
        raise InvalidInput(
            f"'{identifier}' is no name for a benchmark: use lower-case letters, digits and hyphens, at most 32."
        )
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    if links:
        raise InvalidInput(f"The benchmark has a link, '{links[0].relative_to(folder)}'; links are not taken.")
    manifest = WorkflowManifest.load(basedir=str(folder))
    template = manifest.template()
    static = storage.locate(dirs.workflow_staticdir(identifier))
    shutil.rmtree(static, ignore_errors=True)
    partial = static.with_name(f"static.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    os.replace(partial, static)
    workflow = WorkflowObject(
        workflow_id=identifier,
        name=manifest.name,
        description=manifest.description,
        instructions=manifest.instructions,
        workflow_spec=template.workflow_spec,
        parameters=template.parameters,
        parameter_groups=template.parameter_groups,
        outputs=template.outputs,
        # Post-processing is not run yet.
        postproc_spec=template.postproc_spec,
        ignore_postproc=True,
        result_schema=template.result_schema,
    )
    session.add(workflow)
    return workflow

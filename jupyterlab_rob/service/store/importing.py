"""Reads a benchmark's folder (a flowserv 0.9 template) before it becomes a version: checked, parsed, and aside."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowserv.model.workflow.manifest import WorkflowManifest

from ...errors import InvalidInput
from ...models import Problem
from ...packing import PackingLimits, packed_files, unpack
from ...templates import Finding, check_template
from ...templates.folder import NOT_COPIED
from .incoming import IncomingFile
from .versions import Declaration, NewVersion

#: The benchmarks that come with the package.
BUNDLED = Path(__file__).parents[2] / "benchmarks"

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
#: What stands in a benchmark's place in the API's routes, and in the folder of all files.
_RESERVED = ("check", "incoming", "tmp")


def bundled_folders() -> dict[str, Path]:
    """Identifier and folder of each bundled benchmark."""
    return {
        folder.name.replace("_", "-"): folder
        for folder in sorted(BUNDLED.iterdir())
        if (folder / "flowserv.yaml").is_file()
    }


def require_identifier(identifier: str) -> None:
    if not _IDENTIFIER.fullmatch(identifier) or identifier in _RESERVED:
        raise InvalidInput(
            f"'{identifier}' can't be a benchmark's identifier: use lower-case letters, digits and hyphens, at most "
            f"32, and none of {', '.join(_RESERVED)}."
        )


@contextmanager
def unpacked(content: IncomingFile, identifier: str, limits: PackingLimits) -> Iterator[Path]:
    """The folder that was sent, beside the complete file ``content``; removed in the end unless it was moved."""
    with _aside(content.path.parent) as aside:
        folder = aside / identifier
        with content.open() as archive:
            unpack(archive, folder, limits)
        yield folder


@contextmanager
def copied(source: Path, identifier: str, incoming: Path) -> Iterator[Path]:
    """A copy of a folder of this machine's, in the folder ``incoming``; removed in the end unless it was moved."""
    with _aside(incoming) as aside:
        folder = aside / identifier
        ignore = shutil.ignore_patterns(*NOT_COPIED)
        # Links as they are: they are found when it is read, and never followed.
        shutil.copytree(source, folder, ignore=ignore, symlinks=True)
        yield folder


@contextmanager
def _aside(incoming: Path) -> Iterator[Path]:
    aside = incoming / f"{secrets.token_hex(16)}.folder"
    aside.mkdir(mode=0o700)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check(folder: Path) -> list[Finding]:
    """What is wrong with the template in ``folder``."""
    return check_template(folder)


def require_sound(folder: Path) -> list[Finding]:
    """Check the template in ``folder``; its warnings. InvalidInput when there are errors; ``problems`` has all."""
    findings = check(folder)
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        found = "an error" if errors == 1 else f"{errors} errors"
        problems = [Problem(f.severity, f.message, file=f.file, line=f.line) for f in findings]
        raise InvalidInput(f"The benchmark's folder has {found}; nothing was changed.", problems)
    return findings


def read(folder: Path, user: str | None, note: str | None) -> NewVersion:
    """What becomes a version of the template in ``folder``; InvalidInput when flowserv finds it wrong."""
    return NewVersion(parse(folder), digest_of(folder), user, note)


def parse(folder: Path) -> Declaration:
    """What flowserv reads from the template in ``folder``; InvalidInput when it finds it wrong.

    Read here and not by flowserv's manager, which allows no hyphen and whose manifest can name files outside the
    folder.
    """
    for _ in packed_files(folder):
        # flowserv would follow a link.
        pass
    try:
        manifest = WorkflowManifest.load(basedir=str(folder))
        template = manifest.template()
    except Exception as error:
        # Whatever it stumbles over: it takes a template apart without a look at what it is given.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InvalidInput(f"The benchmark's template can't be read: {reason.rstrip('.')}.") from error
    return {
        "name": manifest.name,
        "description": manifest.description,
        "instructions": manifest.instructions,
        "workflow_spec": template.workflow_spec,
        "parameters": template.parameters,
        "parameter_groups": template.parameter_groups,
        "outputs": template.outputs,
        "postproc_spec": template.postproc_spec,
        # flowserv's own post-processing is never called.
        "ignore_postproc": True,
        "result_schema": template.result_schema,
    }


def digest_of(folder: Path) -> str:
    """SHA-256, in hex, of all files in the folder: their names, whether they can be executed, and their bytes."""
    digest = hashlib.sha256()
    for path in packed_files(folder):
        status = path.lstat()
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{bool(status.st_mode & stat.S_IXUSR):d}{status.st_size}\0".encode())
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()

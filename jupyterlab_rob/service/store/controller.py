"""flowserv's workflow controller, by which it starts a run: here that means to write the run's plan, and no more."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import flowserv.model.template.parameter as tp
from flowserv.controller.base import WorkflowController
from flowserv.model.base import RunObject
from flowserv.model.parameter.actor import ActorValue
from flowserv.model.template.base import WorkflowTemplate
from flowserv.model.workflow.state import WorkflowState
from flowserv.volume.base import StorageVolume
from sqlalchemy.orm import object_session

from ...errors import InvalidInput
from ...notebooks import kernel_name, parse
from ..engine.environment import require_fitting
from ..engine.files import FileProblem, inside
from ..engine.limits import Limits, step_limits, workflow_limits
from ..engine.plan import Plan, RunFolder, Step
from . import versions
from .storage import ConfinedStorage


class PreparationFailed(Exception):
    """The run could not be prepared; ``__cause__`` says why. flowserv has written the run down as PENDING by then."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class PlanController(WorkflowController):  # type: ignore[misc]
    """Writes plans into ``runs``; the queue carries them out.

    Instead of flowserv's serial engine, which forks the threaded server, has no limit to what runs at once, leaves
    runs active for ever when a step goes wrong in an unforeseen way, and imports a template's ``func`` in the server.
    """

    def __init__(self, runs: Path, ceiling: Limits) -> None:
        """``ceiling``: the service's own limits, within which those of benchmarks are."""
        self._runs = runs
        self._ceiling = ceiling

    def folder(self, run: str) -> RunFolder:
        return RunFolder(self._runs / run)

    def cancel_run(self, run_id: str) -> None:
        """Nothing: the queue ends the processes."""

    def exec_workflow(
        self,
        run: RunObject,
        template: WorkflowTemplate,
        arguments: dict[str, Any],
        staticfs: StorageVolume,
        config: dict[str, Any] | None = None,
    ) -> tuple[WorkflowState, StorageVolume]:
        """Copy the inputs, write the plan, and answer that the run is PENDING.

        ``config`` is ignored: by it a caller could set a step's environment.
        """
        folder = self.folder(run.run_id)
        try:
            folder.create()
            files = ConfinedStorage(folder.given)
            static = _static(run, staticfs)
            for name, parameter in template.parameters.items():
                value = arguments.get(name)
                if value is not None and parameter.is_file():
                    if not parameter.target:
                        _require_free(name, str(value), static)
                    value.copy(target=files)
                elif isinstance(value, ActorValue):
                    for file in value.files or ():
                        file.copy(target=ConfinedStorage(folder.path))
            provided = [str(arguments[name]) for name, parameter in template.parameters.items()
                        if parameter.is_file() and arguments.get(name) is not None]  # fmt: skip
            plan = self.write_plan(run.run_id, run.workflow_id, run.group_id, template, arguments, static, provided)
            if any(step.commands for step in plan.steps):
                require_fitting(plan.variables)
        except Exception as error:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise PreparationFailed(run.run_id) from error
        return run.state(), files

    def write_plan(
        self,
        run: str,
        benchmark: str,
        submission: str | None,
        template: WorkflowTemplate,
        arguments: Mapping[str, Any],
        static: Path,
        provided: Collection[str] = (),
    ) -> Plan:
        """Write the plan of a run whose folder is there; ``static`` holds the benchmark's own files, and ``provided``
        are where the files are that a participant has provided."""
        folder = self.folder(run)
        limits = workflow_limits(template.workflow_spec).capped(self._ceiling)
        steps, variables = _expanded(template, arguments, limits, provided)
        places = (folder.path, folder.given, static)
        steps = tuple(replace(step, kernel=_kernel(step, places)) if step.notebook else step for step in steps)
        outputs = tuple(template.workflow_spec.get("files", {}).get("outputs", ()))
        plan = Plan(run, benchmark, submission, str(static), variables, steps, outputs, limits=limits)
        plan.write(folder)
        return plan


def _require_free(name: str, target: str, static: Path) -> None:
    """A target that the client has chosen must not replace what the benchmark provides: its data, or its evaluation."""
    path = ConfinedStorage(static).locate(target)
    # Neither the file itself nor a folder on the way to it.
    if any(step.exists() and not step.is_dir() for step in (path, *path.parents)) or path.is_dir():
        raise InvalidInput(f"The file of '{name}' can't be put at '{target}', where the benchmark has its own.")


def _static(run: RunObject, staticfs: StorageVolume) -> Path:
    """The files of the version that is current now; flowserv knows one folder for all."""
    session = object_session(run)
    assert session is not None
    return versions.folder_in(Path(staticfs.basedir).parent, versions.current(session, run.workflow_id))


def _kernel(step: Step, places: Sequence[Path]) -> str | None:
    """The kernel that the step's notebook asks for, if the notebook is there and says so."""
    for place in places:
        try:
            path = inside(place, step.notebook or "")
            if path.is_file():
                return kernel_name(parse(path.read_bytes()))
        except (FileProblem, InvalidInput):
            # The step itself will say so.
            return None
    return None


def _expanded(
    template: WorkflowTemplate, arguments: Mapping[str, Any], limits: Limits, provided: Collection[str]
) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The template's steps and the values of its parameters, for these arguments."""
    # A copy: flowserv's own parser writes one run's values into the shared specification.
    specification = copy.deepcopy(template.workflow_spec)
    variables = {
        name: _plain(tp.expand_value(value=value, arguments=arguments, parameters=template.parameters))
        for name, value in specification.get("parameters", {}).items()
    }
    documents = specification.get("steps", [])
    steps = [
        replace(
            step,
            limits=step_limits(document, limits),
            is_participants=step.is_participants or _is_given(step, provided),
        )
        for document in documents
        if (step := _step(document, template, arguments))
    ]
    return tuple(steps), variables


def _is_given(step: Step, provided: Collection[str]) -> bool:
    """Whether the step is given a file that a participant has provided, and so may be made by it."""
    if step.inputs is None or step.notebook in provided:
        return bool(provided)
    paths = [PurePosixPath(file) for file in provided]
    return any(PurePosixPath(name) in (path, *path.parents) for name in step.inputs for path in paths)


def _step(document: dict[str, Any], template: WorkflowTemplate, arguments: Mapping[str, Any]) -> Step | None:
    """The step that ``document`` declares; None for an optional one that nobody filled."""
    files = document.get("files", {})
    name, action, outputs = document["name"], document["action"], tuple(files.get("outputs", ()))
    inputs = tuple(files["inputs"]) if "inputs" in files else None
    if isinstance(action, str):
        parameter = template.parameters[tp.get_name(action)]
        value = arguments.get(parameter.name)
        if isinstance(value, ActorValue):
            # A participant's step gets what it declares, and nothing when it declares nothing: never all files.
            return Step(
                name,
                inputs or (),
                outputs,
                notebook=value.spec["notebook"],
                arguments=value.spec.get("parameters"),
                is_participants=True,
            )
        if parameter.default is None:
            return None
        action = parameter.default
    if "commands" in action:
        return Step(name, inputs, outputs, commands=tuple(action["commands"]))
    if "notebook" in action:
        return Step(name, inputs, outputs, notebook=action["notebook"], arguments=action.get("params"))
    # ``func`` above all: flowserv would import it in the server.
    raise InvalidInput(
        f"The benchmark's step '{name}' is of a kind that this service does not run; its coordinator must change it."
    )


def _plain(value: Any) -> Any:
    """A value as it goes into the plan: a file argument becomes its path."""
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)

"""What participants must not get: the evaluation's files, and a hand in the evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .findings import Finding
from .folder import Folder, covered, covers, normal
from .nodes import Node
from .parameters import Parameter
from .steps import Step

_TRUTH = re.compile(
    r"(^|[^a-z])(private|hidden|secrets?|truth|ground_?truth|labels?|solutions?|answers?)([^a-z]|$)", re.IGNORECASE
)
_TRAINING = re.compile(r"(^|[^a-z])train(ing)?([^a-z]|$)", re.IGNORECASE)
_CODE = (".py", ".ipynb", ".sh", ".r", ".jl")


def looks_like_truth(name: str) -> bool:
    """Whether the name is one that right answers go by; those to train with are given away on purpose."""
    return bool(_TRUTH.search(name)) and not _TRAINING.search(name)


@dataclass(frozen=True)
class Evaluation:
    """What the coordinator's steps after a participant's read of the folder: each path, and the step that reads it."""

    reads: Mapping[str, str]

    @classmethod
    def of(cls, workflow: Node, steps: list[Step], folder: Folder) -> Evaluation:
        reads: dict[str, str] = {}
        for step in own_steps(steps):
            names = {normal(path.value) for path in step.inputs or ()}
            within = names if step.inputs is not None else {"."}
            # A command names more exactly what it reads of the folders that it is given.
            names |= {word for word in step.words(workflow) if any(covers(name, word) for name in within)}
            for name in sorted(names):
                if covered(name, folder.files):
                    reads.setdefault(name, step.name)
        return cls(reads)


def own_steps(steps: list[Step]) -> list[Step]:
    """The coordinator's steps that come after a participant's."""
    first = next((number for number, step in enumerate(steps) if step.parameter is not None), len(steps))
    return [step for step in steps[first:] if step.parameter is None]


def check_leaks(
    specification: Node, workflow: Node, steps: list[Step], parameters: Mapping[str, Parameter], folder: Folder
) -> Iterator[Finding]:
    evaluation = Evaluation.of(workflow, steps, folder)
    filled = [step for step in steps if step.parameter is not None]
    shared = {normal(path.value) for step in filled for path in step.inputs or ()}
    for step in filled:
        for path in step.inputs or ():
            yield from _check_input(path, step, evaluation, shared, folder)
        for path in step.outputs:
            yield from _check_output(path, step, evaluation, folder)
    yield from _check_metrics(specification, steps)
    for parameter in parameters.values():
        yield from _check_target(parameter, evaluation, folder)


def _check_input(path: Node, step: Step, evaluation: Evaluation, shared: set[str], folder: Folder) -> Iterator[Finding]:
    name = normal(path.value)
    given = covered(name, folder.files)
    leaked: dict[str, str] = {}
    for read, reader in evaluation.reads.items():
        inner = covered(read, folder.files) & given - shared if covers(name, read) and read not in shared else set()
        same = {file for file in covered(read, folder.files) & given if looks_like_truth(file)}
        leaked.update(dict.fromkeys(inner | same, reader))
    data = sorted(file for file in leaked if not file.lower().endswith(_CODE))
    if data:
        yield path.error(
            f"The step '{step.name}' gives participants '{path.value}' and with it {_listed(data)}, which the "
            f"step '{leaked[data[0]]}' needs to evaluate; name one by one the files that participants may have."
        )
    code = sorted(set(leaked) - set(data))
    if code:
        yield path.warning(
            f"The step '{step.name}' gives participants '{path.value}' and with it {_listed(code)}, the evaluation's "
            "code; name one by one the files that participants need."
        )
    others = sorted(file for file in given - set(leaked) if looks_like_truth(file))
    if others:
        yield path.warning(
            f"The step '{step.name}' gives participants {_listed(others)}: by the name these are right answers. "
            "Take them out of its inputs, or give them another name if they are not."
        )


def _check_output(path: Node, step: Step, evaluation: Evaluation, folder: Folder) -> Iterator[Finding]:
    replaced = _evaluated(covered(normal(path.value), folder.files), evaluation)
    if replaced:
        yield path.error(
            f"The step '{step.name}' hands on '{path.value}', so participants could replace {_listed(replaced)}, "
            "which the evaluation uses; let participants write elsewhere, for instance below 'results/'."
        )


def _check_target(parameter: Parameter, evaluation: Evaluation, folder: Folder) -> Iterator[Finding]:
    replaced = _evaluated(covered(normal(parameter.target), folder.files), evaluation) if parameter.target else []
    target = parameter.node.get("target") or parameter.node
    if replaced:
        yield target.error(
            f"What participants give for '{parameter.name}' would replace {_listed(replaced)}, which the evaluation "
            "uses; choose another target."
        )


def _evaluated(files: set[str], evaluation: Evaluation) -> list[str]:
    """Those of ``files`` that the evaluation reads; what only keeps a folder in place does not count."""
    return sorted(
        file
        for file in files
        if any(covers(read, file) for read in evaluation.reads) and not file.rpartition("/")[2].startswith(".")
    )


def _check_metrics(specification: Node, steps: list[Step]) -> Iterator[Finding]:
    """The last step that makes the metrics must be the coordinator's."""
    metrics = specification.get("results", "file")
    if metrics is None or not isinstance(metrics.value, str):
        return
    makers = [step for step in steps if any(covers(normal(path.value), normal(metrics.value)) for path in step.outputs)]
    if makers and makers[-1].parameter is not None:
        yield metrics.error(
            f"The metrics file '{metrics.value}' is made by the participant's step '{makers[-1].name}', so "
            "participants could write their own score; let a step of yours compute it."
        )


def _listed(files: list[str]) -> str:
    shown = ", ".join(f"'{file}'" for file in files[:3])
    return shown if len(files) <= 3 else f"{shown} and {len(files) - 3} more"

"""The limits of a workflow and of its steps."""

from __future__ import annotations

from collections.abc import Iterator

from ..service.engine.limits import Limits, limit_problems, read_limits
from .findings import Finding
from .nodes import Node


def check_limits(workflow: Node) -> Iterator[Finding]:
    """Whether ``limits`` of the workflow and of its steps are such as a run can be held to."""
    limits = workflow.get("limits")
    if limits is not None:
        yield from _check(limits, "'limits' of the workflow")
    run = _readable(limits)
    for step in workflow.elements_of("steps"):
        own = step.get("limits")
        if own is not None:
            what = f"'limits' of the step '{(step.text('name') or '')[:100]}'"
            yield from _check(own, what)
            yield from _check_within(own, what, run)


def _check(limits: Node, what: str) -> Iterator[Finding]:
    # What was refused already has a finding, and no value.
    mapping = _known(limits) if isinstance(limits.value, dict) else limits.value
    for problem in limit_problems(mapping, what) if not limits.refused else ():
        if problem.key is None:
            yield limits.error(problem.message)
        else:
            node = limits.get(problem.key) if problem.at_value else limits.at(problem.key)
            yield (node or limits).error(problem.message)


def _check_within(own: Node, what: str, run: Limits) -> Iterator[Finding]:
    """A step's limits that those of the workflow leave without effect."""
    step = _readable(own)
    for key, _ in own.items():
        mine, all_steps = getattr(step, key, None), getattr(run, key, None)
        if key == "network":
            if mine and not all_steps:
                yield own.at(key).warning(
                    f"'network' of {what} has no effect: the workflow's limits do not allow it; add `network: true` "
                    "there, and `network: false` to the steps that shall not have it."
                )
        elif mine is not None and all_steps is not None and mine > all_steps:
            yield own.at(key).warning(f"'{key}' of {what} has no effect: that of the workflow is lower.")


def _readable(limits: Node | None) -> Limits:
    """The limits without those that are wrong."""
    if limits is None or not isinstance(limits.value, dict):
        return Limits()
    known = _known(limits)
    wrong = {problem.key for problem in limit_problems(known)}
    return read_limits({key: value for key, value in known.items() if key not in wrong})


def _known(limits: Node) -> dict[str, object]:
    return {key: node.value for key, node in limits.items() if not node.refused}

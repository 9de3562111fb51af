from __future__ import annotations

from typing import Any, get_args

import pytest

from jupyterlab_rob.service.engine.cause import MAX_TEXT, Blame, Cause, CauseKind


@pytest.mark.parametrize(
    ("kinds", "participants", "coordinators"),
    [
        ("notebook kernel died memory time disk step output metrics", "participant", "coordinator"),
        ("template", "coordinator", "coordinator"),
        ("storage service", "service", "service"),
    ],
)
def test_who_is_to_blame(kinds: Any, participants: Blame, coordinators: Blame) -> None:
    for kind in kinds.split():
        assert kind in get_args(CauseKind)
        cause = Cause(kind, "no", cell=3)
        assert cause.in_step("a", is_participants=True) == Cause(kind, "no", "a", 3, blame=participants)
        assert cause.in_step("b", is_participants=False) == Cause(kind, "no", "b", 3, blame=coordinators)


def test_blame_that_nobody_told() -> None:
    assert Cause("notebook", "no", "predict").blame == "participant"
    assert Cause("output", "no").blame == "coordinator"
    assert Cause("metrics", "no", "evaluate").blame == "coordinator"
    assert Cause.from_dict({"kind": "kernel", "message": "no", "step": "a", "blame": "nobody"}).blame == "participant"


def test_what_another_version_wrote() -> None:
    old = {"kind": "notebook", "message": "no", "step": "a", "cell": 1, "cellId": None, "ename": "E", "evalue": ""}
    assert Cause.from_dict(old) == Cause("notebook", "no", "a", 1, None, "E", "")
    newer = {**Cause("step", "no").to_dict(), "more": 1}
    assert Cause.from_dict(newer) == Cause("step", "no")
    assert Cause.from_dict({**old, "kind": "of tomorrow"}).blame == "service"


@pytest.mark.parametrize(
    "document", [None, [], "step", {}, {"kind": "step"}, {"kind": 1, "message": "a"}, {"message": "a", "kind": None}]
)
def test_what_is_no_cause(document: Any) -> None:
    with pytest.raises(ValueError, match="cause"):
        Cause.from_dict(document)


def test_texts_are_cut_whoever_wrote_them() -> None:
    long, longest = "x" * (MAX_TEXT + 1), "y" * MAX_TEXT
    cause = Cause.from_dict({"kind": "step", "message": long, "ename": longest, "evalue": long, "cell": 1})
    assert (cause.message, cause.ename, cause.cell) == ("x" * (MAX_TEXT - 1) + "…", longest, 1)
    assert cause.evalue == cause.message

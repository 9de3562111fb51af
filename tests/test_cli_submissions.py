"""``jupyter rob submissions …`` as processes of their own, with a real service."""

from __future__ import annotations

import json

import pytest

from jupyterlab_rob import embedded

from .conftest import Home
from .test_cli import document, rob
from .test_cli_users import PASSWORD, users


@pytest.fixture
def people(home: Home) -> str:
    """Two users besides the owner, whose name it is."""
    embedded.ensure()
    for name in ("ann", "bob"):
        assert users("add", name, password=PASSWORD).returncode == 0
    return str(
        document("submissions", "create", "mine", "-b", "number-predictor")["submission"]["members"][0]["username"]
    )


def members(*options: str) -> list[str]:
    told = document("submissions", "members", "mine", *options)["submission"]
    return sorted(member["username"] for member in told["members"])


def test_list_create_and_members(people: str) -> None:
    owner = people
    (listed,) = document("submissions", "list")["submissions"]
    assert (listed["name"], listed["workflow"]) == ("mine", "number-predictor")
    assert rob("submissions", "list", "-b", "number-predictor").stdout.splitlines()[1].split() == [
        "mine",
        "number-predictor",
        listed["id"],
    ]
    assert members() == [owner]
    assert members("--add", "ann", "--add", "Bob") == sorted([owner, "ann", "bob"])
    assert members("--remove", "ann") == sorted([owner, "bob"])
    assert members("--set", "ann", "--set", owner) == sorted([owner, "ann"])
    assert rob("submissions", "members", listed["id"]).stdout == f"Members: {', '.join(sorted([owner, 'ann']))}\n"

    done = rob("submissions", "create", "ours", "-b", "number-predictor", "--member", "bob")
    assert done.stdout.splitlines()[0] == "The submission ours to number-predictor was made."
    assert "bob" in done.stdout
    # Who leaves sees it no more.
    assert rob("submissions", "members", "ours", "--remove", owner).returncode == 0
    assert [group["name"] for group in document("submissions", "list")["submissions"]] == ["mine"]


def test_mistakes(people: str) -> None:
    for arguments, reason in (
        (("create", "mine", "-b", "number-predictor"), "There is a submission 'mine' already"),
        (("create", "other"), "Give -b BENCHMARK"),
        (("create", "other", "-b", "number-predictor", "--member", "nobody"), "There is no user 'nobody'"),
        (("members", "nothing"), "You have no submission nothing. Those that you have: jupyter rob submissions list"),
        (("members", "mine", "--remove", "ann"), f"ann is no member. The members are {people}."),
        (("members", "mine", "--remove", people), "A submission needs a member"),
        (("members", "mine", "--set", "ann", "--add", "bob"), "--set says who all members are"),
        (("members", "mine", "--add", "nobody"), "There is no user 'nobody'"),
    ):
        done = rob("submissions", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert reason in done.stderr
    assert members() == [people]


def test_nothing_yet(home: Home) -> None:
    assert "no submission yet" in rob("submissions", "list").stdout
    assert json.loads(rob("submissions", "list", "--json").stdout) == {"submissions": []}

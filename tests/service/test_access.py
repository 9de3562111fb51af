"""Who may do what: every route and method, tried by everybody.

A new route needs an entry in ``ENTRIES``: its path with placeholders (methods of ``World``), who may use it, and what
they are answered. All others must be refused: 401 without a valid token, 403 with one.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import pytest
import requests
from tornado import web

from jupyterlab_rob.service.api import application

from .accounts import PASSWORD, User, expire, log_in
from .api import TIMEOUT, Api, ServiceProcess, notebook, scoring

EVERYBODY = frozenset({"participant", "member", "other coordinator", "coordinator", "administrator"})
PUBLIC = EVERYBODY | {"no token"}
#: Of the submission.
MEMBERS = frozenset({"member"})
#: Of the benchmark; the coordinator of another one is not.
COORDINATORS = frozenset({"coordinator", "administrator"})
ANY_COORDINATOR = COORDINATORS | {"other coordinator"}
ADMINISTRATORS = frozenset({"administrator"})
NO_ONE: frozenset[str] = frozenset()

ASKERS = ("no token", "wrong token", "expired token", *sorted(EVERYBODY))


@dataclass(frozen=True)
class Entry:
    """A request, with placeholders in its path, its JSON and its form; ``status`` is for those who ``may``, None when
    they are not to try it."""

    method: str
    path: str
    may: frozenset[str]
    status: int | None
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None
    files: dict[str, tuple[str, bytes]] | None = None

    def expected(self, asker: str) -> int | None:
        """The status of the answer."""
        return self.status if asker in self.may else 403 if asker in EVERYBODY else 401


FOLDER = {"file": ("folder.tar.gz", b"no archive")}

ENTRIES = (
    Entry("GET", "", PUBLIC, 200),
    Entry("GET", "workflows", EVERYBODY, 200),
    Entry("GET", "workflows/{benchmark}", EVERYBODY, 200),
    Entry("GET", "workflows/{benchmark}/leaderboard", EVERYBODY, 200),
    Entry("GET", "workflows/{benchmark}/runs", EVERYBODY, 200),
    Entry("GET", "workflows/{benchmark}/groups", EVERYBODY, 200),
    Entry("POST", "workflows/{benchmark}/groups", EVERYBODY, 201, json={"name": "{new_name}"}),
    # The probe has no post-processing.
    Entry("GET", "workflows/{benchmark}/downloads/files/x", EVERYBODY, 404),
    Entry("GET", "workflows/{benchmark}/data", EVERYBODY, 200),
    Entry("GET", "workflows/{benchmark}/downloads/archive", EVERYBODY, 404),
    Entry("GET", "workflows/{benchmark}/postproc/log", COORDINATORS, 404),
    # What is no folder is refused for that, after it was asked who sends it.
    Entry("POST", "workflows", ANY_COORDINATOR, 400, form={"id": "mine"}, files=FOLDER),
    Entry("POST", "workflows/check", ANY_COORDINATOR, 400, form={"id": "mine"}, files=FOLDER),
    Entry("PUT", "workflows/{benchmark}", COORDINATORS, 400, form={"note": "none"}, files=FOLDER),
    # It has runs.
    Entry("DELETE", "workflows/{benchmark}", COORDINATORS, 409),
    Entry("GET", "workflows/{benchmark}/versions", EVERYBODY, 200),
    Entry("GET", "groups", EVERYBODY, 200),
    Entry("GET", "groups/{submission}", MEMBERS, 200),
    Entry("PUT", "groups/{submission}", MEMBERS, 200, json={"name": "{new_name}"}),
    Entry("DELETE", "groups/{new_submission}", MEMBERS, 204),
    Entry("GET", "groups/{submission}/runs", MEMBERS, 200),
    # Refused for what it says, after it was asked who says so.
    Entry("POST", "groups/{submission}/runs", MEMBERS, 400, json={"arguments": []}),
    Entry("GET", "uploads/{submission}/files", MEMBERS, 200),
    Entry("POST", "uploads/{submission}/files", MEMBERS, 201, files={"file": ("a.txt", b"text")}),
    Entry("GET", "uploads/{submission}/files/{upload}", MEMBERS, 200),
    Entry("DELETE", "uploads/{submission}/files/{new_upload}", MEMBERS, 204),
    Entry("GET", "runs/{run}", MEMBERS, 200),
    # It has ended.
    Entry("PUT", "runs/{run}", MEMBERS, 409, json={"reason": "none"}),
    Entry("DELETE", "runs/{new_run}", MEMBERS, 204),
    Entry("GET", "runs/{run}/downloads/files/{result}", MEMBERS, 200),
    Entry("GET", "runs/{run}/downloads/archive", MEMBERS, 200),
    Entry("GET", "runs/{run}/log", MEMBERS, 200),
    Entry("GET", "runs/{run}/coordinator-log", COORDINATORS, 200),
    Entry("GET", "runs/{run}/notebooks/first-step", MEMBERS, 200),
    Entry("GET", "runs/{run}/notebooks/of-the-coordinator", COORDINATORS, 200),
    Entry("GET", "users", EVERYBODY, 200),
    Entry("POST", "users/register", PUBLIC, 201, json={"username": "{new_name}", "password": PASSWORD}),
    Entry("POST", "users/login", PUBLIC, 200, json={"username": "{somebodys_name}", "password": PASSWORD}),
    # Of those who have a log-in; test_users.py has the rest.
    Entry("POST", "users/logout", EVERYBODY, None),
    Entry("GET", "users/whoami", EVERYBODY, 200),
    Entry("POST", "users/activate", ADMINISTRATORS, 200, json={"userId": "{somebody}"}),
    Entry("POST", "users/password/request", NO_ONE, None),
    Entry("POST", "users/password/reset", ADMINISTRATORS, 200, json={"userId": "{somebody}", "password": PASSWORD}),
    Entry("PUT", "users/{somebody}", ADMINISTRATORS, 200, json={"role": "participant"}),
    Entry("GET", "events", EVERYBODY, 200),
    Entry("GET", "status", EVERYBODY, 200),
    # test_app.py has the rest.
    Entry("POST", "shutdown", ADMINISTRATORS, None),
)


class World:
    """A service with a submission, and everybody. What begins with ``new_`` is made for each who may use it up."""

    benchmark = "probe"

    def __init__(self, process: ServiceProcess, owner: Api) -> None:
        self.url = owner.url
        self._process = process
        self._numbers = itertools.count()
        self._users = {role: User(owner.url, role) for role in (*sorted(EVERYBODY), "somebody")}
        for name, role in (
            ("coordinator", "coordinator"),
            ("other coordinator", "coordinator"),
            ("administrator", "administrator"),
        ):
            assert owner.request("PUT", f"users/{self._users[name].id}", json={"role": role}).status_code == 200
        database = sqlite3.connect(process.data_dir / "rob.db")
        with database:
            for name, benchmark in (("coordinator", "probe"), ("other coordinator", "number-predictor")):
                row = (benchmark, self._users[name].id)
                database.execute("INSERT INTO rob_coordinator (workflow_id, user_id) VALUES (?, ?)", row)
        database.close()
        self.member = self._users["member"]
        self.submission = self.member.submission()
        self.run = self.new_run
        self.somebody = self._users["somebody"].id
        self.somebodys_name = "somebody"

    @cached_property
    def headers(self) -> dict[str, dict[str, str]]:
        expired = log_in(self.url, "administrator")
        expire(self._process.data_dir, expired)
        tokens = {"wrong token": "wrong", "expired token": expired}
        tokens |= {role: self._users[role].token for role in EVERYBODY}
        return {"no token": {}, **{asker: {"Authorization": f"token {tokens[asker]}"} for asker in tokens}}

    @cached_property
    def upload(self) -> str:
        return self.new_upload

    @cached_property
    def result(self) -> str:
        return str(self.member.get(f"runs/{self.run}")["files"][0]["id"])

    @property
    def new_name(self) -> str:
        return f"new {next(self._numbers)}"

    @property
    def new_submission(self) -> str:
        return self.member.submission()

    @property
    def new_upload(self) -> str:
        return self.member.upload(self.submission, notebook(scoring(1)))

    @property
    def new_run(self) -> str:
        run = self.member.started(notebook(scoring(1)), self.submission)
        assert self.member.ended(run)["state"] == "SUCCESS"
        # The probe has no such step of its coordinator.
        folder = self._process.data_dir / "runs" / run
        (folder / "coordinator.log").write_text("secret")
        (folder / "coordinator" / "of-the-coordinator.ipynb").write_text("secret")
        return run

    def filled(self, text: str, make: bool) -> str:
        """``text`` with values for its placeholders; unless told to ``make`` them, there is no new submission, run or
        upload, but the one that must not be touched."""

        def value(match: re.Match[str]) -> str:
            name = match[1] if make or match[1] == "new_name" else match[1].removeprefix("new_")
            return str(getattr(self, name))

        return re.sub(r"\{(\w+)\}", value, text)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    process = ServiceProcess(tmp_path_factory.mktemp("access"))
    process.add_probe()
    with process.running("--registration") as owner:
        yield World(process, owner)


@pytest.mark.parametrize(
    ("entry", "asker", "expected"),
    [
        pytest.param(entry, asker, expected, id=f"{entry.method} {entry.path}: {asker}")
        for entry in ENTRIES
        for asker in ASKERS
        if (expected := entry.expected(asker)) is not None
    ],
)
def test_access(world: World, entry: Entry, asker: str, expected: int) -> None:
    make = asker in entry.may

    def filled(values: dict[str, Any] | None) -> dict[str, Any] | None:
        return values and {k: world.filled(v, make) if isinstance(v, str) else v for k, v in values.items()}

    with requests.request(
        entry.method,
        f"{world.url}/{world.filled(entry.path, make)}".rstrip("/"),
        json=filled(entry.json),
        data=filled(entry.form),
        files=entry.files,
        headers=world.headers[asker],
        timeout=TIMEOUT,
        stream=True,
    ) as answer:
        assert answer.status_code == expected, answer.text if expected != 200 else answer.status_code
        if expected in (401, 403):
            assert answer.json()["message"]


def test_what_must_not_be_touched_is_there(world: World) -> None:
    assert world.member.get(f"groups/{world.submission}")["members"] == [{"id": world.member.id, "username": "member"}]
    assert world.member.get(f"runs/{world.run}")["state"] == "SUCCESS"
    assert world.upload in [file["id"] for file in world.member.get(f"uploads/{world.submission}/files")["files"]]


def test_every_route_has_an_entry() -> None:
    table = _table()
    tried = {(entry.method, _route(re.sub(r"\{\w+\}", "x", entry.path))) for entry in ENTRIES}
    assert sorted(table - tried) == [], "say in ENTRIES who may use this"
    assert sorted(tried - table) == [], "there is no such route"


def _rules() -> list[tuple[str, type[web.RequestHandler]]]:
    rules = application(cast(Any, None), "").wildcard_router.rules
    return [(rule.matcher.regex.pattern, rule.target) for rule in rules]  # type: ignore[attr-defined]


def _table() -> set[tuple[str, str]]:
    missing = web.RequestHandler._unimplemented_method
    # HEAD is GET.
    methods = [method for method in web.RequestHandler.SUPPORTED_METHODS if method != "HEAD"]
    return {
        (method, pattern)
        for pattern, handler in _rules()
        for method in methods
        if getattr(handler, method.lower()) not in (missing, web.RequestHandler.options)
    }


def _route(path: str) -> str:
    """The pattern of the route that answers a path."""
    return next((pattern for pattern, _ in _rules() if re.match(pattern, f"/{path}".rstrip("/"))), "none")

"""Submissions and their members."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import requests

from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.store import Store

from .accounts import User
from .api import TIMEOUT, Api

WRONG = "User name or password is wrong."


def test_member_who_leaves_has_no_access(owner: Api) -> None:
    ann, bob = User(owner.url), User(owner.url)
    submission = ann.submission()
    path = f"groups/{submission}"
    assert bob.request("GET", path).status_code == 403
    assert ann.request("PUT", path, json={"members": [ann.id, bob.id, bob.id]}).status_code == 200
    assert bob.get("groups")["groups"] == [{"id": submission, "name": bob.get(path)["name"], "workflow": "probe"}]
    renamed = bob.request("PUT", path, json={"name": " Both of us "}).json()
    assert renamed["name"] == "Both of us"
    assert len(renamed["members"]) == 2, "a name alone changes no members"
    assert bob.request("PUT", path, json={"members": [bob.id]}).status_code == 200
    for gone in ("", "/runs"):
        assert ann.request("GET", path + gone).status_code == 403
    assert ann.request("GET", f"uploads/{submission}/files").status_code == 403
    assert ann.get("groups") == {"groups": []}
    answer = bob.request("PUT", path, json={"members": []})
    assert answer.status_code == 409
    assert "needs a member" in answer.json()["message"]


def test_unknown_members_are_named(owner: Api) -> None:
    ann, gone = User(owner.url), User(owner.url)
    owner.request("PUT", f"users/{gone.id}", json={"active": False})
    submission = ann.submission()
    for method, path in (("PUT", f"groups/{submission}"), ("POST", "workflows/probe/groups")):
        answer = ann.request(method, path, json={"name": "new", "members": [ann.id, "nosuch", gone.id]})
        assert answer.status_code == 400
        assert "'nosuch'" in answer.json()["message"]
        assert gone.id in answer.json()["message"]
        assert ann.id not in answer.json()["message"]
        assert ann.request(method, path, json={"name": "new", "members": "nosuch"}).status_code == 400


def test_names_of_submissions_are_unique(owner: Api) -> None:
    ann, bob = User(owner.url), User(owner.url)
    first, second = ann.submission(name="the one"), bob.submission()
    assert bob.request("PUT", f"groups/{second}", json={"name": " the one "}).status_code == 409
    assert bob.request("POST", "workflows/probe/groups", json={"name": "the one"}).status_code == 409
    assert ann.request("PUT", f"groups/{first}", json={"name": "the one"}).status_code == 200, "its own"
    for name in ("", "  ", "x" * 513, "new\nline", 5):
        assert ann.request("PUT", f"groups/{first}", json={"name": name}).status_code == 400
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: (
                    requests.post(
                        f"{owner.url}/workflows/probe/groups",
                        json={"name": "raced"},
                        headers={"Authorization": f"token {ann.token}"},
                        timeout=TIMEOUT,
                    ).status_code
                ),
                range(8),
            )
        )
    assert sorted(answers) == [201] + [409] * 7


def test_listing_of_submissions_in_pages(owner: Api) -> None:
    ann = User(owner.url)
    for letter in "cab":
        ann.submission(name=f"paged {letter}")
    page = ann.get("groups?limit=2&offset=1")
    assert ([group["name"] for group in page["groups"]], page["total"]) == (["paged b", "paged c"], 3)
    assert ann.get("workflows/probe/groups?limit=1")["total"] == 3
    assert ann.get("workflows/number-predictor/groups?limit=1") == {"groups": [], "total": 0}


def test_who_hears_of_runs(store: Store) -> None:
    ann, bob = (Identity(store.accounts.ensure_user(name), name, Role.PARTICIPANT) for name in ("ann", "bob"))
    submission = store.submissions.create(ann, "number-predictor", "a", [bob.user])["id"]
    assert store.submissions.members(submission) == {ann.user, bob.user}
    store.submissions.update(ann, submission, members=[bob.user])
    assert store.submissions.members(submission) == {bob.user}
    assert store.submissions.members("nosuch") == frozenset()

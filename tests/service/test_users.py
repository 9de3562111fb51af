"""Users: registration and administration; who sees what of whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from jupyterlab_rob.errors import ServiceUnavailable, Unauthenticated
from jupyterlab_rob.service.attempts import PER_NAME
from jupyterlab_rob.service.store import Store

from .accounts import PASSWORD, User, log_in, post, whoami
from .api import TIMEOUT, Api, ServiceProcess

WRONG = "User name or password is wrong."


# -- registration --


@pytest.mark.parametrize(
    ("name", "shown"),
    [(" Zoë ", "Zoë"), ("Zoe\u0308 2", "Zoë 2"), ("名前", "名前"), ("o'neil; --", "o'neil; --"), ("x" * 64, "x" * 64)],
)
def test_name_is_normalised(owner: Api, name: str, shown: str) -> None:
    answer = post(owner.url, "users/register", username=name, password=PASSWORD)
    assert answer.status_code == 201
    assert answer.json()["username"] == shown
    log_in(owner.url, shown)
    log_in(owner.url, name)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "dora"},
        {"username": "dora", "password": "seven77"},
        {"username": "dora", "password": "        "},
        {"username": "dora", "password": "x" * 257},
        {"username": "dora", "password": 12345678},
        {"username": "", "password": PASSWORD},
        {"username": "   ", "password": PASSWORD},
        {"username": "x" * 65, "password": PASSWORD},
        {"username": "new\nline", "password": PASSWORD},
        {"username": "zero\u200bwidth", "password": PASSWORD},
        {"username": "nul\0", "password": PASSWORD},
        {"username": "half \ud800", "password": PASSWORD},
        {"username": ["dora"], "password": PASSWORD},
        {"username": "dora", "password": PASSWORD, "email": "nowhere"},
        {"username": "dora", "password": PASSWORD, "email": 5},
        {"username": "dora", "password": PASSWORD, "role": "king"},
        {"username": "dora", "password": PASSWORD, "verify": "no"},
    ],
)
def test_registration_is_refused(owner: Api, body: dict[str, Any]) -> None:
    answer = post(owner.url, "users/register", **body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("other", ["Ann Twice", "ANN TWICE", "ａnn twice", " ann twice "])
def test_names_that_look_alike_are_one(owner: Api, other: str) -> None:
    post(owner.url, "users/register", username="ann twice", password=PASSWORD)
    answer = post(owner.url, "users/register", username=other, password=PASSWORD)
    assert answer.status_code == 409
    assert "is taken" in answer.json()["message"]


def test_eight_at_once_make_one_user(owner: Api) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: post(owner.url, "users/register", username="racer", password=PASSWORD).status_code, range(8)
            )
        )
    assert sorted(answers) == [201] + [409] * 7
    assert len(owner.get("users?query=racer")["users"]) == 1


def test_nobody_gives_themselves_a_role(owner: Api) -> None:
    body = {"username": "climber", "password": PASSWORD, "role": "administrator"}
    assert post(owner.url, "users/register", **body).status_code == 403
    assert owner.get("users?query=climber")["users"] == []


def test_who_shall_be_verified_waits_for_an_administrator(owner: Api) -> None:
    body = {"username": "patient", "password": PASSWORD}
    user = post(owner.url, "users/register", **body, verify=True).json()["id"]
    assert post(owner.url, "users/login", **body).status_code == 401
    assert owner.request("POST", "users/activate", json={"userId": user}).json() == {"id": user, "username": "patient"}
    assert post(owner.url, "users/login", **body).status_code == 200


def test_embedded_service_registers_nobody_but_administrators_do(service: ServiceProcess) -> None:
    with service.running() as api:
        body = {"username": "ann", "password": PASSWORD}
        answer = post(api.url, "users/register", **body)
        assert answer.status_code == 403
        assert "administrator" in answer.json()["message"]
        answer = api.request("POST", "users/register", json={**body, "role": "coordinator"})
        assert answer.status_code == 201
        headers = {"Authorization": f"token {log_in(api.url, 'ann')}"}
        assert requests.get(api.url, headers=headers, timeout=TIMEOUT).json()["role"] == "coordinator"
        # A coordinator registers nobody.
        body = {"username": "bob", "password": PASSWORD}
        url = f"{api.url}/users/register"
        assert requests.post(url, json=body, headers=headers, timeout=TIMEOUT).status_code == 403


# -- administration --


def test_role_and_activity_change_at_once(owner: Api) -> None:
    user = User(owner.url)
    document = owner.request("PUT", f"users/{user.id}", json={"role": "coordinator"}).json()
    assert document == {"id": user.id, "username": user.name, "role": "coordinator", "active": True}
    assert user.get("")["role"] == "coordinator"
    assert owner.request("PUT", f"users/{user.id}", json={"active": False}).json()["active"] is False
    assert whoami(owner.url, user.token) == 401
    body = {"username": user.name, "password": PASSWORD}
    answer = post(owner.url, "users/login", **body)
    assert (answer.status_code, answer.json()["message"]) == (401, WRONG)
    assert owner.request("PUT", f"users/{user.id}", json={"active": True}).status_code == 200
    assert whoami(owner.url, user.token) == 401, "a log-in does not come back"
    log_in(owner.url, user.name)


def test_owner_stays_an_administrator(owner: Api) -> None:
    me = owner.get("users/whoami")["id"]
    user = User(owner.url)
    assert owner.request("PUT", f"users/{user.id}", json={"role": "administrator"}).status_code == 200
    for body in ({"role": "participant"}, {"active": False}, {"role": "coordinator", "active": True}):
        for administrator in (owner, user):
            assert administrator.request("PUT", f"users/{me}", json=body).status_code == 409
    assert owner.get("users/whoami")["role"] == "administrator"
    assert user.request("PUT", f"users/{user.id}", json={"role": "participant"}).status_code == 200
    assert user.request("PUT", f"users/{user.id}", json={"role": "administrator"}).status_code == 403


@pytest.mark.parametrize("body", [{"role": "king"}, {"role": 5}, {"role": ["participant"]}, {"active": "no"}])
def test_change_is_refused(owner: Api, body: dict[str, Any]) -> None:
    me = owner.get("users/whoami")["id"]
    assert owner.request("PUT", f"users/{me}", json=body).status_code == 400


def test_unknown_user(owner: Api) -> None:
    assert owner.request("PUT", "users/nosuch", json={}).status_code == 404
    assert owner.request("POST", "users/activate", json={"userId": "nosuch"}).status_code == 404
    for body in ({"userId": "nosuch"}, {"username": "nosuch"}):
        answer = owner.request("POST", "users/password/reset", json={**body, "password": PASSWORD})
        assert answer.status_code == 404


def test_nobody_becomes_the_owner_by_name(store: Store) -> None:
    store.accounts.register("alice", PASSWORD)
    with pytest.raises(ServiceUnavailable, match="is no administrator"):
        store.accounts.ensure_owner("Alice")
    me = store.accounts.ensure_owner("carol")
    assert store.accounts.ensure_owner("carol") == me
    with pytest.raises(Unauthenticated):
        store.logins.login("carol", "", now=0, lifetime=1)


def test_administrator_resets_a_password(owner: Api) -> None:
    user = User(owner.url)
    second = log_in(owner.url, user.name)
    answer = owner.request("POST", "users/password/reset", json={"username": user.name, "password": "another password"})
    assert answer.json() == {"id": user.id, "username": user.name}
    assert [whoami(owner.url, token) for token in (user.token, second)] == [401, 401]
    assert post(owner.url, "users/login", username=user.name, password=PASSWORD).status_code == 401
    log_in(owner.url, user.name, "another password")


def test_oneself_needs_the_current_password(owner: Api) -> None:
    user, other = User(owner.url), User(owner.url)
    reset = "users/password/reset"
    new = "another password"
    for body in ({"password": new}, {"password": new, "userId": user.id}, {"password": new, "userId": other.id}):
        assert user.request("POST", reset, json=body).status_code == 403
    assert user.request("POST", reset, json={"password": new, "current": "wrong password"}).status_code == 403
    assert user.request("POST", reset, json={"password": "short", "current": PASSWORD}).status_code == 400
    # Whoever is named beside it, it is one's own.
    answer = user.request("POST", reset, json={"password": new, "current": PASSWORD, "userId": other.id})
    assert answer.json() == {"id": user.id, "username": user.name}
    assert whoami(owner.url, user.token) == 401
    log_in(owner.url, user.name, new)
    log_in(owner.url, other.name)


def test_guessing_the_current_password_is_limited(owner: Api) -> None:
    user = User(owner.url)
    body = {"password": "another password", "current": "wrong password"}
    answers = [user.request("POST", "users/password/reset", json=body).status_code for _ in range(PER_NAME + 1)]
    assert answers == [403] * PER_NAME + [429]


def test_password_request_leads_to_an_administrator(owner: Api) -> None:
    answer = User(owner.url).request("POST", "users/password/request", json={"username": "anyone"})
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.json()["message"]


# -- who sees what --


def test_listing(owner: Api) -> None:
    users = [User(owner.url, f"Listed {letter}%") for letter in "cab"]
    owner.request("PUT", f"users/{users[0].id}", json={"active": False})
    listed = users[1].get("users?query=LISTED")
    assert listed == {"users": [{"id": user.id, "username": user.name} for user in users[1:]]}
    seen = owner.get("users?query=listed")["users"]
    assert [(user["username"], user["role"], user["active"]) for user in seen] == [
        ("Listed a%", "participant", True),
        ("Listed b%", "participant", True),
        ("Listed c%", "participant", False),
    ]
    page = users[1].get("users?query=listed&limit=1&offset=1")
    assert page == {"users": [{"id": users[2].id, "username": users[2].name}], "total": 2}
    assert len(users[1].get("users?query=%25")["users"]) == 2, "a query is no pattern"
    assert users[1].get("users?query=_isted")["users"] == []
    for query in ("limit=0", "limit=x", "offset=-1", "limit=1001", "limit=1&offset=²"):
        assert users[1].get(f"users?{query}", 400)["message"]


def test_secrets_are_told_to_nobody(owner: Api, users_service: ServiceProcess) -> None:
    ann = User(owner.url, email="ann@example.org")
    bob = User(owner.url, email="bob@example.org")
    assert ann.get("users/whoami") == {
        "id": ann.id,
        "username": ann.name,
        "role": "participant",
        "email": "ann@example.org",
    }
    seen = owner.request("PUT", f"users/{bob.id}", json={"active": True}).json()
    assert seen["email"] == "bob@example.org", "administrators see it"

    submission = ann.submission()
    ann.request("PUT", f"groups/{submission}", json={"members": [ann.id, bob.id]})
    handle = bob.get(f"groups/{submission}")
    members = [{"id": user.id, "username": user.name} for user in (ann, bob)]
    assert sorted(handle["members"], key=lambda user: user["username"]) == members
    post(owner.url, "users/login", username=ann.name, password="a wrong password")
    told = [
        bob.request(method, path, json={"members": [ann.id, bob.id]} if method == "PUT" else None).text
        for method, path in (
            ("GET", ""),
            ("GET", "users"),
            ("GET", "users?query=user"),
            ("GET", "groups"),
            ("GET", f"groups/{submission}"),
            ("PUT", f"groups/{submission}"),
            ("GET", "workflows/probe"),
            ("GET", "workflows/probe/groups"),
            ("GET", "workflows/probe/leaderboard"),
            ("PUT", f"users/{ann.id}"),
            ("POST", "users/password/request"),
        )
    ]
    told.append(owner.request("GET", "users").text)
    told.append(post(owner.url, "users/register", username=ann.name, password=PASSWORD).text)
    told.append((users_service.data_dir / "service.log").read_text())
    for secret in ("ann@example.org", "$argon2", "password_hash", ann.token, bob.token, PASSWORD, "a wrong password"):
        assert [text for text in told if secret in text] == [], secret
    # A token is not in the database either.
    stored = b"".join(path.read_bytes() for path in users_service.data_dir.glob("rob.db*"))
    assert ann.id.encode() in stored
    assert ann.token.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_status_tells_others_only_what_concerns_them(owner: Api) -> None:
    assert owner.get("status").keys() >= {"kind", "dataDir", "pid"}
    assert owner.get("status")["kind"] == "shared"
    assert User(owner.url).get("status").keys().isdisjoint({"dataDir", "pid"})

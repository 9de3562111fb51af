"""Users: registration, log-in, log-out, administration; who sees what of whom."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher

from jupyterlab_rob.errors import ServiceUnavailable, Unauthenticated
from jupyterlab_rob.service.attempts import PER_ADDRESS, PER_NAME
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.passwords import Passwords
from jupyterlab_rob.service.store import Store

from .accounts import PASSWORD, User, expire, log_in, post, whoami
from .api import TIMEOUT, Api, ServiceProcess

WRONG = "User name or password is wrong."


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ServiceProcess:
    return ServiceProcess(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def owner(process: ServiceProcess) -> Iterator[Api]:
    """The owner's client of a service that registers users."""
    process.add_probe()
    with process.running("--registration") as client:
        yield client


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    store.open()
    yield store
    store.close()


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


# -- log-in --


def test_wrong_password_and_unknown_user_are_told_alike(owner: Api) -> None:
    user = User(owner.url)
    for name, password in ((user.name, "wrong password"), ("nobody at all", PASSWORD), (user.name, PASSWORD.upper())):
        answer = post(owner.url, "users/login", username=name, password=password)
        assert (answer.status_code, answer.json()) == (401, {"message": WRONG})


def test_unknown_user_costs_a_verification() -> None:
    """An answer that comes at once would tell who is there."""
    verified = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:
            verified.append(hash)
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    known = passwords.hash(PASSWORD)
    assert not passwords.verify(None, PASSWORD)
    assert not passwords.verify(None, "")
    assert not passwords.verify(known, "wrong")
    assert passwords.verify(known, PASSWORD)
    assert len(verified) == 4


def test_hash_by_other_parameters_is_replaced() -> None:
    weak = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).hash(PASSWORD)
    passwords = Passwords()
    assert passwords.verify(weak, PASSWORD)
    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(passwords.hash(PASSWORD))
    assert passwords.hash(PASSWORD).startswith("$argon2id$")
    assert not passwords.verify("no hash at all", PASSWORD)


def test_each_log_in_has_a_token_of_its_own(owner: Api) -> None:
    user = User(owner.url)
    second = log_in(owner.url, user.name)
    assert user.token != second
    assert user.request("POST", "users/logout").json() == {"id": user.id, "username": user.name}
    assert whoami(owner.url, user.token) == 401
    assert whoami(owner.url, second) == 200


def test_owners_token_does_not_log_out(owner: Api) -> None:
    assert owner.request("POST", "users/logout").status_code == 400
    assert owner.get("users/whoami")["role"] == "administrator"


def test_log_in_ends_with_its_time(store: Store) -> None:
    store.accounts.register("ann", PASSWORD)
    token = store.logins.login("ANN", PASSWORD, now=1000, lifetime=60)["token"]
    identity = store.logins.identity(token, now=1059.9)
    assert identity is not None
    assert (identity.name, identity.role) == ("ann", Role.PARTICIPANT)
    assert store.logins.identity(token, now=1060) is None
    store.logins.forget_expired(now=1060)
    assert store.logins.identity(token, now=1000) is None, "it has been swept"


def test_next_log_in_sweeps(store: Store) -> None:
    store.accounts.register("ann", PASSWORD)
    first = store.logins.login("ann", PASSWORD, now=1000, lifetime=60)["token"]
    second = store.logins.login("ann", PASSWORD, now=2000, lifetime=60)["token"]
    assert store.logins.identity(first, now=1000) is None
    assert store.logins.identity(second, now=2000) is not None


def test_expired_token_is_refused_everywhere(owner: Api, process: ServiceProcess) -> None:
    user = User(owner.url)
    expire(process.data_dir, user.token)
    for path in ("", "users/whoami", "workflows"):
        assert user.request("GET", path).status_code == 401
    assert user.request("POST", "users/login", json={"username": user.name, "password": PASSWORD}).status_code == 401


def test_lifetime_is_configured(service: ServiceProcess) -> None:
    with service.running("--registration", "--RobService.token_lifetime=86400") as api:
        user = User(api.url)
        assert whoami(api.url, user.token) == 200
    store = Store(service.data_dir)
    store.open()
    assert store.logins.identity(user.token, time.time() + 86400 - 3600) is not None
    assert store.logins.identity(user.token, time.time() + 86400) is None
    store.close()


def test_attempts_on_a_name_are_limited(owner: Api) -> None:
    user = User(owner.url)
    body = {"username": user.name, "password": "wrong password"}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: post(owner.url, "users/login", **body).status_code, range(PER_NAME + 2)))
    assert sorted(answers) == [401] * PER_NAME + [429] * 2
    refused = post(owner.url, "users/login", username=user.name.upper(), password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert "Try again in" in refused.json()["message"]
    assert user.get("users/whoami")["username"] == user.name, "who is logged in stays so"
    assert post(owner.url, "users/login", username="another", password=PASSWORD).status_code == 401


@pytest.mark.parametrize("trust", [True, False])
def test_attempts_from_an_address_are_limited(service: ServiceProcess, trust: bool) -> None:
    with service.running("--registration", f"--RobService.trust_xheaders={trust}") as api:
        session = requests.Session()

        def register(address: str) -> int:
            headers = {"X-Real-Ip": address}
            body = {"username": "ann", "password": "short"}
            url = f"{api.url}/users/register"
            return session.post(url, json=body, headers=headers, timeout=TIMEOUT).status_code

        assert {register("192.0.2.1") for _ in range(PER_ADDRESS)} == {400}
        assert register("192.0.2.1") == 429
        assert register("192.0.2.2") == (400 if trust else 429), "a header is believed only where a proxy sets it"


def test_form_of_a_web_page_is_refused(owner: Api) -> None:
    body = json.dumps({"username": "ann", "password": PASSWORD})
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        for path in ("users/login", "users/register"):
            url, headers = f"{owner.url}/{path}", {"Content-Type": media_type, "Origin": "https://example.org"}
            answer = requests.post(url, data=body, headers=headers, timeout=TIMEOUT)
            assert answer.status_code == 415
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    asked = requests.options(
        f"{owner.url}/users/login",
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"},
        timeout=TIMEOUT,
    )
    assert asked.status_code == 401
    assert not [name for name in asked.headers if name.lower().startswith("access-control")]


def test_credentials_are_small(owner: Api) -> None:
    assert post(owner.url, "users/login", username="ann", password="x" * 20_000).status_code == 413


@pytest.mark.parametrize("name", ["\ud800", "nul\0", "x" * 10_000, "%", "' OR 1=1 --"])
def test_strange_names_log_nobody_in(owner: Api, name: str) -> None:
    assert post(owner.url, "users/login", username=name, password="\ud800 password").status_code == 401


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


def test_secrets_are_told_to_nobody(owner: Api, process: ServiceProcess) -> None:
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
    told.append((process.data_dir / "service.log").read_text())
    for secret in ("ann@example.org", "$argon2", "password_hash", ann.token, bob.token, PASSWORD, "a wrong password"):
        assert [text for text in told if secret in text] == [], secret
    # A token is not in the database either.
    stored = b"".join(path.read_bytes() for path in process.data_dir.glob("rob.db*"))
    assert ann.id.encode() in stored
    assert ann.token.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_status_tells_others_only_what_concerns_them(owner: Api) -> None:
    assert owner.get("status").keys() >= {"kind", "dataDir", "pid"}
    assert owner.get("status")["kind"] == "shared"
    assert User(owner.url).get("status").keys().isdisjoint({"dataDir", "pid"})


# -- members of submissions --


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

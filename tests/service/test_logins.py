"""Log-ins: passwords, tokens, and how often somebody may try."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher

from jupyterlab_rob.service.attempts import PER_ADDRESS, PER_NAME
from jupyterlab_rob.service.identity import Role
from jupyterlab_rob.service.passwords import Passwords
from jupyterlab_rob.service.store import Store

from .accounts import PASSWORD, User, expire, log_in, post, whoami
from .api import TIMEOUT, Api, ServiceProcess

WRONG = "User name or password is wrong."


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


def test_expired_token_is_refused_everywhere(owner: Api, users_service: ServiceProcess) -> None:
    user = User(owner.url)
    expire(users_service.data_dir, user.token)
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

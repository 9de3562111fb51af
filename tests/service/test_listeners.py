"""Where the service listens, and how it is reached from there and from its own machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from jupyterlab_rob.connection import connection_file
from jupyterlab_rob.errors import ServiceUnavailable
from jupyterlab_rob.service.listeners import Listeners, is_loopback

from .accounts import PASSWORD, User, post
from .api import TIMEOUT, ServiceProcess

EVERYWHERE = "0.0.0.0"  # noqa: S104  (in tests)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for ``localhost`` and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "rob.pem", folder / "rob.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def given_url(service: ServiceProcess) -> str:
    """The address for others, as the log says it."""
    text = (service.data_dir / "service.log").read_text()
    return text.rpartition(" at http")[2].partition('"')[0].join(["http", ""])


@pytest.mark.parametrize(
    ("ip", "own"),
    [("127.0.0.1", "http://127.0.0.1:"), ("localhost", "http://"), (EVERYWHERE, "http://127.0.0.1:")],
)
def test_own_address_is_on_loopback(ip: str, own: str) -> None:
    listeners = Listeners(ip, 0)
    listeners.stop()
    assert listeners.own_url.startswith(own)
    assert listeners.given_url.startswith(f"http://{ip}:")
    assert listeners.own_url.rpartition(":")[2] == listeners.given_url.rpartition(":")[2]


@pytest.mark.parametrize(
    ("ip", "is_it"), [("127.0.0.2", True), ("::1", True), ("localhost", True), (EVERYWHERE, False)]
)
def test_loopback(ip: str, is_it: bool) -> None:
    assert is_loopback(ip) is is_it


def test_port_that_is_taken(service: ServiceProcess) -> None:
    first = Listeners("127.0.0.1", 0)
    port = int(first.own_url.rpartition(":")[2])
    _, said = service.spawn(f"--port={port}").communicate(timeout=TIMEOUT)
    first.stop()
    assert said.startswith(f"ERROR: The ROB service can't listen at 127.0.0.1, port {port}: ")


def test_address_of_nobody() -> None:
    with pytest.raises(ServiceUnavailable, match="no such host"):
        Listeners("no such host", 0)


def test_service_for_others(service: ServiceProcess) -> None:
    with service.running("--ip=0.0.0.0", "--registration") as owner:
        assert owner.url.startswith("http://127.0.0.1:")
        status = owner.get("status")
        assert (status["kind"], status["idleTimeout"]) == ("shared", 0)
        elsewhere = owner.url.replace("127.0.0.1", "127.0.0.2")
        user = User(elsewhere)
        # The address that the client knows, not one of the service's own machine.
        assert user.get("")["url"] == elsewhere
        assert user.get("")["registration"] is True
        assert "travel in clear" in (service.data_dir / "service.log").read_text()
        assert owner.request("POST", "shutdown").status_code == 202
    assert service.process is not None
    assert service.process.returncode == 0


def test_service_for_oneself(service: ServiceProcess) -> None:
    with service.running() as owner:
        status = owner.get("status")
        assert (status["kind"], status["idleTimeout"]) == ("embedded", 1800)
        with pytest.raises(requests.ConnectionError):
            requests.get(owner.url.replace("127.0.0.1", "127.0.0.2"), timeout=TIMEOUT)
        assert "travel in clear" not in (service.data_dir / "service.log").read_text()


def test_tls(service: ServiceProcess, certificate: tuple[Path, Path]) -> None:
    certfile, keyfile = certificate
    with service.running(f"--certfile={certfile}", f"--keyfile={keyfile}", "--registration") as owner:
        # The owner needs no certificate.
        assert owner.url.startswith("http://127.0.0.1:")
        url = given_url(service)
        assert url.startswith("https://127.0.0.1:")
        answer = requests.get(url, verify=str(certfile), timeout=TIMEOUT)
        assert answer.json()["url"] == url
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(url, timeout=TIMEOUT)
        with pytest.raises(requests.ConnectionError):
            requests.get(url.replace("https:", "http:"), timeout=TIMEOUT)
        assert owner.get("users/whoami")["role"] == "administrator"
    assert not connection_file(service.data_dir).exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--certfile=/nowhere.pem"], "can't be read from /nowhere.pem"),
        (["--keyfile=/nowhere.key"], "give --RobService.certfile"),
        (["--ip=192.0.2.1"], "can't listen at 192.0.2.1"),
    ],
)
def test_what_it_cannot_start_with(service: ServiceProcess, options: list[str], reason: str) -> None:
    process = service.spawn(*options)
    _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert said.startswith("ERROR: ")
    assert reason in said
    assert "Traceback" not in said


def test_proxy_tells_how_it_was_asked(service: ServiceProcess) -> None:
    headers = {"X-Forwarded-Proto": "https", "Host": "rob.example.org"}
    with service.running("--RobService.trust_xheaders=True") as owner:
        told = requests.get(owner.url, headers=headers, timeout=TIMEOUT).json()
        assert told["url"] == "https://rob.example.org/rob/api/v1"


def test_owners_name_is_not_a_users(service: ServiceProcess) -> None:
    with service.running("--registration", "--RobService.owner=root of all") as owner:
        assert owner.get("")["username"] == "root of all"
        assert post(owner.url, "users/register", username="Root Of All", password=PASSWORD).status_code == 409
        User(owner.url, "mallory")
    process = service.spawn("--RobService.owner=Mallory")
    _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert "is no administrator" in said


def test_help_tells_how_to_share() -> None:
    command = [sys.executable, "-m", "jupyterlab_rob.service", "--help"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert "reverse proxy" in process.stdout
    assert "--registration" in process.stdout
    assert "--ip=0.0.0.0" in process.stdout

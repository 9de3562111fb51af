"""How often somebody may try, on a clock of the test's own."""

from __future__ import annotations

import pytest

from jupyterlab_rob.errors import TooManyAttempts
from jupyterlab_rob.service.attempts import PER_ADDRESS, PER_NAME, PER_NAME_ANYWHERE, WINDOW, AttemptLimits, Attempts


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_window_slides() -> None:
    clock = Clock()
    attempts = Attempts(2, 10.0, clock)
    attempts.add("a")
    clock.now += 4
    attempts.add("a")
    assert attempts.wait("a") == 6
    assert attempts.wait("b") == 0
    clock.now += 6
    assert attempts.wait("a") == 0, "the first has left the window"
    attempts.add("a")
    assert attempts.wait("a") == 4, "the second has not"


def test_memory_is_bounded() -> None:
    clock = Clock()
    attempts = Attempts(2, 10.0, clock, max_keys=3)
    for number in range(100):
        attempts.add(f"key {number}")
        attempts.add("busy")
    assert len(attempts) == 3
    assert attempts.wait("busy") > 0, "who is busy is not forgotten"


def test_times_do_not_pile_up() -> None:
    clock = Clock()
    attempts = Attempts(1, 10.0, clock)
    for _ in range(50):
        assert attempts.wait("a") == 0
        attempts.add("a")
        clock.now += 11
    assert attempts.wait("a") == 0


def test_name_is_limited_wherever_attempts_come_from() -> None:
    clock = Clock()
    limits = AttemptLimits(clock)
    for number in range(PER_NAME_ANYWHERE):
        limits.admit(f"192.0.2.{number}", "ann")
    with pytest.raises(TooManyAttempts, match=r"Try again in 15 minutes\.") as caught:
        limits.admit("192.0.2.200", "ann")
    assert caught.value.retry_after == WINDOW
    limits.admit("192.0.2.200", "bob")
    clock.now += WINDOW - 30
    with pytest.raises(TooManyAttempts, match=r"in 30 s\.") as caught:
        limits.admit("192.0.2.200", "ann")
    assert caught.value.retry_after == 30
    clock.now += 30
    limits.admit("192.0.2.200", "ann")


def test_name_is_limited_sooner_from_one_address() -> None:
    limits = AttemptLimits(Clock())
    for _ in range(PER_NAME):
        limits.admit("192.0.2.1", "ann")
    with pytest.raises(TooManyAttempts):
        limits.admit("192.0.2.1", "ann")
    # So nobody locks out the one whose name it is.
    limits.admit("198.51.100.7", "ann")


@pytest.mark.parametrize(
    "addresses",
    [
        ["192.0.2.1", "::ffff:192.0.2.1"],
        ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff"],
        ["fe80::1%eth0", "fe80::2%eth1"],
    ],
)
def test_address_is_limited_whatever_is_tried(addresses: list[str]) -> None:
    limits = AttemptLimits(Clock())
    for number in range(PER_ADDRESS):
        limits.admit(addresses[number % len(addresses)], f"user {number}")
    for address in addresses:
        with pytest.raises(TooManyAttempts):
            limits.admit(address, "another")
        with pytest.raises(TooManyAttempts):
            limits.admit(address)
    limits.admit("198.51.100.7", "another")


def test_success_does_not_count() -> None:
    limits = AttemptLimits(Clock())
    for _ in range(PER_ADDRESS + 1):
        limits.admit("192.0.2.1", "ann").taken_back()
    # Nor does it take back what failed: who has an account of their own gains no guesses at another's.
    for _ in range(PER_NAME - 1):
        limits.admit("192.0.2.1", "ann")
    limits.admit("192.0.2.1", "ann").taken_back()
    limits.admit("192.0.2.1", "ann")
    with pytest.raises(TooManyAttempts):
        limits.admit("192.0.2.1", "ann")


def test_attempts_at_once_are_limited_as_well() -> None:
    limits = AttemptLimits(Clock())
    pending = [limits.admit("192.0.2.1", "ann") for _ in range(PER_NAME)]
    with pytest.raises(TooManyAttempts):
        limits.admit("192.0.2.1", "ann")
    pending[0].taken_back()
    limits.admit("192.0.2.1", "ann")


def test_an_address_that_is_none() -> None:
    AttemptLimits(Clock()).admit("", "ann")


def test_names_of_any_length_and_kind() -> None:
    AttemptLimits(Clock()).admit("192.0.2.1", "\ud800" * 10_000)

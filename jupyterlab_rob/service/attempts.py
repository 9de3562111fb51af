"""How often somebody may try: wrong passwords and registrations are limited by user name and by address."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from ..errors import ServiceUnavailable, TooManyAttempts

#: Seconds that an attempt counts.
WINDOW = 15 * 60.0
#: Attempts on one user name from one address within the window. Passwords have at least 8 characters: so few guesses
#: lead nowhere.
PER_NAME = 10
#: Attempts on one user name from anywhere: so many that nobody is easily locked out by others.
PER_NAME_ANYWHERE = 100
#: Attempts from one address. A class of students may share one.
PER_ADDRESS = 100
#: Names and addresses that are remembered; beyond that, those that were quiet for longest are forgotten.
MAX_KEYS = 10_000

Clock = Callable[[], float]


class Attempts:
    """Counts attempts by key within a sliding window.

    Args:
        limit: Attempts that a key has within the window.
        window: Seconds.
        clock: Seconds that never go back.
        max_keys: Keys that are remembered.
    """

    def __init__(self, limit: int, window: float, clock: Clock, max_keys: int = MAX_KEYS) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._max_keys = max_keys
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._times)

    def wait(self, key: str) -> float:
        """Seconds until ``key`` may try again; 0 when it may now."""
        times = self._recent(key)
        return times[-self._limit] + self._window - self._clock() if len(times) >= self._limit else 0.0

    def add(self, key: str) -> float:
        """Count an attempt; its time, for :meth:`remove`."""
        now = self._clock()
        self._times[key] = [*self._recent(key), now]
        self._times.move_to_end(key)
        if len(self._times) > self._max_keys:
            self._times.popitem(last=False)
        return now

    def remove(self, key: str, moment: float) -> None:
        """Take back an attempt that was none, since it succeeded."""
        times = self._times.get(key, [])
        if moment in times:
            times.remove(moment)
        if not times:
            self._times.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - self._window
        return [moment for moment in self._times.get(key, ()) if moment > since]


class Attempt:
    """One that was let through. It counts as failed until it is told otherwise, so that many at once are as limited
    as one after the other.

    As a context it is taken back when the block ends well, or could not be tried.
    """

    def __init__(self, counted: list[tuple[Attempts, str]]) -> None:
        self._counted = [(attempts, key, attempts.add(key)) for attempts, key in counted]

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, ServiceUnavailable):
            self.taken_back()

    def taken_back(self) -> None:
        """It was none: it succeeded, or could not be made."""
        for attempts, key, moment in self._counted:
            attempts.remove(key, moment)


class AttemptLimits:
    """The limits of a service; not for use by several threads."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._names = Attempts(PER_NAME_ANYWHERE, WINDOW, clock)
        self._names_from = Attempts(PER_NAME, WINDOW, clock)
        self._addresses = Attempts(PER_ADDRESS, WINDOW, clock)

    def admit(self, address: str, name: str | None = None) -> Attempt:
        """Let an attempt through.

        Args:
            address: Where it comes from.
            name: Whose password it tries, as names are compared; None when it is about no account.

        Raises:
            TooManyAttempts: There were too many before.
        """
        network = _network(address)
        counted = [(self._addresses, network)]
        if name is not None:
            # By its hash: what is typed there is as long as one likes, and now and then it is a password.
            key = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
            counted += [(self._names, key), (self._names_from, f"{network} {key}")]
        wait = max(attempts.wait(key) for attempts, key in counted)
        if wait > 0:
            seconds = math.ceil(wait)
            raise TooManyAttempts(f"Too many attempts. Try again in {_duration(seconds)}.", retry_after=seconds)
        return Attempt(counted)


def _network(address: str) -> str:
    """Who is behind an address: with IPv6, a household has 2 to the 64 of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _duration(seconds: int) -> str:
    if seconds <= 90:
        return f"{seconds} s"
    return f"{math.ceil(seconds / 60)} minutes"

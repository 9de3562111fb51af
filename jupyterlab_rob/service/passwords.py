"""Passwords: what may be one, and how they are kept (Argon2id, by argon2-cffi). Slow by intention: call in a thread."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import InvalidInput, ServiceUnavailable

P = ParamSpec("P")
T = TypeVar("T")

#: Characters of a password.
MIN_LENGTH, MAX_LENGTH = 8, 256


class Passwords:
    """Makes and verifies hashes.

    Args:
        hasher: Its parameters are today's; hashes by others are replaced when their password is next seen.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    def hash(self, password: str) -> str:
        return self._hasher.hash(_bytes(password))

    def verify(self, known: str | None, password: str) -> bool:
        """Whether ``known`` is the password's hash. None (an unknown user) takes as long as a wrong password."""
        try:
            return self._hasher.verify(known or self._nobodys, _bytes(password)) and known is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known)

    def prepare(self) -> None:
        """To be called before a user is looked up: what is done once must not tell the first who is unknown."""
        assert self._nobodys

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(b"")


class PasswordThreads:
    """Threads for what hashes passwords. Few, since each hash takes 64 MB and a tenth of a second of all processors,
    and apart from the store's, so that many log-ins make nobody wait but each other."""

    #: Each may hold one of the database's connections.
    COUNT = 2
    MAX_WAITING = 50

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(self.COUNT, thread_name_prefix="passwords")
        self._waiting = 0

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` in a thread.

        Raises:
            ServiceUnavailable: Too many are waiting already.
        """
        if self._waiting >= self.MAX_WAITING:
            raise ServiceUnavailable("Too many log in at once. Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))
        finally:
            self._waiting -= 1

    def shutdown(self) -> None:
        self._threads.shutdown()


def require_good(password: str) -> None:
    """InvalidInput when this can't be a new password."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInput(f"A password needs {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if not password.strip():
        raise InvalidInput("A password needs more than blanks.")


def _bytes(password: str) -> bytes:
    # The same letters come differently from different keyboards.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

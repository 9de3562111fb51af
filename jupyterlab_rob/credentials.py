"""Tokens of services at a URL: in this process's memory, and in a file only those that shall be remembered.

A token is looked for in the memory (after a log-in), in ``$ROB_TOKEN`` and in the file, in this order. The file is
``rob-tokens.json`` in Jupyter's data folder, ``{url: {token, username}}``, for its user's eyes only (mode 0600).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import threading
from pathlib import Path
from typing import Any, TypeGuard

from jupyter_core.paths import jupyter_data_dir, secure_write

from .errors import InvalidInput, RobError

#: Environment variable with the token of the service at ``$ROB_URL``, or wherever else.
VARIABLE = "ROB_TOKEN"

# What can stand in a header, and in a terminal. Whoever gives the token need not be well-meaning.
_TOKEN = re.compile(r"[!-~]{1,512}")


def token_file() -> Path:
    """Where tokens are remembered."""
    return Path(jupyter_data_dir()) / "rob-tokens.json"


def is_token(token: object) -> TypeGuard[str]:
    """Whether this can be a token: 1 to 512 characters of printable ASCII without blanks."""
    return isinstance(token, str) and _TOKEN.fullmatch(token) is not None


class Credentials:
    """The tokens of one process.

    All but ``refuse`` and ``was_…`` read or write a small file, so call them off an event loop.
    """

    def __init__(self) -> None:
        # Never held while a file is read or written: `refuse` and `was_given_refused` are called on an event loop.
        self._lock = threading.Lock()
        # One change of the file at a time.
        self._filing = threading.Lock()
        self._tokens: dict[str, str] = {}
        # What was logged out of, and what services did not take: not to be used again.
        self._forgotten: set[str] = set()
        self._refused: set[tuple[str, str]] = set()

    def __repr__(self) -> str:
        return f"Credentials({sorted(self._tokens)})"

    def token(self, url: str) -> str | None:
        """The token for the service at ``url``; None when there is none.

        Raises:
            InvalidInput: The variable holds no token, or the file can be read by others or is damaged; the message
                tells what to do.
        """
        with self._lock:
            if url in self._tokens:
                return self._tokens[url]
            given = _given()
            if given and url not in self._forgotten:
                if (url, given) in self._refused:
                    # Not the remembered one instead, which may be somebody else's.
                    return None
                if not is_token(given):
                    raise InvalidInput(
                        f"What {VARIABLE} holds can't be a token: it has blanks or odd characters, or is too long. "
                        "Set it anew, or unset it and log in."
                    )
                return given
        entry = _read().get(url)
        remembered = entry.get("token") if isinstance(entry, dict) else None
        with self._lock:
            return remembered if is_token(remembered) and (url, remembered) not in self._refused else None

    def was_given_refused(self, url: str) -> bool:
        """Whether the service at ``url`` did not take the token that ``$ROB_TOKEN`` still holds."""
        with self._lock:
            given = _given()
            return bool(given) and url not in self._forgotten and (url, given) in self._refused

    def was_refused(self, url: str) -> bool:
        """Whether the service at ``url`` did not take some token."""
        with self._lock:
            return any(refused == url for refused, _ in self._refused)

    def keep(self, url: str, token: str, username: str, remember: bool = False) -> None:
        """Use ``token`` from now on; ``remember``: in later processes, too.

        Raises:
            InvalidInput: The file can be read by others, or is damaged.
            RobError: It can't be written.
        """
        with self._lock:
            self._tokens[url] = token
            self._refused.discard((url, token))
        if remember:
            with self._filing:
                _write({**_read(), url: {"token": token, "username": username}})

    def forget(self, url: str) -> None:
        """Use no token for the service at ``url`` any more, here and in later processes.

        Raises:
            InvalidInput: The file can be read by others, or is damaged.
            RobError: It can't be written.
        """
        with self._lock:
            self._tokens.pop(url, None)
            self._forgotten.add(url)
        with self._filing:
            remembered = _read()
            if remembered.pop(url, None) is not None:
                _write(remembered)

    def refuse(self, url: str, token: str) -> None:
        """The service does not know ``token`` any more; another, remembered meanwhile say, may do."""
        with self._lock:
            self._refused.add((url, token))
            if self._tokens.get(url) == token:
                del self._tokens[url]


def _given() -> str:
    return os.environ.get(VARIABLE, "").strip()


def _read() -> dict[str, Any]:
    path = token_file()
    try:
        with open(path, encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise InvalidInput(
                    f"The file with tokens {path} can be read by others. Make it yours alone (chmod 600 {path}), and "
                    "log out and in again if somebody may have read it."
                )
            document = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"The file with tokens {path} can't be read ({error}). Remove it, then log in again."
        ) from error
    return document if isinstance(document, dict) else {}


def _write(document: dict[str, Any]) -> None:
    path = token_file()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not document:
            path.unlink(missing_ok=True)
            return
        with secure_write(str(partial)) as file:
            json.dump(document, file, indent=2)
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise RobError(f"The token can't be remembered in {path}: {error.strerror}.") from error

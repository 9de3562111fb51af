"""What can go wrong, as one tree.

RobError
  ├─ InvalidInput          400, exit 2: a notebook, an argument or an option is wrong
  ├─ Unauthenticated       401, exit 3: the service does not know the token
  ├─ LoginRequired         403, exit 3: it is not known to the service who asks, or not any more
  ├─ Forbidden             403, exit 2
  ├─ NotFound              404, exit 2: no such benchmark, submission, run or file
  ├─ Conflict              409, exit 2: not in this state, or taken
  ├─ TooLarge              413, exit 2
  ├─ TooManyAttempts       429, exit 3: wait, then try again
  ├─ StorageFull           507, exit 3: no space left where the service keeps its data
  └─ ServiceUnavailable    503, exit 3: the service can't be started or reached
       └─ DataFolderLocked 503, exit 3: another process owns the data folder

``status`` is what a handler answers, ``exit_code`` what the command line returns: each error is translated once there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .models import JSON, Problem


class RobError(Exception):
    """Base of all errors that have a message for the user.

    ``message`` names the thing that is wrong and the way out; ``problems`` are the single findings where there are
    several.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)

    def to_dict(self) -> JSON:
        """The error as it is answered; see docs/protocol.md."""
        document: JSON = {"message": self.message}
        if self.problems:
            document["problems"] = [problem.to_dict() for problem in self.problems]
        return document


class InvalidInput(RobError):
    status = 400
    exit_code = 2


class Unauthenticated(RobError):
    status = 401


class LoginRequired(RobError):
    """Not 401: a browser would read that as the end of its login at the Jupyter server."""

    status = 403

    def to_dict(self) -> JSON:
        return {**super().to_dict(), "loginRequired": True}


class Forbidden(RobError):
    status = 403
    exit_code = 2


class NotFound(RobError):
    status = 404
    exit_code = 2


class Conflict(RobError):
    status = 409
    exit_code = 2


class TooLarge(RobError):
    status = 413
    exit_code = 2


class TooManyAttempts(RobError):
    """``retry_after`` is in seconds; None when nobody knows."""

    status = 429

    def __init__(self, message: str, problems: Sequence[Problem] = (), retry_after: int | None = None) -> None:
        super().__init__(message, problems)
        self.retry_after = retry_after


class StorageFull(RobError):
    status = 507


class ServiceUnavailable(RobError):
    status = 503


class DataFolderLocked(ServiceUnavailable):
    pass


_BY_STATUS: dict[int, type[RobError]] = {
    error.status: error
    for error in (
        InvalidInput,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        TooManyAttempts,
        StorageFull,
        ServiceUnavailable,
    )
}


def from_status(status: int, message: str, problems: Sequence[Problem] = ()) -> RobError:
    """The error that a service's answer with this HTTP ``status`` stands for."""
    default = InvalidInput if 400 <= status < 500 else RobError
    return _BY_STATUS.get(status, default)(message, problems)

"""A service as it can be reached now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .connection import Connection
from .dialects import Dialect, Native
from .remote import RemoteService


@dataclass(frozen=True)
class Link:
    """The API's base ``url``, the headers that carry the token, and the dialect."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    dialect: Dialect

    @classmethod
    def to_embedded(cls, connection: Connection) -> Link:
        dialect = Native("embedded")
        return cls(connection.url, dialect.headers(connection.token), dialect)

    @classmethod
    def to_remote(cls, service: RemoteService) -> Link:
        """Asks the service what it is, if that is not known.

        Raises:
            ServiceUnavailable: It can't be reached.
            LoginRequired: There is no token for it.
        """
        url, dialect = service.locate()
        return cls(url, dialect.headers(service.token()), dialect)

    def address(self, path: str) -> str:
        """The URL of a path relative to the base."""
        # With its slash: without one, the published server redirects who asks for its descriptor.
        return f"{self.url}/{path}"

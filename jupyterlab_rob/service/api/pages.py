"""Long listings in pages."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.web import RequestHandler

from ...errors import InvalidInput
from ...models import JSON

#: Rows of one page.
MAX_LIMIT = 1000
_MAX_OFFSET = 10**9


@dataclass(frozen=True)
class Page:
    """``limit`` rows, or all from there on, after the first ``offset``."""

    limit: int | None
    offset: int

    @classmethod
    def of(cls, handler: RequestHandler, maximum: int = MAX_LIMIT) -> Page:
        """The page that a request asks for with ``?limit=&offset=``; InvalidInput when it asks for none that can be."""
        limit, offset = handler.get_query_argument("limit", None), handler.get_query_argument("offset", "0")
        return cls(
            None if limit is None else _number("limit", limit, 1, maximum), _number("offset", offset, 0, _MAX_OFFSET)
        )

    def shown(self, document: JSON) -> JSON:
        """A listing without its ``total`` unless the request knows of pages: the published one has none."""
        return document if self.limit is not None else {k: v for k, v in document.items() if k != "total"}


def _number(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and least <= int(text) <= most):
        raise InvalidInput(f"The {name} must be a number from {least} to {most}.")
    return int(text)

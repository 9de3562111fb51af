"""Options of the service that are none stop it: a mistyped one must not leave it with a default."""

from __future__ import annotations

import difflib
from typing import Any

from traitlets.config import Application
from traitlets.config.loader import KVArgParseConfigLoader

from ..errors import InvalidInput


class StrictLoader(KVArgParseConfigLoader):
    """Refuses what traitlets only warns of, which a service in the background says to nobody."""

    def _handle_unrecognized_alias(self, arg: str) -> None:
        known = sorted(name for alias in self.aliases for name in ([alias] if isinstance(alias, str) else alias))
        self.parser.error(f"There is no option --{arg}.{_suggestion(arg, known, '--')} All: --help")


def require_known_traits(application: Application) -> None:
    """Raises InvalidInput when the configuration of the application has a name that is no trait of it."""
    section: Any = application.config.get(type(application).__name__, {})
    known = sorted(application.traits(config=True))
    for name in section:
        if name not in known:
            raise InvalidInput(
                f"{type(application).__name__} has no setting '{name}'.{_suggestion(name, known, '')} All: --help-all"
            )


def _suggestion(name: str, known: list[str], prefix: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {prefix}{close[0]}?" if close else ""

"""A parser that answers what it does not understand with the usage of the verb that was meant."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class Parser(argparse.ArgumentParser):
    """Also the class of its verbs' parsers; each is remembered with its command."""

    def set_defaults(self, **kwargs: Any) -> None:
        if "command" in kwargs:
            kwargs["parser"] = self
        super().set_defaults(**kwargs)


def parsed(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """The options; exits with the status 2 when there is a word or an option that the verb does not know."""
    # argparse collects them and would show the usage of the whole program.
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        verb: Parser = options.parser
        verb.error(f"unknown: {' '.join(unknown)}")
    return options

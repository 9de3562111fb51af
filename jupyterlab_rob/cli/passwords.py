"""Passwords on the command line: typed unseen, or from standard input; never an argument, which others can list."""

from __future__ import annotations

import argparse
import getpass
import sys

from ..errors import InvalidInput


def add_password_option(parser: argparse.ArgumentParser) -> None:
    """``--password-stdin``; what it says is for :func:`read_password`."""
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input instead of asking for it"
    )


def read_password(options: argparse.Namespace, *, is_new: bool, prompt: str = "Password: ") -> str:
    """The password that the user gives; a new one is typed twice. From standard input it is the next line.

    Raises:
        InvalidInput: It is empty, was typed differently, or there is nobody to ask.
    """
    if options.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = _hidden(prompt)
        if is_new and _hidden("Again: ") != password:
            raise InvalidInput("The passwords differ. Nothing was done.")
    else:
        raise InvalidInput("There is nobody to ask for the password. Give it on standard input, with --password-stdin.")
    if not password:
        raise InvalidInput("The password is empty.")
    return password


def _hidden(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:
        return ""

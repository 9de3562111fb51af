"""``jupyter rob login`` and ``logout``: an account at a service at a URL."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ..console import print_json
from ..credentials import VARIABLE, token_file
from ..errors import InvalidInput
from .options import json_option, remote_service, service_option
from .passwords import add_password_option, read_password

if TYPE_CHECKING:
    from .options import Commands

_LOGIN = """Log in to the ROB service at --url or $ROB_URL, and remember the token that it gives.

A command ends, and what it has in memory with it: the token has to be kept for the next one, in {file}, which only you
can read (mode 0600). You are asked before, unless --remember says that it is right. The extension of a Jupyter server
uses the same token. To keep none, log in in the panel of JupyterLab, or set ${variable} for as long as you need it."""


def add_to(commands: Commands) -> None:
    parents = [service_option(), json_option()]
    login = commands.add_parser(
        "login",
        parents=parents,
        help="log in to a service at a URL",
        description=_LOGIN.format(file=token_file(), variable=VARIABLE),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    login.add_argument("-u", "--user", metavar="NAME", help="user name; asked for if it is not given")
    login.add_argument("--remember", action="store_true", help="keep the token without asking")
    login.add_argument("--register", action="store_true", help="make the account first")
    add_password_option(login)
    login.set_defaults(command=_login)
    logout = commands.add_parser("logout", parents=parents, help="log out and forget the token")
    logout.set_defaults(command=_logout)


def _login(options: argparse.Namespace) -> int:
    service = remote_service(options)
    # Before anything is asked: what can't be reached or can't be kept needs no password.
    service.credentials.token(service.locate()[0])
    if not options.remember:
        _ask_to_remember()
    username = options.user or _ask("User name: ")
    session = service.login(
        username, read_password(options, is_new=options.register), remember=True, register=options.register
    )
    if options.json:
        print_json({"session": session.to_dict()})
    else:
        told = session.to_dict()
        print(f"You are logged in as {told['username']} at {told['url']} ({told['name']}).")
    return 0


def _logout(options: argparse.Namespace) -> int:
    service = remote_service(options)
    had_token = service.credentials.token(service.locate()[0]) is not None
    session = service.logout()
    if options.json:
        print_json({"session": session.to_dict()})
    elif had_token:
        print(f"You are logged out of {session.url}.")
        if os.environ.get(VARIABLE):
            print(f"{VARIABLE} is still set: unset it, or the next command tries that token.")
    else:
        print(f"You were not logged in at {session.url}.")
    return 0


def _ask_to_remember() -> None:
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"The token would be lost when this command ends. Give --remember to keep it in {token_file()}."
        )
    answer = _ask(f"Keep the token in {token_file()}, readable by you alone? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise InvalidInput(f"Nothing was done. To keep no token, log in in JupyterLab's panel, or set {VARIABLE}.")


def _ask(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise InvalidInput("There is nobody to ask for the user name. Give -u NAME.")
    # Standard output is for the answer.
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline().strip()

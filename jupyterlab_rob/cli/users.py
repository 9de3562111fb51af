"""``jupyter rob users …``: the users of a service, for its administrators."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..console import print_json, print_table
from ..errors import InvalidInput, NotFound
from ..flows import Request, path_of
from ..models import JSON
from .options import client, hint, json_option, service_option
from .passwords import add_password_option, read_password

if TYPE_CHECKING:
    from .options import Commands

_ROLES = ("participant", "coordinator", "administrator")

_DESCRIPTION = """Administer the users of a ROB service.

On the service's machine, who runs the service may do this without a log-in (with ROB_DATA_DIR set as for the service);
elsewhere an administrator who has logged in (jupyter rob login --url URL)."""


def add_to(commands: Commands) -> None:
    users = commands.add_parser(
        "users",
        help="list and administer the users of a service",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = users.add_subparsers(metavar="VERB", required=True)
    parents = [service_option(), json_option()]

    listing = verbs.add_parser("list", parents=parents, help="list users")
    listing.add_argument("query", metavar="PART", nargs="?", default="", help="only names that contain this")
    listing.set_defaults(command=_list)

    add = verbs.add_parser("add", parents=parents, help="add a user")
    add.add_argument("--role", choices=_ROLES, default=_ROLES[0], help="default: participant")
    add.add_argument("--email", metavar="ADDRESS", help="seen by the user and by administrators only")
    add.set_defaults(command=_add)

    change = verbs.add_parser("set", parents=parents, help="change what a user may do; in force at once")
    change.add_argument("--role", choices=_ROLES)
    activity = change.add_mutually_exclusive_group()
    activity.add_argument("--active", dest="active", action="store_true", default=None, help="may log in")
    activity.add_argument(
        "--inactive", dest="active", action="store_false", default=None, help="is logged out and can't log in"
    )
    change.set_defaults(command=_set)

    password = verbs.add_parser(
        "password", parents=parents, help="give yourself or a user another password, and end all log-ins"
    )
    password.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="default: yourself; then the current password comes first, and each has a line on standard input",
    )
    password.set_defaults(command=_password)
    for verb in (add, change):
        verb.add_argument("name", metavar="NAME")
    for verb in (add, password):
        add_password_option(verb)


def _list(options: argparse.Namespace) -> int:
    users = _users(options, options.query)
    if options.json:
        print_json({"users": users})
    elif not users:
        print("There are no such users.")
    else:
        # Only administrators are told of roles.
        rows = [(u["username"], u["id"], u.get("role") or "-", _activity(u)) for u in users]
        print_table(rows, ("Name", "Id", "Role", "State"))
    return 0


def _add(options: argparse.Namespace) -> int:
    body = {"username": options.name, "password": read_password(options, is_new=True), "role": options.role}
    if options.email:
        body["email"] = options.email
    user = _ask(options, "POST", "users/register", body)
    return _told(options, user, f"Added {user['username']}, {options.role}.")


def _set(options: argparse.Namespace) -> int:
    given = {"role": options.role, "active": options.active}
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise InvalidInput("What is to change? Give --role, --active or --inactive.")
    user = _ask(options, "PUT", path_of("users", _find(options)["id"]), body)
    return _told(options, user, f"{user['username']} is {user['role']}, {_activity(user)}.")


def _password(options: argparse.Namespace) -> int:
    if options.name is None:
        return _own_password(options)
    # Who does not exist needs no password.
    found = _find(options)
    body = {"userId": found["id"], "password": read_password(options, is_new=True)}
    user = _ask(options, "POST", "users/password/reset", body)
    return _told(options, user, f"{user['username']} has another password, and is logged out everywhere.")


def _own_password(options: argparse.Namespace) -> int:
    me = _ask(options, "GET", "users/whoami")
    current = read_password(options, is_new=False, prompt=f"Current password of {me['username']}: ")
    body = {"current": current, "password": read_password(options, is_new=True, prompt="New password: ")}
    user = _ask(options, "POST", "users/password/reset", body)
    return _told(options, user, f"You have another password, and are logged out everywhere, {user['username']}.")


def _users(options: argparse.Namespace, query: str) -> list[JSON]:
    return list(_ask(options, "GET", f"users?{urlencode({'query': query})}")["users"])


def find_user(options: argparse.Namespace, name: str) -> JSON:
    """``{id, username}`` of the user with this name, in whatever case.

    Raises:
        NotFound: There is none.
    """
    wanted = name.strip()
    request = Request("GET", f"users?{urlencode({'query': wanted})}")
    users: list[JSON] = client(options).transport.fetch(request).json()["users"]
    # The service finds what looks alike; where that is one, it is meant.
    found = [user for user in users if user["username"] == wanted]
    found = found or [user for user in users if user["username"].casefold() == wanted.casefold()]
    if not found:
        raise NotFound(f"There is no user '{wanted}'. Who there is: {hint(options, 'users', 'list')}")
    return found[0]


def _find(options: argparse.Namespace) -> JSON:
    _require_administration(options)
    return find_user(options, str(options.name))


def _ask(options: argparse.Namespace, method: str, path: str, body: JSON | None = None) -> Any:
    _require_administration(options)
    data = json.dumps(body).encode() if body is not None else None
    answer: Any = client(options).transport.fetch(Request(method, path, data)).json()
    return answer


def _require_administration(options: argparse.Namespace) -> None:
    if client(options).transport.link().dialect.kind == "classic":
        raise InvalidInput("The published ROB server has no administration of users.")


def _told(options: argparse.Namespace, user: JSON, sentence: str) -> int:
    print_json({"user": user}) if options.json else print(sentence)
    return 0


def _activity(user: JSON) -> str:
    return "active" if user.get("active", True) else "inactive"

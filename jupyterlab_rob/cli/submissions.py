"""``jupyter rob submissions …``: under which names one takes part, and with whom."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..console import print_json, print_table
from ..errors import InvalidInput, NotFound
from ..flows import Request, get, path_of, post, put
from ..models import JSON
from .options import benchmark_name, benchmark_option, client, hint, json_option, service_option
from .users import find_user

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    submissions = commands.add_parser("submissions", help="list and make submissions, and say who their members are")
    verbs = submissions.add_subparsers(metavar="VERB", required=True)
    parents = [benchmark_option(), service_option(), json_option()]

    listing = verbs.add_parser("list", parents=parents, help="your submissions, of one benchmark or of all")
    listing.set_defaults(command=_list)

    create = verbs.add_parser("create", parents=parents, help="make a submission; you are a member")
    create.add_argument("name", metavar="NAME")
    create.add_argument(
        "--member", dest="members", metavar="USER", action="append", default=[], help="besides you; may be repeated"
    )
    create.set_defaults(command=_create)

    members = verbs.add_parser(
        "members",
        parents=parents,
        help="show who the members are, or change that",
        description="Without an option, show the members. All of them see and change the submission and its runs.",
    )
    members.add_argument("submission", metavar="SUBMISSION", help="name or id")
    for option, about in (("--add", "one more"), ("--remove", "one less"), ("--set", "exactly these, nobody else")):
        members.add_argument(option, metavar="USER", action="append", default=[], help=f"{about}; may be repeated")
    members.set_defaults(command=_members)


def _list(options: argparse.Namespace) -> int:
    found = _mine(options)
    if options.json:
        print_json({"submissions": found})
    elif not found:
        print("You have no submission yet; the first is made when you submit a notebook.")
    else:
        rows = [(group["name"], group["workflow"], group["id"]) for group in found]
        print_table(rows, ("Name", "Benchmark", "Id"))
    return 0


def _create(options: argparse.Namespace) -> int:
    service = client(options)
    benchmark = service.benchmark(benchmark_name(options))["id"]
    members = [find_user(options, name)["id"] for name in options.members]
    body: JSON = {"name": options.name, **({"members": members} if members else {})}
    made = service.transport.fetch(post(path_of("workflows", benchmark, "groups"), body)).json()
    return _told(options, made, f"The submission {made['name']} to {benchmark} was made.")


def _members(options: argparse.Namespace) -> int:
    if options.set and (options.add or options.remove):
        raise InvalidInput("--set says who all members are: it does not go with --add and --remove.")
    transport = client(options).transport
    path = path_of("groups", _find(options)["id"])
    handle: JSON = transport.fetch(Request("GET", path)).json()
    if not (options.set or options.add or options.remove):
        return _told(options, handle, None)
    known = {member["username"]: member["id"] for member in handle["members"]}
    wanted = {} if options.set else dict(known)
    for name in (*options.set, *options.add):
        # Who is a member already may be one that can't be found any more.
        wanted |= {name: known[name]} if name in known else _named(find_user(options, name))
    for name in options.remove:
        if name not in wanted:
            raise NotFound(f"{name} is no member. The members are {_listed(known)}.")
        del wanted[name]
    handle = transport.fetch(put(path, {"members": list(dict.fromkeys(wanted.values()))})).json()
    return _told(options, handle, f"The submission {handle['name']} has other members now.")


def _told(options: argparse.Namespace, handle: JSON, sentence: str | None) -> int:
    if options.json:
        print_json({"submission": {key: handle.get(key) for key in ("id", "name", "workflow", "members")}})
        return 0
    if sentence:
        print(sentence)
    print(f"Members: {_listed(member['username'] for member in handle.get('members') or [])}")
    return 0


def _mine(options: argparse.Namespace) -> list[JSON]:
    service = client(options)
    if options.benchmark:
        return service.submissions(options.benchmark)
    return list(service.transport.run(get("groups"))["groups"])


def _find(options: argparse.Namespace) -> JSON:
    """My submission of the name or the id that is given.

    Raises:
        NotFound: There is none.
        InvalidInput: There are several.
    """
    wanted, mine = str(options.submission).strip(), _mine(options)
    found = [group for group in mine if group["id"] == wanted] or [g for g in mine if g["name"] == wanted]
    if not found:
        raise NotFound(f"You have no submission {wanted}. Those that you have: {hint(options, 'submissions', 'list')}")
    if len(found) > 1:
        raise InvalidInput(f"You have a submission {wanted} to {len(found)} benchmarks. Give -b BENCHMARK.")
    return found[0]


def _named(user: JSON) -> dict[str, str]:
    return {user["username"]: user["id"]}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"

"""``jupyter rob benchmarks …``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..console import print_json, print_table, shown
from ..models import JSON
from ..splitting import TAG_PREFIX, listed
from ..targets import find_targets
from . import administration
from .options import client, hint, json_option, service_option

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    benchmarks = commands.add_parser("benchmarks", help="list, show, check and administer benchmarks")
    verbs = benchmarks.add_subparsers(metavar="VERB", required=True)
    listing = verbs.add_parser("list", parents=[service_option(), json_option()], help="all benchmarks")
    listing.set_defaults(command=_list)
    show = verbs.add_parser("show", parents=[service_option(), json_option()], help="one with its parameters")
    show.add_argument("name", metavar="BENCHMARK")
    show.set_defaults(command=_show)
    data = verbs.add_parser(
        "data", parents=[service_option(), json_option()], help="download the files that notebooks are given"
    )
    data.add_argument("name", metavar="BENCHMARK")
    data.add_argument("folder", metavar="FOLDER", nargs="?", help="made if need be [the benchmark's id]")
    data.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    data.set_defaults(command=_data)
    administration.add_to(verbs)


def _list(options: argparse.Namespace) -> int:
    found = client(options).benchmarks()
    if options.json:
        print_json({"benchmarks": found})
    else:
        # The published server knows no versions.
        rows = [(b["name"], b["id"], str(b.get("version", "-")), b.get("description") or "") for b in found]
        print_table(rows, ("Name", "Id", "Version", "Description"))
    return 0


def _data(options: argparse.Namespace) -> int:
    paths = client(options).download_data(options.name, options.folder, overwrite=options.overwrite)
    if options.json:
        print_json({"files": [str(path) for path in paths]})
    else:
        print("\n".join(map(str, paths)))
    return 0


def _show(options: argparse.Namespace) -> int:
    benchmark = client(options).benchmark(options.name)
    if options.json:
        print_json({"benchmark": benchmark})
        return 0
    print("\n\n".join(text for text in (benchmark["name"], benchmark.get("description")) if text))
    if benchmark.get("version"):
        archived = ", archived: nothing can be submitted any more" if benchmark.get("isArchived") else ""
        print(f"\nVersion {benchmark['version']}{archived}")
    rows = []
    for parameter in benchmark["parameters"]:
        default = parameter.get("defaultValue")
        need = shown(default) if default is not None else "required" if parameter.get("isRequired") else "-"
        rows.append(
            (parameter["name"], parameter["dtype"], need, parameter.get("help") or parameter.get("label") or "")
        )
    if rows:
        print()
        print_table(rows, ("Parameter", "Type", "Default", "Meaning"))
    _print_notebooks(options, benchmark)
    if benchmark.get("instructions"):
        print(f"\n{benchmark['instructions'].strip()}")
    return 0


def _print_notebooks(options: argparse.Namespace, benchmark: JSON) -> None:
    """How to give the notebooks of a benchmark that takes several."""
    targets = find_targets(benchmark)
    if len(targets) < 2:
        return
    all_required = len({target.is_required for target in targets}) == 1
    names = [target.name + ("" if target.is_required or all_required else " (optional)") for target in targets]
    tags = listed([f"{TAG_PREFIX}{target.name}" for target in targets], "or")
    one = hint(options, "submit", "NOTEBOOK", "-b", benchmark["id"])
    may_be_data = [target.name for target in targets if target.is_open]
    which = (
        f"\nThe server does not tell which of {listed(may_be_data, 'and')} are programs: leave out what is none."
        if len(may_be_data) > 1
        else ""
    )
    own = [word for target in targets for word in ("--notebook", f"{target.name}=PATH")]
    print(
        f"\nTakes {len(targets)} notebooks: {listed(names, 'and')}. Give one whose cells have the tag {tags} (a cell "
        "without such a tag is for each of them), or one for each, or both:\n"
        f"    {one}\n    {hint(options, 'submit', '-b', benchmark['id'], *own)}{which}"
    )

"""``jupyter rob leaderboard``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..console import print_json, print_leaderboard
from .options import benchmark_name, benchmark_option, client, json_option, service_option

if TYPE_CHECKING:
    from .options import Commands


def add_to(commands: Commands) -> None:
    leaderboard = commands.add_parser(
        "leaderboard",
        parents=[benchmark_option(), service_option(), json_option()],
        help="show who leads",
    )
    leaderboard.set_defaults(command=_leaderboard)


def _leaderboard(options: argparse.Namespace) -> int:
    service = client(options)
    benchmark = service.benchmark(benchmark_name(options))["id"]
    leaderboard = service.leaderboard(benchmark)
    if options.json:
        print_json(leaderboard)
    else:
        print_leaderboard(leaderboard, {group["id"] for group in service.submissions(benchmark)})
    return 0

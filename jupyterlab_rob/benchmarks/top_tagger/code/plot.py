"""Compare the submissions' best runs: ROC curves, histograms of the scores and a table.

    python plot.py RUNS RESULTS

RUNS is the folder that ROB gives to post-processing, with ``runs.json`` and each run's ``results/score.json`` and
``results/curves.json``. In the folder RESULTS it writes ``roc.svg`` (background rejection), ``roc_log.svg``
(background efficiency), ``scores.svg`` and ``metrics.csv``. It reads neither labels nor scores.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyterlab_rob.benchmarks.top_tagger.code.entries import Entry, read_entries, write_table
else:
    # A run has the scripts side by side in a folder of its own.
    from entries import read_entries, write_table


@contextmanager
def matplotlib_folder() -> Iterator[None]:
    """A folder below this one for what Matplotlib keeps: it need not be able to write in the user's home.

    A list of fonts that Matplotlib has made for this user already is taken along, for that takes long where there are
    many fonts.
    """
    home = Path(os.path.expanduser("~"))
    caches = (Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "matplotlib", home / ".matplotlib")
    with tempfile.TemporaryDirectory(prefix="matplotlib-", dir=Path.cwd()) as folder:
        with suppress(OSError):
            for known in (path for cache in caches for path in cache.glob("fontlist-v*.json")):
                shutil.copyfile(known, Path(folder) / known.name)
        os.environ["MPLCONFIGDIR"] = folder
        yield


def draw(entries: list[Entry], results: Path) -> None:
    # Only now: Matplotlib must find its folder when it is imported.
    if TYPE_CHECKING:
        from jupyterlab_rob.benchmarks.top_tagger.code import figures, histograms
    else:
        import figures
        import histograms

    figures.save(figures.rejection_curves(entries), results / "roc.svg")
    figures.save(figures.efficiency_curves(entries), results / "roc_log.svg")
    figures.save(histograms.score_histograms(entries), results / "scores.svg")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: plot.py RUNS RESULTS", file=sys.stderr)
        return 2
    runs, results = map(Path, arguments)
    entries = read_entries(runs)
    write_table(entries, results / "metrics.csv")
    with matplotlib_folder():
        draw(entries, results)
    print(f"{len(entries)} submissions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

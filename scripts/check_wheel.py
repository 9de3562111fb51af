"""Does the wheel hold what a user needs, and nothing else?

python scripts/check_wheel.py FOLDER    looks at the one wheel in FOLDER
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Where a wheel's files end up under the environment's prefix.
SHARED = "jupyterlab_rob-{version}.data/data/"

#: The largest wheel, in bytes: benchmarks bring data, and a package index or a slow line sets limits.
LARGEST = 10_000_000

NEEDED_SHARED = (
    "etc/jupyter/jupyter_server_config.d/jupyterlab_rob.json",
    "share/jupyter/labextensions/jupyterlab-rob/install.json",
    "share/jupyter/labextensions/jupyterlab-rob/package.json",
    "share/jupyter/labextensions/jupyterlab-rob/static/style.js",
)


def sources() -> set[str]:
    """The files of the package, but not what the build makes."""
    made = {"__pycache__", "labextension", ".ipynb_checkpoints", ".mypy_cache"}
    files = (path.relative_to(ROOT) for path in (ROOT / "jupyterlab_rob").rglob("*") if path.is_file())
    return {path.as_posix() for path in files if not made.intersection(path.parts)}


def problems(wheel: Path) -> list[str]:
    names = set(zipfile.ZipFile(wheel).namelist())
    version = wheel.name.split("-")[1]
    shared = SHARED.format(version=version)
    needed = sources() | {"jupyterlab_rob/_version.py"} | {shared + name for name in NEEDED_SHARED}
    found = [f"missing: {name}" for name in sorted(needed - names)]
    expected = ("jupyterlab_rob/", shared, f"jupyterlab_rob-{version}.dist-info/")
    found += [f"does not belong there: {name}" for name in sorted(names) if not name.startswith(expected)]
    found += [
        f"does not belong there: {name}" for name in sorted(names) if "__pycache__" in name or "/node_modules/" in name
    ]
    if not any(name.startswith(f"{shared}share/jupyter/labextensions/jupyterlab-rob/schemas/") for name in names):
        found.append("missing: the schema of the labextension's settings")
    if (size := wheel.stat().st_size) > LARGEST:
        found.append(f"{size / 1e6:.2f} MB are too much; at most {LARGEST / 1e6:.0f} MB are allowed")
    return found


def main(folder: Path) -> int:
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        print(f"Expected one wheel in {folder}, found {len(wheels)}.", file=sys.stderr)
        return 1
    found = problems(wheels[0])
    for problem in found:
        print(f"{wheels[0].name}: {problem}", file=sys.stderr)
    if not found:
        print(f"{wheels[0].name}: complete, {wheels[0].stat().st_size / 1e6:.2f} MB")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

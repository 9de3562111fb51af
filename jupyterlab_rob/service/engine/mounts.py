"""What a sandbox shows of the machine, read-only: an allow-list, with holes for what lies in it and must not be seen.

Nothing is there that is not on the list; the home folder, say, is not. Holes are for what is below something shown, as
the truth of the bundled benchmarks is below the Python prefix that this package is installed in.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import site
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_core.paths import jupyter_config_path, jupyter_data_dir, jupyter_path, jupyter_runtime_dir

from ...errors import InvalidInput
from .settings import LIVE_SETTINGS

#: A hole, empty and read-only, needs no more than a page, in bytes.
_HOLE_SIZE = "4096"

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    # Programs ask there how many processors there are.
    "/sys/devices/system/cpu",
    # Of the settings, what changes when something is installed; settings.py has the others.
    *LIVE_SETTINGS,
)
#: What a Python installation consists of, where its prefix is also something else, such as the home folder.
_PREFIX_PARTS = ("bin", "lib", "lib64", "libexec", "include", "share", "etc", "ssl", "pyvenv.cfg")

#: Where copies of this package are in a Python prefix: installed, in conda's other environments and in its cache, in
#: what pip has checked out.
_COPIES = ("lib*/python*/*-packages", "local/lib/python*/*-packages", "envs/*/lib/python*/*-packages",
           "pkgs/jupyterlab*rob*/site-packages", "lib/pypy*/*-packages", "src/*")  # fmt: skip


@dataclass(frozen=True)
class Mount:
    """``source`` shown at ``target`` (``show``), a hole at ``target`` (``hide``), or a link with the text ``source``
    (``link``)."""

    kind: Literal["show", "hide", "link"]
    target: str
    source: str = ""

    def arguments(self) -> list[str]:
        """As bubblewrap takes it; nothing for a place that is not there."""
        if self.kind == "link":
            return ["--symlink", self.source, self.target]
        if self.kind == "hide":
            # The source is the hidden folder itself: where it is not there, no hole can be made.
            if not os.path.isdir(self.source):
                return []
            return ["--perms", "0755", "--size", _HOLE_SIZE, "--tmpfs", self.target]
        if self.target.startswith("/dev/"):
            return ["--dev-bind-try", self.source, self.target]
        return ["--ro-bind-try", self.source, self.target]

    def sealed(self) -> list[str]:
        """What closes a hole after other mounts have been placed in it."""
        return ["--remount-ro", self.target] if self.kind == "hide" and self.arguments() else []


def system_paths() -> list[Path]:
    """Programs and libraries of the machine, as far as they are there."""
    return [path for path in map(Path, _SYSTEM) if path.exists()]


def python_paths() -> list[Path]:
    """This Python, with its packages, also those that the user has installed for themselves."""
    found = {Path(prefix) for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)}
    if site.ENABLE_USER_SITE:
        found.add(Path(site.getusersitepackages()))
    return sorted(path for path in found if path.exists())


def kernelspec_paths() -> list[Path]:
    """Where Jupyter finds kernelspecs. Their folders alone: beside them lie Jupyter's keys."""
    return [path for path in map(Path, jupyter_path("kernels")) if path.is_dir()]


def secret_paths(data_dir: Path) -> list[Path]:
    """What no step may see, wherever it lies: the service's data, the home folder, Jupyter's data and configuration."""
    jupyter = [jupyter_data_dir(), jupyter_runtime_dir(), *jupyter_config_path()]
    with contextlib.suppress(KeyError):
        # HOME may be set to another folder, and the user without a name.
        jupyter.append(pwd.getpwuid(os.getuid()).pw_dir)
    return [data_dir, Path.home(), *map(Path, jupyter)]


def truth_paths(shown: Iterable[Path]) -> list[Path]:
    """The benchmarks that come with each copy of this package below what is ``shown``, or that Python would import."""
    packages = [Path(__file__).parents[2], *(Path(folder) / "jupyterlab_rob" for folder in sys.path if folder)]
    for prefix in (*shown, Path("/usr"), Path("/usr/local")):
        for pattern in _COPIES:
            packages += (folder / "jupyterlab_rob" for folder in prefix.glob(pattern))
        packages.append(prefix / "jupyterlab_rob")
    return sorted({path for package in packages if (path := package / "benchmarks").is_dir()})


def require_harmless(paths: Iterable[Path], data_dir: Path) -> None:
    """Raise InvalidInput when one of the configured ``paths`` must not be shown, whatever else is."""
    secret = {Path(os.path.realpath(path)) for path in secret_paths(data_dir)}
    data = Path(os.path.realpath(data_dir))
    for path in paths:
        real = Path(os.path.realpath(path))
        if not path.is_absolute() or not path.exists():
            raise InvalidInput(f"The sandbox can't show '{path}': it must be the full path of something that is there.")
        if real in secret or real == Path("/") or (real.parent == Path("/") and real.name in ("dev", "proc", "tmp")):
            raise InvalidInput(f"The sandbox can't show all of '{path}'; name the folders in it that steps need.")
        if data in real.parents:
            raise InvalidInput(f"The sandbox can't show '{path}': it is in the service's data folder.")


def arranged(shown: Iterable[Path], hidden: Iterable[Path]) -> tuple[Mount, ...]:
    """The mounts that show ``shown`` without ``hidden``, in the order in which they must be made: outer ones first.

    What is in ``shown`` goes before what is in ``hidden`` where it is below that, as a virtual environment in the home
    folder is. Each is shown at its real place, and at the place by which it was named where links lead there.
    """
    holes = {Path(os.path.realpath(path)) for path in hidden} - {Path("/")}
    named = list(_parts(shown, holes))
    placed: dict[Path, Mount] = {}
    wanted = {Path(os.path.realpath(path)) for path in named if not _is_top_link(path)}
    for path in sorted(wanted | holes, key=_depth):
        outer = _outer(path, placed)
        if path in wanted and (outer is None or outer.kind == "hide"):
            placed[path] = Mount("show", str(path), str(path))
        elif path not in wanted and outer is not None and outer.kind != "hide":
            placed[path] = Mount("hide", str(path), str(path))
    for path in sorted(set(named), key=_depth):
        if _is_top_link(path):
            placed[path] = Mount("link", str(path), os.readlink(path))
            continue
        real, outer = Path(os.path.realpath(path)), _outer(path, placed)
        if path != real and (outer is None or outer.kind == "hide"):
            placed[path] = Mount("show", str(path), str(real))
            for hole in holes:
                if real in hole.parents:
                    target = path / hole.relative_to(real)
                    placed[target] = Mount("hide", str(target), str(hole))
    return tuple(mount for _, mount in sorted(placed.items(), key=lambda item: _depth(item[0])))


def _parts(shown: Iterable[Path], holes: set[Path]) -> Iterator[Path]:
    for path in shown:
        path = Path(os.path.abspath(path))
        if Path(os.path.realpath(path)) in holes | {Path("/")}:
            yield from (path / name for name in _PREFIX_PARTS if (path / name).exists())
        else:
            yield path


def _is_top_link(path: Path) -> bool:
    """Whether it is a link in the root folder, as /bin is to usr/bin."""
    return path.parent == Path("/") and path.is_symlink()


def _outer(path: Path, placed: dict[Path, Mount]) -> Mount | None:
    """The innermost mount that ``path`` is in."""
    return next((placed[folder] for folder in (path, *path.parents) if folder in placed), None)


def _depth(path: Path) -> tuple[int, str]:
    return len(path.parts), str(path)

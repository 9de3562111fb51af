"""Submit notebooks to Reproducible Open Benchmarks, from JupyterLab, from Python and from a terminal.

The Python API is imported on first use (PEP 562): a Jupyter server that only loads the extension pays nothing for it::

    import jupyterlab_rob as rob

    run = rob.submit("number-predictor", "mine.ipynb")
    run.wait()
    print(run.result, run.rank)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client, Run, benchmarks, download_data, leaderboard, submit
    from .errors import RobError

__all__ = ["Client", "RobError", "Run", "__version__", "benchmarks", "download_data", "leaderboard", "submit"]

_HOMES = {
    "Client": "client",
    "RobError": "errors",
    "Run": "client",
    "benchmarks": "client",
    "download_data": "client",
    "leaderboard": "client",
    "submit": "client",
}


def _read_version() -> str:
    try:
        # Written by the build; its type is unknown before.
        module = importlib.import_module("._version", __name__)
    except ImportError:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("jupyterlab-rob")
        except PackageNotFoundError:
            return "0+unknown"
    return str(module.__version__)


__version__ = _read_version()


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyterlab-rob"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension import RobExtension

    return [{"module": "jupyterlab_rob.extension", "app": RobExtension}]

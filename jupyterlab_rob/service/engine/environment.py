"""The environment of a run: a whitelist, so that no token or password of the service's own environment reaches a
notebook."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

#: Marks every process of a run, whatever session or parent it has; see processes.py.
RUN_MARK = "ROB_RUN_ID"

_PASSED = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "PYTHONPATH",
        "R_HOME",
        "R_LIBS",
        "R_LIBS_USER",
        "JULIA_DEPOT_PATH",
        # Where kernelspecs are found.
        "JUPYTER_PATH",
        "JUPYTER_DATA_DIR",
        "JUPYTER_PREFER_ENV_PATH",
        "JUPYTER_PLATFORM_DIRS",
        "XDG_DATA_HOME",
        # Whoever limits the service's threads limits the runs' as well.
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
    }
)


def run_environment(run: str, runtime_dir: str) -> dict[str, str]:
    """The environment of a run's process: this process's, whitelisted; ``runtime_dir`` is for its kernels."""
    environment = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("LC_")}
    environment[RUN_MARK] = run
    environment["JUPYTER_RUNTIME_DIR"] = runtime_dir
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment


def command_environment(variables: Mapping[str, Any]) -> dict[str, str]:
    """This process's environment and the workflow's parameters, for a shell command.

    The values travel in the environment and never become part of the command's text, so that no argument can be read
    as shell.
    """
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
    return {**os.environ, "python": sys.executable, **values}

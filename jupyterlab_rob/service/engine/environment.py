"""The environment of a run: a whitelist, so that no token or password of the service's own environment reaches a
notebook."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidInput

#: Marks every process that a worker starts, whatever session or parent it has; see processes.py. Its value is the name
#: of the worker's slot: a kernel that waits does not know yet of which run it will be.
MARK = "ROB_SLOT"

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

#: What one value and all values together may take in a command's environment, in bytes: Linux takes 128 KB for one
#: string, macOS 1 MB for everything.
MAX_VALUE = 100_000
MAX_VALUES = 500_000

# Variables that change how a shell, an interpreter, the loader or a tool that steps call behaves: by some of them a
# value would be run as code, or another program in place of the one that is called.
_TAKEN = re.compile(
    r"""
    python | _
    | HOME | USER | LOGNAME | SHELL | PATH | PWD | OLDPWD | TMPDIR | TMP | TEMP
    | LANG | LANGUAGE | LC_.* | LOCPATH | NLSPATH | GCONV_PATH | TERM | TERMINFO
    | ENV | IFS | CDPATH | PS[0-4] | PROMPT_COMMAND | GLOBIGNORE | SHELLOPTS | BASHOPTS | POSIXLY_CORRECT
    | BASH_.* | ZDOTDIR | FPATH
    | LD_.* | DYLD_.* | MALLOC_.* | GLIBC_TUNABLES
    | PYTHON.* | IPYTHON.* | JUPYTER_.* | ROB_.* | VIRTUAL_ENV | CONDA_.*
    | R_.* | RENV_.* | JULIA_.* | PERL5.* | PERLLIB | PERL_.* | RUBYLIB | RUBYOPT | GEM_.*
    | NODE_.* | NPM_.* | JAVA_TOOL_OPTIONS | _JAVA_OPTIONS | JDK_JAVA_OPTIONS | CLASSPATH | LUA_.*
    | GIT_.* | SSH_.* | MAKEFLAGS | EDITOR | VISUAL | PAGER | LESSOPEN | LESSCLOSE
    | HTTPS?_PROXY | ALL_PROXY | NO_PROXY | https?_proxy | all_proxy | no_proxy | XDG_.*
    """,
    re.VERBOSE,
)


def is_taken(name: str) -> bool:
    """Whether no value of a workflow may have this name, since commands get the values as environment variables."""
    return _TAKEN.fullmatch(name) is not None


def worker_environment() -> dict[str, str]:
    """The environment of workers and of what they run: this process's, whitelisted."""
    environment = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("LC_")}
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment


def command_environment(environment: Mapping[str, str], variables: Mapping[str, Any]) -> dict[str, str]:
    """``environment`` and the workflow's parameters, for a shell command.

    The values travel in the environment and never become part of the command's text, so that no argument can be read
    as shell. A value whose name is taken is left out.
    """
    return {**environment, "python": sys.executable, **_values(variables)}


def require_fitting(variables: Mapping[str, Any]) -> None:
    """Raise InvalidInput when the values can't all be in a command's environment: no command could be started."""
    sizes = {name: len(value.encode(errors="replace")) for name, value in _values(variables).items()}
    for name, size in sizes.items():
        if size > MAX_VALUE:
            raise InvalidInput(
                f"With these arguments the benchmark's value '{name}' has {size} bytes; its commands take {MAX_VALUE}."
            )
    if (total := sum(sizes.values())) > MAX_VALUES:
        raise InvalidInput(
            f"With these arguments the benchmark's values have {total} bytes together; its commands take {MAX_VALUES}."
        )


def _values(variables: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in variables.items()
        if not is_taken(name)
    }

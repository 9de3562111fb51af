"""``python -m jupyterlab_rob.export``: the child process of an export; a request on stdin, its answer on stdout."""

from __future__ import annotations

import json
import os
import sys

from .convert import convert


def main() -> None:
    # Libraries print where they like; the answer alone goes to the caller.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        json.dump(convert(**json.load(sys.stdin)), answer)


if __name__ == "__main__":
    main()

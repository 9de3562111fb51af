"""``python -m jupyterlab_rob.cli`` is ``jupyter rob``."""

from __future__ import annotations

import sys

from .main import main

sys.exit(main())
